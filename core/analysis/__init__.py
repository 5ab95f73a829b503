"""Which model is best here, and why: rules over computed numbers, each a sentence with its figures and its test.

A rule takes an :class:`~core.analysis.evidence.Evidence` and returns a :class:`~core.analysis.evidence.Finding`, or why it
has nothing to say. Add one by its line in ``RULES``. No rule guesses: where the intervals or tests do not decide, its
sentence says "no reliable difference".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.analysis import attention, best, classes, confidence, cost, gap
from core.analysis.evidence import Evidence, Finding
from core.contenders import Contender
from core.matches import matches

__all__ = ["RULES", "Analysis", "Evidence", "Finding", "analyse"]

RULES = {
    "Which model is best?": best.rule,
    "Does attention help?": attention.helps,
    "Does the number of heads matter?": attention.number,
    "Do the heads look at the same?": attention.agreement,
    "Are more parameters worth it?": cost.parameters,
    "Is more compute worth it?": cost.compute,
    "Do they learn by heart?": gap.rule,
    "Which classes decide?": classes.decide,
    "Which classes are hard?": classes.hard,
    "Are they as sure as they should be?": confidence.rule,
}


@dataclass(frozen=True)
class Analysis:
    """What the rules say of one protocol on one data set: ``findings`` by title, and ``left_out``, why of the others."""

    dataset: str
    protocol: str
    clips: int
    findings: dict[str, Finding]
    left_out: dict[str, str]


def analyse(field: Sequence[Contender], *, sources: Mapping[str, str] | None = None,
            attention: Mapping[str, object] | None = None) -> list[Analysis]:
    """One analysis per protocol, that with the most evidence first (contenders, then answers).

    ``field`` is what :func:`core.contenders.contenders` gives for one data set; ``sources`` maps clips to recordings
    (else each clip is its own); ``attention`` maps a run to its
    :class:`~core.head_agreement.HeadAgreement`.
    """
    by_protocol: dict[str, list[Contender]] = {}
    for contender in field:
        by_protocol.setdefault(contender.protocol, []).append(contender)
    order = sorted(by_protocol, key=lambda name: (-len(by_protocol[name]), -len(by_protocol[name][0].runs[0].test), name))
    found = {name: tuple(matches(by_protocol[name], sources or {})) for name in order}
    return [_of_one(name, by_protocol, found, dict(sources or {}), dict(attention or {})) for name in order]


def _of_one(protocol: str, by_protocol: dict, found: dict, sources: dict, attention: dict) -> Analysis:
    evidence = Evidence(tuple(by_protocol[protocol]), found[protocol], sources, attention)
    told = {title: rule(evidence) for title, rule in RULES.items()}
    return Analysis(evidence.best.dataset, protocol, evidence.best.clips,
                    {title: result for title, result in told.items() if isinstance(result, Finding)},
                    {title: result for title, result in told.items() if isinstance(result, str)})
