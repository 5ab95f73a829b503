"""Processes of ours: who am I, is that one still alive, start one that outlives us, one at a time."""

import ctypes
import os
import platform
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from core.errors import UserError

NICER = 10  # of 19: a training gets about a tenth of a core that somebody else wants as well
AUTOGROUP = Path("/proc/self/autogroup")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h
CREATED_WITHIN = 3.0  # s; the clock may be set between two readings of a process's creation time


def identity(pid: int | None = None) -> dict:
    """This process, or another of this machine, as ``{"pid", "pid_created", "host"}``: a pid alone is reused, with its
    creation time (None when it has ended already) it is not."""
    try:
        created = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        created = None
    return {"pid": pid or os.getpid(), "pid_created": created, "host": host_name()}


def host_name() -> str:
    return socket.gethostname()


def is_alive(pid: int | None, created: float | None) -> bool:
    """Whether that very process still runs on this machine. A zombie (ended, not yet collected) does not."""
    if not pid or created is None:
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < CREATED_WITHIN and process.status() != psutil.STATUS_ZOMBIE
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


def is_there(pid: int) -> bool:
    """Whether a process of that number runs on this machine, whichever it is. A zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.AccessDenied:
        return True
    except (psutil.Error, OverflowError):
        return False


def start_detached(command: list[str], *, cwd: Path, log: Path, env: dict[str, str]) -> int:
    """Start ``command`` in its own session, output appended to ``log``; it lives on when we end. Returns its pid."""
    apart = {"start_new_session": True}
    if os.name == "nt":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    with open(log, "ab") as output:
        process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, **apart)
    threading.Thread(target=process.wait, daemon=True, name=f"collect-{process.pid}").start()
    return process.pid


def niceness() -> int:
    """How far a training gives way: ``EARSHOT_NICE``, else :data:`NICER`. Raises :class:`UserError` where it is none."""
    text = os.environ.get("EARSHOT_NICE") or str(NICER)
    if text not in map(str, range(20)):
        raise UserError(f"EARSHOT_NICE expects a whole number from 0 (a training does not give way) to 19, found {text[:40]!r}")
    return int(text)


def give_way() -> None:
    """From here on this process leaves the cores to others that want them, so that pages stay quick while it trains.

    Where Linux schedules sessions as groups (``man 7 sched``, "The autogroup feature"; the usual on desktops), the nice
    value of a process weighs within its own session only: a session of our own gets its own value too. The session of
    somebody's terminal is left alone. Does nothing where the system knows no nice values. Raises as :func:`niceness` does.
    """
    by = niceness()
    if not by or not hasattr(os, "nice"):
        return
    os.nice(by)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # no such feature here, or not for us
            AUTOGROUP.write_text(str(by))


def keep_memory() -> None:
    """From here on memory that is freed stays with this process, for the next batch of a training needs as much again.

    By itself glibc hands large blocks back at once, and the system zeroes every page of them anew: up to half of the time
    where batches go through gigabytes (``man 3 mallopt``). Does nothing where the C library is another.
    """
    if platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)


def end_with_parent() -> None:
    """From here on this process ends as soon as the one that started it, with a pipe as our standard input, is gone."""
    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


class SystemLock:
    """A lock on a file that the operating system drops when its holder dies, however it dies."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self._file = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free; never waits."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = open(self.path, "a+b")  # noqa: SIM115 - held open as long as the lock
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def acquire(self, within: float) -> bool:
        """Take the lock, asking for ``within`` seconds while somebody else has it; whether it was taken."""
        until = time.monotonic() + within
        while not self.try_acquire():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)  # the system would wake who waits, but not let it give up
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> "SystemLock":
        return self

    def __exit__(self, *_) -> None:
        self.release()


def _lock(file) -> None:
    """An exclusive lock on an open file; OSError when somebody else has it."""
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
