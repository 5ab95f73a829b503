"""Is more compute worth it: the model whose answers cost least against the one that is ahead."""

from core.analysis.evidence import ONE, Evidence, Finding, standing
from core.wording import duration, millions, times


def rule(evidence: Evidence) -> Finding | str:
    known = [each for each in evidence.field if each.macs]
    if len(evidence.field) < 2:
        return ONE
    if len({each.macs for each in known}) < 2 or not evidence.best.macs:
        return "all models here cost the same to compute" if known else "the cost of an answer is not known"
    best, cheap = evidence.best, min(known, key=lambda each: each.macs)
    if cheap is best:
        return _best_is_cheapest(evidence, known)
    match = evidence.match(best, cheap)
    if match is None:
        return f"{best.name} and {cheap.name} share no test clip"
    cost = f"{best.name} needs {times(best.macs, cheap.macs)} the multiply-adds of {cheap.name} for an answer"
    sentence = (f"More compute pays here: {cost}, and is reliably better." if evidence.beats(best, cheap) else
                f"More compute is not shown to pay: {cost}, but there is no reliable difference between them.")
    return Finding(sentence, evidence.test_of([(best, cheap)]), match.reliable, *_figures(known))


def _best_is_cheapest(evidence: Evidence, known) -> Finding:
    best, dear = evidence.best, max(known, key=lambda each: each.macs)
    cost = f"{dear.name} needs {times(dear.macs, best.macs)} the multiply-adds of {best.name}, which is ahead and the cheapest,"
    sentence = (f"More compute does not pay here: {cost} and is reliably worse." if evidence.beats(best, dear) else
                f"More compute is not shown to pay: {cost} and there is no reliable difference between them.")
    return Finding(sentence, evidence.test_of([(best, dear)]), evidence.beats(best, dear), *_figures(known))


def _figures(known) -> tuple:
    """MACs are exact; seconds are of the machine each run was trained on, and of what else it did then."""
    rows = [(*standing(each), millions(each.macs), duration(each.seconds)) for each in
            sorted(known, key=lambda each: each.macs)]
    return ("model", "accuracy", "95 % interval", "MACs per clip", "training time"), tuple(rows)
