"""What a report is made of, whatever it is written as. All text in here is plain: who writes it out escapes it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """Level 2 is a section, 3 a part of one, 4 a part of that."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    text: str
    quiet: bool = False  # small print


@dataclass(frozen=True)
class Items:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A line break in a cell sets what follows small, under its first line."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Drawing:
    """An SVG of ours, what it shows in words, and what stands in its place where no drawing can."""

    svg: str
    alt: str
    instead: tuple["Block", ...] = ()


@dataclass(frozen=True)
class Code:
    """Commands, one a line."""

    text: str


@dataclass(frozen=True)
class Folded:
    """Blocks that are open on paper and folded on a screen."""

    title: str
    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class Beside:
    """Columns of blocks next to each other where there is room."""

    columns: tuple[tuple["Block", ...], ...]


Block = Heading | Text | Items | Table | Drawing | Code | Folded | Beside


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> Table:
    return Table(tuple(columns), tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows), note)
