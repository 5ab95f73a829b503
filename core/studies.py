"""All studies: list, find, make. A study is a folder beside the runs, and takes its turn in the same queue.
:func:`core.runs.launch`, ``cancel`` and ``resume`` work on studies as on runs."""

import difflib
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from core.config import TrainConfig, checkpoints_dir
from core.costs import Cost, estimate
from core.errors import UserError
from core.files import write_json
from core.plan import Plan, make_plan
from core.run_folder import is_study_folder
from core.runs import check_name, new_folder
from core.search_space import Searched, check_space
from core.study_folder import Study, base_config

FEWEST, MOST = 2, 10_000  # trials of a study


def list_studies() -> list[Study]:
    """Every study in :func:`core.config.checkpoints_dir`, newest first; broken ones are listed as failed."""
    folder = checkpoints_dir()
    if not folder.is_dir():
        return []
    studies = [Study(path.name, path) for path in folder.iterdir() if is_study_folder(path)]
    return sorted(studies, key=lambda study: (study.created, study.name), reverse=True)


def get_study(name: str) -> Study:
    """The study called ``name``; :class:`UserError` naming those that come near."""
    if is_study(name):
        return Study(name, checkpoints_dir() / name)
    known = [study.name for study in list_studies()]
    near = difflib.get_close_matches(name, known, 3, 0.4)
    hint = (f"did you mean {' or '.join(near)}?" if near else "`python -m core tune --list` lists them" if known else
            "no study was made yet; `python -m core tune` makes one")
    raise UserError(f"there is no study called {name!r} in {checkpoints_dir()}; {hint}")


def is_study(name: str) -> bool:
    """Whether a study, and no run, is called so."""
    return bool(re.fullmatch(r"[^/\\]+", name)) and is_study_folder(checkpoints_dir() / name)


def studies_stamp() -> frozenset[tuple[str, int]]:
    """What changes when a study is made, removed, or says something new of its state."""
    marks = set()
    with suppress(OSError), os.scandir(checkpoints_dir()) as entries:
        for entry in entries:
            if is_study_folder(Path(entry.path)):
                marks.add((entry.name, 0))
                with suppress(OSError):
                    marks.add((entry.name, os.stat(os.path.join(entry.path, "status.json")).st_mtime_ns))
    return frozenset(marks)


def most_it_costs(plan: Plan, trials: int) -> Cost:
    """The cost of a study if no trial is stopped early; ``plan`` is that of one trial."""
    one = estimate([plan])
    seconds = None if one.seconds is None else trials * one.seconds
    return Cost(trials, trials * one.trainings, seconds, one.unknown)


def check_study(config: TrainConfig, space: Sequence[Searched], trials: int) -> tuple[Plan, tuple[Searched, ...]]:
    """The plan of one trial and the space in order. Raises :class:`UserError` where no study can be made of them."""
    if not FEWEST <= trials <= MOST:
        raise UserError(f"a study expects {FEWEST} to {MOST:,} trials, of which the first trains the starting point; "
                        f"found {trials:,}")
    config = base_config(config)
    space = check_space(space, config)
    return make_plan(config), space


def create_study(config: TrainConfig, space: Sequence[Searched], trials: int, *, name: str | None = None,
                 storage: str | None = None) -> Study:
    """A new folder, state ``queued``, no process yet. ``config`` is the starting point. Raises :class:`UserError` for a name
    not to be used, a space that contradicts the model, and a storage that does not answer or has such a study already."""
    if name is not None:
        check_name(name, "name of the study")
    plan, space = check_study(config, space, trials)
    base = f"tune-{config.model}-{datetime.now():%y%m%d-%H%M}"
    if storage:
        from core.study_storage import check_storage

        storage = check_storage(storage, name or base)
    return new_folder(Study, name, base, lambda final: {
        "config": plan.config.to_dict(), "space": [entry.to_dict() for entry in space], "trials": trials, "storage": storage})


def want_more(study: Study, trials: int) -> None:
    """Let a study go on to so many trials. Raises :class:`UserError` where it is at work, or has as many already."""
    if study.status.active:
        raise UserError(f"{study.name} is {study.state}; cancel it first")
    if not study.trials_wanted < trials <= MOST:
        raise UserError(f"{study.name} was asked for {study.trials_wanted} trials; going on expects more than these, up to "
                        f"{MOST:,}, found {trials:,}")
    write_json(study.record_file, study.record | {"trials": trials})
    status = study.status
    study.write_status("stopped", progress=status.progress * study.trials_wanted / trials, started=False,
                       message=f"Asked for {trials} trials")
