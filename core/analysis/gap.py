"""Do they learn by heart: accuracy in training beside validation, after the last epoch."""

from dataclasses import dataclass

import numpy as np

from core.analysis.evidence import Evidence, Finding, sides
from core.contenders import Contender
from core.metrics import interval_of
from core.ttest import mean_interval
from core.wording import interval, percent, points, several


@dataclass(frozen=True)
class Gap:
    """Training minus validation accuracy, a mean over ``models``, with its 95 % interval."""

    name: str
    train: float
    validation: float
    low: float
    high: float
    models: int


def rule(evidence: Evidence) -> Finding | str:
    gaps = [gap for each in evidence.field if (gap := gap_of(each))]
    if not gaps:
        return "no clip is held out to validate under this protocol, so nothing stands beside the training scores"
    above, below, around = sides(gaps, _said, lambda gap: gap.low, lambda gap: gap.high)
    told = []
    if above:
        told.append(f"Reliably better in training than in validation, so part of it is known by heart: {several(above)}.")
    if around:
        told.append(f"No reliable difference between training and validation: {several(around)}.")
    if below:
        told.append("Reliably better in validation than in training, whose clips are augmented and so the harder ones: "
                    f"{several(below)}.")
    rows = [(gap.name, percent(gap.train), percent(gap.validation), points(gap.train - gap.validation),
             interval(gap.low, gap.high, "points"), str(gap.models)) for gap in gaps]
    return Finding(" ".join(told), "95 % intervals of training minus validation accuracy after the last epoch: "
                   "Student's over models (they share training clips, so it is, if anything, too narrow), or Wilson's of "
                   "the validation clips where there is one model", not around,
                   ("model", "training", "validation", "gap", "95 % interval", "models"), tuple(rows))


def gap_of(contender: Contender) -> Gap | None:
    """The gap over all models of all seeds; None where the history holds no validation."""
    pairs = [pair for run in contender.runs for pair in last_accuracies(run.history)]
    if not pairs:
        return None
    train, validation = np.mean(pairs, axis=0)
    ends = mean_interval([one - other for one, other in pairs])
    if ends is None:
        block = contender.runs[0].metrics.get("validation") or {}
        low, high = interval_of(block.get("accuracy") or {}) or (0.0, 1.0)
        ends = train - high, train - low
    return Gap(contender.name, float(train), float(validation), float(ends[0]), float(ends[1]), len(pairs))


def last_accuracies(history) -> list[tuple[float, float]]:
    """``(training, validation)`` accuracy of each fold's last epoch, where it has both."""
    found = []
    for fold, rows in history.groupby(history["fold"].astype(str)):
        last = rows[rows["epoch"] == rows["epoch"].max()].drop_duplicates("split", keep="last").set_index("split")["accuracy"]
        if fold != "final" and {"train", "validation"} <= set(last.index) and last.notna().all():
            found.append((float(last["train"]), float(last["validation"])))
    return found


def _said(gap: Gap) -> str:
    return f"{gap.name} ({percent(gap.train)} against {percent(gap.validation)})"
