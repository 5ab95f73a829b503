"""Does size matter: the model with the fewest trainable parameters against the one with the most."""

from core.analysis.evidence import Evidence, Finding, standing
from core.wording import number, times


def rule(evidence: Evidence) -> Finding | str:
    known = [each for each in evidence.field if each.parameters]
    sizes = {each.parameters for each in known}
    if len(sizes) < 2:
        return "all models here have the same number of parameters" if sizes else "the parameters are not known"
    small = next(each for each in known if each.parameters == min(sizes))
    large = next(each for each in known if each.parameters == max(sizes))
    match = evidence.match(small, large)
    if match is None:
        return f"{small.name} and {large.name} share no test clip"
    ratio = times(large.parameters, small.parameters)
    ends = (f"the smallest model, {small.name} with {number(small.parameters)} trainable parameters, and the largest, "
            f"{large.name} with {ratio} as many")
    if not match.reliable:
        sentence = f"Size does not decide here: there is no reliable difference between {ends}."
    elif match.ahead is large:
        sentence = f"Size pays here: of {ends}, the largest is reliably better."
    else:
        sentence = f"Size does not pay here: of {ends}, the smallest is reliably better."
    least = min((each for each in (evidence.best, *evidence.tied) if each.parameters), key=lambda each: each.parameters,
                default=None)
    if evidence.tied and least:
        sentence += f" The smallest of those that cannot be told from the one ahead is {least.name}."
    rows = [(*standing(each), number(each.parameters), number(each.frozen))
            for each in sorted(known, key=lambda each: each.parameters)]
    return Finding(sentence, evidence.test_of([(small, large)]), match.reliable,
                   ("model", "accuracy", "95 % interval", "trainable parameters", "frozen"), tuple(rows))
