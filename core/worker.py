"""What a process does for a run it was started for: be the only one, wait for its turn, train."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.run_folder import Run
from core.turns import claim, hold, wait_for_turn


def work(run: Run, on_progress: Callable[[float, str], None] = lambda share, message: None) -> str:
    """Take the run's turn in the queue and train it. Returns ``"finished"``, or ``"stopped"`` when cancelled.

    Raises :class:`core.errors.UserError` when another process works on it, and what
    :func:`core.crossval.run_training` raises.
    """
    with hold(run):
        claim(run)
        with _stopped_by_interrupt(run):
            turn = wait_for_turn(run, lambda message: on_progress(run.status.progress, message))
        if turn is None:
            set_aside(run)
            return "stopped"
        with turn:
            from core.crossval import run_training  # torch only now: a run that waits costs little memory

            return run_training(run, on_progress)


def set_aside(run: Run) -> None:
    """Mark a run stopped that was not training."""
    run.write_status("stopped", progress=run.status.progress, message="Stopped; it can be resumed", started=False)
    run.cancel_file.unlink(missing_ok=True)


@contextmanager
def _stopped_by_interrupt(run: Run) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        set_aside(run)
        raise
