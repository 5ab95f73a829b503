"""Figures of a study: Optuna's own, in the page's ink, with our names for the settings and accuracy in per cent.

Every function takes an :class:`optuna.Study` with at least one finished trial, unless it says otherwise.
"""

import warnings

import plotly.graph_objects as go

from app.charts.palette import ink, new_figure, plain, whole_ticks
from core.config import field_named

HEIGHT = 300  # px
ACCURACY = "Validation accuracy (%)"
FEWEST = 5  # trials trained to their end from which importances are said
LONGEST_NUMBER = 5  # characters of a small number on one of their axes, which are that close on a phone
DIMENSIONS = 6  # settings in the parallel coordinates: more cannot be told apart on a phone


def history_figure(study, start: int | None, *, dark: bool = False) -> go.Figure:
    """Accuracy of every trial trained to its end, and the best so far; the trial of the starting point is marked."""
    from optuna.visualization import plot_optimization_history

    shade = ink(dark)
    trials, best = _traces(plot_optimization_history(study), 2)
    trials.update(y=[100 * y for y in trials.y], name="a trial", marker={"color": shade.muted, "size": 7},
                  hovertemplate="trial %{x} · %{y:.1f} %<extra></extra>")
    best.update(y=[100 * y for y in best.y], name="the best so far", line={"color": shade.accent, "width": 2.5, "shape": "hv"},
                hovertemplate="best up to trial %{x}: %{y:.1f} %<extra></extra>")
    figure = new_figure(dark=dark, height=HEIGHT, title="Does the search find better settings?", x_title="Trial",
                        y_title=ACCURACY, margin=(60, 12, 68, 46), data=[best, trials])
    if start is not None and start in trials.x:
        value = trials.y[list(trials.x).index(start)]
        figure.add_hline(y=value, line={"color": shade.muted, "width": 1, "dash": "dot"}, annotation_position="bottom right",
                         annotation={"text": "the starting point", "font_size": 11, "font_color": shade.muted})
    last = max(best.x)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(range=[-0.04 * max(last, 1), 1.04 * max(last, 1)], showgrid=False, **whole_ticks(last))
    return figure


def epochs_figure(study, start: int | None, *, epochs: int, dark: bool = False) -> go.Figure:
    """Accuracy after every epoch of every trial that has begun; those that were stopped early end early."""
    from optuna.visualization import plot_intermediate_values

    shade = ink(dark)
    ended = {trial.number: trial for trial in study.trials}
    best = max(finished(study), key=lambda trial: (trial.value, -trial.number), default=None)
    figure = new_figure(dark=dark, height=HEIGHT, title="How do trials learn? Bad ones are stopped early", x_title="Epoch",
                        y_title=ACCURACY, margin=(60, 12, 68, 46))
    marked = {start: ("the starting point", shade.text)} | ({best.number: ("the best", shade.accent)} if best else {})
    if best and best.number == start:
        marked = {start: ("the starting point, the best", shade.accent)}
    lines = [(int(trace.name.removeprefix("Trial")), trace) for trace in plot_intermediate_values(study).data]
    for number, trace in sorted(lines, key=lambda line: line[0] in marked):  # what matters lies on top
        name, colour = marked.get(number, (None, shade.muted))
        trace.update(y=[100 * y for y in trace.y], name=name, showlegend=name is not None, mode="lines+markers",
                     line={"color": colour, "width": 2.5 if name else 1}, opacity=1 if name else 0.6,
                     marker={"size": 4, "color": colour}, meta=f"trial {number}{_how(ended[number])}",
                     hovertemplate="%{meta} · epoch %{x}: %{y:.1f} %<extra></extra>")
        figure.add_trace(trace)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(range=[0, max(2, epochs) * 1.02], showgrid=False, **whole_ticks(epochs))
    return figure


