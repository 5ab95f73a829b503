"""Kill -9 of a training, again and again over its life, each time followed by a resume."""

import random
import time

from harness import (
    TINY,
    Figures,
    after,
    either,
    finish,
    forget_decoded,
    kill,
    moments,
    no_orphan,
    reached,
    results,
    seconds_until,
    unreadable,
)

from core.config import TrainConfig
from core.runs import create_run, launch, resume

FIRST, LAST = ("starting", "decoding"), "writing the summary"
MIDDLE = ("in an epoch", "writing history", "writing a state", "writing weights", "writing predictions",
          "writing the status", "between folds", "at any time", "at any time")


def reference(config: TrainConfig, name: str) -> tuple[dict[str, bytes], float]:
    """The results of a run that nothing disturbs, and how long it took from launch to end."""
    run, started = create_run(config, name), time.monotonic()
    launch(run)
    if seconds_until(lambda: run.state in ("finished", "failed"), 300, 0.05) is None or run.state != "finished":
        raise RuntimeError(f"the undisturbed run did not finish: {run.status}\n{run.log()}")
    took = time.monotonic() - started
    no_orphan(Figures(), name)
    return results(run), took


def kill_trainings(figures: Figures, chance: random.Random, wanted: int, undisturbed: dict, life: float) -> None:
    """Kill, look, resume: one run after the other until so many kills were made."""
    for number in range(1, 10):
        if figures.kills >= wanted:
            return
        _one_run(f"killed-{number}", figures, chance, wanted, undisturbed, life)
    figures.check(figures.kills >= wanted, f"only {figures.kills} kills hit a living process")


def _one_run(name: str, figures: Figures, chance: random.Random, wanted: int, undisturbed: dict, life: float) -> None:
    kinds, resumes = moments(chance, life), 0
    middle = chance.sample(MIDDLE, len(MIDDLE))
    run = create_run(TINY, name)
    forget_decoded()
    pid = launch(run)
    for kind in (*FIRST, *middle, LAST):
        if figures.kills >= wanted and kind != LAST:
            continue
        moment, late = kinds[kind](), after(life * 0.8)
        if not reached(run, either(moment, late)):
            break
        if late(run) and kind != LAST:
            kind = "at any time"  # a file may be written too quickly to be seen from here
        kill(pid)
        figures.kills += 1
        figures.moments[kind] = figures.moments.get(kind, 0) + 1
        took = seconds_until(lambda: run.state in ("interrupted", "finished"))
        figures.within_limit(took, figures.state_seconds, f"{name}, killed {kind}: the right state ({run.status})")
        no_orphan(figures, f"{name}, killed {kind}")
        unreadable(run, figures)
        print(f"  {name}: killed {kind}, {run.state} after {0 if took is None else took:.2f} s", flush=True)
        if run.state == "finished":
            break
        pid = resume(run)
        resumes += 1
    finish(run, undisturbed, resumes, figures)
