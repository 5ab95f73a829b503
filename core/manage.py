"""What a person does with runs that are there: rename, note, delete, restore. Nothing is lost by it: a deleted run lies
in ``checkpoints/.bin`` until it is restored or deleted for good, and a renamed one is still found by its former name."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.config import checkpoints_dir, read_json
from core.errors import UserError
from core.files import write_json
from core.processes import SystemLock
from core.run_folder import Run
from core.runs import check_name, get_run
from core.studies import get_study
from core.work_folder import Work

NOTE_LENGTH = 2_000  # characters
_TIME = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True)
class Deleted:
    """A run in the bin."""

    name: str
    path: Path
    when: datetime


def rename_run(name: str, new_name: str) -> Run:
    """Give a run another name; :class:`UserError` where it cannot be used, is taken, or the run is at work."""
    run, new_name = _named(name), new_name.strip()
    check_name(new_name, "new name of the run")
    if new_name == run.name:
        return run
    _check_idle(run, "renamed")
    target = run.path.with_name(new_name)
    if target.exists():
        raise UserError(f"there is already a run called {new_name!r}; choose another name")
    former = tuple(each for each in (*run.former_names, run.name) if each != new_name)
    with _or_said(f"{run.name} could not be renamed"):
        run.write_about(note=run.note, former_names=former)
        run.path.rename(target)
        try:
            if Run(new_name, target).summary is not None:
                write_json(target / "summary.json", read_json(target / "summary.json") | {"run": new_name})
        except OSError:
            target.rename(run.path)  # all of it or nothing
            raise
    return Run(new_name, target)


def write_note(name: str, text: str) -> Run:
    """Keep ``text`` as the run's note, an empty one removes it; also while the run trains."""
    run, text = _named(name), "".join(c for c in text if c.isprintable() or c in "\n\t").strip()
    if len(text) > NOTE_LENGTH:
        raise UserError(f"a note expects up to {NOTE_LENGTH:,} characters, found {len(text):,}; shorten it")
    with _or_said(f"the note of {name} could not be written"):
        run.write_about(note=text, former_names=run.former_names)
    return run


def delete_run(name: str) -> Deleted:
    """Move a run to the bin; :class:`UserError` where there is none, or it is at work."""
    return _to_bin(_named(name))


def delete_study(name: str) -> Deleted:
    """Move a study to the bin, as a run; trials that it keeps in a database stay there."""
    return _to_bin(get_study(name))


def _to_bin(run: Work) -> Deleted:
    _check_idle(run, "deleted")
    when = datetime.now(UTC)
    target = bin_dir() / f"{run.name}~{when:{_TIME}}"
    with _or_said(f"{run.name} could not be deleted"):
        target.parent.mkdir(parents=True, exist_ok=True)
        run.path.rename(target)
    return Deleted(run.name, target, when)


def bin_dir() -> Path:
    """Where deleted runs lie; hidden, so that nothing takes them for runs."""
    return checkpoints_dir() / ".bin"


def deleted_runs() -> list[Deleted]:
    """The runs in the bin, the last deleted first."""
    if not bin_dir().is_dir():
        return []
    found = []
    for path in bin_dir().iterdir():
        name, _, time = path.name.rpartition("~")
        try:
            found.append(Deleted(name, path, datetime.strptime(time, _TIME).replace(tzinfo=UTC)))
        except ValueError:
            continue  # not put there by us
    return sorted(found, key=lambda deleted: deleted.when, reverse=True)


def restore_run(deleted: Deleted | str) -> Run:
    """Bring a run back from the bin, by its name the one deleted last. :class:`UserError` where there is none, or
    another run has taken its name meanwhile."""
    if isinstance(deleted, str):
        deleted = _last_deleted(deleted)
    target = checkpoints_dir() / deleted.name
    if target.exists():
        raise UserError(f"there is another run called {deleted.name!r} by now; rename that one, then restore this one")
    with _or_said(f"{deleted.name} could not be restored"):
        deleted.path.rename(target)
    return Run(deleted.name, target)


def delete_for_good(deleted: Deleted) -> None:
    """Remove a run from the bin and from the disk; this cannot be undone."""
    with _or_said(f"{deleted.name} could not be deleted for good"), suppress(FileNotFoundError):  # somebody else was faster
        shutil.rmtree(deleted.path)


def _named(name: str) -> Run:
    """The run that bears this name now: what changes a run does not follow its former names."""
    run = get_run(name)
    if run.name != name:
        raise UserError(f"there is no run called {name!r} any more; it was renamed {run.name!r}")
    return run


def _last_deleted(name: str) -> Deleted:
    everything = deleted_runs()
    for deleted in everything:
        if deleted.name == name:
            return deleted
    names = list(dict.fromkeys(deleted.name for deleted in everything))
    there = f"it holds {', '.join(names)}" if names else "it is empty"
    raise UserError(f"there is no run called {name!r} in the bin; {there}")


def _check_idle(run: Work, done: str) -> None:
    status = run.status
    if status.active:
        raise UserError(f"{run.name} is {status.state} and cannot be {done} now; cancel it first, or wait until it has ended")
    lock = SystemLock(run.path / ".lock")
    if lock.path.exists():
        if not lock.try_acquire():
            raise UserError(f"a process still works on {run.name}, so it cannot be {done} now; try again in a moment")
        lock.release()


@contextmanager
def _or_said(problem: str) -> Iterator[None]:
    """A folder that is gone meanwhile or closed, a full disk, or (on Windows) an open file, as one sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{problem}: {error.strerror or error}") from None
