"""One training at a time, oldest first, whoever started it: a lock of the operating system, and no server."""

import time
from collections.abc import Callable

from core.config import checkpoints_dir
from core.errors import UserError
from core.processes import SystemLock
from core.run_folder import Run, Status, is_run_folder, now

POLL = 0.5  # s between two looks at the queue
HEARTBEAT = 60.0  # s after which a waiting run says that it still waits
NEWBORN = 10.0  # s in which a run whose process has not spoken yet keeps its place


def claim(run: Run) -> None:
    """Say that this process is the one that waits for, and will work on, the run. Keeps its place in the queue."""
    status = run.status
    place = status.queued_at if status.state == "queued" else now().isoformat()
    run.write_status("queued", progress=status.progress, message="Waiting for its turn", queued_at=place)


def hold(run: Run) -> SystemLock:
    """The lock that makes this process the only one working on the run; :class:`UserError` when another one is."""
    lock = SystemLock(run.path / ".lock")
    if not lock.try_acquire():
        raise UserError(f"another process works on {run.name} already; cancel it there first")
    return lock


def wait_for_turn(run: Run, on_wait: Callable[[str], None] = lambda message: None) -> SystemLock | None:
    """Wait until no older run waits and none trains. Returns the lock to release, or None when cancelled meanwhile."""
    lock = SystemLock(checkpoints_dir() / ".queue.lock")
    mine = (run.status.queued_at, run.name)
    said, said_at = "", 0.0
    while True:
        if run.cancel_file.exists():
            return None
        before = [name for place, name in _waiting() if (place, name) < mine]
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
    folder = checkpoints_dir()
    runs = [Run(path.name, path) for path in folder.iterdir() if is_run_folder(path)]
    return [(status.queued_at, run.name) for run in runs if _waits(status := run.status)]


def _waits(status: Status) -> bool:
    if status.state != "queued":
        return False
    return status.pid is not None or (now() - status.updated).total_seconds() < NEWBORN
