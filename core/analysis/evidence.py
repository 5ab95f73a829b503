"""What a rule of the analysis sees, and what it gives back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from core.comparison import p_text
from core.config import field_named
from core.contenders import Contender
from core.matches import Match
from core.wording import count, interval, percent, several

ONE = "only one model was tested under this protocol"


@dataclass(frozen=True)
class Finding:
    """One sentence, what it rests on, and whether the test decides. ``columns`` and ``rows`` are the figures it cites."""

    sentence: str
    test: str
    decided: bool
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Evidence:
    """The contenders of one protocol, the best first, with the match of every two."""

    field: tuple[Contender, ...]
    pairs: tuple[Match, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    attention: Mapping[str, object] = field(default_factory=dict)

    @property
    def best(self) -> Contender:
        return self.field[0]

    @cached_property
    def _by_pair(self) -> dict:
        return {frozenset((id(match.first), id(match.second))): match for match in self.pairs}

    def match(self, one: Contender, other: Contender) -> Match | None:
        return self._by_pair.get(frozenset((id(one), id(other))))

    def beats(self, one: Contender, other: Contender) -> bool:
        """Whether ``one`` is reliably better."""
        match = self.match(one, other)
        return bool(match and match.reliable and match.ahead is one)

    @cached_property
    def beaten(self) -> tuple[Contender, ...]:
        """Those that the best is reliably better than."""
        return tuple(each for each in self.field[1:] if self.beats(self.best, each))

    @cached_property
    def tied(self) -> tuple[Contender, ...]:
        """Those that cannot be told from the best."""
        return tuple(each for each in self.field[1:] if each not in self.beaten)

    def test_of(self, pairs: Iterable[tuple[Contender, Contender]]) -> str:
        """The tests behind some pairs, with the p-values or the bound that all of them keep."""
        found = [match for pair in pairs if (match := self.match(*pair))]
        if not found:
            return "no test: they share no test clip"
        clips, total = found[0].clips, len(self.pairs)
        together = any(run.over == "models" and run.protocol == "assignment" for each in self.field for run in each.runs)
        of = f" of {count(found[0].recordings, 'recording')}, each with all of its clips as one"
        told = (f"McNemar's exact test on {clips} clips{of * (found[0].recordings < clips)}"
                f"{', each run by its models together' * together}: " + bound([match.p for match in found]))
        folds = [match for match in found if match.folds]
        if folds:
            told += (f"; corrected resampled t-test over {folds[0].folds.folds} folds: "
                     + bound([match.p_folds for match in folds]))
        return told + (f" (Holm's correction, {total} pairs)" if total > 1 else "")


def unlike(one: Contender, other: Contender) -> str:
    """A sentence on the settings in which two models were trained differently; nothing where there is none. What concerns
    only one of them does not count."""
    first, second = dict(one.setup), dict(other.setup)
    labels = [field_named(name).metadata["label"].lower() for name in first
              if name in second and first[name] != second[name]]
    return f" They were not trained alike ({several(labels)}), which may be why." if labels else ""


def bound(values: Sequence[float]) -> str:
    """``p = 0.03`` of one, ``p from 0.03 to 0.69`` of several."""
    values = sorted(set(values))
    if len(values) == 1 or p_text(values[:1]) == p_text(values[-1:]):
        return p_text(values[-1:])
    return f"{p_text(values[:1]).replace('p = ', 'p from ').replace('p < ', 'p from below ')} to " + p_text(
        values[-1:]).removeprefix("p = ").removeprefix("p ")


def standing(contender: Contender) -> tuple[str, str, str]:
    """Name, accuracy and its interval, as every table of figures begins."""
    score = contender.scores["accuracy"]
    return contender.name, percent(score.mean), interval(score.low, score.high)


def sides(rows: Sequence, name: Callable, low: Callable, high: Callable) -> tuple[list, list, list]:
    """Rows whose interval lies above 0, below 0, and around it, in this order, as their names."""
    above = [name(row) for row in rows if low(row) > 0]
    below = [name(row) for row in rows if high(row) < 0]
    return above, below, [name(row) for row in rows if low(row) <= 0 <= high(row)]
