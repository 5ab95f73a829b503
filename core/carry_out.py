"""How a process goes through with a run or a study: threads, errors in a sentence, and what its status says at the end."""

import os
import traceback
from collections.abc import Callable

import torch

from core.devices import cpu_count
from core.errors import UserError
from core.faults import explained, in_a_sentence, last_words
from core.files import remove_leftovers
from core.processes import keep_memory
from core.progress import Progress
from core.training import Cancelled
from core.work_folder import Work

STOPPED = "Stopped; it can be resumed"


def carry_out(run: Work, on_progress: Callable[[float, str], None], do: Callable[[Progress], None]) -> str:
    """Do, or go on with, all of a run or a study in this process: ``do(progress)``. Returns ``"finished"`` or, when
    cancelled, ``"stopped"``.

    ``on_progress(share, sentence)`` is called about once a second. Whatever goes wrong is written to its status
    and log, then raised: :class:`UserError` for what the person can mend (a full disk, too), KeyboardInterrupt after
    Ctrl-C, unless that came from a "Cancel" that took too long.
    """
    progress = Progress(run, on_progress, run.status.seconds)

    def last(state: str, message: str, details: str = "") -> None:
        last_words(run, [*filter(None, [details]), message], state, message, progress=progress.share,
                   seconds=progress.seconds)

    try:
        set_threads()
        keep_memory()
        remove_leftovers(run.path)
        return _to_its_end(run, progress, lambda: do(progress))
    except KeyboardInterrupt:
        if run.cancel_file.exists():  # "Cancel" found no batch's end to stop at
            last("stopped", STOPPED)
            return "stopped"
        last("stopped", "Stopped from the keyboard or by the system; it can be resumed")
        raise
    except Exception as error:
        told = explained(error, run)
        last("failed", str(told or in_a_sentence(error)), "" if told else traceback.format_exc())
        if told is None or told is error:
            raise
        raise told from error


def set_threads() -> None:
    """All cores for one training at a time; ``EARSHOT_THREADS`` overrides it."""
    text = os.environ.get("EARSHOT_THREADS") or str(cpu_count())
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise UserError(f"EARSHOT_THREADS expects a number of threads, found {text!r}")
    torch.set_num_threads(int(text))


def _to_its_end(run: Work, progress: Progress, do: Callable[[], None]) -> str:
    """Do it and note how it ended, unless that was a fault."""
    state, message = "finished", "Finished"
    try:
        do()
        progress.share = 1.0
        message += f"; {progress.left_out} (the log names them)" if progress.left_out else ""
    except Cancelled:
        state, message = "stopped", STOPPED
    run.write_line(message)
    run.write_status(state, progress=progress.share, message=message, seconds=progress.seconds)
    run.cancel_file.unlink(missing_ok=True)
    return state
