""""Cancel run" at all moments of a run's life: it ends in time, keeps the finished folds, and goes on when resumed."""

import random
import time

from harness import (
    TINY,
    Figures,
    after,
    either,
    finish,
    forget_decoded,
    moments,
    reached,
    seconds_until,
    unreadable,
)

from core.processes import is_alive
from core.run_folder import Run
from core.runs import cancel, create_run, launch, resume

KINDS = ("starting", "decoding", "in an epoch", "writing a state", "at any time", "writing weights", "between folds",
         "writing predictions", "at any time", "writing the summary")


def cancel_trainings(figures: Figures, chance: random.Random, undisturbed: dict, life: float) -> None:
    kinds, resumes = moments(chance, life), 0
    run = create_run(TINY, "cancelled")
    forget_decoded()
    launch(run)
    for kind in KINDS:
        if not reached(run, either(kinds[kind](), after(life * 0.8))):
            break
        _cancel(run, kind, figures)
        if run.state == "finished":
            break
        resume(run)
        resumes += 1
    finish(run, undisturbed, resumes, figures)


def cancel_in_the_queue(figures: Figures) -> None:
    """One trains, two wait. The one that trains and one that waits are cancelled; the last moves on."""
    first, second, third = (create_run(TINY.replace(epochs=epochs), name)
                            for epochs, name in ((100_000, "long"), (8, "gives-way"), (8, "moves-on")))
    for run in (first, second, third):
        launch(run)
    waiting = seconds_until(lambda: first.state == "running" and second.status.pid and third.status.pid, 60)
    figures.check(waiting is not None, "one of three launched runs trains and two wait")
    _cancel(second, "queued", figures)
    _cancel(first, "with others waiting", figures)
    moved = seconds_until(lambda: third.state == "finished", 120, 0.1)
    figures.check(moved is not None, f"the queue moved on: {third.status}")
    unreadable(third, figures)


def _cancel(run: Run, kind: str, figures: Figures) -> None:
    before, processes = set(run.checkpoints()), _process(run)
    started = time.monotonic()
    cancel(run)
    took = seconds_until(lambda: run.state in ("stopped", "finished") and not is_alive(*_process(run, processes)))
    figures.cancels += 1
    figures.within_limit(took, figures.cancel_seconds, f"cancelling {run.name} {kind} ({run.status})")
    figures.check(before <= set(run.checkpoints()), f"{run.name} lost a finished fold when it was cancelled {kind}")
    unreadable(run, figures)
    print(f"  {run.name}: cancelled {kind}, {run.state} after {time.monotonic() - started:.2f} s", flush=True)


def _process(run: Run, known: tuple = (None, None)) -> tuple[int | None, float | None]:
    """``(pid, creation time)`` of the run's process, as far as it is known."""
    from core.config import read_json

    for file in (run.path / "status.json", run.launched_file):
        if file.exists() and (who := read_json(file)).get("pid"):
            return who["pid"], who["pid_created"]
    return known
