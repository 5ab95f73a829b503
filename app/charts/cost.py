"""Accuracy against what a model costs: compute, size or training time. Contenders in, a figure out."""

import math
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from app.charts.palette import ink, label, new_figure, plain
from core.colours import PROTOCOL_COLOURS
from core.contenders import Contender
from core.report.canvas import log_ticks, round_ticks
from core.wording import duration, interval, percent, thousands

COSTS: dict[str, tuple[str, Callable[[Contender], float | None], Callable[[float], str]]] = {
    "compute": ("Multiply-accumulates per clip", lambda each: each.macs, thousands),
    "training compute": ("Multiply-accumulates of the training", lambda each: each.training_macs, thousands),
    "size": ("Trainable parameters", lambda each: each.parameters, thousands),
    "training time": ("Training time", lambda each: each.seconds, duration),
}
PLOT = 0.62  # of the width; the names stand in the rest
WIDE = 8  # times the least cost, from which on the axis is logarithmic


def cost_figure(field: Sequence[Contender], what: str, *, dark: bool = False, height: int = 420) -> go.Figure:
    """Mean accuracy with its 95 % interval over one of :data:`COSTS`, a colour per protocol, every name at the right."""
    title, cost, spoken = COSTS[what]
    shade = ink(dark)
    field = sorted((each for each in field if cost(each) and each.accuracy is not None), key=lambda each: -each.accuracy)
    figure = new_figure(dark=dark, height=height, x_title=title, y_title="Test accuracy (%)", margin=(56, 8, 28, 48))
    if not field:
        figure.update_layout(xaxis_visible=False, yaxis_visible=False)
        return figure.add_annotation(text=f"{title}: not known for these", x=0.5, y=0.5, xref="paper", yref="paper",
                                     showarrow=False, font=dict(color=shade.muted))
    values = [cost(each) for each in field]
    log = max(values) > WIDE * min(values)
    scaled = math.log10 if log else float
    low, high = scaled(min(values)), scaled(max(values))
    pad = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - pad, high + pad
    end = low + (high - low) / PLOT
    protocols = sorted({each.protocol for each in field})
    scores = [each.scores["accuracy"] for each in field]
    bottom = max(0.0, 100 * min(s.mean if s.low is None else s.low for s in scores) - 3)
    top = min(101.0, 100 * max(s.mean if s.high is None else s.high for s in scores) + 3)
    for place, (each, value, score) in enumerate(zip(field, values, scores, strict=True)):
        colour = PROTOCOL_COLOURS[dark][protocols.index(each.protocol) % 4]
        if score.low is not None:
            figure.add_scatter(x=[value, value], y=[100 * score.low, 100 * score.high], mode="lines", opacity=0.28,
                               showlegend=False, line=dict(color=colour, width=7), hoverinfo="skip")
        figure.add_scatter(x=[value], y=[100 * score.mean], mode="markers", marker=dict(size=11, color=colour),
                           showlegend=False,
                           hovertemplate=f"{plain(each.title)}<br>{percent(score.mean)} (95 %: "
                                         f"{interval(score.low, score.high)})<br>{spoken(value)}<extra></extra>")
        name = "<br>".join(label(line, 22) for line in (each.model, each.set_apart) if line)
        height_of_name = top - (top - bottom) * (place + 0.5) / len(field)
        figure.add_annotation(x=scaled(value), y=100 * score.mean, ax=high + 0.03 * (end - low), axref="x", ay=height_of_name,
                              ayref="y", xanchor="left", align="left", text=name, showarrow=True, arrowhead=0,
                              arrowwidth=0.75, arrowcolor=shade.muted, standoff=6, font=dict(size=11.5, color=colour))
    for index, name in enumerate(protocols):
        figure.add_scatter(x=[None], y=[None], mode="markers", name=name, showlegend=True,
                           marker=dict(size=10, color=PROTOCOL_COLOURS[dark][index % 4]))
    ends = (10**low, 10**high) if log else (max(0.0, low), high)
    ticks = log_ticks(*ends) if log else round_ticks(*ends, 4)
    figure.update_xaxes(type="log" if log else "linear", range=[low, end], showgrid=False, tickvals=ticks,
                        ticktext=[spoken(tick) for tick in ticks])
    figure.update_yaxes(range=[bottom, top])
    figure.update_layout(hovermode="closest", dragmode=False, showlegend=True)
    return figure
