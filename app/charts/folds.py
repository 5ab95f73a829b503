"""How far the folds of a run lie apart, and several runs on one axis. Tables in, figures out."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.palette import ink, label, new_figure, split_colour

LEAST_SPAN = 10.0  # percentage points that the axis of scores spans
TICK, ABOVE = 14, 22  # px of the mean's tick as Plotly counts it, and up to a name: no tick reaches one


def folds_figure(folds: pd.DataFrame, *, dark: bool = False, height: int = 300) -> go.Figure:
    """One dot per fold and metric, the mean as a line; the validation fold's dots beside those of the test fold.

    ``folds`` has the columns ``metric, split, fold, value`` (0 to 1).
    """
    shade = ink(dark)
    metrics = list(dict.fromkeys(folds["metric"]))
    splits = [split for split in ("validation", "test") if split in set(folds["split"])]
    scores = 100 * folds["value"]
    spread = max(LEAST_SPAN, 1.1 * float(scores.max() - scores.min()))  # a tenth of a point must not fill the figure
    middle = float(scores.max() + scores.min()) / 2
    figure = new_figure(
        dark=dark, height=height, y_title="Score (%)", margin=(56, 12, 36, 36), hovermode="closest", dragmode=False,
        showlegend=len(splits) > 1, yaxis=dict(range=[max(-1.0, middle - spread / 2), min(101.0, middle + spread / 2)]),
        xaxis=dict(range=[-0.6, len(metrics) - 0.4], tickvals=list(range(len(metrics))), ticktext=metrics, showgrid=False))
    for place, split in enumerate(splits):
        offset = (place - (len(splits) - 1) / 2) * 0.34
        colour, part = split_colour(split, dark), folds[folds["split"] == split]
        x = np.array([metrics.index(metric) for metric in part["metric"]]) + offset + _spread(part)
        figure.add_scatter(x=x.tolist(), y=(100 * part["value"]).tolist(), mode="markers", name=split,
                           showlegend=len(splits) > 1,
                           marker=dict(size=10, color=colour, opacity=0.85, line=dict(width=1, color=shade.surface)),
                           customdata=np.stack([part["fold"], part["metric"]], axis=1) if len(part) else None,
                           hovertemplate=f"model without fold %{{customdata[0]}} · {split}<br>%{{customdata[1]}} %{{y:.1f}} %"
                                         "<extra></extra>")
        for metric, mean in part.groupby("metric", sort=False)["value"].mean().items():
            centre = metrics.index(metric) + offset
            figure.add_scatter(x=[centre - 0.15, centre + 0.15], y=[100 * mean] * 2, mode="lines", showlegend=False,
                               line=dict(color=colour, width=2.5),
                               hovertemplate=f"mean of the {split} {metric}: {100 * mean:.1f} %<extra></extra>")
    return figure


def runs_figure(runs: Sequence[Mapping], *, dark: bool = False, least: int = 0) -> go.Figure:
    """The runs under each other on one accuracy axis: folds as dots, mean as a tick, 95 % interval as a bar.

    Each run is a mapping with ``name``, ``folds`` (accuracies), ``mean`` and ``ci95`` (0 to 1, or None), and perhaps ``dot``,
    what these are if not folds. ``least``: pixels that it is high at least, as what stands beside it.
    """
    shade = ink(dark)
    figure = new_figure(dark=dark, height=max(least, 92 + 48 * len(runs)), title="How accurate are they, and how sure is it?",
                        x_title="Accuracy on the tested clips (%)", margin=(8, 16, 40, 44))
    for row, run in enumerate(runs):
        values = 100 * np.array([value for value in run["folds"] if value is not None])
        if run["ci95"]:
            low, high = (100 * value for value in run["ci95"])
            figure.add_scatter(x=[low, high], y=[row, row], mode="lines", line=dict(color=shade.accent, width=9),
                               opacity=0.28, hovertemplate=f"95 % interval {low:.1f} to {high:.1f} %<extra></extra>")
        figure.add_scatter(x=values.tolist(), y=[row] * len(values), mode="markers",
                           marker=dict(size=8, color=shade.muted, opacity=0.7),
                           hovertemplate=f"one {run.get('dot', 'fold')}: %{{x:.1f}} %<extra></extra>")
        if run["mean"] is not None:
            figure.add_scatter(x=[100 * run["mean"]], y=[row], mode="markers",
                               marker=dict(symbol="line-ns", size=TICK, line=dict(color=shade.accent, width=3)),
                               hovertemplate="mean %{x:.1f} %<extra></extra>")
    ends = [100 * value for run in runs for value in [*run["folds"], *(run["ci95"] or ())] if value is not None]
    if ends:
        figure.update_xaxes(range=[max(-1, min(ends) - 3), min(101, max(ends) + 3)])
    for row, run in enumerate(runs):
        figure.add_annotation(x=0, xref="paper", xanchor="left", y=row, yshift=ABOVE, showarrow=False,
                              text=label(run["name"], 44), font=dict(size=12, color=shade.muted))
    figure.update_yaxes(range=[len(runs) - 0.6, -0.7], showgrid=False, showticklabels=False)
    figure.update_layout(hovermode="closest", dragmode=False)
    return figure


def _spread(part: pd.DataFrame) -> np.ndarray:
    """Small steps to the side, so that equal folds stay visible."""
    order = part.groupby("metric", sort=False).cumcount().to_numpy()
    count = part.groupby("metric", sort=False)["value"].transform("size").to_numpy()
    return (order - (count - 1) / 2) * np.minimum(0.05, 0.22 / np.maximum(count, 1))
