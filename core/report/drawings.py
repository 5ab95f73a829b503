"""The report's drawings: curves by epoch, confusion matrix, ROC, F1 by class, accuracy against cost. Tables in, SVG out."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from core.baseline import Guess
from core.classwise import Curve
from core.contenders import Contender
from core.report.canvas import WIDTH, Canvas, log_ticks, round_ticks
from core.report.style import class_colour, protocol_colour
from core.wording import cut

FEW = 20  # classes up to which each is named and numbered
POINTS = 150  # per line


def curves(history: pd.DataFrame, metric: str, guess: Guess | None = None) -> str:
    """``loss`` or ``accuracy`` by epoch: every fold thin, the mean thick, training and validation."""
    rows = history[history["fold"].astype(str) != "final"]
    scale = 100 if metric == "accuracy" else 1
    values = rows[metric].to_numpy(float) * scale
    finite = values[np.isfinite(values)]
    top = 100.0 if metric == "accuracy" else max(0.1, float(finite.max()) * 1.05) if len(finite) else 1.0
    last = max(2, int(rows["epoch"].max()))
    canvas = Canvas(250, x=(0, last), y=(0, top))
    canvas.title("Accuracy by epoch (%)" if metric == "accuracy" else "Loss by epoch (cross-entropy)")
    canvas.y_axis(round_ticks(0, top))
    canvas.x_axis("epoch", round_ticks(0, last))
    if guess and metric == "accuracy":
        level = canvas.y(100 * guess.share)
        canvas.line(canvas.left, level, canvas.right, level, colour="var(--muted)", dash="2 4")
        x, anchor = (canvas.left + 4, "start") if guess.name else (canvas.right, "end")  # curves rise to the first from below
        canvas.text(x, level - 5, guess.in_words, anchor=anchor, size=11)
    place = canvas.right
    for split in ("validation", "train"):
        part = rows[rows["split"] == split]
        if part.empty:
            continue
        wide = part.pivot_table(index="epoch", columns="fold", values=metric) * scale
        for fold in wide.columns if len(wide.columns) > 1 else ():
            canvas.curve(_points(wide[fold].dropna()), f"var(--{split})", width=0.75, opacity=0.45)
        canvas.curve(_points(wide.mean(axis=1)), f"var(--{split})", width=2.5)
        name = "training" if split == "train" else split
        canvas.text(place, 14, name, anchor="end")
        canvas.line(place - 6.2 * len(name) - 18, 10, place - 6.2 * len(name) - 4, 10, colour=f"var(--{split})", width=3)
        place -= 6.2 * len(name) + 30
    return canvas.svg()


def confusion(counts: pd.DataFrame) -> str:
    """True classes on rows, predicted on columns; ink by the share of the row."""
    names, number = list(counts.index), counts.to_numpy()
    support = number.sum(axis=1, keepdims=True)
    share = np.divide(number, support, out=np.zeros(number.shape), where=support > 0)
    few, size = len(names) <= FEW, len(names)
    left, below = (104, 92) if few else (24, 24)
    side = (WIDTH - left - 4) / size
    canvas = Canvas(left_over := 24 + side * size + below, x=(0, 1), y=(0, 1))
    canvas.title("Confusion: true class on rows, predicted on columns")
    for row, column in zip(*np.nonzero(number), strict=True):
        x, y, part = left + column * side, 24 + row * side, share[row, column]
        canvas.box(x + 0.5, y + 0.5, side - 1, side - 1, "var(--accent)", max(0.08, part))
        if few:
            canvas.text(x + side / 2, y + side / 2 + 4, number[row, column], anchor="middle",
                        cls="inverse" if part > 0.5 else "strong")
    canvas.line(left, 24, left + side * size, 24, cls="grid")
    for index, name in enumerate(names if few else ()):
        canvas.text(left - 6, 24 + (index + 0.5) * side + 4, cut(name, 15), anchor="end")
        canvas.text(left + (index + 0.5) * side + 4, 24 + size * side + 12, cut(name, 15), anchor="end", turn=-45)
        canvas.line(left, 24 + (index + 1) * side, left + side * size, 24 + (index + 1) * side, cls="grid")
    if not few:
        canvas.text(left, left_over - 6, f"{size} classes in the order of the table")
    return canvas.svg()


def roc(found: Sequence[Curve]) -> str:
    """Macro and micro thick, a thin line per class; areas beside."""
    classes = [curve for curve in found if curve.kind == "class"]
    listed = [curve for curve in found if curve.kind != "class"] + (classes if len(classes) <= FEW else [])
    canvas = Canvas(max(300, 40 + 17 * len(listed)), x=(0, 100), y=(0, 100), right=150)
    canvas.title("ROC: true against false positive rate (%)")
    canvas.y_axis([0, 20, 40, 60, 80, 100])
    canvas.x_axis("false positive rate (%)", [0, 25, 50, 75, 100])
    canvas.curve([(0, 0), (100, 100)], "var(--muted)", width=1, dash="2 4")
    looks = {id(curve): (class_colour(index), 1.25, "") for index, curve in enumerate(classes)}
    looks |= {id(curve): ("var(--text)", 2.75, "") if curve.kind == "macro" else ("var(--muted)", 2.75, "5 3")
              for curve in found if curve.kind != "class"}
    for curve in [*classes, *(curve for curve in found if curve.kind != "class")]:
        colour, width, dash = looks[id(curve)]
        points = np.stack([100 * curve.false_positive, 100 * curve.true_positive], axis=1)
        canvas.curve(_thin(points), colour, width=width, dash=dash)
    for place, curve in enumerate(listed):
        colour, width, dash = looks[id(curve)]
        y = canvas.top + 8 + 17 * place
        canvas.line(canvas.right + 10, y - 4, canvas.right + 24, y - 4, colour=colour, width=max(2, width), dash=dash)
        canvas.text(canvas.right + 29, y, cut(curve.name, 12))
        canvas.text(WIDTH, y, f"{curve.area:.3f}", anchor="end", cls="strong")
    return canvas.svg()


def class_bars(table: pd.DataFrame) -> str:
    """F1 of each class as a bar, precision as a tick on it, recall as a dot."""
    step = 24
    canvas = Canvas(64 + step * len(table), x=(0, 100), y=(0, 1), left=112, top=28, bottom=36)
    canvas.title("F1 by class (bar), precision (line), recall (dot)")
    canvas.x_axis("%", [0, 20, 40, 60, 80, 100], grid=True)
    for index, row in enumerate(table.itertuples()):
        y = canvas.top + step * index + step / 2
        canvas.text(canvas.left - 6, y + 4, cut(row[1], 16), anchor="end")
        if math.isfinite(row.f1):
            canvas.box(canvas.left, y - 7, canvas.x(100 * row.f1) - canvas.left, 14, class_colour(index), 0.75)
        if math.isfinite(row.precision):
            x = canvas.x(100 * row.precision)
            canvas.line(x, y - 9, x, y + 9, colour="var(--text)", width=2.5)
        if math.isfinite(row.recall):
            canvas.dot(canvas.x(100 * row.recall), y, "var(--text)")
    return canvas.svg()


def against_cost(field: Sequence[Contender], cost: Callable[[Contender], float], title: str, unit: str,
                 spoken: Callable[[float], str]) -> str:
    """Accuracy with its interval against what a model costs, every contender named at the right; a colour per protocol."""
    field = [each for each in field if cost(each) and each.accuracy is not None]
    protocols = list(dict.fromkeys(each.protocol for each in field))
    costs = [cost(each) for each in field]
    low, high = min(costs), max(costs)
    log = high > 8 * low
    pad = (high - low) * 0.12 or high * 0.5
    ends = (low / 1.4, high * 1.4) if log else (max(0, low - pad), high + pad)
    scores = [each.scores["accuracy"] for each in field]
    bottom = max(0, 100 * min(score.low if score.low is not None else score.mean for score in scores) - 3)
    top = min(101, 100 * max(score.high if score.high is not None else score.mean for score in scores) + 3)
    canvas = Canvas(max(280, 96 + 18 * len(field)), x=ends, y=(bottom, top), right=150, top=48, log=log)
    canvas.title(title)
    place = 4.0
    for index, name in enumerate(protocols):
        canvas.dot(place, 28, protocol_colour(index), 4)
        canvas.text(place + 9, 32, name)
        place += 26 + 6.4 * len(name)
    canvas.y_axis(round_ticks(bottom, top))
    ticks = log_ticks(*ends) if log else round_ticks(*ends, 4)
    canvas.x_axis(unit, ticks, [spoken(tick) for tick in ticks])
    placed: dict[int, int] = {}
    order = sorted(field, key=lambda each: -each.accuracy)
    for place, each in enumerate(order):
        score, colour = each.scores["accuracy"], protocol_colour(protocols.index(each.protocol))
        spot = round(canvas.x(cost(each)) / 9)
        aside = placed.get(spot, 0)
        placed[spot] = aside + 1
        x = canvas.x(cost(each)) + 9 * ((aside + 1) // 2) * (-1 if aside % 2 else 1)  # equals stand beside each other
        y, apart = canvas.y(100 * score.mean), (canvas.bottom - canvas.top - 6) / max(1, len(order) - 1)
        label = canvas.top + 6 + place * apart if len(order) > 1 else y
        if score.low is not None:
            canvas.line(x, canvas.y(100 * score.low), x, canvas.y(100 * score.high), colour=colour, width=5, opacity=0.28)
        canvas.line(x, y, canvas.right + 8, label - 3, colour="var(--muted)", width=0.75, opacity=0.6)
        canvas.dot(x, y, colour, 4.5)
        canvas.dot(canvas.right + 13, label - 4, colour, 3)
        canvas.text(canvas.right + 20, label, cut(each.name, 22), cls="strong", size=11)
    return canvas.svg()


def _points(series: pd.Series) -> list[tuple[float, float]]:
    return [tuple(point) for point in _thin(np.stack([series.index.to_numpy(float), series.to_numpy(float)], axis=1))]


def _thin(points: np.ndarray) -> np.ndarray:
    """At most :data:`POINTS` of them, the ends among them."""
    if len(points) <= POINTS:
        return points
    return points[np.unique(np.linspace(0, len(points) - 1, POINTS).round().astype(int))]
