"""What a process does for a run or a study it was started for: be the only one, wait for its turn, train, end when asked."""

import _thread
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from core.faults import explained
from core.runs import LAUNCHED
from core.study_folder import Study
from core.turns import claim, hold, wait_for_turn
from core.work_folder import Work

LOOK = 0.5  # s between two looks whether somebody wants the run to stop
PATIENCE = (3.0, 5.0)  # s after which it is interrupted wherever it is, when it did not end by itself at a batch's end
AT_LAST = 7.0  # s after which a process that works for this one run alone is ended, whatever it does


def work(run: Work, on_progress: Callable[[float, str], None] = lambda share, message: None) -> str:
    """Take the run's turn in the queue and train it. Returns ``"finished"``, or ``"stopped"`` when cancelled.

    Raises :class:`core.errors.UserError` when another process works on it or its disk takes no more, and what
    :func:`core.carry_out.carry_out` raises.
    """
    try:
        with hold(run):
            if run.state == "stopped" and os.environ.get(LAUNCHED) == run.name:
                set_aside(run)  # it was cancelled while another process, started for it too, worked on it
                return "stopped"
            claim(run)
            with _stopped_by_interrupt(run):
                turn = wait_for_turn(run, lambda message: on_progress(run.status.progress, message))
            if turn is None:
                set_aside(run)
                return "stopped"
            with turn:
                run.write_status("running", progress=run.status.progress, message="Starting")  # the imports take seconds
                return _train(run, on_progress)
    except OSError as error:
        raise explained(error, run) or error from None


def _train(run: Work, on_progress: Callable[[float, str], None]) -> str:
    with _ended_in_time(run):
        try:
            return _job(run)(run, on_progress)
        except KeyboardInterrupt:
            if not run.cancel_file.exists():
                raise
            set_aside(run)
            return "stopped"


def _job(run: Work) -> Callable:
    """What carries it out; torch is imported only now, so that what waits costs little memory."""
    if isinstance(run, Study):
        from core.tuning import run_study

        return run_study
    from core.crossval import run_training

    return run_training


def set_aside(run: Work) -> None:
    """Mark a run stopped that was not training."""
    run.write_status("stopped", progress=run.status.progress, message="Stopped; it can be resumed", started=False)
    run.cancel_file.unlink(missing_ok=True)


@contextmanager
def _stopped_by_interrupt(run: Work) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        set_aside(run)
        raise


@contextmanager
def _ended_in_time(run: Work) -> Iterator[None]:
    """See to it that "Cancel run" ends the training within seconds, however long a batch or an import takes.

    What is on disk is whole at any moment, so ending the process loses no more than the batch's end would have.
    """
    over = threading.Event()

    def watch() -> None:
        waited = 0.0
        while not over.wait(LOOK):
            waited = waited + LOOK if run.cancel_file.exists() else 0.0
            if waited >= AT_LAST and os.environ.get(LAUNCHED) == run.name:
                with suppress(OSError):
                    set_aside(run)
                os._exit(130)
            if waited in PATIENCE:
                _thread.interrupt_main(signal.SIGTERM)

    watcher = threading.Thread(target=watch, name="cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
