"""The state an unfinished fold goes on from, saved often enough to lose little and seldom enough to cost little."""

import time
from collections.abc import Callable
from pathlib import Path

from core.errors import UserError
from core.training import EpochEnd, FoldState

AT_LEAST = 0.2  # s between two saves
SHARE = 0.05  # of the time, at most, goes into saving


class StateSaver:
    """``fold<k>.resume`` of one fold: load it, offer it each epoch's end, remove it when the fold is done."""

    def __init__(self, file: Path, log: Callable[[str], None], load: Callable, save: Callable):
        self.file, self._log, self._load, self._save = file, log, load, save
        self._next = time.monotonic() + AT_LEAST

    def load(self, check: Callable[[FoldState], None]) -> FoldState | None:
        """The saved state; None where there is none, or where it cannot be read or ``check`` raises a
        :class:`UserError` for it: the fold then starts anew, and the log says why."""
        if not self.file.exists():
            return None
        try:
            state = self._load(self.file)
            check(state)
        except UserError as error:
            self._log(f"Starting the fold again: {error}")
            return None
        self._log(f"Resuming {self.file.stem} after epoch {state.epoch}")
        return state

    def offer(self, event: EpochEnd) -> None:
        """Save at this epoch's end when it is time to, and always at the last one."""
        started = time.monotonic()
        if started < self._next and event.epoch < event.epochs:
            return
        self._save(self.file, event.snapshot())
        took = time.monotonic() - started
        self._next = time.monotonic() + max(AT_LEAST, took / SHARE)

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)
