"""Figures of where heads look: heads side by side, and one head in full. Arrays in, figure out; no model, no torch.

Profiles and matrices come from :mod:`core.attention_stats`, with times in seconds of the clip.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from app.charts.palette import ink, new_figure
from app.charts.parts import LEFT, RIGHT, axis_on, faded, steps
from core.attention_stats import TimeMatrix, TimeProfile


def head_strips(profiles: Sequence[Sequence[TimeProfile]], span: tuple[float, float], chosen: tuple[int, int], *,
                x_title: str = "time in the clip, s",
                dark: bool = False) -> go.Figure:
    """``profiles[layer][head]``: one small figure each, heads side by side, layers below each other.

    All share one time axis and one scale. ``chosen`` (layer, head; from 0) is drawn in the accent colour. Trace number
    ``layer * heads + head`` is that head (:func:`head_of_trace`), so a click tells which was meant.
    """
    shade = ink(dark)
    layers, heads = len(profiles), len(profiles[0])
    figure = new_figure(dark=dark, height=34 + 104 * layers + 26, margin=(LEFT, RIGHT, 6, 44))
    top = 100 * max(profile.weight.max() for row in profiles for profile in row)
    gap, rise = min(0.03, 0.3 / heads), 0.26 / layers
    for layer, row in enumerate(profiles):
        for head, profile in enumerate(row):
            number = layer * heads + head + 1
            x, y = f"x{number}", f"y{number}"
            left, right = (head + gap / 2 * heads) / heads, (head + 1 - gap / 2 * heads) / heads
            low, high = 1 - (layer + 1) / layers, 1 - layer / layers - rise
            on = (layer, head) == tuple(chosen)
            colour = shade.accent if on else shade.muted
            figure.add_scatter(
                **steps(profile), xaxis=x, yaxis=y, mode="lines+markers", line_shape="hvh",
                line=dict(color=colour, width=1.5 if on else 1), marker=dict(size=9, opacity=0, color=colour),
                selected=dict(marker=dict(opacity=0)), unselected=dict(marker=dict(opacity=0)),
                fill="tozeroy", fillcolor=faded(colour, 0.30 if on else 0.14),
                hovertemplate=f"layer {layer + 1}, head {head + 1}<br>%{{x:.2f}} s · %{{y:.2f}} %<extra></extra>")
            bottom = layer == layers - 1
            figure.update_layout({
                f"xaxis{number}": axis_on(figure, (left, right), x_title if bottom and head == 0 else "", anchor=y,
                                          nticks=4, range=list(span), showticklabels=bottom, showgrid=False),
                f"yaxis{number}": axis_on(figure, (low, high), f"layer {layer + 1}, %" if head == 0 else "", anchor=x,
                                          nticks=3, range=[0, top * 1.05], showticklabels=head == 0)})
            name = f"head {head + 1}"
            figure.add_annotation(x=left, y=high, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
                                  text=f"<b>{name}</b>" if on else name, showarrow=False,
                                  font=dict(size=12, color=shade.accent if on else shade.text))
    figure.update_layout(hovermode="x", hoverdistance=60, dragmode=False)
    return figure


def head_of_trace(number: int, heads: int) -> tuple[int, int]:
    """(layer, head), both from 0, of a trace of :func:`head_strips`."""
    return divmod(number, heads)


def attention_matrix(matrix: TimeMatrix, *, axis: str = "s", dark: bool = False) -> go.Figure:
    """Query × key of one head, both in seconds; the class token's row first, its column at the left.

    Colours are linear from nothing to the 99.5th percentile, so that a single cell does not put out the others.
    """
    shade = ink(dark)
    figure = new_figure(dark=dark, height=520, margin=(LEFT, 64, 26, 48))
    cls = matrix.of_cls is not None
    cells = matrix.among if not cls else np.concatenate([matrix.among.ravel(), matrix.of_cls, matrix.to_cls])
    limit = 100 * max(float(np.percentile(cells, 99.5)), 1e-9)
    figure.update_layout(coloraxis=dict(
        cmin=0, cmax=limit, colorscale=[[0, shade.raised], [0.5, shade.accent], [1, shade.text]],
        colorbar=dict(thickness=10, len=0.6, outlinewidth=0, x=1.01, nticks=4,
                      tickfont=dict(size=11, color=shade.muted),
                      title=dict(text="%", font=dict(size=12, color=shade.muted)))))
    edges = np.append(matrix.start, matrix.end[-1:])
    strip = 0.045 if cls else 0.0
    gap = 0.012 if cls else 0.0

    def heat(z, x, y, xaxis, yaxis, hover):
        figure.add_heatmap(z=np.asarray(100 * z, dtype=np.float32), x=x, y=y, xaxis=xaxis, yaxis=yaxis,
                           coloraxis="coloraxis", hovertemplate=hover + ": %{z:.2f} %<extra></extra>")

    heat(matrix.among, edges, edges, "x", "y", "at %{y:.2f} s looks at %{x:.2f} s")
    if cls:
        heat(matrix.of_cls[None], edges, [0, 1], "x", "y2", "class token looks at %{x:.2f} s")
        heat(matrix.to_cls[:, None], [0, 1], edges, "x2", "y", "at %{y:.2f} s looks at the class token")
        heat(np.array([[matrix.cls_to_cls]]), [0, 1], [0, 1], "x2", "y2", "class token looks at itself")
    body = (strip + gap, 1.0)
    span = [float(edges[0]), float(edges[-1])]
    figure.update_layout(
        xaxis=axis_on(figure, body, f"looked at (key), {axis}", range=span, showgrid=False, anchor="free", position=0),
        yaxis=axis_on(figure, (0.0, 1 - strip - gap), f"who looks (query), {axis}", range=span[::-1], showgrid=False,
                    anchor="free", position=0))
    if cls:
        named = dict(tickvals=[0.5], ticktext=["CLS"], range=[0, 1], showgrid=False)
        figure.update_layout(xaxis2=axis_on(figure, (0.0, strip), "", side="top", anchor="y2", **named),
                             yaxis2=axis_on(figure, (1 - strip, 1.0), "", anchor="free", position=0, **named))
    return figure
