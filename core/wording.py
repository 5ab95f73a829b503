"""Numbers as a person reads them: per cent, points, intervals, durations, counts, lists."""

from collections.abc import Sequence


def percent(share: float | None, digits: int = 1, gap: str = " ") -> str:
    """``84.1 %`` of 0.841, halves upwards as tables in the browser do; a dash where undefined."""
    return "–" if share is None or share != share else f"{_rounded(share, digits)}{gap}%"


def points(share: float | None) -> str:
    """A difference of shares: ``2.8 points``."""
    return "–" if share is None else f"{_rounded(share, 1)} points"


def interval(low: float | None, high: float | None, unit: str = "%") -> str:
    """``74.5 to 90.5 %`` of two shares, ``0.970 to 0.990`` with no unit; empty where undefined."""
    if low is None or high is None:
        return ""
    return f"{_rounded(low, 1)} to {_rounded(high, 1)} {unit}" if unit else f"{low:.3f} to {high:.3f}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 'es' if noun.endswith('s') else 's'}"


def number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def millions(value: float | None) -> str:
    """``107 M``; ``2.6 M`` below ten."""
    if value is None:
        return "–"
    return f"{value / 1e6:,.0f} M" if value >= 1e7 else f"{value / 1e6:.1f} M"


def thousands(value: float) -> str:
    """For an axis: ``350 k``, ``2.6 M``, ``1.2 G``, ``30 T``."""
    size, unit = next(step for step in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")) if value >= step[0] or step[1] == "k")
    return f"{value / size:,.3g} {unit}"


def times(large: float, small: float) -> str:
    """How many times ``small`` goes into ``large``: ``1.5 times``, ``12 times``."""
    ratio = large / small
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


def duration(seconds: float | None) -> str:
    """Seconds as ``45 s``, ``12 min`` or ``3 h 05 min``."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def several(names: Sequence[str], most: int = 4) -> str:
    """``a, b and c``; of more than ``most`` the first and how many more."""
    names = list(names)
    return listed(names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"])


def _rounded(share: float, digits: int) -> str:
    value = round(100 * share + (1e-9 if share >= 0 else -1e-9), digits)
    return f"{value + 0.0:.{digits}f}".replace("-", "−")


def cut(text: object, longest: int) -> str:
    """A name that is at most ``longest`` letters: of a long one its beginning and its end, where names of runs differ."""
    text, end = str(text), (longest - 1) // 3
    return text if len(text) <= longest else f"{text[: longest - 1 - end]}…{text[-end:]}"


def listed(names: Sequence[str], word: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f" {word} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
