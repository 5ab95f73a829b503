"""What was heard, on one time axis: waveform and mel spectrogram, as arrays for the drawing of Listen inside."""

import numpy as np

from app.charts.parts import codes, packed
from core.predict import Explanation

SPAN_DB = 70  # how far below its loudest moment the spectrogram is drawn; stage.js knows it too
TICKS_HZ = (100, 500, 1000, 2000, 4000, 8000, 16_000)


def sound_view(outline: tuple[np.ndarray, np.ndarray, np.ndarray], heard: Explanation, seconds: float) -> dict:
    """``outline``: times s, low, high of the window's part of a sound of ``seconds``; the rest comes from ``heard``.

    ``span`` is the window, ``heard`` the part of it that is sound and not added silence. ``looks`` says whether
    attention can be drawn over it; ``axis`` is that of the heads, whose times may be within a window instead.
    """
    layout = heard.maps[0].layout if heard.maps else None
    looks = bool(layout and layout.clip_time)
    span = (heard.window.start, heard.window.end)
    low, high = span if looks or not layout else (0.0, float(np.nanmax(layout.end)))
    return {"span": span, "heard": (0.0, seconds), "outline": _outline(*outline), "mel": _mel(heard), "looks": looks,
            "axis": {"low": low, "high": high, "title": "Time in the clip" if looks else "Time within a window"},
            "alt": f"Waveform, mel spectrogram{' and attention' * looks} from {span[0]:.2f} to {span[1]:.2f} s"}


def _outline(times: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict:
    step = float(times[1] - times[0]) if len(times) > 1 else 0.0
    return {"start": float(times[0]), "step": step, "low": packed(low), "high": packed(high),
            "peak": float(max(np.abs(low).max(), np.abs(high).max()))}


def _mel(heard: Explanation) -> dict:
    """Seventy decibels below the loudest moment in 256 steps of a quarter of one: finer than an eye sees. Silence is dark."""
    times, frequencies = heard.times, heard.frequencies
    bands, frames = heard.log_mel.shape
    floor = float(heard.log_mel.max()) - SPAN_DB * bool(np.ptp(heard.log_mel))
    return {"data": packed(codes(heard.log_mel, floor, floor + SPAN_DB), "u1"), "bands": bands, "frames": frames,
            "floor": floor, "start": float(times[0]), "step": float(times[1] - times[0]) if frames > 1 else 1.0,
            "hertz": [round(float(hz)) for hz in frequencies],
            "ticks": [[int(np.abs(frequencies - hz).argmin()), f"{hz:,}"]
                      for hz in TICKS_HZ if frequencies[0] <= hz <= frequencies[-1]]}
