"""Colours and defaults that every figure shares: ten class colours, splits and folds, ink, energy maps.

A class keeps one hue everywhere. Each theme has its own shade of it, because ten colours that a colour-blind reader can
tell apart differ in lightness too, and none of that range may drown in the page's background.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.colors import get_colorscale, hex_to_rgb

from core.colours import CLASS_COLOURS, SPLIT_COLOURS
from core.wording import cut

FOLD_COLOURS = {False: ("#3b6ea5", "#5b9279", "#a58a3b", "#a0607f", "#6b6f9c"),
                True: ("#7fb0e2", "#8fc7ad", "#d6bb6c", "#d796b3", "#a5a9dc")}


def _in_rgb(name: str) -> list[list]:
    """A map's colours as ``rgb(…)``: Streamlit takes ``#000004``, where magma begins, for a slot of its own theme."""
    scale = get_colorscale(name)
    return [[place, f"rgb{hex_to_rgb(colour)}" if colour.startswith("#") else colour] for place, colour in scale]


COLOUR_MAPS = {"Magma": _in_rgb("Magma"), "Viridis": _in_rgb("Viridis"), "Grey": _in_rgb("Greys_r")}
DIVERGING = {  # of signed values: blue below zero, the page's ground at zero, orange above
    False: [[0, "rgb(33,84,140)"], [0.25, "rgb(126,165,203)"], [0.5, "rgb(244,244,242)"], [0.75, "rgb(222,151,108)"],
            [1, "rgb(160,62,20)"]],
    True: [[0, "rgb(125,190,250)"], [0.25, "rgb(66,112,158)"], [0.5, "rgb(27,34,38)"], [0.75, "rgb(172,94,52)"],
           [1, "rgb(250,170,110)"]],
}
LONGEST_LABEL = 16  # characters of a class name on an axis
FONT = "Source Sans, Source Sans Pro, system-ui, sans-serif"


@dataclass(frozen=True)
class Ink:
    """What a figure draws with on one theme's surface; the values follow ``.streamlit/config.toml``."""

    text: str
    muted: str
    grid: str
    surface: str
    raised: str
    accent: str
    wave: str


INK = {
    False: Ink("#1c2326", "#5c686d", "#e3e6e3", "#fbfbfa", "#ffffff", "#0f6f7c", "#33707a"),
    True: Ink("#e4e9e8", "#98a6ab", "#2a3439", "#12171a", "#20292d", "#4fb3bf", "#6fbac4"),
}


def ink(dark: bool) -> Ink:
    return INK[bool(dark)]


def class_colours(class_names: Sequence[str], dark: bool = False) -> dict[str, str]:
    """Class name -> its colour, by its place in the data set's order (the eleventh class starts over)."""
    shades = CLASS_COLOURS[bool(dark)]
    return {name: shades[i % len(shades)] for i, name in enumerate(class_names)}


def split_colour(split: str, dark: bool = False) -> str:
    return SPLIT_COLOURS[bool(dark)][split]


def fold_colour(fold: int, dark: bool = False) -> str:
    """The colour of fold 1, 2, …"""
    shades = FOLD_COLOURS[bool(dark)]
    return shades[(fold - 1) % len(shades)]


def whole_ticks(last: int) -> dict:
    """For an axis from 0 to ``last`` of what is counted: at most ten ticks, none of them between two numbers."""
    step = next(step for power in range(7) for step in (10**power, 2 * 10**power, 5 * 10**power) if last <= 10 * step)
    return {"tick0": 0, "dtick": step, "tickformat": "d"}


def label(name: object, longest: int = LONGEST_LABEL) -> str:
    """A name as an axis shows it: cut, and without tags."""
    return plain(cut(name, longest))


def plain(text: object) -> str:
    """Text from outside for a figure: Plotly reads tags in labels, so they are escaped."""
    return html.escape(str(text), quote=False)


def new_figure(*, dark: bool, height: int, title: str = "", x_title: str = "", y_title: str = "",
               margin: tuple[int, int, int, int] | None = None, data: Sequence = (), **layout) -> go.Figure:
    """A figure in the theme's ink on a transparent ground, with ``data`` (traces) and whatever ``layout`` adds.

    ``margin`` is left, right, top, bottom in pixels. ``title`` says in words what to see. The same ``height`` for
    neighbours. ``layout`` takes whole axes (``yaxis2=dict(...)``), which get the same ink; giving everything here is
    five times faster than ``update_layout`` later. Text from outside must go through :func:`plain`.

    Streamlit hands each figure to Plotly twice, at first without its width. The first drawing stands if nothing else is new
    the second time and the width comes out the same (``app/components/frame.py``): hence the ``datarevision`` and no
    template, and hence the numbers of traces have to be lists. Two arrays are never the same to Plotly.
    """
    shade = ink(dark)
    left, right, top, bottom = margin or (64, 12, 44 if title else 12, 48 if x_title else 28)
    defaults = dict(
        template="none", datarevision=0, height=height, margin=dict(l=left, r=right, t=top, b=bottom, pad=0),
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", showlegend=False, separators=".,",
        font=dict(family=FONT, size=13, color=shade.text),
        title=dict(text=title, x=0, xref="container", xanchor="left", y=1, yref="container", yanchor="top",
                   pad=dict(l=4, t=10), font=dict(size=15, color=shade.text, weight=600)),
        hoverlabel=dict(bgcolor=shade.raised, bordercolor=shade.grid,
                        font=dict(family=FONT, size=13, color=shade.text)),
        legend=dict(orientation="h", x=0, xanchor="left", y=1.02, yanchor="bottom", bgcolor="rgba(0,0,0,0)",
                    font=dict(color=shade.muted, size=12)),
        modebar=dict(bgcolor="rgba(0,0,0,0)", color=shade.muted, activecolor=shade.accent))
    axes = {name for name in layout if name.startswith(("xaxis", "yaxis"))} | {"xaxis", "yaxis"}
    titles = {"xaxis": x_title, "yaxis": y_title}
    for name in axes:
        text = layout.get(name, {}).get("title_text", titles.get(name, ""))
        defaults[name] = dict(
            gridcolor=shade.grid, linecolor=shade.grid, tickcolor=shade.grid, zeroline=False, automargin=False,
            tickfont=dict(color=shade.muted, size=12), title=dict(text=text, font=dict(color=shade.muted, size=12.5)))
    for name, value in layout.items():
        both = isinstance(value, dict) and isinstance(defaults.get(name), dict)
        defaults[name] = {**defaults[name], **value} if both else value
    for name in axes:
        defaults[name].pop("title_text", None)
    figure = go.Figure(data=list(data), layout=defaults)
    figure.layout.template = None  # left out above, it would be plotly's own
    return figure
