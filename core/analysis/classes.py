"""Class by class: which of them the best and the last model differ in, and which are hard for all."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.analysis.evidence import ONE, Evidence, Finding
from core.comparison import ALPHA, holm, mcnemar, p_text, won_by_recording
from core.intervals import wilson_by_source
from core.matches import common_clips
from core.metrics import answers
from core.wording import interval, percent, several


def decide(evidence: Evidence) -> Finding | str:
    """The clips of each class that only the best or only the last contender gets right."""
    if len(evidence.field) < 2:
        return ONE
    first, last = evidence.best, evidence.field[-1]
    clips = common_clips(first, last)
    if not len(clips):
        return f"{first.name} and {last.name} share no test clip"
    parts = [part.set_index("path") for name in first.class_names if len(part := clips[clips["true"] == name])]
    counts = [(part["true"].iloc[0], len(part), int(part["first"].sum()), int(part["second"].sum()),
               int((part["first"] & ~part["second"]).sum()), int((part["second"] & ~part["first"]).sum())) for part in parts]
    p_values = holm([mcnemar(won_by_recording(part["first"], part["second"], evidence.sources)) for part in parts])
    deciding = [row for row, p in zip(counts, p_values, strict=True) if p < ALPHA]
    both = f"{first.name} (first) and {last.name} (last)"
    if deciding:
        told = several([f"{name} ({one} of {total} against {other})" for name, total, one, other, *_ in deciding])
        sentence = f"Between {both} these classes decide reliably: {told}."
    else:
        name, total, one, other, *_ = max(counts, key=lambda row: abs(row[2] - row[3]))
        most = (f"the largest difference is in {name}, {one} of {total} clips right against {other}" if one != other else
                "they get as many clips right in every class")
        sentence = f"No reliable difference in any single class between {both}: {most}."
    rows = [(name, str(total), str(one), str(other), f"{only_one} / {only_other}", p_text([p]))
            for (name, total, one, other, only_one, only_other), p in zip(counts, p_values, strict=True)]
    return Finding(sentence, f"McNemar's exact test within each class, Holm's correction over {len(counts)} classes: "
                   f"smallest {p_text([min(p_values)])}", bool(deciding),
                   ("class", "clips", f"right: {first.name}", f"right: {last.name}", "only one of them right", "p"),
                   tuple(rows))


def hard(evidence: Evidence) -> Finding | str:
    """Recall of every class, all contenders together, against the accuracy over all classes."""
    names = evidence.best.class_names
    recalls = np.array([recall_by_class(each) for each in evidence.field])  # (contenders, classes)
    known = [index for index in range(len(names)) if np.isfinite(recalls[:, index]).all()]
    if len(known) < 2:
        return "fewer than two classes were tested"
    right = _right_by_clip(evidence.field)
    clips, of_clip = right.groupby("target").size(), right.groupby("target")
    mean, overall = recalls.mean(axis=0), float(right["right"].mean())
    ends = {index: _ends(of_clip.get_group(names[index]), evidence.sources, 0.05 / len(known)) for index in known}
    below = [index for index in known if ends[index] and ends[index][1] < overall]
    if below:
        told = several([f"{names[i]} ({percent(mean[i])})" for i in sorted(below, key=lambda i: mean[i])])
        sentence = f"Reliably harder than the average class ({percent(overall)} over all): {told}."
    else:
        lowest = min(known, key=lambda i: mean[i])
        sentence = (f"Lowest is {names[lowest]} with {percent(mean[lowest])} of its clips found, but with "
                    f"{clips[names[lowest]]} clips there is no reliable difference to the {percent(overall)} over all classes.")
    rows = [(names[i], str(clips[names[i]]), percent(mean[i]), interval(*(ends[i] or (None, None))),
             *map(percent, recalls[:, i])) for i in sorted(known, key=lambda i: mean[i])]
    return Finding(sentence, f"Wilson's interval of each class's recall, widened for {len(known)} classes (Bonferroni) and for "
                   "clips of one recording, lies below the accuracy over all clips or not; each clip counts once", bool(below),
                   ("class", "clips", "recall, mean", "widened 95 % interval", *(each.name for each in evidence.field)),
                   tuple(rows))


def _right_by_clip(field) -> pd.DataFrame:
    """Of every test clip its ``target`` and the mean share of right answers, by its path: first over each contender's models,
    then over the contenders."""
    shares = []
    for each in field:
        table = each.answers()
        rows = answers(table, each.class_names)
        shares.append(table[["path", "target"]].assign(right=rows.targets == rows.predicted).groupby(["path", "target"]).mean())
    return pd.concat(shares).groupby(level=["path", "target"]).mean().reset_index("target")


def _ends(clips: pd.DataFrame, sources: Mapping[str, str], outside: float) -> list[float] | None:
    return wilson_by_source(clips["right"], [sources.get(path, path) for path in clips.index], outside)


def recall_by_class(contender) -> list[float]:
    """Mean recall of each class over all models of all seeds; NaN where the class was not tested."""
    rows = answers(contender.answers(), contender.class_names)
    right = rows.targets == rows.predicted
    return [float(right[rows.targets == index].mean()) if (rows.targets == index).any() else float("nan")
            for index in range(len(contender.class_names))]
