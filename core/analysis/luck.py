"""How much is luck: whether another seed could change who is ahead."""

from core.analysis.evidence import ONE, Evidence, Finding
from core.contenders import Contender
from core.ttest import mean_interval
from core.wording import interval, listed, percent, points


def rule(evidence: Evidence) -> Finding | str:
    if len(evidence.field) < 2:
        return ONE
    seeded = [each for each in evidence.field if len(each.runs) > 1]
    if not seeded:
        return "every model was trained with one seed; training with others (--seed 1 --seed 2) shows how much is luck"
    best, one = evidence.best, seeded[0]
    other = evidence.field[1] if one is best else best
    low, high = mean_interval(_accuracies(one))
    rival = _accuracies(other)
    rival_low, rival_high = mean_interval(rival) or (rival[0], rival[0])
    apart = rival_high < low or rival_low > high
    between = f"between {best.name} and {other.name if one is best else one.name}"
    spread = (f"over its {len(one.runs)} seeds {one.name} reaches {percent(one.accuracy)} "
              f"(95 %: {interval(low, high)}, standard deviation {points(one.scores['accuracy'].std)})")
    sentence = (f"The difference {between} is larger than what another seed changes: {spread}." if apart else
                f"Another seed could change the order, so there is no reliable difference {between}: {spread}.")
    rows = [(each.name, percent(each.accuracy), ", ".join(f"{percent(value)} (seed {seed})" for seed, value in
                                                          zip(each.seeds, _accuracies(each), strict=True)),
             interval(*(mean_interval(_accuracies(each)) or (None, None))) or "–") for each in evidence.field]
    return Finding(sentence, f"Student's 95 % intervals over seeds of {listed(list(dict.fromkeys((one.name, other.name))))} "
                   f"{'do not ' * (not apart)}lie apart (a model of one seed counts as its accuracy)", apart,
                   ("model", "accuracy", "of each seed", "95 % interval over seeds"), tuple(rows))


def _accuracies(contender: Contender) -> list[float]:
    return [run.metrics["accuracy"]["mean"] for run in contender.runs]
