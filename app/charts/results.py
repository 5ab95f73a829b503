"""Figures of a run's answers: confusion matrix, per-class bars, ROC curves, one clip. Tables in, figures out.

Class and run names come from outside: they go through ``plain`` because Plotly reads tags in labels.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.palette import LONGEST_LABEL, class_colours, ink, label, new_figure, plain
from core.classwise import Curve
from core.wording import count, cut

LIGHT_INK_FROM, LIGHT_INK_FROM_DARK = 80, 62  # % of a row from which the page's own colour reads better on a cell than text
FEW = 20  # classes up to which every cell carries its number, every column its name and every curve its line in the legend
ROW, MOST_ROWS = 13, 100  # px of a named row of a matrix of many classes, and how many are named at most
SLANTED = 112  # px for the names below a matrix of few classes
LETTER = 5.8  # px of a letter of a class name on an axis, on average


def confusion_figure(counts: pd.DataFrame, *, share: bool = False, chosen: tuple[str, str] | None = None,
                     dark: bool = False, height: int = 520) -> go.Figure:
    """True classes on rows, predicted on columns; ``share`` shows per cent of the row. ``chosen`` is framed. Of many classes it
    is higher than ``height``, so that every row has its name; where some are left out, the axis says how many.

    A click selects a point whose y and x are the positions of the true and the predicted class: the points lie unseen
    above the cells, because a click on the heatmap itself does not come back.
    """
    names, number = list(counts.index), counts.to_numpy()
    support = number.sum(axis=1, keepdims=True)
    percent = np.divide(100 * number, support, out=np.zeros(number.shape), where=support > 0)
    size, shade = len(names), ink(dark)
    few = size <= FEW
    rows_named, columns_named = 1 if few else -(-size // MOST_ROWS), -(-size // FEW)
    labels = [label(name) for name in names]
    left = round(42 + LETTER * max(len(cut(name, LONGEST_LABEL)) for name in names))  # for the names and the title beside them
    below = SLANTED if few else left  # names of many columns stand upright
    if not few:
        height = max(height, ROW * -(-size // rows_named) + 8 + below)
    places = list(range(size))
    figure = new_figure(
        dark=dark, height=height, x_title=_partly_named("Predicted class", columns_named),
        y_title=_partly_named("True class", rows_named), margin=(left, 8, 8, below),
        xaxis=dict(range=[-0.5, size - 0.5], tickangle=-45 if few else -90, title_standoff=4, showgrid=False,
                   tickvals=places[::columns_named], ticktext=labels[::columns_named]),
        yaxis=dict(range=[size - 0.5, -0.5], title_standoff=4, showgrid=False, tickvals=places[::rows_named],
                   ticktext=labels[::rows_named], tickfont_size=12 if few else 11),
        clickmode="event+select", dragmode=False, hovermode="closest", hoverdistance=60)
    cells = [[f"{value:.0f}" if value else "" for value in row] for row in (percent if share else number)]
    scale = [[0, shade.surface], [0.02, _mix(shade.surface, shade.accent, 0.1)], [1, shade.accent]]
    full = percent > (LIGHT_INK_FROM_DARK if dark else LIGHT_INK_FROM)
    for part, colour in ((~full, shade.text), (full, shade.surface)):  # the ink that its ground carries better
        figure.add_heatmap(z=np.where(part, percent, np.nan), zmin=0, zmax=100, colorscale=scale, showscale=False,
                           text=np.where(part, cells, "") if few else None, texttemplate="%{text}" if few else None,
                           textfont=dict(size=12, color=colour), xgap=1, ygap=1, hoverinfo="skip")
    rows, columns = np.indices(number.shape).reshape(2, -1)
    hover = [f"{plain(names[r])} heard as <b>{plain(names[c])}</b>"
             f"<br>{count(number[r, c], 'answer')} · {percent[r, c]:.0f} % of its row"
             for r, c in zip(rows, columns, strict=True)]
    clear = dict(marker=dict(opacity=0))
    figure.add_scatter(x=columns.tolist(), y=rows.tolist(), mode="markers",
                       marker=dict(symbol="square", size=24, opacity=0), selected=clear, unselected=clear,
                       hovertext=hover, hovertemplate="%{hovertext}<extra></extra>")
    if chosen is not None and set(chosen) <= set(names):
        y, x = names.index(chosen[0]), names.index(chosen[1])
        figure.add_shape(type="rect", x0=x - 0.5, x1=x + 0.5, y0=y - 0.5, y1=y + 0.5, layer="above",
                         line=dict(color=shade.text, width=2.5))
    return figure


def per_class_figure(table: pd.DataFrame, class_names: Sequence[str], *, dark: bool = False,
                     height: int = 420) -> go.Figure:
    """Precision, recall and F1 of each class: F1 as a bar in the class's colour, the other two as marks on it."""
    shade, colours = ink(dark), class_colours(class_names, dark)
    names = list(table["class"])
    position = list(range(len(names)))
    figure = new_figure(
        dark=dark, height=height, x_title="F1, precision, recall (%)", margin=(116, 16, 36, 44), barmode="overlay",
        showlegend=True, legend=dict(traceorder="normal"), xaxis=dict(range=[0, 102], title_standoff=6),
        yaxis=dict(range=[len(names) - 0.4, -0.6], showgrid=False, tickvals=position,
                   ticktext=[label(name) for name in names]))
    hover = [f"{plain(row['class'])} · {count(row.support, 'answer')}<br>precision {_percent(row.precision)}<br>"
             f"recall {_percent(row.recall)}<br>F1 {_percent(row.f1)}" for _, row in table.iterrows()]
    figure.add_bar(y=position, x=(100 * table["f1"]).tolist(), orientation="h", name="F1", showlegend=False, width=0.62,
                   marker=dict(color=[colours[name] for name in names], opacity=0.75), hovertext=hover,
                   hovertemplate="%{hovertext}<extra></extra>")
    figure.add_bar(y=[None], x=[None], name="F1", orientation="h", marker=dict(color=shade.muted), showlegend=True)
    precision = dict(symbol="line-ns", size=16, line=dict(width=2.5, color=shade.text))
    recall = dict(symbol="circle", size=9, color=shade.text, line=dict(width=1.5, color=shade.surface))
    for column, marker in (("precision", precision), ("recall", recall)):
        figure.add_scatter(y=position, x=(100 * table[column]).tolist(), mode="markers", name=column, marker=marker,
                           hoverinfo="skip", showlegend=True)
    return figure


