"""Figures of where heads look: heads side by side, and one head in full. Arrays in, figure out; no model, no torch.

Profiles and matrices come from :mod:`core.attention_stats`, with times in seconds of the clip.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from app.charts.answer import percent_text
from app.charts.palette import ink, new_figure
from app.charts.parts import LEFT, RIGHT, axis, faded, steps
from core.attention_stats import TimeMatrix, TimeProfile

CLS_SHARE, GAP = 0.045, 0.012  # of the matrix: the class token's row and column, and what sets them apart


def head_strips(profiles: Sequence[Sequence[TimeProfile]], span: tuple[float, float], chosen: tuple[int, int], *,
                x_title: str = "Time in the clip (s)", dark: bool = False) -> go.Figure:
    """``profiles[layer][head]``: one small figure each, heads side by side, layers below each other.

    All share one time axis. Heads differ a hundredfold in how sharply they look, so each strip has a scale of its own
    and says its highest moment in percent. ``chosen`` (layer, head; from 0) is drawn in the accent colour. Trace number
    ``layer * heads + head`` is that head (:func:`head_of_trace`), so a click tells which was meant.
    """
    shade = ink(dark)
    layers, heads = len(profiles), len(profiles[0])
    gap, rise = min(0.03, 0.3 / heads), 0.26 / layers
    traces, axes, notes = [], {}, []
    for number in range(layers * heads):
        layer, head = head_of_trace(number, heads)
        profile, on = profiles[layer][head], (layer, head) == tuple(chosen)
        colour = shade.accent if on else shade.muted
        name = "" if number == 0 else str(number + 1)
        left, right = head / heads + gap / 2, (head + 1) / heads - gap / 2
        low, high = 1 - (layer + 1) / layers, 1 - layer / layers - rise
        traces.append(dict(
            type="scatter", **steps(profile), xaxis=f"x{name}", yaxis=f"y{name}", mode="lines+markers",
            line=dict(color=colour, width=1.5 if on else 1, shape="hvh"), marker=dict(size=9, opacity=0, color=colour),
            selected=dict(marker=dict(opacity=0)), unselected=dict(marker=dict(opacity=0)),
            fill="tozeroy", fillcolor=faded(colour, 0.30 if on else 0.14),
            hovertemplate=f"layer {layer + 1}, head {head + 1}<br>%{{x:.2f}} s · %{{y:.2f}} %<extra></extra>"))
        bottom = layer == layers - 1
        axes[f"xaxis{name}"] = axis((left, right), x_title if bottom and head == 0 else "", anchor=f"y{name}", nticks=4,
                                    range=list(span), showticklabels=bottom, hoverformat=".2f")
        axes[f"yaxis{name}"] = axis((low, high), f"layer {layer + 1}" if head == 0 else "", anchor=f"x{name}", ticks="",
                                    range=[0, 105 * profile.weight.max()], showticklabels=False)
        title = f"<b>head {head + 1}</b>" if on else f"head {head + 1}"
        for x, side, text, written in ((left, "left", title, shade.text),
                                       (right, "right", percent_text(100 * profile.weight.max()), shade.muted)):
            notes.append(dict(x=x, y=high, xref="paper", yref="paper", xanchor=side, yanchor="bottom", text=text,
                              showarrow=False, font=dict(size=12, color=shade.accent if on else written)))
    return new_figure(dark=dark, height=60 + 104 * layers, margin=(LEFT - 24, RIGHT, 6, 44), data=traces, **axes,
                      annotations=notes, hovermode="x", hoverdistance=60, dragmode=False)


def head_of_trace(number: int, heads: int) -> tuple[int, int]:
    """(layer, head), both from 0, of a trace of :func:`head_strips`."""
    return divmod(number, heads)


def attention_matrix(matrix: TimeMatrix, *, dark: bool = False) -> go.Figure:
    """Query × key of one head, both in seconds; the class token's row first, its column at the left.

    Colours are linear from nothing to the 99.5th percentile, so that a single cell does not put out the others.
    """
    shade = ink(dark)
    cls = matrix.of_cls is not None
    cells = matrix.among if not cls else np.concatenate([matrix.among.ravel(), matrix.of_cls, matrix.to_cls])
    edges = np.append(matrix.start, matrix.end[-1:])
    near = CLS_SHARE + GAP if cls else 0.0
    span = [float(edges[0]), float(edges[-1])]
    traces = [_heat(matrix.among, edges, edges, "x", "y", "at %{y:.2f} s looks at %{x:.2f} s")]
    axes = dict(
        xaxis=axis((near, 1), "Looked at: key (s)", range=span, anchor="free", position=0),
        yaxis=axis((0, 1 - near), "Who looks: query (s)", range=span[::-1], anchor="free", position=0))
    if cls:
        one = [0, 1]
        traces += [_heat(matrix.of_cls[None], edges, one, "x", "y2", "class token looks at %{x:.2f} s"),
                   _heat(matrix.to_cls[:, None], one, edges, "x2", "y", "at %{y:.2f} s looks at the class token"),
                   _heat(np.array([[matrix.cls_to_cls]]), one, one, "x2", "y2", "class token looks at itself")]
        named = dict(tickvals=[0.5], ticktext=["CLS"], range=one)
        axes |= dict(xaxis2=axis((0, CLS_SHARE), side="top", anchor="y2", **named),
                     yaxis2=axis((1 - CLS_SHARE, 1), anchor="free", position=0, **named))
    bar = dict(thickness=10, len=0.6, outlinewidth=0, x=1.01, nticks=4, tickfont=dict(size=11, color=shade.muted),
               title=dict(text="%", font=dict(size=12, color=shade.muted)))
    colours = dict(cmin=0, cmax=100 * max(float(np.percentile(cells, 99.5)), 1e-9), colorbar=bar,
                   colorscale=[[0, shade.raised], [0.5, shade.accent], [1, shade.text]])
    return new_figure(dark=dark, height=520, margin=(LEFT, 64, 26, 48), data=traces, coloraxis=colours, **axes)


def _heat(z: np.ndarray, x, y, xaxis: str, yaxis: str, hover: str) -> dict:
    return dict(type="heatmap", z=np.asarray(100 * z, dtype=np.float32), x=x, y=y, xaxis=xaxis, yaxis=yaxis,
                coloraxis="coloraxis", hovertemplate=hover + ": %{z:.2f} %<extra></extra>")
