"""Where heads look, as arrays for the drawing of Listen inside: a profile, a veil, a matrix and two numbers for each.

Profiles and matrices come from :mod:`core.attention_stats`, with times in seconds of the clip.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from app.charts.answer import percent_text
from app.charts.parts import codes, packed
from core.attention_stats import (
    TimeMatrix,
    asks_once,
    entropy_bits,
    even_entropy_bits,
    over_place,
    over_time,
    over_time_pairs,
    reach_ms,
    thinned,
)

if TYPE_CHECKING:
    from core.attention import AttentionMap  # its package imports torch

CELLS_AT_ONCE = 600_000  # bytes of matrices that one answer sends; of larger models only the layer in sight
MOST_MOMENTS = 320  # drawn; where a model has more tokens than that, neighbours are added up


def heads_view(maps: Sequence["AttentionMap"], frequencies: np.ndarray, layer_in_sight: int | None = None) -> list[dict]:
    """One entry per layer: ``edges`` (s) of its moments, ``bands`` on the axis of the spectrogram's ``frequencies``
    (empty where tokens have none), its ``heads`` and their ``names``, and ``words`` on what is seen.

    Matrices of all layers go along where they are small, else only those of ``layer_in_sight`` (from 0; None: the last).
    """
    cells = sum(len(m.weights) * min(MOST_MOMENTS, len(over_time(m.weights[0], m.layout).start) + 1) ** 2 for m in maps
                if not asks_once(m.weights))
    last = len(maps) - 1
    in_sight = range(len(maps)) if cells <= CELLS_AT_ONCE else {min(last, last if layer_in_sight is None else layer_in_sight)}
    return [_layer(attention, frequencies, number in in_sight) for number, attention in enumerate(maps)]


def _layer(attention: "AttentionMap", frequencies: np.ndarray, with_matrix: bool) -> dict:
    layout, title = attention.layout, attention.layout.title or f"Layer {attention.layer}"
    profile = over_time(attention.weights[0], layout)
    several = -(-len(profile.start) // MOST_MOMENTS)
    edges = np.append(profile.start[::several], profile.end[-1:])
    _, band_edges, _ = over_place(attention.weights[0], layout)
    bands = np.interp(band_edges, frequencies, np.arange(len(frequencies)) + 0.5, left=0, right=len(frequencies))
    once = asks_once(attention.weights)
    return {"edges": packed(edges), "bands": [float(band) for band in bands], "cls": layout.cls_index is not None,
            "names": [title] if once else [f"{title}, head {head}" for head in range(1, len(attention.weights) + 1)],
            "words": _words(layout, once), "once": once,
            "heads": [_head(weights, layout, with_matrix and not once, several) for weights in attention.weights]}


def _words(layout, once: bool) -> dict:
    """Sentences on the strips, on entropy and on the matrix, true of this layer."""
    if once:
        who, row = "the pool", "The pool looks once for the whole clip, so there is no matrix of who looks at whom."
    else:
        who = {0: "an average moment", 1: "the class token"}.get(len(layout.asking), "the pair of class tokens")
        row = "Each row of the matrix is a moment that asks, each column a moment it looks at."
        if layout.cls_index is not None:
            read = len(layout.asking) == 1
            row += f" The first row is the class token{', from which the answer is read' if read else ''}."
        if not layout.asking:
            row += " The answer is read from the mean of all rows."
    where = "over the clip, in seconds" if layout.clip_time else (
        "within its one-second windows, all nine at once; its tokens are no moments of the clip, so nothing is drawn over the "
        "sound")
    return {"strips": f"What {who} attends to {where}, one strip for every head. Each has its own scale; the number is its "
                      "highest moment. Choose a strip to look through it.",
            "entropy": f"Entropy is how widely {who} looks.", "matrix": row,
            "caveat": f"What this shows: where {who} looks. It is not by itself the reason for the answer."}


def _head(weights: np.ndarray, layout, with_matrix: bool, several: int) -> dict:
    profile, grid, reach = over_time(weights, layout), over_place(weights, layout)[2], reach_ms(weights, layout)
    grid, drawn = thinned(grid, several), {"matrix": None}
    weight = thinned(profile.weight, several)
    if with_matrix:
        drawn = matrix_view(_thinned_matrix(over_time_pairs(weights, layout), several))
    return drawn | {
        "profile": packed(100 * weight), "peak": percent_text(100 * weight.max()),
        "grid": packed(codes(grid, 0, float(grid.max())), "u1"),
        "entropy": f"{entropy_bits(weights, layout):.1f} bit",
        "entropyHelp": f"One bit more is twice as many moments; {even_entropy_bits(layout):.1f} bit would be all of them "
                       "evenly.",
        "reach": "not defined" if np.isnan(reach) else f"{reach:,.0f} ms"}


def _thinned_matrix(matrix: TimeMatrix, several: int) -> TimeMatrix:
    """Keys of neighbouring moments added up, queries averaged."""
    if several == 1:
        return matrix
    among = thinned(thinned(matrix.among, several, axis=1), several, axis=0, mean=True)
    of_cls, to_cls = matrix.of_cls, matrix.to_cls
    if of_cls is not None:
        of_cls, to_cls = thinned(of_cls, several), thinned(to_cls, several, mean=True)
    ends = np.append(matrix.end[several - 1 : -1 : several], matrix.end[-1])
    return TimeMatrix(matrix.start[::several], ends[: len(among)], among, of_cls, to_cls, matrix.cls_to_cls)


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
