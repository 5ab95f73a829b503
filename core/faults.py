"""What stopped a training, in one sentence for a person: a full disk, a folder that may not be written or is gone."""

from contextlib import suppress

from core.errors import UserError
from core.files import why_not_written
from core.work_folder import Work

MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def check_there(run: Work) -> None:
    """Raise :class:`UserError` when somebody took the run's folder away, or is just doing so: nothing may be written."""
    if _is_deleted(run):
        raise _deleted(run)


def _is_deleted(run: Work) -> bool:
    return not run.record_file.exists()


def _deleted(run: Work) -> UserError:
    return UserError(f"the folder of {run.name} was deleted or moved, so it stopped")


def explained(error: Exception, run: Work) -> UserError | None:
    """What to say of an error that the person can mend; None where the fault is ours."""
    if _is_deleted(run):
        return _deleted(run)
    if isinstance(error, UserError):
        return error
    if isinstance(error, OSError):
        reason = why_not_written(error, run.path)
        return UserError(f"{reason} and resume") if reason else None
    if isinstance(error, MemoryError) or any(text in str(error) for text in MEMORY):
        return UserError("the memory did not suffice; a smaller batch size needs less")
    return None


def in_a_sentence(error: Exception) -> str:
    """What to tell a person about an error of ours; the details are in the log."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}".rstrip(": ")


def last_words(run: Work, lines: list[str], state: str, message: str, *, progress: float, seconds: float) -> None:
    """Log and status of a run that failed, as far as its disk still takes them; nothing where the run was deleted.

    Where not even the status can be written, the run is seen as interrupted once this process has ended.
    """
    if _is_deleted(run):
        _remove_remains(run)
        return
    with suppress(OSError):
        for line in lines:
            run.write_line(line)
    with suppress(OSError):
        run.write_status(state, progress=progress, message=message, seconds=seconds)
    with suppress(OSError):
        run.cancel_file.unlink(missing_ok=True)


def _remove_remains(run: Work) -> None:
    """What we wrote in the very moment in which the folder was deleted; where there is anything of worth, nothing."""
    with suppress(OSError):
        files = list(run.path.iterdir())
        if all(file.name in ("status.json", "log.txt", "history.csv") or file.name.startswith(".") for file in files):
            for file in files:
                file.unlink()
            run.path.rmdir()
