"""A clip as figures: its outline over its spectrogram on one time axis, classes as bars, small pictures to compare.

The rows of a spectrogram are drawn as band numbers, whatever the scale, with the ticks at round frequencies; the
browser's hover turns a band number back into hertz by ``labelalias``, so that no second matrix has to be sent.
"""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from app.charts.palette import COLOUR_MAPS, Ink, ink, label, new_figure, plain
from core.spectrogram import FLOOR_DB, Spectrogram

TICKS_HZ = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000)
SAMPLES_SHOWN = 400  # fewer samples than this are drawn as points, too
DEFAULT_RANGE = (-100, -20)
COLUMN_MARGIN = (58, 70, 8, 46)  # of all figures with the clip's time axis: their seconds stand above one another
Outline = tuple[np.ndarray, np.ndarray, np.ndarray]


def clip_figure(outline: Outline, spectrum: Spectrogram, *, seconds: float,
                region: tuple[float, float] | None = None, db_range: tuple[float, float] = DEFAULT_RANGE,
                colours: str = "Magma", dark: bool = False, height: int = 520) -> go.Figure:
    """Waveform over spectrogram. ``outline``: times s, low, high; ``region``: the seconds shown, all when None.

    It is zoomed along time only: a zoom in frequency would be lost with every answer, which Streamlit draws anew.
    """
    start, end = region or (0.0, seconds)
    shade = ink(dark)
    heatmap = dict(
        type="heatmap", z=_as_bytes(spectrum.db), x0=float(spectrum.times[0]), dx=spectrum.frame_seconds, y0=0, dy=1,
        xaxis="x", yaxis="y2", zmin=db_range[0], zmax=db_range[1], colorscale=COLOUR_MAPS[colours], zsmooth=False,
        hovertemplate=f"%{{x:{time_format(end - start)}}} s · %{{y}} · %{{z}} dB<extra></extra>",
        colorbar=dict(title=dict(text="dB", side="top", font=dict(color=shade.muted, size=12)), thickness=10, len=0.7,
                      y=0, yanchor="bottom", x=1.012, outlinewidth=0, tickfont=dict(color=shade.muted, size=12),
                      nticks=6))
    return new_figure(
        dark=dark, height=height, margin=COLUMN_MARGIN, data=[*_outline_traces(outline, shade), heatmap],
        dragmode="zoom", hovermode="closest", hoverdistance=40,
        xaxis=dict(range=[start, end], title_text="Time (s)", anchor="y2", showgrid=False, uirevision=f"{start} {end}",
                   minallowed=0, maxallowed=seconds, ticks="outside", ticklen=4),
        yaxis=dict(domain=[0.76, 1], title_text="Amplitude", fixedrange=True, **_amplitude(outline)),
        yaxis2=dict(domain=[0, 0.7], title_text="Frequency (Hz)", showgrid=False, ticks="outside", ticklen=4,
                    **band_axis(spectrum) | {"fixedrange": True}))


def band_axis(spectrum: Spectrogram) -> dict:
    """Axis settings for rows that are band numbers: round frequencies as ticks, every band's hertz for the hover."""
    frequencies = spectrum.frequencies
    bands = len(frequencies)
    wanted = TICKS_HZ if spectrum.scale != "linear" else np.arange(0, frequencies[-1], _round_step(frequencies[-1]))[1:]
    shown = [hz for hz in wanted if frequencies[0] <= hz <= frequencies[-1]]
    places = np.interp(shown, frequencies, np.arange(bands))
    kept = [i for i, place in enumerate(places) if i == 0 or place - places[i - 1] > bands / 28]
    return dict(range=[-0.5, bands - 0.5], tickmode="array", tickvals=[float(places[i]) for i in kept],
                ticktext=[f"{shown[i]:,.0f}" for i in kept], hoverformat="d", minallowed=-0.5, maxallowed=bands - 0.5,
                labelalias={str(band): f"{hz:,.0f} Hz" for band, hz in enumerate(frequencies)})


