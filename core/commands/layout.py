"""Text for a terminal: aligned tables and a progress line."""

import shutil
import sys
from collections.abc import Sequence

WIDTH = 24  # characters of the progress bar


def print_table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> None:
    """Columns side by side; those whose every value is a number, a share or missing stand to the right."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    right = [all(_is_number(row[i]) for row in rows) for i in range(len(header))]
    for row in table:
        cells = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)]
        print("  ".join(cells).rstrip())


class ProgressLine:
    """One line on a terminal that is written over and over; nothing where standard error is no terminal."""

    def __init__(self, stream=None):
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()

    def show(self, share: float, message: str) -> None:
        if not self._shown:
            return
        full = round(share * WIDTH)
        line = f"{'█' * full}{'░' * (WIDTH - full)} {share:4.0%}  {message}"
        columns = shutil.get_terminal_size().columns
        self._stream.write("\r" + line[: columns - 1].ljust(columns - 1))
        self._stream.flush()

    def clear(self) -> None:
        if self._shown:
            self._stream.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self._stream.flush()


def _is_number(text: str) -> bool:
    return text.removesuffix(" M").rstrip("%").replace(",", "").replace(".", "", 1).isdigit() or text in ("–", "")
