"""Work that takes longer than a person waits for a page: a thread with a progress, a result and a way to stop it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from core.errors import UserError

Result = TypeVar("Result")
Report = Callable[[float, str], None]  # share done, 0 to 1, and where it is in words


class Stopped(Exception):
    """Raised inside a work that was asked to stop, by its next report."""


class Job(Generic[Result]):
    """``work(report)`` in a thread of its own, begun at once. It calls nothing of Streamlit's."""

    def __init__(self, work: Callable[[Report], Result]):
        self.share, self.message = 0.0, ""
        self.result: Result | None = None
        self.problem = ""  # why there is no result, in a sentence
        self.stopped = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(work,), name="job", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Give it a moment: what is quick needs no progress bar."""
        self._thread.join(seconds)

    def stop(self) -> None:
        """Ask it to end; it does at its next report."""
        self._stop.set()

    def _run(self, work: Callable[[Report], Result]) -> None:
        try:
            self.result = work(self._report)
        except Stopped:
            self.stopped = True
        except UserError as error:
            self.problem = str(error)
        except Exception as error:  # a thread has nobody to raise to: the page shows the sentence
            self.problem = f"this did not work: {type(error).__name__}: {error}"

    def _report(self, share: float, message: str) -> None:
        if self._stop.is_set():
            raise Stopped
        self.share, self.message = min(1.0, max(0.0, share)), message
