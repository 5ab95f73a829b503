"""What was heard, and a head's attention over it, on one time axis. Arrays in, figure out."""

import numpy as np
import plotly.graph_objects as go

from app.charts.palette import COLOUR_MAPS, Ink, ink, new_figure
from app.charts.parts import LEFT, RIGHT, axis, faded, steps
from core.attention_stats import TimeProfile

SPAN_DB = 70  # how far below its loudest moment the spectrogram is drawn
TICKS_HZ = (100, 500, 1000, 2000, 4000, 8000, 16_000)


def stage(outline: tuple[np.ndarray, np.ndarray, np.ndarray], log_mel: np.ndarray, times: np.ndarray,
          frequencies: np.ndarray, span: tuple[float, float], *, heard: tuple[float, float] | None = None,
          profile: TimeProfile | None = None, plane: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
          veil: float = 0.0, colours: str = "Magma", dark: bool = False) -> go.Figure:
    """Waveform, mel spectrogram and the chosen head's attention on one time axis.

    ``outline`` is times, low, high; ``log_mel`` ``(bands, frames)`` in dB at ``times`` and ``frequencies``; ``span``
    the seconds of the axis; ``heard`` the part of it that is clip and not padding. ``profile`` is drawn as a third row;
    ``plane`` (time edges, band edges, grid) becomes a veil of strength ``veil`` (0 to 1) over what is not looked at.
    """
    shade = ink(dark)
    traces = [*_waveform(outline, shade), _mel(log_mel, times, frequencies, colours)]
    rows = ((0.80, 1.0), (0.235, 0.775), (0.0, 0.195)) if profile else ((0.76, 1.0), (0.0, 0.73))
    axes = dict(
        xaxis=axis((0, 1), "Time in the clip (s)", range=list(span), anchor="free", position=0, showspikes=True,
                   spikemode="across", spikesnap="cursor", spikethickness=1, spikedash="solid",
                   spikecolor=faded(shade.text, 0.45)),
        yaxis=axis(rows[0], "Amplitude", nticks=3),
        yaxis2=axis(rows[1], "Frequency (Hz)", **_mel_ticks(frequencies)))
    if plane is not None and veil > 0:
        traces.append(_veil(plane, frequencies, veil, shade.grid))
        axes["yaxis3"] = dict(overlaying="y2", range=[0, len(frequencies)], visible=False, fixedrange=True)
    if profile:
        traces.append(dict(type="scatter", **steps(profile), yaxis="y4", mode="lines", line_shape="hvh",
                           line=dict(color=shade.accent, width=1.5), fill="tozeroy",
                           fillcolor=faded(shade.accent, 0.25),
                           hovertemplate="%{x:.2f} s · %{y:.2f} % of the attention<extra></extra>"))
        axes["yaxis4"] = axis(rows[2], "Attention (%)", rangemode="tozero", nticks=3, showgrid=True)
    padding = _padding(span, heard)
    return new_figure(
        dark=dark, height=430 if profile else 340, margin=(LEFT, RIGHT, 8, 44), data=traces, **axes,
        hovermode="closest", hoversubplots="overlaying",
        shapes=[dict(type="rect", x0=start, x1=end, y0=0, y1=1, yref="paper", line_width=0, fillcolor=shade.surface,
                     opacity=0.55) for start, end in padding],
        annotations=[dict(x=start, y=1, yref="paper", xanchor="left", yanchor="top", text="silence added",
                          showarrow=False, font=dict(color=shade.muted, size=11)) for start, _ in padding])


def _waveform(outline, shade: Ink) -> list[dict]:
    times, low, high = (np.asarray(values, dtype=np.float32) for values in outline)
    quiet = dict(type="scatter", mode="lines", line=dict(color=shade.wave, width=1), hoverinfo="skip")
    return [quiet | dict(x=times, y=low), quiet | dict(x=times, y=high, fill="tonexty", fillcolor=shade.wave)]


def _mel(log_mel: np.ndarray, times: np.ndarray, frequencies: np.ndarray, colours: str) -> dict:
    """Whole decibels in one byte each: a quarter of the weight, and no eye sees a difference of half a dB.

    The axis counts bands, which are equally wide on the mel scale; their names say Hz.
    """
    loudest = int(np.clip(np.ceil(log_mel.max()), SPAN_DB - 127, 127))
    drawn = np.round(log_mel).clip(loudest - SPAN_DB, loudest).astype(np.int8)
    return dict(type="heatmap", z=drawn, x0=float(times[0]), dx=float(times[1] - times[0]) if len(times) > 1 else 1.0,
                y=[f"{hz:,.0f} Hz" for hz in frequencies], yaxis="y2", colorscale=COLOUR_MAPS[colours],
                zmin=loudest - SPAN_DB, zmax=loudest, showscale=False,
                hovertemplate="%{x:.2f} s · %{y} · %{z} dB<extra></extra>")


def _mel_ticks(frequencies: np.ndarray) -> dict:
    inside = [hz for hz in TICKS_HZ if frequencies[0] <= hz <= frequencies[-1]]
    bands = [int(np.abs(frequencies - hz).argmin()) for hz in inside]
    return dict(type="category", tickvals=bands, ticktext=[f"{hz:,}" for hz in inside])


def _veil(plane, frequencies: np.ndarray, strength: float, fog: str) -> dict:
    """Fog over the spectrogram, thinnest where the head looks most."""
    time_edges, band_edges, grid = plane
    if len(band_edges):  # Hz to bands, on which the spectrogram's axis counts
        bands = np.arange(len(frequencies)) + 0.5
        band_edges = np.interp(band_edges, frequencies, bands, left=0, right=len(frequencies))
    else:
        band_edges = np.array([0, len(frequencies)])
    light = np.asarray(grid / max(float(grid.max()), 1e-12), dtype=np.float32)
    return dict(type="heatmap", z=light, x=time_edges, y=band_edges, yaxis="y3", zmin=0, zmax=1, showscale=False,
                hoverinfo="skip", colorscale=[[0, faded(fog, strength)], [1, faded(fog, 0)]])


def _padding(span: tuple[float, float], heard: tuple[float, float] | None) -> list[tuple[float, float]]:
    """The stretches of the axis in which there is no clip."""
    if heard is None:
        return []
    parts = [(span[0], min(heard[0], span[1])), (max(heard[1], span[0]), span[1])]
    return [(start, end) for start, end in parts if end - start > 0.02]
