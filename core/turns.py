"""One training or study at a time, oldest first, whoever started it: a lock of the operating system, and no server."""

import os
import time
from collections.abc import Callable

from core.config import checkpoints_dir
from core.errors import UserError
from core.faults import check_there
from core.processes import SystemLock
from core.run_folder import Run, is_run_folder, is_study_folder
from core.study_folder import Study
from core.wording import count
from core.work_folder import Work, now

POLL = 0.5  # s between two looks at the queue
SELDOM = 20  # of these at most until a run far behind looks again: a hundred that wait must not cost what one training does
ENDING = 3.0  # s; a process that was killed has given back gigabytes by then
HEARTBEAT = 60.0  # s after which a waiting run says that it still waits


def claim(run: Work) -> None:
    """Say that this process is the one that waits for, and will work on, the run. Keeps its place in the queue, also where so
    many runs were made at once that the first seem forgotten: they are worked on in this order."""
    status = run.status
    waited = status.state == "queued" or (status.state == "interrupted" and status.pid is None)
    place = status.queued_at if waited and status.queued_at else now().isoformat()
    run.write_status("queued", progress=status.progress, message="Waiting for its turn", queued_at=place)
    run.launched_file.unlink(missing_ok=True)


def hold(run: Work) -> SystemLock:
    """The lock that makes this process the only one working on the run; :class:`UserError` when another one is.

    A process that was killed counts as dead as soon as its first thread is, and keeps its locks until its last one is: until
    all of its memory is given back. So it is asked for a while.
    """
    lock = SystemLock(run.path / ".lock")
    if not lock.acquire(within=ENDING):
        raise UserError(f"another process works on {run.name} already; cancel it there first")
    return lock


def wait_for_turn(run: Work, on_wait: Callable[[str], None] = lambda message: None) -> SystemLock | None:
    """Wait until no older run waits and none trains. Returns the lock to release, or None when cancelled meanwhile.

    Raises :class:`UserError` when it is deleted meanwhile.
    """
    lock = SystemLock(checkpoints_dir() / ".queue.lock")
    said, said_at = "", 0.0
    before, skip = [], 0
    while True:
        check_there(run)
        if run.cancel_file.exists():
            return None
        status = run.status
        if status.pid != os.getpid():  # somebody pressed Resume once more, and that second process gave way
            claim(run)
        if skip <= 0:
            before = [name for place, name in _waiting() if (place, name) < (status.queued_at, run.name)]
            skip = min(len(before), SELDOM)
        skip -= 1
        if not before and lock.try_acquire():
            return lock
        message = "Waiting for what trains now" + (f", then for {count(len(before), 'older run')}" if before else "")
        if message != said or time.monotonic() - said_at > HEARTBEAT:
            said, said_at = message, time.monotonic()
            run.write_status("queued", progress=run.status.progress, message=message)
            on_wait(message)
        time.sleep(POLL)  # the system lock cannot be waited for and told to give up at once


def _waiting() -> list[tuple[str, str]]:
    """``(place, name)`` of every run and study that waits and whose process is there, or has only just been started."""
    folders = [path for path in checkpoints_dir().iterdir() if is_run_folder(path) or is_study_folder(path)]
    there = [(Study if is_study_folder(path) else Run)(path.name, path) for path in folders]
    return [(status.queued_at, each.name) for each in there if (status := each.status).state == "queued"]
