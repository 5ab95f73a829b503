"""Are they as sure as they should be: mean probability of the answers against the share that is right.

The calibration error is the mean distance of the two over ten equal bins of probability (Naeini et al. 2015, "expected
calibration error"); few answers in a bin make it too large, never too small.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.analysis.evidence import Evidence, Finding, sides
from core.contenders import Contender
from core.intervals import FEW, drawn_from, source_weights, wilson_by_source
from core.metrics import answers
from core.wording import interval, percent, points, several

SURE = 0.8  # from this probability on, an answer counts as sure
BINS = 10


@dataclass(frozen=True)
class Confidence:
    """Shares from 0 to 1. ``low`` and ``high`` are the ends of ``said - right``, as far apart as they can be where
    too few recordings were tested; the two pairs are 95 % intervals."""

    name: str
    said: float
    right: float
    low: float
    high: float
    error: float
    sure_wrong: float
    sure_wrong_ends: tuple[float | None, float | None]


def rule(evidence: Evidence) -> Finding | str:
    known = [confidence_of(each, evidence.sources) for each in evidence.field]
    above, below, around = sides(known, _said, lambda one: one.low, lambda one: one.high)
    told = []
    if above:
        told.append(f"Reliably too sure: {several(above)}.")
    if below:
        told.append(f"Reliably too careful, right more often than they say: {several(below)}.")
    if around:
        told.append(f"No reliable difference between how sure and how often right: {several(around)}.")
    worst = max(known, key=lambda one: one.sure_wrong)
    ends = f" (95 %: {interval(*worst.sure_wrong_ends)})" if interval(*worst.sure_wrong_ends) else ""
    told.append(f"Sure (80 % or more) and wrong most often is {worst.name}: {percent(worst.sure_wrong)} of its answers{ends}."
                if worst.sure_wrong else "No answer is sure (80 % or more) and wrong.")
    rows = [(one.name, percent(one.said), percent(one.right), points(one.said - one.right),
             interval(one.low, one.high, "points"), percent(one.error), percent(one.sure_wrong),
             interval(*one.sure_wrong_ends)) for one in known]
    unit = "recordings" if evidence.sources else "clips"
    return Finding(" ".join(told), f"95 % intervals of mean probability minus accuracy, by drawing {unit} anew "
                   "1,000 times; Wilson's for the share that is sure and wrong", not around,
                   ("model", "says (mean probability)", "is right", "difference", "95 % interval", "calibration error",
                    "sure and wrong", "its 95 % interval"), tuple(rows))


def confidence_of(contender: Contender, sources: Mapping[str, str]) -> Confidence:
    """All answers of all its models; intervals count each clip once and draw whole recordings."""
    table = contender.answers()
    rows = answers(table, contender.class_names)
    said, right = rows.probs.max(axis=1), rows.targets == rows.predicted
    paths, clip = np.unique(rows.paths.astype(str), return_inverse=True)
    answered = np.bincount(clip)
    distance = np.bincount(clip, said - right) / answered
    sure_wrong = np.bincount(clip, (said >= SURE) & ~right) / answered
    folds = dict(zip(rows.paths, table["clip_fold"], strict=True))
    source_of = [str(sources.get(path, path)) for path in paths]
    weights = source_weights(source_of, drawn_from(source_of, [folds[path] for path in paths]))
    draws = (weights @ distance) / weights.sum(axis=1)
    low, high = map(float, np.percentile(draws, [2.5, 97.5])) if len(set(source_of)) >= FEW else (-1.0, 1.0)
    return Confidence(contender.name, float(said.mean()), float(right.mean()), low, high, calibration_error(said, right),
                      float(sure_wrong.mean()), tuple(wilson_by_source(sure_wrong, source_of) or (None, None)))


def calibration_error(said: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error of ``(answers,)`` probabilities and whether each was right."""
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, said - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(said))


def _said(one: Confidence) -> str:
    return f"{one.name} (says {percent(one.said)}, is right on {percent(one.right)})"