def class_bars(counts: Mapping[str, int], colours: Mapping[str, str], *, chosen: Sequence[str] = (),
               dark: bool = False, height: int = 260) -> go.Figure:
    """Clips per class as horizontal bars in the classes' own colours; those not ``chosen`` step back."""
    names = list(counts)
    bars = dict(
        type="bar", y=names, x=[counts[name] for name in names], orientation="h",
        customdata=[plain(name) for name in names], hovertemplate="%{customdata}: %{x:,} clips<extra></extra>",
        marker=dict(color=[colours[name] for name in names], line=dict(width=0),
                    opacity=[1.0 if not chosen or name in chosen else 0.25 for name in names]),
        text=[f"{counts[name]:,}" for name in names], textposition="outside", cliponaxis=False,
        textfont=dict(color=ink(dark).muted, size=12), selected=dict(marker=dict(opacity=1)),
        unselected=dict(marker=dict(opacity=0.35)))
    return new_figure(
        dark=dark, height=height, x_title="Clips", margin=(112, 34, 6, 42), data=[bars], bargap=0.28,
        clickmode="event+select", dragmode=False, xaxis=dict(fixedrange=True, nticks=5, rangemode="tozero", showgrid=False),
        yaxis=dict(autorange="reversed", fixedrange=True, type="category", showgrid=False, tickvals=names,
                   ticktext=[label(name) for name in names]))


def spectrogram_png(spectrum: Spectrogram, *, db_range: tuple[float, float] = DEFAULT_RANGE,
                    colours: str = "Magma") -> bytes:
    """The spectrogram alone as a small PNG, one pixel per frame and band, high frequencies on top."""
    from PIL import Image

    low, high = db_range
    levels = np.clip((spectrum.db - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    picture = Image.fromarray(levels[::-1])
    picture.putpalette(_lookup(colours).tobytes())  # a byte a pixel instead of three
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _outline_traces(outline: Outline, shade: Ink) -> list[dict]:
    """A band between least and greatest sample, or a line where the samples themselves are there."""
    times, low, high = outline
    time = f"%{{x:{time_format(float(times[-1] - times[0]))}}} s"
    low, high = (np.round(np.asarray(values, dtype=float), 6).tolist() for values in (low, high))
    line = dict(type="scatter", line=dict(color=shade.wave, width=1), mode="lines", x0=float(times[0]),
                dx=float(times[1] - times[0]) if len(times) > 1 else 1.0)  # even steps need no list of times
    if low == high:
        mode = "lines+markers" if len(times) <= SAMPLES_SHOWN else "lines"
        return [line | dict(y=low, mode=mode, marker=dict(size=4), hovertemplate=f"{time} · %{{y:.3f}}<extra></extra>")]
    return [line | dict(y=low, hoverinfo="skip"),
            line | dict(y=high, fill="tonexty", fillcolor=shade.wave, customdata=low,
                        hovertemplate=f"{time} · %{{customdata:.2f}} to %{{y:.2f}}<extra></extra>")]


def _amplitude(outline: Outline) -> dict:
    """A range that is symmetric about zero and never narrower than a quiet hum, with one round tick on either side."""
    peak = max(0.01, float(np.max(np.abs(outline[1]))), float(np.max(np.abs(outline[2]))))
    tick = _round_below(peak)
    return dict(range=[-1.05 * peak, 1.05 * peak], tickvals=[-tick, 0, tick])


def _as_bytes(db: np.ndarray) -> np.ndarray:
    """Whole decibels in one byte: a quarter of the page weight, and finer than the eye on 60 dB of colour."""
    return np.clip(np.round(db), FLOOR_DB, 127).astype(np.int8)


def time_format(seconds: float) -> str:
    """How a hover says a time in a figure of that many seconds."""
    return ".2f" if seconds > 0.5 else ".4f"


def _round_step(top: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that gives four to nine ticks up to ``top``."""
    return _round_below(top / 4)


def _round_below(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above ``value``."""
    power = 10 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)))


def _lookup(colours: str) -> np.ndarray:
    """256 colours of a map, uint8 (256, 3)."""
    from plotly.colors import sample_colorscale

    samples = sample_colorscale(COLOUR_MAPS[colours], np.linspace(0, 1, 256), colortype="tuple")
    return np.round(255 * np.array(samples)).astype(np.uint8)
