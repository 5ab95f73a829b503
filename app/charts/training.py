"""Learning curves while a run trains and after: every fold thin, their mean thick, train and validation on one axis."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.palette import ink, new_figure, plain, split_colour, whole_ticks
from core.baseline import Guess

POINTS = 400  # per line; longer histories are thinned, their last epoch kept
HEIGHT = 250  # px; both figures and the run's head fit a laptop's window
METRICS = {"loss": ("Loss (cross-entropy)", "", ".3f"), "accuracy": ("Accuracy (%)", " %", ".1f")}


def learning_curves(history: pd.DataFrame, metric: str, *, epochs: int, dark: bool = False,
                    guess: Guess | None = None) -> go.Figure:
    """``loss`` or ``accuracy`` over epochs from the rows of ``history.csv``.

    The mean is over the folds that are furthest, so it does not jump while a later fold is on its way. ``epochs`` fixes
    the axis, so that curves grow in place. ``guess`` is what an answer reaches that does not listen.
    """
    axis, unit, digits = METRICS[metric]
    title = "Accuracy, higher is better" if metric == "accuracy" else "Loss, lower is better"
    figure = new_figure(
        dark=dark, height=HEIGHT, title=title, x_title="Epoch", y_title=axis, margin=(60, 12, 64, 46),
        showlegend=True, uirevision=metric, hovermode="closest",
        xaxis=dict(range=[0, max(2, epochs) * 1.01], showgrid=False, **whole_ticks(epochs)),
        yaxis=dict(rangemode="tozero", **(dict(range=[0, 102], dtick=20) if metric == "accuracy" else {})))
    for split in ("train", "validation"):
        rows = history[(history["split"] == split) & (history["fold"].astype(str) != "final")]
        if rows.empty:
            continue
        folds = {fold: _series(part, metric) for fold, part in rows.groupby(rows["fold"].astype(str), sort=False)}
        colour, hover = split_colour(split, dark), f"%{{y:{digits}}}{unit} · epoch %{{x}}<extra></extra>"
        many = len(folds) > 1
        for fold, series in folds.items() if many else ():
            series = _thinned(series)
            figure.add_scatter(x=series.index.tolist(), y=series.tolist(), mode="lines", opacity=0.45, showlegend=False,
                               line={"color": colour, "width": 1}, name=f"{split} {fold}",
                               hovertemplate=f"fold {plain(fold)} · {split} {hover}")
        mean, count = mean_of_furthest(list(folds.values()))
        furthest = [fold for fold, series in folds.items() if len(series) == len(mean)]
        spoken = f"mean of {count} folds" if count > 1 else f"fold {plain(furthest[0])}"
        mean = _thinned(mean)
        figure.add_scatter(x=mean.index.tolist(), y=mean.tolist(), mode="lines+markers" if len(mean) < 2 else "lines",
                           line={"color": colour, "width": 2.75}, name=split,
                           hovertemplate=f"{spoken} · {split} {hover}")
    if metric == "accuracy" and guess:
        where = "top left" if guess.name else "bottom right"  # curves rise to the one, and beyond the other
        figure.add_hline(y=100 * guess.share, line={"color": ink(dark).muted, "width": 1, "dash": "dot"},
                         annotation={"text": guess.in_words, "font_size": 11,
                                     "font_color": ink(dark).muted}, annotation_position=where)
    return figure


def mean_of_furthest(folds: list[pd.Series]) -> tuple[pd.Series, int]:
    """Mean per epoch over the folds with the most epochs, and how many these are."""
    most = max(len(fold) for fold in folds)
    furthest = [fold for fold in folds if len(fold) == most]
    return pd.concat(furthest, axis=1).mean(axis=1), len(furthest)


def _series(rows: pd.DataFrame, metric: str) -> pd.Series:
    """The metric by epoch, accuracy in per cent; the last row wins where an epoch stands twice."""
    values = pd.Series(rows[metric].to_numpy(float), index=rows["epoch"].to_numpy(int))
    return values[~values.index.duplicated(keep="last")].sort_index() * (100 if metric == "accuracy" else 1)


def _thinned(series: pd.Series) -> pd.Series:
    if len(series) <= POINTS:
        return series
    return series.iloc[np.unique(np.linspace(0, len(series) - 1, POINTS).round().astype(int))]
