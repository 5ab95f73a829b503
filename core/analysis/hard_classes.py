"""Which classes are hard: recall of every class, all contenders together, against the accuracy over all classes."""

from statistics import NormalDist

import numpy as np

from core.analysis.evidence import Evidence, Finding
from core.intervals import wilson
from core.metrics import answers
from core.wording import interval, percent, several


def rule(evidence: Evidence) -> Finding | str:
    names = evidence.best.class_names
    recalls = np.array([recall_by_class(each) for each in evidence.field])  # (contenders, classes)
    known = [index for index in range(len(names)) if np.isfinite(recalls[:, index]).all()]
    if len(known) < 2:
        return "fewer than two classes were tested"
    clips = evidence.best.runs[0].test.drop_duplicates("path")["target"].value_counts()
    mean, z = recalls.mean(axis=0), NormalDist().inv_cdf(1 - 0.025 / len(known))
    overall = float(np.mean([each.accuracy for each in evidence.field]))
    ends = {index: wilson(mean[index] * clips[names[index]], int(clips[names[index]]), z) for index in known}
    hard = [index for index in known if ends[index][1] < overall]
    if hard:
        told = several([f"{names[i]} ({percent(mean[i])})" for i in sorted(hard, key=lambda i: mean[i])])
        sentence = f"Reliably harder than the average class ({percent(overall)} over all): {told}."
    else:
        lowest = min(known, key=lambda i: mean[i])
        sentence = (f"Lowest is {names[lowest]} with {percent(mean[lowest])} of its clips found, but with "
                    f"{clips[names[lowest]]} clips there is no reliable difference to the {percent(overall)} over all classes.")
    rows = [(names[i], str(clips[names[i]]), percent(mean[i]), interval(*ends[i]), *map(percent, recalls[:, i]))
            for i in sorted(known, key=lambda i: mean[i])]
    return Finding(sentence, f"Wilson's interval of each class's recall, widened for {len(known)} classes (Bonferroni), lies "
                   "below the accuracy over all classes or not; each clip counts once", bool(hard),
                   ("class", "clips", "recall, mean", "widened 95 % interval", *(each.name for each in evidence.field)),
                   tuple(rows))


def recall_by_class(contender) -> list[float]:
    """Mean recall of each class over all models of all seeds; NaN where the class was not tested."""
    rows = answers(contender.answers(), contender.class_names)
    right = rows.targets == rows.predicted
    return [float(right[rows.targets == index].mean()) if (rows.targets == index).any() else float("nan")
            for index in range(len(contender.class_names))]
