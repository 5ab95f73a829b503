"""All runs: list, find, make, launch, cancel, resume. A run is a folder, and long work is a process of its own."""

import difflib
import os
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from core.config import ROOT, TrainConfig, cache_dir, checkpoints_dir, data_dirs, own_data_dir
from core.errors import UserError
from core.files import why_not_written, write_json
from core.processes import identity, niceness, start_detached
from core.run_folder import Run, Status, is_run_folder, is_study_folder
from core.work_folder import Work, now

__all__ = ["Run", "Status", "cancel", "create_run", "first_to_show", "get_run", "knows_every_class", "launch", "list_runs",
           "resolve_checkpoint", "resume"]

LAUNCHED = "EARSHOT_LAUNCHED"  # tells a process which run it was launched for
Made = TypeVar("Made", bound=Work)
PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "soundfile", "soxr", "safetensors")


def list_runs() -> list[Run]:
    """Every run in :func:`checkpoints_dir`, newest first; folders that are broken are listed as failed runs."""
    folder = checkpoints_dir()
    if not folder.is_dir():
        return []
    runs = [Run(path.name, path) for path in folder.iterdir() if is_run_folder(path)]
    return sorted(runs, key=lambda run: (run.created, run.name), reverse=True)


def runs_stamp() -> frozenset[tuple[str, int]]:
    """What changes when a run is made, removed, renamed, or says something new of its state; read without opening a file."""
    marks = set()
    with suppress(OSError), os.scandir(checkpoints_dir()) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and not is_study_folder(Path(entry.path)):
                with suppress(OSError):  # shipped runs have no status, and any may vanish meanwhile
                    marks.add((entry.name, 0))
                    marks.add((entry.name, os.stat(os.path.join(entry.path, "status.json")).st_mtime_ns))
    return frozenset(marks)


def first_to_show(runs: list[Run]) -> Run:
    """Of runs in the order of :func:`list_runs`: the newest made here, else the one that came with its weights."""
    own = (run for run in runs if not run.shipped)
    return next(own, None) or next((run for run in runs if run.checkpoints()), runs[0])


def get_run(name: str) -> Run:
    """The run called ``name``, else the one that was called so before it was renamed; :class:`UserError` naming those
    that come near."""
    path = checkpoints_dir() / name
    if re.fullmatch(r"[^/\\]+", name) and is_run_folder(path):
        return Run(name, path)
    runs = list_runs()
    if renamed := next((run for run in runs if name in run.former_names), None):
        return renamed
    known = [run.name for run in runs]
    near = difflib.get_close_matches(name, known, 3, 0.4)
    hint = (f"did you mean {' or '.join(near)}?" if near else "`python -m core runs` lists them" if known else
            "no run was made yet; `python -m core train` makes one")
    raise UserError(f"there is no run called {name!r} in {checkpoints_dir()}; {hint}")


def by_any_name(name: str, known: Container[str]) -> str | None:
    """The one of ``known`` runs that has this name, or had it before it was renamed; None where there is none."""
    if name in known:
        return name
    try:
        renamed = get_run(name).name
    except UserError:
        return None
    return renamed if renamed in known else None


def create_run(config: TrainConfig, name: str | None = None, experiment: str | None = None,
               expected_seconds: float | None = None) -> Run:
    """A new folder with its config, state ``queued``, no process yet. Raises :class:`UserError` for a name not to be
    used. Without a name the run is called after its model, protocol, seed, and experiment or the time.
    ``expected_seconds`` is what it was estimated to take, kept for the progress of an experiment."""
    if name is not None:
        check_name(name, "name of the run")
    if experiment:
        check_name(experiment, "name of the experiment")
    whose = experiment if experiment and len(experiment) <= 50 else f"{datetime.now():%y%m%d-%H%M}"

    def record(final: str) -> dict:
        expected = {} if expected_seconds is None else {"expected_seconds": round(expected_seconds, 1)}
        return {"config": config.to_dict(), "experiment": experiment or final} | expected

    return new_folder(Run, name, f"{config.model}-{config.protocol}-s{config.seed}-{whose}", record)


def new_folder(kind: type[Made], name: str | None, base: str, record: Callable[[str], dict]) -> Made:
    """A new folder of a run or a study, its record (``record(its name)``, versions and the time added) and the state
    ``queued`` in it, put in its place in one step. Without a ``name`` it is called ``base``, or ``base-2`` and so on.
    Raises :class:`UserError`."""
    folder = checkpoints_dir()
    base = name or base
    draft = kind("draft", folder / f".new-{uuid.uuid4().hex[:8]}")
    try:
        draft.path.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"runs are kept in {folder}, which cannot be written ({error.strerror}); "
                        "set EARSHOT_CHECKPOINTS to a folder that can") from None
    try:
        for number in range(1, 1000):
            final = base if number == 1 else f"{base}-{number}"
            with _writing_to(folder):
                if not (folder / final).exists() and _settle(draft, folder / final, record(final)):
                    return kind(final, folder / final)
            if name is not None:
                there = "study" if is_study_folder(folder / name) else "run"
                raise UserError(f"there is already a {there} called {name!r}; choose another name, or resume that one")
        raise UserError(f"a thousand are called {base}; give this one a name")
    finally:
        shutil.rmtree(draft.path, ignore_errors=True)


