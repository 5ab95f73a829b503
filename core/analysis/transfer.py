"""Does validation tell the test: accuracy on the validation folds beside that on the test clips."""

from dataclasses import dataclass

from core.analysis.evidence import Evidence, Finding, sides
from core.contenders import Contender
from core.intervals import newcombe
from core.metrics import of_split
from core.wording import interval, percent, points


@dataclass(frozen=True)
class Step:
    """Validation minus test accuracy with its 95 % interval, each clip counted once."""

    name: str
    validation: float
    test: float
    low: float
    high: float
    clips: tuple[int, int]


def rule(evidence: Evidence) -> Finding | str:
    steps = [step for each in evidence.field if (step := step_of(each))]
    if not steps:
        return "no clip is held out to validate under this protocol"
    above, below, around = sides(steps, _said, lambda step: step.low, lambda step: step.high)
    told = []
    if above:
        told.append(f"Validation promises reliably more than the test keeps: {', '.join(above)}.")
    if around:
        told.append(f"No reliable difference between validation and test: {', '.join(around)}.")
    if below:
        told.append(f"The test is reliably easier than validation: {', '.join(below)}.")
    rows = [(step.name, f"{percent(step.validation)} of {step.clips[0]} clips",
             f"{percent(step.test)} of {step.clips[1]} clips", points(step.validation - step.test),
             interval(step.low, step.high, "points")) for step in steps]
    return Finding(" ".join(told), "Newcombe's 95 % interval of the difference of two shares, each clip counted once "
                   "(clips of one recording count as independent, so it is, if anything, too narrow)", not around,
                   ("model", "validation", "test", "difference", "95 % interval"), tuple(rows))


def step_of(contender: Contender) -> Step | None:
    if contender.validation is None or contender.validation.mean is None or contender.accuracy is None:
        return None
    clips = int(of_split(contender.runs[0].predictions, "validation")["path"].nunique())
    if not clips:
        return None
    validation, test = contender.validation.mean, contender.accuracy
    low, high = newcombe(validation, clips, test, contender.clips)
    return Step(contender.name, validation, test, low, high, (clips, contender.clips))


def _said(step: Step) -> str:
    return f"{step.name} ({percent(step.validation)} against {percent(step.test)})"
