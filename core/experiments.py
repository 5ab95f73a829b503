"""Experiments: runs that share a name, made together, seen as one, cancelled and resumed as one.

An experiment is nothing on disk but the name in each run's ``config.json``: folders, queue and processes are those of its
runs (``runs``, ``turns``, ``worker``), so it needs nobody to look after it, and nothing is lost with a server.
"""

import difflib
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from core import runs as single
from core.catalog import CATALOG
from core.config import TrainConfig, checkpoints_dir, field_named
from core.costs import Cost, estimate
from core.errors import UserError
from core.plan import Plan
from core.processes import SystemLock
from core.progress import in_words
from core.run_folder import Run, Status
from core.wording import count

ASSIGNMENT = {"models": ("cnn1d", "cnn_transformer_h1", "cnn_transformer_h2", "cnn_transformer_h4"),
              "protocols": ("split", "assignment")}  # the whole assignment: both architectures, 1, 2 and 4 heads
MOST = 100  # runs begun at once: each waits in a process of its own
PATIENCE = 10.0  # s that somebody else may take to make runs
ORDER = ("running", "stopping", "queued", "failed", "interrupted", "stopped", "finished")  # the first one that a run has
ENOUGH = 0.02  # share of the work after which its own pace tells the time left


@dataclass(frozen=True)
class Experiment:
    """A name, and the runs that carry it in the order they were asked for."""

    name: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Standing:
    """How an experiment stands at one moment. ``progress`` (0 to 1) counts each run by what it costs; ``seconds_left``
    is None where nobody works on it, or nobody knows."""

    state: str
    progress: float
    seconds_left: float | None
    statuses: dict[str, Status]  # by the run's name

    @property
    def active(self) -> bool:
        """Whether a run of it trains or waits."""
        return any(status.active for status in self.statuses.values())

    @property
    def finished(self) -> int:
        """Runs that are done."""
        return sum(status.state == "finished" for status in self.statuses.values())

    @property
    def unfinished(self) -> int:
        """Runs that nobody works on and that can go on."""
        return sum(not status.active and status.state != "finished" for status in self.statuses.values())


def list_experiments() -> list[Experiment]:
    """Every name that several runs share, or that was given to one on purpose; the newest first."""
    named = defaultdict(list)
    for run in single.list_runs():
        named[run.experiment].append(run)
    return [Experiment(name, tuple(reversed(runs))) for name, runs in named.items() if len(runs) > 1 or is_named(runs[0])]


