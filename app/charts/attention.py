"""Where heads look, as arrays for the drawing of Listen inside: a profile, a veil, a matrix and two numbers for each.

Profiles and matrices come from :mod:`core.attention_stats`, with times in seconds of the clip.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from app.charts.answer import percent_text
from app.charts.parts import codes, packed
from core.attention_stats import TimeMatrix, entropy_bits, even_entropy_bits, over_place, over_time, over_time_pairs, reach_ms

if TYPE_CHECKING:
    from core.attention import AttentionMap  # its package imports torch

CELLS_AT_ONCE = 600_000  # bytes of matrices that one answer sends; of larger models only the layer in sight


def heads_view(maps: Sequence["AttentionMap"], frequencies: np.ndarray, layer_in_sight: int | None = None) -> list[dict]:
    """One entry per layer: ``edges`` (s) of its moments, ``bands`` on the axis of the spectrogram's ``frequencies``
    (empty where tokens have none), and its ``heads``.

    Matrices of all layers go along where they are small, else only those of ``layer_in_sight`` (from 0; None: the last).
    """
    cells = sum(len(m.weights) * (len(over_time(m.weights[0], m.layout).start) + 1) ** 2 for m in maps)
    last = len(maps) - 1
    in_sight = range(len(maps)) if cells <= CELLS_AT_ONCE else {min(last, last if layer_in_sight is None else layer_in_sight)}
    return [_layer(attention, frequencies, number in in_sight) for number, attention in enumerate(maps)]


def _layer(attention: "AttentionMap", frequencies: np.ndarray, with_matrix: bool) -> dict:
    layout = attention.layout
    profile = over_time(attention.weights[0], layout)
    edges = np.append(profile.start, profile.end[-1:])
    _, band_edges, _ = over_place(attention.weights[0], layout)
    bands = np.interp(band_edges, frequencies, np.arange(len(frequencies)) + 0.5, left=0, right=len(frequencies))
    return {"edges": packed(edges), "bands": [float(band) for band in bands], "cls": layout.cls_index is not None,
            "heads": [_head(weights, layout, with_matrix) for weights in attention.weights]}


def _head(weights: np.ndarray, layout, with_matrix: bool) -> dict:
    profile, grid, reach = over_time(weights, layout), over_place(weights, layout)[2], reach_ms(weights, layout)
    drawn = matrix_view(over_time_pairs(weights, layout)) if with_matrix else {"matrix": None}
    return drawn | {
        "profile": packed(100 * profile.weight), "peak": percent_text(100 * profile.weight.max()),
        "grid": packed(codes(grid, 0, float(grid.max())), "u1"),
        "entropy": f"{entropy_bits(weights, layout):.1f} bit",
        "entropyHelp": f"One bit more is twice as many moments; {even_entropy_bits(layout):.1f} bit would be all of them "
                       "evenly.",
        "reach": "not defined" if np.isnan(reach) else f"{reach:,.0f} ms"}


def matrix_view(matrix: TimeMatrix) -> dict:
    """Query × key in percent, the class token's row and column first where it has them.

    A code is 255 times the square root of a cell's share of the largest (``most``), so that faint cells keep their
    digits. Colours end at ``top``, the 99.5th percentile, so that a single cell does not put out the others.
    """
    cells = matrix.among
    if matrix.of_cls is not None:
        cells = np.block([[np.array([[matrix.cls_to_cls]]), matrix.of_cls[None]], [matrix.to_cls[:, None], cells]])
    percent = 100 * np.asarray(cells, dtype=np.float32)
    most = max(float(percent.max()), 1e-6)
    return {"matrix": packed(codes(np.sqrt(percent / most), 0, 1), "u1"), "most": most,
            "top": max(float(np.percentile(percent, 99.5)), 1e-6)}
