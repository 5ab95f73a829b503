"""Any two contenders: McNemar's test on the clips both were tested on, the t-test over their folds, and what both mean.

Both sides answer with the same seeds where they share some (else with their first), so that neither pools more models
than its protocol makes it. A difference counts as reliable where every test that can be made finds it (p < 0.05 after
Holm's correction for the number of pairs).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from core.comparison import ALPHA, holm, mcnemar, one_answer_each, p_text, won_by_recording
from core.contenders import Contender
from core.finished import Finished
from core.metrics import answers, by_model
from core.ttest import FoldTest, corrected_t_test


@dataclass(frozen=True)
class Match:
    """Two contenders on their ``clips`` common test clips of ``recordings`` recordings. ``p`` is McNemar's, ``p_folds`` that
    of ``folds``, both after Holm's correction; ``folds`` is None where the t-test cannot be made, for the reason in
    ``why_not``."""

    first: Contender
    second: Contender
    clips: int
    recordings: int
    only_first: int
    only_second: int
    p: float
    folds: FoldTest | None
    p_folds: float | None
    why_not: str

    @property
    def ahead(self) -> Contender:
        """Who is right on more of the common clips; the first where that is equal."""
        return self.second if self.only_second > self.only_first else self.first

    @property
    def reliable(self) -> bool:
        """Whether every test that can be made finds a difference, and the same one ahead."""
        if self.p >= ALPHA:
            return False
        if self.folds is None:
            return True
        return self.p_folds < ALPHA and (self.folds.difference > 0) == (self.ahead is self.first)

    @property
    def tests(self) -> str:
        """The tests and their p-values, short: ``McNemar p = 0.69, t-test over 5 folds p = 0.40``."""
        told = f"McNemar {p_text([self.p])}"
        return told if self.folds is None else f"{told}, t-test over {self.folds.folds} folds {p_text([self.p_folds])}"

    @property
    def meaning(self) -> str:
        """What the tests say, in one sentence."""
        if self.reliable:
            other = self.second if self.ahead is self.first else self.first
            return f"{self.ahead.name} is reliably better than {other.name} ({self.tests})."
        if self.folds is not None and (self.p < ALPHA) != (self.p_folds < ALPHA):
            return f"The two tests disagree, so there is no reliable difference ({self.tests})."
        return f"No reliable difference: chance alone could make one this large ({self.tests})."


def matches(field: Sequence[Contender], sources: Mapping[str, str]) -> list[Match]:
    """Every two contenders that share test clips, with p-values corrected for the number of pairs. ``sources`` are the
    recordings by the paths of the clips."""
    known: dict[tuple, pd.Series] = {}  # what each answers is worked out once for all of its matches
    found = [match for pair in combinations(field, 2) if (match := _match(*pair, sources, known))]
    by_folds = [match for match in found if match.folds is not None]
    corrected = dict(zip(map(id, by_folds), holm([match.folds.p for match in by_folds]), strict=True))
    return [replace(match, p=p, p_folds=corrected.get(id(match)))
            for match, p in zip(found, holm([match.p for match in found]), strict=True)]


def common_clips(first: Contender, second: Contender) -> pd.DataFrame:
    """The test clips of both, with the same truth: ``path, true, first, second`` (whether each is right)."""
    return _common(first, second, {}).reset_index()


def _common(first: Contender, second: Contender, known: dict) -> pd.DataFrame:
    sides = []
    for each, seeds in zip((first, second), _seeds(first, second), strict=True):
        if (id(each), seeds) not in known:
            known[id(each), seeds] = _right_by_clip(each, seeds)
        sides.append(known[id(each), seeds])
    return pd.concat(sides, axis=1, join="inner", keys=["first", "second"])


def _seeds(first: Contender, second: Contender) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds each answers with: those that both have, else the first of each."""
    shared = tuple(sorted({*first.seeds} & {*second.seeds}))
    return (shared, shared) if shared else (first.seeds[:1], second.seeds[:1])


def _match(first: Contender, second: Contender, sources: Mapping[str, str], known: dict) -> Match | None:
    common = _common(first, second, known)
    if not len(common):
        return None
    only = (int((common["first"] & ~common["second"]).sum()), int((common["second"] & ~common["first"]).sum()))
    folds, why_not = fold_test(*([run for run in each.runs if run.seed in seeds] for each, seeds in
                                 zip((first, second), _seeds(first, second), strict=True)))
    won = won_by_recording(common["first"], common["second"], sources)
    return Match(first, second, len(common), len(won), *only, mcnemar(won), folds, None, why_not)


def _right_by_clip(contender: Contender, seeds: Sequence[int]) -> pd.Series:
    """Whether each test clip is answered rightly, by its path and true class; several models answer together."""
    rows, _ = one_answer_each(contender.answers(seeds), contender.class_names)
    truth = np.asarray(contender.class_names, dtype=object)[rows.targets]
    index = pd.MultiIndex.from_arrays([rows.paths, truth], names=["path", "true"])
    return pd.Series(rows.targets == rows.predicted, index=index)


def fold_test(first: Sequence[Finished], second: Sequence[Finished]) -> tuple[FoldTest | None, str]:
    """The corrected resampled t-test over the folds of runs paired in order, or None and why it cannot be made.

    Several seeds on the same folds are averaged in each fold first: another seed is another model, and no new fold. Only
    folds drawn anew (kfold) count once more.
    """
    if {run.protocol for run in (*first, *second)} - {"published", "kfold"}:
        return None, "it needs folds that are each tested once, as published and kfold have them"
    differences, ratios = defaultdict(list), []
    for one, other in zip(first, second, strict=True):
        sides = [_right_by_fold(run) for run in (one, other)]
        if {fold: set(right) for fold, right in sides[0].items()} != {fold: set(right) for fold, right in sides[1].items()}:
            return None, "their folds hold different clips"
        total = sum(map(len, sides[0].values()))
        for fold, right in sides[0].items():
            differences[frozenset(right)].append(np.mean([*right.values()]) - np.mean([*sides[1][fold].values()]))
            ratios.append(len(right) / max(1, total - len(right)))
    by_fold = [float(np.mean(seeds)) for seeds in differences.values()]
    test = corrected_t_test(by_fold, float(np.mean(ratios)) if ratios else 0.0)
    return test, "" if test else "it needs two folds or more"


def _right_by_fold(run: Finished) -> dict[int, dict[str, bool]]:
    """For each test fold, whether each of its clips was answered rightly."""
    rows = answers(run.test, run.class_names)
    right = rows.targets == rows.predicted
    return {int(fold): dict(zip(rows.paths[places], right[places], strict=True)) for fold, places in by_model(run.test)}


def explained(matches: Sequence[Match]) -> list[str]:
    """What the tests are, in plain words, for those that were made."""
    told = ["McNemar's exact test looks only at the clips that exactly one of the two gets right; if both were equally good, "
            "each would win about half of them. Where a clip was answered by several models, their mean probabilities "
            "answer. Clips of one recording are won or lost together, so where there are such a recording counts with all of "
            "its clips as one."]
    if any(match.folds for match in matches):
        told.append("The t-test asks whether the difference in accuracy is large beside its scatter from fold to fold; "
                    "because the folds share most of their training clips, its variance is widened as Nadeau and Bengio "
                    "(2003) proposed.")
    told.append("p is the chance of a difference at least this large if there were none; all are corrected for the number of "
                "pairs (Holm). Below 0.05 in every test that can be made, the difference is called reliable.")
    return told
