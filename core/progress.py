"""How far a run is, in a number and in words, written to its status about once a second."""

import time
from collections.abc import Callable

from core.faults import check_there, explained
from core.work_folder import Work

EVERY = 1.0  # s between two writes of the status


class Progress:
    """Counts ``trainings`` × ``epochs`` and tells the run's status file and a listener.

    ``seconds`` is the time the run took before, in processes that were stopped or killed.
    """

    def __init__(self, run: Work, on_progress: Callable[[float, str], None], seconds: float = 0.0):
        self.run, self._listener, self._before = run, on_progress, seconds
        self._trainings, self._started, self._written = 1, time.monotonic(), float("-inf")
        self._first: tuple[float, float] | None = None  # (share, time) at the first batch, for the time left
        self.share, self.message = run.status.progress, ""
        self.left_out = ""  # which clips could not be read; said with every message

    @property
    def seconds(self) -> float:
        """Time spent on the run, this process and those before."""
        return self._before + time.monotonic() - self._started

    def plan(self, trainings: int) -> None:
        self._trainings = trainings

    def say(self, message: str, *, share: float | None = None, now: bool = False) -> None:
        """A stage in words; written at once with ``now``, else when the last write is a second old."""
        message += f" · {self.left_out}" if self.left_out else ""
        self.message = message
        self.share = self.share if share is None else share
        if now or time.monotonic() - self._written >= EVERY:
            check_there(self.run)
            self._written = time.monotonic()
            try:
                self.run.write_status("running", progress=self.share, message=message, seconds=self.seconds)
            except OSError as error:  # said here: who is being listened to would take it for an error of theirs
                raise explained(error, self.run) or error from None
            self._listener(self.share, message)

    def batch(self, done: int, name: str, event) -> None:
        """After one batch (``event`` a BatchEnd) of the training that follows ``done`` finished ones."""
        epochs = (event.epoch - 1 + event.batch / event.batches) / event.epochs
        self.at((done + epochs) / self._trainings, f"{name} · epoch {event.epoch} of {event.epochs}")

    def at(self, share: float, where: str) -> None:
        """A place on the way, with the time that is left after it."""
        share = min(1.0, share)
        if self._first is None:
            self._first = share, time.monotonic()
        left = self._time_left(share)
        self.say(where + (f" · {left} left" if left else ""), share=share)

    def _time_left(self, share: float) -> str:
        first, started = self._first
        spent = time.monotonic() - started
        if share - first <= 0 or spent < 2:
            return ""
        return in_words(spent / (share - first) * (1 - share))


def in_words(seconds: float) -> str:
    """A duration as a person says it: ``40 s``, ``6 min``, ``2 h 10 min``."""
    if seconds < 55:
        return f"{max(1, round(seconds))} s" if seconds < 10 else f"{round(seconds / 5) * 5} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest and hours < 10 else f"{hours} h"
