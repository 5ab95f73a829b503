"""Views of a clip by librosa as figures, on the clip's time axis and with its margins: pictures of bands, or a curve."""

import numpy as np
import plotly.graph_objects as go

from app.charts.clip import COLUMN_MARGIN, DEFAULT_RANGE, time_format
from app.charts.palette import COLOUR_MAPS, DIVERGING, ink, new_figure
from core.features import Feature

HEIGHT = 230
AXES = {"Zero crossings": "Crossings per s", "RMS": "Loudness (dB)", "Centroid": "Frequency (Hz)",
        "Roll-off": "Frequency (Hz)", "MFCC": "Coefficient", "Chroma": "Pitch class", "Constant-Q": "Frequency (Hz)"}


def feature_figure(shown: Feature, *, seconds: float, region: tuple[float, float] | None = None, colours: str = "Magma",
                   dark: bool = False) -> go.Figure:
    """``seconds``: of the whole clip; ``region``: those shown, all when None; ``colours``: of what is not signed."""
    start, end = region or (0.0, seconds)
    time = f"%{{x:{time_format(end - start)}}} s"
    draw = _curve if len(shown.values) == 1 else _picture
    trace, axis = draw(shown, time, colours, dark)
    return new_figure(
        dark=dark, height=HEIGHT, margin=COLUMN_MARGIN, data=[trace], dragmode="zoom", hovermode="closest", hoverdistance=40,
        uirevision=f"{shown.name} {start} {end}",
        xaxis=dict(range=[start, end], title_text="Time (s)", showgrid=False, minallowed=0, maxallowed=seconds,
                   ticks="outside", ticklen=4),
        yaxis=dict(title_text=AXES[shown.name], fixedrange=True, **axis))


def _curve(shown: Feature, time: str, colours: str, dark: bool) -> tuple[dict, dict]:
    digits = ".1f" if shown.unit == "dB" else ",.0f"
    values = shown.values[0]
    axis = dict(rangemode="tozero") if shown.unit != "dB" else dict(range=[max(-120.0, float(values.min()) - 3), 0])
    return dict(type="scatter", mode="lines", x=np.round(shown.times, 6).tolist(), y=values.tolist(),
                line=dict(color=ink(dark).accent, width=1.5),
                hovertemplate=f"{time} · %{{y:{digits}}} {shown.unit}<extra></extra>"), dict(nticks=5, tickformat=",", **axis)


def _picture(shown: Feature, time: str, colours: str, dark: bool) -> tuple[dict, dict]:
    step = float(shown.times[1] - shown.times[0]) if len(shown.times) > 1 else 1.0
    values, scale = shown.values, dict(colorscale=COLOUR_MAPS[colours])
    if shown.name == "MFCC":  # the first coefficient is loudness, far larger than the shape that the others tell
        reach = float(np.percentile(np.abs(values[1:]), 99)) or 1.0
        scale |= dict(zmin=-reach, zmax=reach, colorscale=DIVERGING[dark])
    elif shown.name == "Constant-Q":
        scale |= dict(zmin=DEFAULT_RANGE[0] - DEFAULT_RANGE[1], zmax=0)
    else:
        scale |= dict(zmin=0, zmax=1)
    unit = f" {shown.unit}" if shown.unit else ""
    digits = {"MFCC": ".1f", "Constant-Q": ".0f"}.get(shown.name, ".2f")
    bar = dict(thickness=10, len=1.0, x=1.012, outlinewidth=0, nticks=4, tickfont=dict(color=ink(dark).muted, size=12))
    trace = dict(type="heatmap", z=np.round(values, 2).astype(np.float32), x0=float(shown.times[0]), dx=step, y0=0, dy=1,
                 zsmooth=False, colorbar=bar, **scale,
                 hovertemplate=f"{time} · %{{y}} · %{{z:{digits}}}{unit}<extra></extra>")
    return trace, dict(range=[-0.5, len(values) - 0.5], tickmode="array", showgrid=False, hoverformat="d",
                       labelalias={str(row): name for row, name in enumerate(shown.rows)}, **_ticks(shown))


def _ticks(shown: Feature) -> dict:
    every = {"MFCC": 5, "Constant-Q": 12}.get(shown.name, 2)
    places = list(range(0, len(shown.rows), every))
    short = {"MFCC": lambda row: str(row), "Constant-Q": lambda row: shown.rows[row].removesuffix(" Hz")}
    return dict(tickvals=places, ticktext=[short.get(shown.name, lambda row: shown.rows[row])(row) for row in places])
