"""Do the heads look at the same: how much of their attention they share on a clip, against what chance would share."""

from core.analysis.evidence import Evidence, Finding
from core.head_agreement import HeadAgreement
from core.wording import count, interval, percent


def rule(evidence: Evidence) -> Finding | str:
    runs = [run for each in evidence.field for run in each.runs]
    known: list[HeadAgreement] = [found for run in runs if (found := evidence.attention.get(run.name))]
    if not known:
        return "it needs the weights of a model with several heads, and its test clips, on this machine"
    told = []
    for one in known:
        where = f"the heads of {one.run} share {percent(one.shared)} of their attention on a clip"
        chance = f"{percent(one.by_chance)} is shared with other clips' attention"
        if one.low > 0:
            told.append(f"{where}, reliably more than chance ({chance}): they look at the same moments more than chance "
                        "would")
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
