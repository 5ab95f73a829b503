"""Figures of an answer: how sure the model is of every class, for a clip and along a long one."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from app.charts.palette import class_colours, ink, new_figure, plain
from app.charts.parts import LEFT, RIGHT

ROW = 26  # pixels per class


def probability_bars(ranked: Sequence[tuple[str, float]], class_names: Sequence[str], *, truth: str | None = None,
                     dark: bool = False) -> go.Figure:
    """Every class as a horizontal bar, best on top; the true class, when it is known, is named as such."""
    colours = class_colours(class_names, dark)
    labels = [label for label, _ in ranked]
    percent = np.array([100 * probability for _, probability in ranked])
    names = [f"<b>{plain(label)}</b> ✓" if label == truth else plain(label) for label in labels]
    bars = dict(type="bar", x=percent, y=list(range(len(labels))), orientation="h", width=0.62,
                marker=dict(color=[colours[label] for label in labels], line=dict(width=0), cornerradius=3),
                text=[percent_text(p) for p in percent], textposition="outside", cliponaxis=False,
                textfont=dict(color=ink(dark).muted, size=12.5), customdata=[plain(label) for label in labels],
                hovertemplate="%{customdata}: %{x:.2f} %<extra></extra>")
    return new_figure(
        dark=dark, height=ROW * len(labels) + 8, margin=(132, 52, 4, 4), data=[bars],
        xaxis=dict(range=[0, 100], visible=False, fixedrange=True),
        yaxis=dict(tickvals=list(range(len(labels))), ticktext=names, autorange="reversed", showgrid=False,
                   showline=False, ticks="", ticklabelstandoff=8, fixedrange=True,
                   tickfont=dict(color=ink(dark).text, size=13)))


def percent_text(percent: float) -> str:
    """``"91 %"``; below ten with one digit, and never a rounded-up certainty."""
    if percent < 0.05:
        return "0 %"
    if percent < 9.95:
        return f"{percent:.1f} %"
    return f"{min(percent, 99.9):.1f} %" if percent > 99 else f"{percent:.0f} %"


def window_lines(starts: Sequence[float], ends: Sequence[float], probs: np.ndarray, class_names: Sequence[str],
                 shown: Sequence[str], chosen: int, *, dark: bool = False) -> go.Figure:
    """Along a clip longer than the model's window: the probability ``(windows, classes)`` of the ``shown`` classes.

    A point stands at each window's middle; the chosen window is shaded. A click on a point chooses its window.
    """
    shade, colours = ink(dark), class_colours(class_names, dark)
    middles = (np.asarray(starts) + np.asarray(ends)) / 2
    spans = [f"{start:.1f} to {end:.1f} s" for start, end in zip(starts, ends, strict=True)]
    lines = [dict(type="scatter", x=middles, y=100 * probs[:, list(class_names).index(label)], mode="lines+markers",
                  name=plain(label), line=dict(color=colours[label], width=2), marker=dict(size=7),
                  selected=dict(marker=dict(opacity=1)), unselected=dict(marker=dict(opacity=1)),
                  customdata=spans, hovertemplate="%{customdata} · %{y:.1f} %<extra>%{fullData.name}</extra>")
             for label in shown]
    return new_figure(
        dark=dark, height=190, x_title="Time in the clip (s)", y_title="Probability (%)", margin=(LEFT, RIGHT, 30, 44),
        data=lines, showlegend=True, legend=dict(x=0, xanchor="left", y=1.02, yanchor="bottom"),
        shapes=[dict(type="rect", x0=starts[chosen], x1=ends[chosen], y0=0, y1=1, yref="paper", line=dict(width=0),
                     fillcolor=shade.accent, opacity=0.12)],
        xaxis=dict(range=[min(starts), max(ends)], showgrid=False, fixedrange=True),
        yaxis=dict(range=[-3, 103], tickvals=[0, 50, 100], fixedrange=True))
