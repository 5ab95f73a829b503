"""What an answer is worth that does not listen: a guess, or always the commonest class where the classes are of unlike size."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.metrics import interval_of
from core.run_folder import Run
from core.wording import percent


@dataclass(frozen=True)
class Guess:
    """``share`` of the clips (0 to 1) is answered rightly so; ``name`` is the class that is always answered, empty where none
    is commoner than the others."""

    share: float
    name: str = ""

    @property
    def in_words(self) -> str:
        return f"{'always the commonest class' if self.name else 'guessing'}: {100 * self.share:.0f} %"


def guess_of(class_names: Sequence[str], clips: Sequence[int]) -> Guess | None:
    """The best guess on so many clips of each class; without clips the one of classes of one size, without classes None."""
    if not class_names:
        return None
    even = Guess(1 / len(class_names))
    if not sum(clips):
        return even
    most, name = max(zip(clips, class_names, strict=False), key=lambda pair: pair[0])
    share = most / sum(clips)
    return Guess(share, name) if round(100 * share) > round(100 * even.share) else even


def guess_at_test(class_names: Sequence[str], metrics: dict) -> Guess | None:
    """The best guess on the test clips of a run, whose summary counts them in its confusion matrix."""
    return guess_of(class_names, [sum(row) for row in metrics.get("confusion_matrix") or ()])


def guess_in(run: Run) -> Guess | None:
    """The best guess on the test clips of a run that has a summary, else on all its clips, as far as it has noted them."""
    names = run.record.get("class_names") or ()
    if summary := run.summary:
        return guess_at_test(names, summary)
    noted = run.record.get("class_clips") or {}
    return guess_of(names, [noted.get(name, 0) for name in names])


def no_better(class_names: Sequence[str], metrics: dict) -> str:
    """A sentence where one class is commoner than the others, and the interval of the test accuracy does not lie above the
    share of its clips; else empty."""
    guess, accuracy = guess_at_test(class_names, metrics), metrics.get("accuracy") or {}
    right = accuracy.get("pooled", accuracy.get("mean"))  # of all clips together, as the share of the class is
    if not (guess and guess.name) or right is None:
        return ""
    low = (interval_of(accuracy) or [right])[0]
    if low > guess.share:
        return ""
    verdict = "not shown to be better" if right > guess.share else "no better"
    return f"Always answering {guess.name} would be right on {percent(guess.share)}: this accuracy is {verdict}."
