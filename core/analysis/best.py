"""Which model is best: the most accurate one, and whom the tests show to be behind it."""

from core.analysis.evidence import ONE, Evidence, Finding, standing, unlike
from core.comparison import p_text
from core.contenders import Contender
from core.wording import count, interval, percent, points, several


def rule(evidence: Evidence) -> Finding | str:
    best, tied, beaten = evidence.best, evidence.tied, evidence.beaten
    if len(evidence.field) < 2:
        return f"{ONE} ({best.name})"
    share = accuracy_told(best)
    if not tied:
        sentence = f"{best.name} is best here: {share}, reliably better than {several(_names(beaten))}."
    elif not beaten:
        sentence = (f"{best.name} is ahead with {share}, but there is no reliable difference to {several(_names(tied))}: on "
                    "these clips no model is shown to be the best.")
    else:
        sentence = (f"{best.name} is ahead with {share}: reliably better than {several(_names(beaten))}, but there is no "
                    f"reliable difference to {several(_names(tied))}.")
    differently = [each for each in evidence.field[1:] if unlike(best, each)]
    if differently:
        have = "have" if len(differently) > 1 else "has"
        sentence += f" Not all were trained alike: {several(_names(differently))} {have} other settings."
    rows = [(*standing(each), _sd(each), *_against(evidence, each)) for each in evidence.field]
    return Finding(sentence, evidence.test_of((best, each) for each in evidence.field[1:]), not tied,
                   ("model", "accuracy", "95 % interval", "standard deviation", f"McNemar against {best.name}",
                    "t-test over folds"), tuple(rows))


def accuracy_told(contender: Contender) -> str:
    """``90.0 % of the 100 test clips right (95 %: 82.6 to 94.5 %)``; where folds of unequal size make their mean another number
    than the share of all clips, which the interval is of, both."""
    score, clips = contender.scores["accuracy"], count(contender.clips, "test clip")
    ends = f"95 %: {interval(score.low, score.high)}" if score.low is not None else "too few recordings for an interval"
    mean, of_all = percent(score.mean), percent(score.mean if score.pooled is None else score.pooled)
    if mean == of_all:
        return f"{mean} of the {clips} right ({ends})"
    return f"{mean} right on average over folds of unequal size ({of_all} of all {clips}, {ends})"


def _names(field) -> list[str]:
    return [each.name for each in field]


def _sd(contender) -> str:
    std = contender.scores["accuracy"].std
    return "–" if std is None else f"{points(std)} over {contender.spread}"


def _against(evidence: Evidence, contender) -> tuple[str, str]:
    match = evidence.match(evidence.best, contender)
    if match is None:
        return "", ""
    return p_text([match.p]), p_text([match.p_folds]) if match.folds else "–"