def launch(run: Work) -> int:
    """Start the run's own process, which takes its turn in the queue and outlives this one. Returns its pid.

    Raises :class:`UserError` where its folder cannot be written or the process does not start.
    """
    state = run.status
    with _writing_to(run.path):
        run.cancel_file.unlink(missing_ok=True)
        run.launched_file.unlink(missing_ok=True)
        run.write_status("queued", progress=state.progress, message="Starting", queued_at=now().isoformat(), started=False)
    places = {"EARSHOT_CHECKPOINTS": run.path.parent, "EARSHOT_CACHE": cache_dir(),
              "EARSHOT_OWN_DATA": own_data_dir()}
    if os.environ.get("EARSHOT_DATA"):
        places["EARSHOT_DATA"] = data_dirs()[0]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", LAUNCHED: run.name}
    env |= {key: str(path.resolve()) for key, path in places.items()}
    command = [sys.executable, "-m", "core", run.command, "--resume", run.name]
    try:
        niceness()  # the process would end at it at once, with the sentence in its log only
        pid = start_detached(command, cwd=ROOT, log=run.path / "log.txt", env=env)
    except (OSError, UserError) as error:
        sentence = f"the process of {run.name} did not start: {error}"
        run.write_status("failed", progress=state.progress, message=sentence, started=False)
        raise UserError(sentence) from None
    with suppress(OSError):  # it runs all the same, and says so itself in a moment
        write_json(run.launched_file, identity(pid))
        if run.status.pid is not None:  # it was quicker, and has spoken already
            run.launched_file.unlink(missing_ok=True)
    return pid


def cancel(run: Work) -> None:
    """Ask the run to stop (it does within seconds, keeping what it has); nothing happens when it has ended.

    Raises :class:`UserError` where its folder cannot be written.
    """
    status = run.status
    with _writing_to(run.path):
        if status.active:
            run.cancel_file.touch()
        elif status.state == "interrupted":
            run.write_status("stopped", progress=status.progress, message="Stopped; it can be resumed", started=False)


def resume(run: Work) -> int:
    """Go on with a run that was stopped, interrupted or failed, in a process of its own. Returns its pid."""
    check_resumable(run)
    niceness()  # a wrong setting of this machine is no end of a run: nothing of it is changed
    return launch(run)


def check_resumable(run: Work) -> None:
    """Raise :class:`UserError` where there is nothing to resume."""
    if run.problem:
        raise UserError(f"{run.name} cannot be resumed: {run.problem}")
    status = run.status
    if status.active:
        raise UserError(f"{run.name} is {status.state} already; there is nothing to resume")
    if status.state == "finished":
        raise UserError(f"{run.name} is finished; there is nothing to resume")


def resolve_checkpoint(text: str | None = None) -> Path:
    """The weights file meant by ``RUN``, ``RUN:fold``, a path, or None: the best shipped run (else the best here).

    A bare run means its ``final.safetensors`` when it has one, else its first fold's. Raises :class:`UserError`.
    """
    if text is None:
        return _weights_of(_best_run(), None)
    path = Path(text)
    if path.suffix == ".safetensors" or os.path.isfile(path):
        if not os.path.isfile(path):
            raise UserError(f"there is no checkpoint file {text}")
        return path
    if is_run_folder(path) and path.resolve().parent != checkpoints_dir().resolve():
        return _weights_of(Run(path.resolve().name, path.resolve()), None)
    name, colon, fold = text.rstrip("/").partition(":")
    return _weights_of(get_run(Path(name).name if is_run_folder(path) else name), fold if colon else None)


def _weights_of(run: Run, fold: str | None) -> Path:
    found = run.checkpoints()
    if not found and run.summary is not None:
        others = [each.name for each in list_runs() if each.checkpoints()]
        there = f"; these have theirs: {', '.join(others[:5])}" if others else ""
        raise UserError(f"{run.name} is kept without its weights, only its numbers are here; train it again{there}")
    if not found:
        raise UserError(f"{run.name} has no trained weights yet: its first fold has not ended (state: {run.state})")
    if fold is None:
        return found.get("final") or next(iter(found.values()))
    if fold not in found:
        raise UserError(f"{run.name} has no weights of fold {fold!r}; it has {', '.join(found)}")
    return found[fold]


def _best_run() -> Run:
    ready = [run for run in list_runs() if run.summary is not None and run.checkpoints() and knows_every_class(run)]
    ready = [run for run in ready if run.shipped] or ready
    if not ready:
        raise UserError("there is no trained model yet; make one with `python -m core train`, or name a checkpoint")
    return max(ready, key=lambda run: headline_accuracy(run) or 0.0)


def knows_every_class(run: Run) -> bool:
    """False for a side experiment that left classes out: its task was easier, so it is never called the best."""
    return bool(run.problem) or not run.config.leave_out


def headline_accuracy(run: Run) -> float | None:
    """Mean accuracy (0 to 1) of the summary; None where there is none."""
    try:
        return run.summary["accuracy"]["mean"]
    except (TypeError, KeyError):
        return None


def check_name(name: str, what: str) -> None:
    """Raise :class:`UserError` unless ``name`` can be a run's or an experiment's."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) or name.endswith((".", ".safetensors")):
        raise UserError(f"the {what} expects up to 100 letters, digits, '-', '_' or '.', starting with a letter or "
                        f"digit; found {name!r}")


def _settle(draft: Work, target: Path, record: dict) -> bool:
    """Fill the draft folder and move it to its place in one step; False when somebody was there first."""
    versions = {"python": sys.version.split()[0]} | {p: v for p in PACKAGES if (v := _version(p))}
    write_json(draft.record_file, record | {"versions": versions, "data": None, "class_names": None,
                                            "created": now().isoformat()})
    draft.write_status("queued", progress=0.0, message="Waiting", queued_at=now().isoformat(), started=False)
    try:
        draft.path.rename(target)
    except OSError:
        if target.exists():
            return False
        raise
    return True


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    """A full disk or a folder that is closed or gone as one sentence."""
    try:
        yield
    except OSError as error:
        reason = why_not_written(error, folder) or f"{folder} could not be written ({error.strerror or error})"
        raise UserError(reason) from None


@cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
