"""Figures of an answer: how sure the model is of every class, for a clip and along a long one."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from app.charts.palette import class_colours, ink, new_figure, plain

ROW = 26  # pixels per class


def probability_bars(ranked: Sequence[tuple[str, float]], class_names: Sequence[str], *, truth: str | None = None,
                     dark: bool = False) -> go.Figure:
    """Every class as a horizontal bar, best on top; the true class, when it is known, is named as such."""
    colours = class_colours(class_names, dark)
    labels = [label for label, _ in ranked]
    percent = np.array([100 * probability for _, probability in ranked])
    names = [f"<b>{plain(label)}</b> ✓" if label == truth else plain(label) for label in labels]
    figure = new_figure(dark=dark, height=ROW * len(labels) + 8, margin=(132, 52, 4, 4))
    figure.add_bar(x=percent, y=list(range(len(labels))), orientation="h", width=0.62,
                   marker=dict(color=[colours[label] for label in labels], line_width=0, cornerradius=3),
                   text=[percent_text(p) for p in percent], textposition="outside", cliponaxis=False,
                   textfont=dict(color=ink(dark).muted, size=12.5),
                   customdata=[plain(label) for label in labels],
                   hovertemplate="%{customdata}: %{x:.2f} %<extra></extra>")
    figure.update_xaxes(range=[0, max(100.0, percent.max() * 1.02)], visible=False, fixedrange=True)
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=names, autorange="reversed", showgrid=False,
                        showline=False, ticks="", ticklabelstandoff=8, fixedrange=True,
                        tickfont=dict(color=ink(dark).text, size=13))
    return figure


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
    figure = new_figure(dark=dark, height=180, title="Answer along the clip", x_title="time in the clip, s",
                        y_title="probability, %", margin=(56, 12, 40, 44))
    figure.add_vrect(x0=starts[chosen], x1=ends[chosen], fillcolor=shade.accent, opacity=0.12, line_width=0)
    for label in shown:
        figure.add_scatter(x=middles, y=100 * probs[:, list(class_names).index(label)], mode="lines+markers",
                           name=plain(label), line=dict(color=colours[label], width=2), marker=dict(size=7),
                           selected=dict(marker=dict(opacity=1)), unselected=dict(marker=dict(opacity=1)),
                           customdata=spans, hovertemplate="%{customdata} · %{y:.1f} %<extra>%{fullData.name}</extra>")
    figure.update_xaxes(range=[min(starts), max(ends)], showgrid=False, fixedrange=True)
    figure.update_yaxes(range=[-3, 103], tickvals=[0, 50, 100], fixedrange=True)
    figure.update_layout(showlegend=True, legend=dict(x=1, xanchor="right", y=1.02, yanchor="bottom"))
    return figure
