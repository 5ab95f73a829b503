"""Are more parameters, or is more compute, worth it: the model that is ahead against the one that needs least of it."""

from collections.abc import Callable

from core.analysis.evidence import ONE, Evidence, Finding, standing, unlike
from core.contenders import Contender
from core.wording import duration, millions, number, times

VERBS = {"parameters": ("are", "do", "pay"), "compute": ("is", "does", "pays")}


def parameters(evidence: Evidence) -> Finding | str:
    rows = [(*standing(each), number(each.parameters), number(each.frozen)) for each in evidence.field]
    return _worth(evidence, "parameters", "trainable parameters", lambda each: each.parameters,
                  ("model", "accuracy", "95 % interval", "trainable parameters", "frozen"), rows)


def compute(evidence: Evidence) -> Finding | str:
    """MACs are exact; seconds are of the machine each run was trained on, and of what else it did then."""
    rows = [(*standing(each), millions(each.macs), duration(each.seconds)) for each in evidence.field]
    return _worth(evidence, "compute", "multiply-accumulates per clip", lambda each: each.macs,
                  ("model", "accuracy", "95 % interval", "MACs per clip", "training time"), rows)


def _worth(evidence: Evidence, what: str, unit: str, cost: Callable[[Contender], int | None], columns, rows) -> Finding | str:
    """The best against the cheapest; where the best is the cheapest itself, against the dearest."""
    if len(evidence.field) < 2:
        return ONE
    best, known = evidence.best, [each for each in evidence.field if cost(each)]
    if not cost(best):
        return f"the {unit} of {best.name} are not known"
    if len({cost(each) for each in known}) < 2:
        return f"all models here have as many {unit}"
    least, most = min(known, key=cost), max(known, key=cost)
    cheapest = cost(best) == cost(least)
    other = most if cheapest else least
    match = evidence.match(best, other)
    if match is None:
        return f"{best.name} and {other.name} share no test clip"
    large, small = (other, best) if cheapest else (best, other)
    needs = f"{large.name} has {times(cost(large), cost(small))} the {unit} of {small.name}"
    shown, does, pays = VERBS[what]
    if not evidence.beats(best, other):
        sentence = f"More {what} {shown} not shown to pay: {needs}, but there is no reliable difference between them."
    elif cheapest:
        sentence = f"More {what} {does} not pay here: {needs} and is reliably worse."
    else:
        sentence = f"More {what} {pays} here: {needs} and is reliably better."
    return Finding(sentence + unlike(best, other), evidence.test_of([(best, other)]), evidence.beats(best, other), columns,
                   tuple(rows))