def parallel_figure(study, names: list[str], *, dark: bool = False) -> go.Figure:
    """One line per trial trained to its end, through its accuracy and up to six of its settings; the better, the stronger."""
    from optuna.visualization import plot_parallel_coordinate

    shade = ink(dark)
    drawn = plot_parallel_coordinate(study, params=names[:DIMENSIONS], target=_percent, target_name="Accuracy (%)")
    lines = sorted((trace for trace in drawn.data if trace.mode == "lines"), key=lambda line: line.y[0])  # by accuracy
    for place, line in enumerate(lines, start=1):
        good = (place / len(lines)) ** 2
        line.update(line={"color": _mix(shade.muted, shade.accent, good), "width": 1 + 1.75 * good}, opacity=0.25 + 0.7 * good,
                    customdata=[[_label(name), value] for name, value in line.customdata])
    notes = [_beside(note, shade) for note in drawn.layout.annotations]
    shapes = [{**shape.to_plotly_json(), "line": {"color": shade.grid, "width": 1}} for shape in drawn.layout.shapes]
    texts = [_label(text) for text in drawn.layout.xaxis.ticktext]
    axis = {**drawn.layout.xaxis.to_plotly_json(), "side": "top", "tickangle": -60, "ticktext": texts,
            "tickfont": {"color": shade.text, "size": 11}, "range": [-0.4, len(texts) - 0.8]}
    return new_figure(dark=dark, height=HEIGHT + 60, title="Which settings go with which accuracy?", margin=(36, 56, 140, 16),
                      data=lines, xaxis=axis, yaxis={**drawn.layout.yaxis.to_plotly_json(), "range": [-0.12, 1.12]},
                      annotations=notes, shapes=shapes, hovermode="closest")


def importance_figure(study, *, dark: bool = False) -> go.Figure | None:
    """How much of the accuracy's differences goes with each setting (PED-ANOVA); None below five finished trials."""
    from optuna.visualization import plot_param_importances

    shade = ink(dark)
    if len(finished(study)) < FEWEST:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that few trials say little is said on the page
        bars = plot_param_importances(study).data
    if not bars:
        return None
    bar = bars[0]
    bar.update(y=[_label(name) for name in bar.y], x=[100 * x for x in bar.x], marker={"color": shade.accent, "opacity": 0.8},
               text=[f"{100 * x:.0f} %" for x in bar.x], textfont={"color": shade.text}, hoverinfo="skip", hovertemplate=None,
               width=0.62)
    figure = new_figure(dark=dark, height=max(160, 28 * len(bar.y) + 96), title="Which settings matter?",
                        x_title="Importance (%)", margin=(132, 44, 44, 44), data=[bar])
    figure.update_xaxes(range=[0, 1.05 * max(max(bar.x), 1)], rangemode="tozero")
    figure.update_yaxes(showgrid=False)
    return figure


def most_important(study, names: list[str]) -> list[str]:
    """The settings that were searched, the most important first where that can be said."""
    from optuna.importance import get_param_importances

    names = [name for name in names if any(name in trial.params for trial in finished(study))]
    if len(finished(study)) < FEWEST:
        return names
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        order = list(get_param_importances(study))
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def finished(study) -> list:
    """Trials that were trained to their end; one that was stopped early has a value too, its last."""
    return [trial for trial in study.trials if trial.state.name == "COMPLETE"]


def _traces(figure: go.Figure, count: int) -> list:
    return list(figure.data[:count])


def _percent(trial) -> float:
    return 100 * trial.value


def _how(trial) -> str:
    return ", stopped early" if trial.state.name == "PRUNED" else "" if trial.state.name == "COMPLETE" else ", not at its end"


def _beside(note, shade) -> dict:
    """A number of an upright axis at its left; at the ends above and below it, where those of the neighbours leave no room."""
    end = {note.y < 0.01: -9, note.y > 0.99: 9}.get(True)
    place = {"xshift": 0, "xanchor": "center", "yshift": end} if end else {}
    small = len(note.text) > LONGEST_NUMBER and note.text.startswith("0.0")
    return {**note.to_plotly_json(), **place, "text": f"{float(note.text):.2g}" if small else note.text,
            "bgcolor": shade.surface, "borderpad": 0, "font": {"color": shade.muted, "size": 10.5}}


def _label(name: str) -> str:
    """A setting by the name that it has on the pages."""
    return plain(name) if " " in name else plain(field_named(name).metadata["label"])


def _mix(low: str, high: str, share: float) -> str:
    ends = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (low, high)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))


