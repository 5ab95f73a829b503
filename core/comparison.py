"""Can two runs be told apart? McNemar's exact test on the clips that both were tested on, and a sentence that claims
no more than it supports.

Only the clips on which exactly one of two runs is right carry information; if both were equally good, each would win
half of them (McNemar 1947, https://doi.org/10.1007/BF02295996). Clips of one recording are won and lost together, so what
is as likely to fall to one as to the other is not a clip but a recording with all of its clips (clustered matched pairs,
Durkalski and others 2003, https://doi.org/10.1002/sim.1438; here exactly). The p-values of several pairs are corrected by
Holm's method (1979).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from core.metrics import Answers, answers, ensemble, of_split
from core.wording import listed

ALPHA = 0.05


@dataclass(frozen=True)
class Pair:
    """Two runs on the same clips: how many only the first and only the second got right, and Holm's p-value."""

    first: str
    second: str
    only_first: int
    only_second: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """``correct``: share of the common clips that each run gets right; ``pairs``: every pair; ``clips``: how many, of how
    many ``recordings``."""

    correct: dict[str, float]
    pairs: list[Pair]
    clips: int
    recordings: int
    pooled: tuple[str, ...]  # runs that answered by the mean probabilities of several models


def mcnemar(won: Iterable[int]) -> float:
    """Exact two-sided p-value of equal skill. ``won``: for every recording, on how many more of its clips the first is right
    than the second; each is as likely to be as much less. Where every recording is one clip, McNemar's test as it is."""
    won = np.array([gain for gain in won if gain], dtype=np.int64)
    most = int(np.abs(won).sum())
    chance = np.zeros(2 * most + 1)  # of every sum from -most to most
    chance[most] = 1.0
    for gain in np.abs(won):
        chance = (np.roll(chance, gain) + np.roll(chance, -gain)) / 2  # what is rolled around is 0
    as_far = np.abs(np.arange(-most, most + 1)) >= abs(int(won.sum()))
    return min(1.0, float(chance[as_far].sum()))


def won_by_recording(first: pd.Series, second: pd.Series, sources: Mapping[str, str]) -> pd.Series:
    """For every recording, on how many more clips ``first`` is right than ``second``. Both are of the same clips, whose paths
    are the first level of their index; a path that ``sources`` does not know is a recording of its own."""
    paths = first.index.get_level_values(0)
    return (first.astype(int) - second.astype(int)).groupby([sources.get(path, path) for path in paths]).sum()


def compare(runs: Mapping[str, tuple[pd.DataFrame, Sequence[str]]], sources: Mapping[str, str]) -> Comparison | None:
    """The runs ``{name: (predictions, class_names)}`` on the test clips all of them answered for, with the same truth;
    None when they share none. Several models of one clip answer together, by their mean probabilities. ``sources`` are the
    recordings by the paths of the clips."""
    right, pooled = {}, []
    for name, (predictions, class_names) in runs.items():
        rows, together = one_answer_each(predictions, class_names)
        if together:
            pooled.append(name)
        truth = np.asarray(class_names, dtype=object)[rows.targets]
        right[name] = pd.Series(rows.targets == rows.predicted, index=pd.MultiIndex.from_arrays([rows.paths, truth]))
    common = pd.concat(right, axis=1, join="inner") if right else pd.DataFrame()
    if not len(common):
        return None
    counts = {
        (a, b): (int((common[a] & ~common[b]).sum()), int((common[b] & ~common[a]).sum()))
        for a, b in combinations(right, 2)
    }
    won = {(a, b): won_by_recording(common[a], common[b], sources) for a, b in counts}
    adjusted = holm([mcnemar(each) for each in won.values()])
    pairs = [Pair(*names, *only, p) for (names, only), p in zip(counts.items(), adjusted, strict=True)]
    recordings = len({sources.get(path, path) for path in common.index.get_level_values(0)})
    return Comparison({name: float(common[name].mean()) for name in right}, pairs, len(common), recordings, tuple(pooled))


def one_answer_each(predictions: pd.DataFrame, class_names: Sequence[str]) -> tuple[Answers, bool]:
    """The run's answers to its test clips, one per clip, and whether several models gave them together."""
    test = of_split(predictions, "test")
    together = bool(test["path"].duplicated().any())
    return answers(ensemble(test, class_names) if together else test, class_names), together


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number by Holm's step-down method, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = float(highest)
    return adjusted


def sentence(comparison: Comparison) -> str:
    """The comparison in one sentence: who cannot be told apart from the best, and whom the test shows to be beaten."""
    best, *others = sorted(comparison.correct, key=lambda name: -comparison.correct[name])
    p_of = {frozenset((pair.first, pair.second)): pair.p for pair in comparison.pairs}

    def p_values(winners, losers):
        return [p_of[frozenset((a, b))] for a in winners for b in losers]

    tied = [name for name in others if p_of[frozenset((best, name))] >= ALPHA]
    beaten = [name for name in others if name not in tied]
    top = [best, *tied]
    by_all = [name for name in beaten if max(p_values(top, [name])) < ALPHA]
    by_best = [name for name in beaten if name not in by_all]
    claims = []
    if len(tied) == 1:
        claims.append((f"{listed(top)} cannot be told apart", p_text(p_values([best], tied))))
    elif tied:
        claims.append((f"{best} cannot be told apart from {listed(tied, 'or')}", p_text(p_values([best], tied), "≥")))
    if by_all:
        subject = {1: f"{best} beats", 2: "both beat"}.get(len(top), f"all {len(top)} beat")
        claims.append((f"{subject} {listed(by_all)}", p_text(p_values(top, by_all))))
    if by_best:
        claims.append((f"{best} beats {listed(by_best)}", p_text(p_values([best], by_best))))
    where = [f" on these {comparison.clips} clips"] + [""] * len(claims)
    return "; ".join(f"{claim}{place}, {p}" for (claim, p), place in zip(claims, where, strict=False)) + "."


def p_text(values: Sequence[float], several: str = "≤") -> str:
    """One p-value, or the bound that all of several keep."""
    value = min(values) if several == "≥" else max(values)
    if value < 0.001:
        return "p < 0.001"
    relation = "=" if len(values) == 1 or min(values) == 1 else several
    return f"p {relation} {value:.3f}" if value < 0.1 else f"p {relation} {value:.2f}"
