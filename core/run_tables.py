"""``history.csv`` and ``predictions.csv`` while a run fills them: rows kept by fold, the file always whole."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from core.files import write_text


class RunTable:
    """A CSV whose rows belong to folds; what was read back is written again to the letter."""

    def __init__(self, file: Path, columns: Iterable[str], fold_column: str):
        self.file, self.columns = Path(file), list(columns)
        self._fold = self.columns.index(fold_column)
        self._rows: dict[str, list[list[str]]] = {}
        self.damaged = False  # whether there was a file that could not be read
        if self.file.exists():
            self._read()

    def __contains__(self, fold) -> bool:
        return str(fold) in self._rows

    def count(self, fold) -> int:
        """Rows of one fold."""
        return len(self._rows.get(str(fold), ()))

    def put(self, fold, rows: Iterable[Iterable]) -> None:
        """Replace the rows of one fold; nothing is written yet."""
        self._rows[str(fold)] = [[_text(value) for value in row] for row in rows]

    def keep(self, folds: Iterable) -> None:
        """Forget the rows of all other folds."""
        kept = {str(fold) for fold in folds}
        self._rows = {fold: rows for fold, rows in self._rows.items() if fold in kept}

    def write(self) -> None:
        """All rows, atomically: folds by number, what is not a number (``final``) last."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for fold in sorted(self._rows, key=lambda name: (not name.isdigit(), name.zfill(9))):
            writer.writerows(self._rows[fold])
        write_text(self.file, text.getvalue())

    def _read(self) -> None:
        try:
            with open(self.file, encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file))
        except (ValueError, csv.Error):
            rows = []
        self.damaged = not rows or rows[0] != self.columns
        if self.damaged:
            return  # of other classes, or not ours: its folds count as not done
        for row in rows[1:]:
            if len(row) == len(self.columns):
                self._rows.setdefault(row[self._fold], []).append(row)


def _text(value) -> str:
    """Floats with nine significant digits: what float32 holds comes back exactly."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)
