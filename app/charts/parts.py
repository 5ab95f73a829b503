"""Arrays as text for drawings of our own in the browser: base64, one byte a cell where the eye needs no more."""

import base64
from functools import lru_cache

import numpy as np

from app.charts.palette import COLOUR_MAPS


def packed(values: np.ndarray, kind: str = "<f4") -> str:
    """The values in C order as base64; ``"<f4"`` for lines, ``"u1"`` for cells."""
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


def codes(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """``values`` as whole numbers 0 (``low`` and below) to 255 (``high`` and above), uint8."""
    scale = 255 / max(high - low, 1e-12)
    return np.clip(np.round((np.asarray(values, dtype=np.float32) - low) * scale), 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def colour_map(name: str) -> str:
    """256 colours of one of :data:`COLOUR_MAPS`, three bytes each, packed."""
    from plotly.colors import sample_colorscale

    samples = sample_colorscale(COLOUR_MAPS[name], np.linspace(0, 1, 256), colortype="tuple")
    return packed(np.round(255 * np.array(samples)), "u1")