def roc_figure(curves: Sequence[Curve], class_names: Sequence[str], *, dark: bool = False,
               height: int = 420) -> go.Figure:
    """ROC curves with their areas in the legend: macro and micro thick, one thin line per class."""
    shade, colours, few = ink(dark), class_colours(class_names, dark), len(class_names) <= FEW
    figure = new_figure(
        dark=dark, height=height, x_title="False positive rate (%)", y_title="True positive rate (%)", margin=(56, 16, 12, 48),
        xaxis=dict(range=[-1, 101], constrain="domain"), yaxis=dict(range=[-1, 102]), hovermode="closest", showlegend=True,
        legend=dict(orientation="v", x=0.99, xanchor="right", y=0.02, yanchor="bottom", font=dict(size=11.5, color=shade.text),
                    title=dict(text="area under the curve", font=dict(size=11.5, color=shade.muted))))
    figure.add_scatter(x=[0, 100], y=[0, 100], mode="lines", line=dict(color=shade.grid, width=1.5, dash="dot"),
                       hoverinfo="skip", showlegend=False)
    for curve in sorted(curves, key=lambda curve: curve.kind != "class"):
        own = curve.kind == "class"
        line = dict(color=colours[curve.name], width=1.5 if few else 1, shape="linear") if own else dict(
            color=shade.text if curve.kind == "macro" else shade.muted, width=3,
            dash="solid" if curve.kind == "macro" else "dash")
        figure.add_scatter(x=(100 * curve.false_positive).tolist(), y=(100 * curve.true_positive).tolist(), mode="lines",
                           line=line, opacity=1 if few or not own else 0.5, name=f"{label(curve.name)}  {curve.area:.3f}",
                           legendrank=1000 if own else 1, showlegend=few or not own, meta=plain(curve.name),
                           hovertemplate=f"%{{meta}} · AUC {curve.area:.3f}<br>%{{y:.0f}} % of its clips found at "
                                         "%{x:.1f} % false alarms<extra></extra>")
    return figure


def answer_figure(probs: pd.Series, true: str, *, dark: bool = False, most: int = 5) -> go.Figure:
    """What the models gave to one clip's likeliest classes, best first; ``probs`` is indexed by class, in their order.

    The true class is among them in any case.
    """
    colours, shade = class_colours(list(probs.index), dark), ink(dark)
    best = probs.sort_values(ascending=False, kind="stable").index[:most]
    names = list(best) if true in best else [*best[: most - 1], true]
    figure = new_figure(
        dark=dark, height=26 * len(names) + 16, margin=(132, 48, 4, 8), dragmode=False,
        xaxis=dict(range=[0, 100], visible=False),
        yaxis=dict(range=[len(names) - 0.5, -0.5], showgrid=False, tickvals=list(range(len(names))), ticktext=[
            f"<b>{label(name)}</b>  ✓" if name == true else label(name) for name in names]))
    figure.add_bar(y=list(range(len(names))), x=[100 * probs[name] for name in names], orientation="h", width=0.66,
                   marker=dict(color=[colours[name] for name in names], opacity=0.85), cliponaxis=False,
                   text=[_short_percent(probs[name]) for name in names], textposition="outside",
                   textfont=dict(color=shade.text), hoverinfo="skip")
    return figure


def _partly_named(title: str, step: int) -> str:
    return title if step == 1 else f"{title} (1 of {step} is named)"


def _short_percent(value: float) -> str:
    return "< 1 %" if 0 < value < 0.005 else f"{100 * value:.0f} %"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %" if np.isfinite(value) else "undefined"


def _mix(low: str, high: str, share: float) -> str:
    """A colour ``share`` of the way between two hex colours."""
    ends = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (low, high)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))
