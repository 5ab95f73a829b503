"""Does the number of heads matter: models that differ in nothing but how many attention heads they have."""

from collections import defaultdict
from itertools import combinations

from core.analysis.evidence import Evidence, Finding, standing
from core.wording import listed


def rule(evidence: Evidence) -> Finding | str:
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