def runs_of(name: str) -> list[Run]:
    """The runs of an experiment in the order they were asked for; :class:`UserError` naming those that come near."""
    if found := taken(name):
        return found
    known = list(dict.fromkeys(run.experiment for run in single.list_runs()))
    near = difflib.get_close_matches(name, known, 3, 0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UserError(f"there is no experiment called {name!r} in {checkpoints_dir()}{hint}")


def is_named(run: Run) -> bool:
    """Whether the run was given to an experiment: by itself it is one of its own name."""
    return run.experiment != run.name


def combinations(models: Sequence[str], protocols: Sequence[str], seeds: Sequence, **settings) -> list[TrainConfig]:
    """One config per model, protocol and seed, each once, in this order. :class:`UserError` for none or too many, and
    for a value that is wrong. ``folds`` is heeded by the protocol kfold alone."""
    for what, values in (("model", models), ("protocol", protocols), ("seed", seeds)):
        if not values:
            raise UserError(f"expected at least one {what}, found none; choose one")
    if (number := len(models) * len(protocols) * len(seeds)) > MOST:
        raise UserError(f"expected up to {MOST} runs at once, found {number:,} ({count(len(models), 'model')} × "
                        f"{count(len(protocols), 'protocol')} × {count(len(seeds), 'seed')}); start fewer of them")
    configs = [TrainConfig.from_dict(settings | {"model": model, "protocol": protocol, "seed": seed})
               for model, protocol, seed in product(models, protocols, seeds)]
    usual = field_named("folds").default
    return list(dict.fromkeys(c if c.protocol == "kfold" else c.replace(folds=usual) for c in configs))


def taken(name: str) -> list[Run]:
    """The runs that carry this experiment's name already, in the order they were asked for; none: the name is free."""
    return [run for run in reversed(single.list_runs()) if run.experiment == name] if name else []


def create(plans: Sequence[Plan], name: str | None = None, *, add: bool = False, run_name: str | None = None) -> list[Run]:
    """Make a run of every plan, all or none of them, under one name (made up from the time where there is none and they
    are several). They are queued; :func:`launch` starts them.

    Raises :class:`UserError` where a run cannot be made, and where the name is taken, unless ``add`` says that the runs
    are meant to join those.
    """
    if not name and len(plans) > 1:
        name = f"experiment-{datetime.now():%y%m%d-%H%M%S}"
    made: list[Run] = []
    with _alone():
        if name and not add and (there := taken(name)):
            raise UserError(f"there is already an experiment called {name!r}, with {count(len(there), 'run')}; choose "
                            "another name, or say that these runs shall join it")
        try:
            for plan, seconds in zip(plans, estimate(plans).by_run, strict=True):
                made.append(single.create_run(plan.config, run_name, name, seconds))
        except BaseException:  # whatever it was, also Ctrl-C: all runs or none; it is raised again
            for run in made:  # no process knows of them yet
                shutil.rmtree(run.path, ignore_errors=True)
            raise
    return made


def launch(runs: Sequence[Run]) -> None:
    """Start every run's own process, in this order. :class:`UserError` where one does not start; those after it are then
    stopped, so that nothing waits for nobody."""
    for position, run in enumerate(runs):
        try:
            single.launch(run)
        except UserError:
            for later in runs[position + 1 :]:
                later.write_status("stopped", progress=0.0, message="Stopped; it can be resumed", started=False)
            raise


def standing(runs: Sequence[Run]) -> Standing:
    """How the runs of an experiment stand together."""
    statuses = {run.name: run.status for run in runs}
    weights = dict(zip(statuses, _weights(runs), strict=True))
    whole = sum(weights.values())
    done = {name: weights[name] * (1.0 if status.state == "finished" else status.progress)
            for name, status in statuses.items()}
    states = {status.state for status in statuses.values()}
    return Standing(next(state for state in ORDER if state in states), sum(done.values()) / whole,
                    _time_left(statuses, weights, done, all(_expected(run) for run in runs)), statuses)


def cancel(runs: Sequence[Run]) -> None:
    """Stop every run that trains or waits; what is done is kept. The last in the queue first, so that none begins when
    the one before it ends. :class:`UserError` where one could not be reached, after all others were."""
    _each(sorted(runs, key=lambda run: run.status.queued_at, reverse=True), single.cancel)


def resume(runs: Sequence[Run]) -> None:
    """Go on with every run that is neither finished nor at work; the others stay as they are. :class:`UserError` where
    there is none such, or one cannot go on (the others do)."""
    _each(unfinished(runs), single.resume)


def unfinished(runs: Sequence[Run]) -> list[Run]:
    """Those that are neither finished nor at work; :class:`UserError` where there is none."""
    statuses = {run: run.status for run in runs}
    found = [run for run, status in statuses.items() if not status.active and status.state != "finished"]
    if not found:
        done = all(status.state == "finished" for status in statuses.values())
        raise UserError("every run of this experiment is finished; there is nothing to resume" if done else
                        "what is unfinished of this experiment is at work already; there is nothing to resume")
    return found


def in_short(cost: Cost) -> str:
    """``20 trainings in 8 runs, about 48 min here``; without the time where the pace is not known."""
    text = count(cost.trainings, "training") + (f" in {cost.runs} runs" if cost.runs > 1 else "")
    return f"{text}, about {in_words(cost.seconds)} here" if cost.seconds is not None else text


def _each(runs: Sequence[Run], action: Callable[[Run], object]) -> None:
    problems = []
    for run in runs:
        try:
            action(run)
        except UserError as error:
            problems.append(str(error))
    if problems:
        more = f" (and {count(len(problems) - 1, 'other run')} likewise)" if len(problems) > 1 else ""
        raise UserError(problems[0] + more)


def _time_left(statuses: dict[str, Status], weights: dict[str, float], done: dict[str, float], in_seconds: bool
               ) -> float | None:
    """Seconds until every active run is done, at the pace of what was done so far, else as it was expected."""
    left = sum(weights[name] - done[name] for name, status in statuses.items() if status.active)
    if not left:
        return None
    timed = [name for name, status in statuses.items() if status.seconds > 0]
    worked = sum(done[name] for name in timed)
    if worked >= ENOUGH * sum(weights.values()):
        return left * sum(statuses[name].seconds for name in timed) / worked
    return left if in_seconds else None


def _weights(runs: Sequence[Run]) -> list[float]:
    """What each run costs, in seconds where all were estimated when they were made, else by its model and epochs."""
    expected = [_expected(run) for run in runs]
    return expected if all(expected) else [_work(run) for run in runs]


def _expected(run: Run) -> float | None:
    with suppress(UserError, TypeError, ValueError):
        return float(run.record.get("expected_seconds") or 0) or None
    return None


def _work(run: Run) -> float:
    """Multiply-adds of a run per clip of its data set, from its settings alone; 1 where those cannot be read."""
    with suppress(UserError, TypeError, KeyError):
        config = run.config
        heard = {"split": 0.6, "assignment": 4 * 0.6, "published": 4.0, "kfold": config.folds - 1.0}[config.protocol]
        return config.epochs * CATALOG[config.model].macs * (heard + config.final)
    return 1.0


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else makes an experiment meanwhile, so that a name that is free stays so until its runs are there."""
    lock = SystemLock(checkpoints_dir() / ".experiments.lock")
    try:
        if not lock.acquire(within=PATIENCE):  # it is held for the moment in which folders are made
            raise UserError("somebody else is making runs at this moment; try again when they are there")
    except OSError as error:
        raise UserError(f"runs are kept in {checkpoints_dir()}, which cannot be written ({error.strerror}); "
                        "set EARSHOT_CHECKPOINTS to a folder that can") from None
    with lock:
        yield
