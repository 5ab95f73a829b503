"""Do the other protocols agree: who is ahead under each of them, and whether their tests confirm or contradict it."""

from core.analysis.evidence import Evidence, Finding, standing


def rule(evidence: Evidence) -> Finding | str:
    others = {name: other for name, other in evidence.elsewhere.items() if len(other.field) > 1}
    if len(evidence.field) < 2 or not others:
        return "no second protocol has two of the models"
    best, told, decided, pairs, rows = evidence.best, [], True, [], []
    for name, other in others.items():
        own = next((each for each in other.field if each.name == best.name), None)
        ahead = other.best
        rows += [(name, *standing(each)) for each in other.field]
        if own is None:
            told.append(f"under {name} {best.name} was not tested ({ahead.name} is ahead there)")
            decided = False
            continue
        rival = other.field[1] if ahead is own else ahead
        pairs.append(f"{name}: {other.test_of([(own, rival)])}")
        if other.beats(ahead, rival if ahead is own else own):
            told.append(f"under {name} {ahead.name} is reliably better than {rival.name if ahead is own else own.name}")
            continue
        decided = False
        told.append(f"under {name} {ahead.name} is ahead {'too' if ahead is own else 'instead'}, with no reliable difference "
                    f"to {rival.name if ahead is own else own.name}")
    sentence = "; ".join(told) + "."
    return Finding(sentence[0].upper() + sentence[1:], "; ".join(pairs) or "no test: it was not tested there", decided,
                   ("protocol", "model", "accuracy", "95 % interval"), tuple(rows))
