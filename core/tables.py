"""Rows of a CSV file from outside, with errors that name the file and the line."""

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from core.errors import UserError


class Row(dict):
    """One row as column -> text; ``where`` says file and line."""

    where: str


def read_table(path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> list[Row]:
    """The rows of a CSV file with a heading. Raises :class:`UserError` when a needed column or value is missing."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            _refuse_twins(path, reader.fieldnames or (), (*columns, *optional))
            found = reader.fieldnames = headings(reader.fieldnames or (), (*columns, *optional))
            missing = [column for column in columns if column not in found]
            if missing:
                apart = ", which stand apart by “;”: save the table with commas" if ";" in "".join(found) else ""
                raise UserError(f"{path.name} has no column {missing[0]!r}; its columns are "
                                f"{', '.join(repr(name) for name in found) or 'none'}{apart}")
            rows = []
            for values in reader:
                row = Row({key: value for key, value in values.items() if key is not None})
                row.where = f"{path.name}, line {reader.line_num}"
                rows.append(row)
            return rows
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path.name} is not a CSV table in UTF-8: {error}") from None


def column_names(path: Path, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The heading of a CSV file as :func:`headings` has it; empty where it has none that can be read."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return tuple(headings(next(csv.reader(file, strict=True), ()), known))
    except (OSError, UnicodeDecodeError, csv.Error):
        return ()


def headings(names: Sequence[str], known: tuple[str, ...]) -> list[str]:
    """The columns of a table, with the known ones spelt as they are known: ``Fold`` of a spreadsheet is ``fold``, and left
    unread it would let other folds be drawn. What is spelt so already goes first; of two others neither is taken."""
    spelt = {name.casefold(): name for name in known}
    meant = [spelt.get(name.strip().casefold(), name) for name in names]
    return [name if name in known or meant.count(other) > 1 else other for name, other in zip(names, meant, strict=True)]


def _refuse_twins(path: Path, names: Sequence[str], known: tuple[str, ...]) -> None:
    """Raise where two columns may be meant by one name: folds left unread would be drawn anew."""
    for wanted in known:
        alike = [name for name in names if name == wanted] or [
            name for name in names if name.strip().casefold() == wanted.casefold()]
        if len(alike) > 1:
            raise UserError(f"{path.name} has {len(alike)} columns that may be meant by {wanted!r}: "
                            f"{', '.join(map(repr, alike))}; keep one of them, or rename the others")


def number(text: str, column: str, where: str, kind: type = float) -> float | int:
    """``text`` as a number that is finite and not negative; a whole one is less than 2⁵³."""
    try:
        value = float(text)  # a whole number may have been saved as 1.0
        if not 0 <= value < float("inf") or (kind is int and not (value.is_integer() and value < 2**53)):
            raise ValueError
    except ValueError:
        noun = "a whole number" if kind is int else "seconds"
        raise UserError(f"{where}: {column} expects {noun}, found {text!r}") from None
    return kind(value)


def relative_path(text: str, where: str) -> str:
    """A path below the table's folder, with ``/`` between folders."""
    path = PurePosixPath(text.strip().replace("\\", "/"))
    if not path.name or "\0" in text or path.is_absolute() or ".." in path.parts or path.parts[0].endswith(":"):
        raise UserError(f"{where}: expected a path below the data set's folder, found {text!r}")
    return path.as_posix()
