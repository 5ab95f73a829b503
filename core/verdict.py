"""Did the search find better settings than those it started from? In numbers, and in sentences that claim no more.

The best of many trials looks better than it is, because it was chosen on the very clips that it is judged by. So every
finished trial is held against the starting point by McNemar's exact test on the same validation clips, and the p-values are
corrected for their number by Holm's method (:mod:`core.comparison`): only then the search may be said to have won.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from core.comparison import ALPHA, holm, mcnemar, won_by_recording
from core.config import TrainConfig, field_named
from core.finished import recordings_of
from core.study_folder import START, Study


@dataclass(frozen=True)
class Verdict:
    """``best`` and ``start`` are trial numbers; accuracies are 0 to 1, over ``clips`` validation clips of ``recordings``
    recordings: ``over_folds`` where they are means over folds of unequal size, which are no shares of these clips.
    ``only_best`` and ``only_start``: clips that only one of the two answered rightly; ``p``: Holm's, over ``compared``
    trials."""

    best: int
    start: int
    best_accuracy: float
    start_accuracy: float
    clips: int
    recordings: int
    only_best: int
    only_start: int
    p: float
    compared: int
    changes: dict[str, tuple]  # setting -> (value at the start, value of the best)
    over_folds: bool = False

    @property
    def found(self) -> bool:
        """Whether any trial did better than the starting point."""
        return self.best != self.start

    @property
    def won(self) -> bool:
        return self.found and self.p < ALPHA

    @property
    def points(self) -> float:
        """How much better the best is, in percentage points."""
        return 100 * (self.best_accuracy - self.start_accuracy)


def judge(config: TrainConfig, trials: pd.DataFrame, answers: pd.DataFrame, settings: dict[int, dict],
          sources: Mapping[str, str]) -> Verdict | None:
    """The verdict on a study's finished trials; None where the starting point is not trained to its end.

    ``trials`` and ``answers`` as in the study's folder; ``settings``: what each trial changed; ``sources``: the recordings by
    the paths of the clips. Of equal trials the first is the best, so that a tie goes to the starting point.
    """
    complete = trials[trials["state"] == "complete"].sort_values("trial")
    complete = complete[complete["trial"].astype(int).astype(str).isin(answers.columns)]
    starts = [int(number) for number in complete.loc[complete["why"] == START, "trial"]]
    if not starts or answers.empty:
        return None
    start = starts[0]
    accuracy = dict(zip(complete["trial"].astype(int), complete["validation_accuracy"].astype(float), strict=True))
    numbers = [start, *(int(number) for number in complete["trial"] if number != start)]
    best = max(numbers, key=accuracy.get)
    answers = answers.set_index("path")
    right = {number: answers[str(number)] == answers["target"] for number in numbers}
    others = numbers[1:]
    only = {number: (int((right[number] & ~right[start]).sum()), int((right[start] & ~right[number]).sum()))
            for number in numbers}
    p = dict(zip(others, holm([mcnemar(won_by_recording(right[number], right[start], sources)) for number in others]),
                 strict=True))
    before = config.to_dict()
    changes = {name: (before[name], value) for name, value in settings.get(best, {}).items() if value != before[name]}
    return Verdict(best, start, accuracy[best], accuracy[start], len(answers),
                   len({sources.get(path, path) for path in answers.index}), *only[best], p.get(best, 1.0), len(others),
                   changes if best != start else {},
                   any(abs(accuracy[number] - right[number].mean()) > 1e-5 for number in (best, start)))


def verdict_of(study: Study) -> Verdict | None:
    """The verdict on what a study's folder holds. Raises :class:`core.errors.UserError` where that cannot be read."""
    trials = study.trials()
    answers = study.answers()
    return judge(study.config, trials, answers, settings_of(trials, study), recordings_of(study.config, answers["path"]))


def settings_of(trials: pd.DataFrame, study: Study) -> dict[int, dict]:
    """What each trial changed, from the columns of ``trials.csv``."""
    names = [entry.name for entry in study.space if entry.name in trials.columns]
    return {int(row["trial"]): {name: _typed(name, row[name]) for name in names if not pd.isna(row[name])}
            for _, row in trials.iterrows()}


def sentence(verdict: Verdict, start: str = "the defaults", *, ended: bool = True) -> str:
    """Whether the search won, in a sentence or two; with ``ended`` false, how it stands so far."""
    won, nothing, unsure = ("The search won", "The search did not win", "The search did not win reliably") if ended else (
        "The search is ahead so far", "Nothing better so far", "No reliable gain so far")
    of = (f"{_percent(verdict.best_accuracy)} on {verdict.clips} validation clips (the mean over folds of unequal size)"
          if verdict.over_folds else f"{_percent(verdict.best_accuracy)} of {verdict.clips} validation clips")
    if not verdict.found:
        if not verdict.compared:
            return f"Only {start} were trained to the end so far: {of}."
        others = (f"none of {verdict.compared} other finished trials did better" if verdict.compared > 1 else
                  "the one other finished trial did no better")
        return f"{nothing}: {others} than {start}, {of}."
    gain = (f"{of}, {verdict.points:+.1f} points against {start}: {_clips(verdict.only_best)} that only the best set gets "
            f"right, {_clips(verdict.only_start)} that only {start} do")
    over = f" over {verdict.recordings} recordings" * (verdict.recordings < verdict.clips)
    test = f"McNemar's test{over}, corrected for {verdict.compared} {_trials(verdict.compared)}: {_p(verdict.p)}"
    if verdict.won:
        return f"{won}: trial {verdict.best} reached {gain} ({test})."
    return (f"{unsure}: trial {verdict.best} reached {gain}, which chance explains as well ({test}).")


def noise(clips: int, accuracy: float) -> str:
    """How finely, and how surely, so many validation clips measure."""
    error = math.sqrt(max(accuracy * (1 - accuracy), 0.0) / clips)
    return (f"{clips} validation clips decide: one clip is {100 / clips:.1f} points, and chance alone moves a trial by about "
            f"±{100 * error:.1f} points (one standard error; more where clips of one recording are alike).")


def changed_in_words(verdict: Verdict) -> list[str]:
    """``Learning rate 0.0031 instead of 0.001`` for every setting in which the best set differs."""
    return [f"{_label(name)} {_value(name, after)} instead of {_value(name, before)}"
            for name, (before, after) in verdict.changes.items()]


def _label(name: str) -> str:
    return field_named(name).metadata["label"]


def _value(name: str, value) -> str:
    unit = field_named(name).metadata["unit"]
    return (f"{value:.3g}" if isinstance(value, float) else str(value)) + (f" {unit}" if unit else "")


def _typed(name: str, value):
    kind = field_named(name).type
    return kind(float(value)) if kind in (int, float) else str(value)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _clips(count: int) -> str:
    return f"{count} clip{'s' * (count != 1)}"


def _trials(count: int) -> str:
    return f"trial{'s' * (count != 1)}"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"
