"""What an attention map says, in numbers a person can read: where a head looks, how widely, how far. No torch.

Every function takes one head's ``attn_weights`` ``(queries, keys)``, whose rows sum to 1, and the
:class:`~core.models.tokens.TokenLayout` that says which seconds (and Hz) each key covers.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.models.tokens import TokenLayout  # its package imports torch


@dataclass(frozen=True)
class TimeProfile:
    """Attention over time: ``weight[i]`` was given to the stretch from ``start[i]`` to ``end[i]`` seconds."""

    start: np.ndarray
    end: np.ndarray
    weight: np.ndarray


def looking_row(weights: np.ndarray, layout: "TokenLayout") -> np.ndarray:
    """Where this head looks, ``(keys,)``: the mean row of the tokens that the answer is read from (the class token, or all)."""
    asking = list(layout.asking)
    return (weights[asking] if asking else weights).mean(axis=0)


def over_time(weights: np.ndarray, layout: "TokenLayout") -> TimeProfile:
    """:func:`looking_row` along the clip: tokens of one time (the bands of a patch column) are added up.

    The class token is no place, so its own weight is left out: the profile sums to what is left for the clip.
    """
    row, place = looking_row(weights, layout), np.isfinite(layout.start)
    start, group = np.unique(layout.start[place], return_inverse=True)
    end = np.zeros_like(start)
    np.maximum.at(end, group, layout.end[place])
    return TimeProfile(start, end, np.bincount(group, row[place], minlength=len(start)))


def over_place(weights: np.ndarray, layout: "TokenLayout") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """:func:`looking_row` on the plane of time and frequency: ``(time_edges s, band_edges Hz, grid (bands, times))``.

    ``band_edges`` is empty and ``grid`` has one row where tokens have no frequency band.
    """
    if not np.isfinite(layout.low).any():
        profile = over_time(weights, layout)
        return np.append(profile.start, profile.end[-1:]), np.empty(0), profile.weight[None]
    row, place = looking_row(weights, layout), np.isfinite(layout.start)
    times, column = np.unique(layout.start[place], return_inverse=True)
    lows, band = np.unique(layout.low[place], return_inverse=True)
    grid = np.zeros((len(lows), len(times)))
    np.add.at(grid, (band, column), row[place])
    return np.append(times, layout.end[place].max()), np.append(lows, layout.high[place].max()), grid


@dataclass(frozen=True)
class TimeMatrix:
    """Who looks at whom, moment by moment. Query time is the row, key time the column of ``among``.

    ``of_cls`` ``(times,)`` is the class token's row and ``to_cls`` ``(times,)`` its column, ``cls_to_cls`` the corner;
    all three are None where there is no class token. ``start`` and ``end`` are seconds of every moment.
    """

    start: np.ndarray
    end: np.ndarray
    among: np.ndarray
    of_cls: np.ndarray | None
    to_cls: np.ndarray | None
    cls_to_cls: float | None


def over_time_pairs(weights: np.ndarray, layout: "TokenLayout") -> TimeMatrix:
    """One head's whole map by time: keys of one time are added up, queries of one time are averaged."""
    place = np.isfinite(layout.start)
    profile = over_time(weights, layout)
    if len(profile.start) == place.sum():  # every token has a time of its own
        tokens = np.flatnonzero(place)[np.argsort(layout.start[place], kind="stable")]
        among, to_cls = weights[np.ix_(tokens, tokens)], weights[tokens, layout.cls_index or 0]
    else:
        group = np.searchsorted(profile.start, layout.start[place])
        member = np.eye(len(profile.start), dtype=np.float32)[group]  # (tokens, times)
        mean = member / member.sum(axis=0)
        among = mean.T @ weights[np.ix_(place, place)] @ member
        to_cls = mean.T @ weights[place, layout.cls_index or 0]
    if layout.cls_index is None:
        return TimeMatrix(profile.start, profile.end, among, None, None, None)
    corner = float(weights[layout.cls_index, layout.cls_index])
    return TimeMatrix(profile.start, profile.end, among, profile.weight, to_cls, corner)


def thinned(values: np.ndarray, count: int, axis: int = -1, mean: bool = False) -> np.ndarray:
    """Every ``count`` neighbours along an axis as their sum, or their mean; the last group may have fewer."""
    firsts = np.arange(0, values.shape[axis], count)
    sums = np.add.reduceat(values, firsts, axis=axis)
    if not mean:
        return sums
    sizes = np.diff(np.append(firsts, values.shape[axis]))
    return sums / np.expand_dims(sizes, tuple(i for i in range(values.ndim) if i != axis % values.ndim))


def asks_once(weights: np.ndarray) -> bool:
    """Whether one query looks at all keys, as a pool does, so that there is no matrix of who looks at whom."""
    return weights.shape[-2] == 1


def entropy_bits(weights: np.ndarray, layout: "TokenLayout") -> float:
    """How widely the head looks: Shannon entropy of :func:`looking_row`, in bits.

    0 when all attention is on one token; ``log2(keys)`` when it is spread evenly. Two bits more is four times as many
    tokens looked at.
    """
    row = looking_row(weights, layout).astype(np.float64)
    row = row[row > 0]
    return max(0.0, float(-(row * np.log2(row)).sum()))


def reach_ms(weights: np.ndarray, layout: "TokenLayout") -> float:
    """How far the head looks, in milliseconds: the distance in time from a token to what it attends to, averaged over
    its attention and then over all tokens ("mean attention distance", https://arxiv.org/abs/2010.11929 appendix D.7).

    Only tokens that are places in time count, as queries and as keys; NaN when there are fewer than two.
    """
    place = np.isfinite(layout.start)
    centre = (layout.start[place] + layout.end[place]) / 2
    if len(centre) < 2 or asks_once(weights):
        return float("nan")
    among = weights[np.ix_(place, place)].astype(np.float64)
    share = among.sum(axis=1, keepdims=True)
    distance = np.abs(centre[:, None] - centre[None])
    seen = share[:, 0] > 0
    if not seen.any():
        return float("nan")
    return 1000 * float(((among[seen] / share[seen]) * distance[seen]).sum(axis=1).mean())


def even_entropy_bits(layout: "TokenLayout") -> float:
    """The entropy of attention spread evenly over all tokens: the most :func:`entropy_bits` can be."""
    return float(np.log2(len(layout.start)))
