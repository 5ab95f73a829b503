"""Does attention help, does the number of heads matter, and do the heads look at the same."""

from collections import defaultdict
from itertools import combinations

from core.analysis.evidence import Evidence, Finding, standing, unlike
from core.catalog import CATALOG
from core.head_agreement import HeadAgreement
from core.wording import count, interval, listed, percent


def helps(evidence: Evidence) -> Finding | str:
    """The best model with attention against the best without."""
    known = [each for each in evidence.field if each.model in CATALOG]
    attending = [each for each in known if CATALOG[each.model].attends]
    plain = [each for each in known if not CATALOG[each.model].attends]
    if not attending or not plain:
        return "it needs a model with attention and one without"
    one, other = attending[0], plain[0]
    match = evidence.match(one, other)
    if match is None:
        return f"{one.name} and {other.name} share no test clip"
    if not match.reliable:
        sentence = (f"No reliable difference between the best model with attention ({one.name}) and the best without "
                    f"({other.name}): these clips do not show that attention helps, nor that it harms.")
    elif match.ahead is one:
        sentence = f"Attention helps here: {one.name} is reliably better than {other.name}, the best model without it."
    else:
        sentence = f"Attention does not help here: {other.name} is reliably better than {one.name}, the best model with it."
    rows = [(*standing(each), CATALOG[each.model].attends or "none") for each in known]
    return Finding(sentence + unlike(one, other), evidence.test_of([(one, other)]), match.reliable,
                   ("model", "accuracy", "95 % interval", "attends to"), tuple(rows))


def number(evidence: Evidence) -> Finding | str:
    """Models that differ in nothing but how many attention heads they have."""
    groups = defaultdict(list)
    for each in evidence.field:
        if each.heads:
            groups[each.model.rpartition("_h")[0], each.setup].append(each)
    group = max(groups.values(), key=lambda group: len({each.heads for each in group}), default=[])
    group = sorted(group, key=lambda each: each.heads)
    if len({each.heads for each in group}) < 2:
        return "it needs two models that differ in nothing but their number of heads"
    pairs = list(combinations(group, 2))
    wins = [(one, other) for pair in pairs for one, other in (pair, pair[::-1]) if evidence.beats(one, other)]
    numbers = listed([str(each.heads) for each in group])
    if wins:
        told = listed([f"{one.heads} over {other.heads}" for one, other in wins])
        sentence = f"The number of heads matters here: of {numbers} heads, the tests show {told} to be reliably better."
    else:
        sentence = f"No reliable difference between {numbers} heads: on these clips their number does not show."
    rows = [(*standing(each), str(each.heads)) for each in group]
    return Finding(sentence, evidence.test_of(pairs), bool(wins), ("model", "accuracy", "95 % interval", "heads"), tuple(rows))


def agreement(evidence: Evidence) -> Finding | str:
    """How much of their attention the heads share on a clip, against what chance would share."""
    runs = [run for each in evidence.field for run in each.runs]
    known: list[HeadAgreement] = [found for run in runs if (found := evidence.attention.get(run.name))]
    if not known:
        return "it was not measured: that takes the weights of a model with several heads, and its test clips"
    told = []
    for one in known:
        whose = f"the heads of {one.run}" + " (its final model, trained on these clips too)" * one.final
        where = f"{whose} share {percent(one.shared)} of their attention on a clip"
        chance = f"{percent(one.by_chance)} is shared with other clips' attention"
        if one.low > 0:
            told.append(f"{where}, reliably more than chance ({chance}): they follow the same moments of it")
        elif one.high < 0:
            told.append(f"{where}, reliably less than chance ({chance}): each looks where the others do not")
        else:
            told.append(f"{where}, no reliable difference to chance ({chance})")
    sentence = "; ".join(told) + "."
    rows = [(one.run, str(one.heads), str(one.clips), percent(one.shared), percent(one.by_chance),
             interval(one.low, one.high, "points"), "; ".join(f"layer {i}: {percent(share)}" for i, share in one.by_layer))
            for one in known]
    clips = count(min(one.clips for one in known), "test clip")
    return Finding(sentence[0].upper() + sentence[1:], "95 % interval of the difference to chance, by drawing clips anew 1,000 "
                   f"times ({clips}); chance pairs a head on one clip with another head on another clip",
                   all(one.low > 0 or one.high < 0 for one in known),
                   ("run", "heads", "clips", "shared on a clip", "by chance", "95 % interval of the difference", "by layer"),
                   tuple(rows))
