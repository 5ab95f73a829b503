"""One training at a time, oldest first, whoever started it: a lock of the operating system, and no server."""

import os
import time
from collections.abc import Callable

from core.config import checkpoints_dir
from core.errors import UserError
from core.faults import check_there
from core.processes import SystemLock
from core.run_folder import Run, is_run_folder, now

POLL = 0.5  # s between two looks at the queue
HEARTBEAT = 60.0  # s after which a waiting run says that it still waits


def claim(run: Run) -> None:
    """Say that this process is the one that waits for, and will work on, the run. Keeps its place in the queue."""
    status = run.status
    place = status.queued_at if status.state == "queued" else now().isoformat()
    run.write_status("queued", progress=status.progress, message="Waiting for its turn", queued_at=place)
    run.launched_file.unlink(missing_ok=True)


def hold(run: Run) -> SystemLock:
    """The lock that makes this process the only one working on the run; :class:`UserError` when another one is."""
    lock = SystemLock(run.path / ".lock")
    if not lock.try_acquire():
        raise UserError(f"another process works on {run.name} already; cancel it there first")
    return lock


def wait_for_turn(run: Run, on_wait: Callable[[str], None] = lambda message: None) -> SystemLock | None:
    """Wait until no older run waits and none trains. Returns the lock to release, or None when cancelled meanwhile.

    Raises :class:`UserError` when the run is deleted meanwhile.
    """
    lock = SystemLock(checkpoints_dir() / ".queue.lock")
    said, said_at = "", 0.0
    while True:
        check_there(run)
        if run.cancel_file.exists():
            return None
        status = run.status
        if status.pid != os.getpid():  # somebody pressed Resume once more, and that second process gave way
            claim(run)
        before = [name for place, name in _waiting() if (place, name) < (status.queued_at, run.name)]
        if not before and lock.try_acquire():
            return lock
        older = f"Waiting behind {len(before)} older run{'s' * (len(before) > 1)}"
        message = older if before else "Waiting for the run that trains now"
        if message != said or time.monotonic() - said_at > HEARTBEAT:
            said, said_at = message, time.monotonic()
            run.write_status("queued", progress=run.status.progress, message=message)
            on_wait(message)
        time.sleep(POLL)


def _waiting() -> list[tuple[str, str]]:
    """``(place, name)`` of every run that waits and whose process is there, or has only just been started."""
    runs = [Run(path.name, path) for path in checkpoints_dir().iterdir() if is_run_folder(path)]
    return [(status.queued_at, run.name) for run in runs if (status := run.status).state == "queued"]
