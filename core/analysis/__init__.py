"""Which model is best here, and why: rules over computed numbers, each a sentence with its figures and its test.

A rule is a file with ``rule(evidence)``: it returns a :class:`~core.analysis.evidence.Finding`, or why it has nothing to
say. Add one by adding its file and its line in ``RULES``. No rule guesses: where the intervals or tests do not decide, its
sentence says "no reliable difference".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.analysis import (
    agreement,
    attention,
    best,
    classes,
    compute,
    confidence,
    hard_classes,
    heads,
    luck,
    memory,
    protocols,
    size,
    transfer,
)
from core.analysis.evidence import Evidence, Finding
from core.contenders import Contender
from core.matches import matches

__all__ = ["RULES", "Analysis", "Evidence", "Finding", "analyse"]

RULES = {
    "Which model is best?": best.rule,
    "Does attention help?": attention.rule,
    "Does the number of heads matter?": heads.rule,
    "Do the heads look at the same?": agreement.rule,
    "Does size matter?": size.rule,
    "Is more compute worth it?": compute.rule,
    "How much is luck?": luck.rule,
    "Do they learn by heart?": memory.rule,
    "Does validation tell the test?": transfer.rule,
    "Which classes decide?": classes.rule,
    "Which classes are hard?": hard_classes.rule,
    "Are they as sure as they should be?": confidence.rule,
    "Do the other protocols agree?": protocols.rule,
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
    found = {name: tuple(matches(by_protocol[name])) for name in order}
    return [_of_one(name, by_protocol, found, dict(sources or {}), dict(attention or {})) for name in order]


def _of_one(protocol: str, by_protocol: dict, found: dict, sources: dict, attention: dict) -> Analysis:
    elsewhere = {name: Evidence(tuple(by_protocol[name]), found[name]) for name in by_protocol if name != protocol}
    evidence = Evidence(tuple(by_protocol[protocol]), found[protocol], elsewhere, sources, attention)
    told = {title: rule(evidence) for title, rule in RULES.items()}
    return Analysis(evidence.best.dataset, protocol, evidence.best.clips,
                    {title: result for title, result in told.items() if isinstance(result, Finding)},
                    {title: result for title, result in told.items() if isinstance(result, str)})
