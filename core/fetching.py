"""A fetch that anybody can watch: one at a time, its progress in a small file, whoever began it. No page keeps it alive.

``python -m core data fetch`` reports here; a page begins that command as a process of its own and reads how it stands.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.config import ROOT, cache_dir, own_data_dir, read_json
from core.errors import UserError
from core.files import write_json
from core.processes import SystemLock, identity, is_alive, start_detached

EVERY = 0.25  # s between two reports
STARTING = 60.0  # s a process may need until it reports
PATIENCE = 10.0  # s to wait for a process that was only just begun, to end it
RUNNING, STOPPED, FAILED, FINISHED = "running", "stopped", "failed", "finished"


@dataclass(frozen=True)
class Fetching:
    """How a fetch stands. ``state``: running, stopped (a new one goes on from there), failed, finished.

    ``stage``: download (``done`` of ``total`` bytes), unpack (files) or check (clips); ``total`` None: not known.
    """

    state: str
    stage: str = "download"
    done: int = 0
    total: int | None = None
    problem: str = ""


def fetch_state() -> Fetching | None:
    """The fetch that is at work, else how the last one ended; None where there was none."""
    try:
        raw = read_json(_file())
        state = Fetching(raw["state"], raw["stage"], int(raw["done"]), raw["total"], raw["problem"])
        there = is_alive(raw["pid"], raw["pid_created"]) if raw["pid"] else time.time() - raw["updated"] < STARTING
    except (UserError, KeyError, TypeError, ValueError):
        return None
    if state.state == RUNNING and not there:
        return Fetching(STOPPED, state.stage, state.done, state.total)
    return state


def start_fetch() -> None:
    """Begin to fetch ESC-10, or go on where it was cut, unless that is being done already."""
    before = fetch_state()
    if before and before.state == RUNNING:
        return
    env = {**os.environ, "EARSHOT_CACHE": str(cache_dir().resolve()), "EARSHOT_OWN_DATA": str(own_data_dir().resolve())}
    try:
        _write(Fetching(RUNNING, done=before.done if before and before.state != FINISHED else 0,
                        total=before.total if before else None), process=False)
        start_detached([sys.executable, "-m", "core", "data", "fetch", "esc10"], cwd=ROOT, log=_file().with_suffix(".log"),
                       env=env)
    except OSError as error:
        raise UserError(f"the download could not be started in {cache_dir()}: {error.strerror or error}") from None


def stop_fetch() -> None:
    """Ask the process at work to end; what is downloaded stays for the next time."""
    deadline = time.monotonic() + PATIENCE
    with suppress(UserError, KeyError, TypeError, psutil.Error):  # its state is gone or its process is: nothing is left to stop
        while (state := fetch_state()) and state.state == RUNNING and time.monotonic() < deadline:
            if pid := read_json(_file())["pid"]:
                psutil.Process(pid).send_signal(signal.SIGTERM)
                return
            time.sleep(0.05)  # it is just starting


@contextmanager
def reported() -> Iterator["Report"]:
    """The one fetch of this machine: hands out its report, and says how it ended.

    Raises :class:`UserError` where another process is at it.
    """
    with suppress(OSError):
        cache_dir().mkdir(parents=True, exist_ok=True)
    lock = SystemLock(cache_dir() / "fetch.lock")
    try:
        free = lock.try_acquire()
    except OSError as error:
        raise UserError(f"{cache_dir()} cannot be written ({error.strerror}); set EARSHOT_CACHE to a folder that can") from None
    if not free:
        raise UserError("a data set is being fetched already, by a page or another command; wait until that has ended")
    report = Report()
    try:
        yield report
    except KeyboardInterrupt:
        report.end(STOPPED)
        raise
    except UserError as error:
        report.end(FAILED, str(error))
        raise
    except BaseException as error:
        report.end(FAILED, f"{type(error).__name__}: {error}")
        raise
    else:
        report.end(FINISHED)
    finally:
        lock.release()


class Report:
    """Writes how far a fetch is: a few times a second and at every hundredth, so that what stalls was said before."""

    def __init__(self):
        self.now = self._told = Fetching(RUNNING)
        self._written = 0.0
        _write(self.now)

    def show(self, stage: str, done: int, total: int | None) -> None:
        self.now = Fetching(RUNNING, stage, done, total)
        far = stage != self._told.stage or (total and done - self._told.done >= total / 100)
        if far or time.monotonic() - self._written > EVERY:
            self._told, self._written = self.now, time.monotonic()
            _write(self.now)

    def end(self, state: str, problem: str = "") -> None:
        _write(Fetching(state, self.now.stage, self.now.done, self.now.total, problem))


def _file() -> Path:
    return cache_dir() / "fetch.json"


def _write(state: Fetching, process: bool = True) -> None:
    """A disk that is full stops the fetch itself with its sentence; the report alone is no reason to."""
    who = identity() if process else {"pid": None, "pid_created": None}
    with suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        write_json(_file(), {**vars(state), **who, "updated": time.time()})
