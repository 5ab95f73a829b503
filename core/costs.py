"""What a training will cost, said before it starts: trainings and seconds on this machine. An estimate, not a promise.

The pace of a model is taken from trainings that were made here; where there is none, a trial of a few updates on noise
measures it in a process of its own (``python -m core.costs``) and is kept in :func:`core.config.cache_dir`.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from itertools import islice
from pathlib import Path

from core.config import ROOT, TrainConfig, cache_dir, checkpoints_dir, read_json
from core.devices import cpu_count, describe_device
from core.errors import UserError
from core.files import write_json
from core.plan import Plan, make_plan
from core.processes import end_with_parent, keep_memory
from core.run_folder import Run
from core.runs import list_runs, runs_stamp

EVALUATED = 1 / 3  # cost of a clip that is only evaluated: no backward pass, which is twice the forward one
START = 6.0  # s that a run needs before its first batch
RECENT = 30  # runs looked at for a pace
ALIKE = 3  # of them, those of one model whose middle pace counts: one that trained beside other work says too much
TRIAL_CLIPS, TRIAL_UPDATES, TRIAL_SECONDS = 16, 5, 6.0
_trials: dict[str, subprocess.Popen] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Cost:
    """``seconds`` is None as long as the pace of one of the models is not known; those are in ``unknown``. ``by_run`` has
    the seconds of each run by itself."""

    runs: int
    trainings: int
    seconds: float | None
    unknown: tuple[TrainConfig, ...] = ()
    by_run: tuple[float | None, ...] = ()


def estimate(plans: Sequence[Plan]) -> Cost:
    """The cost of several runs, one after the other on this machine."""
    alike = {_key(plan.config): plan.config for plan in plans}
    paces = {key: seconds_per_clip(config) for key, config in alike.items()}
    unknown = tuple(config for key, config in alike.items() if paces[key] is None)
    by_run = tuple(None if (pace := paces[_key(plan.config)]) is None else START + clips_heard(plan) * pace for plan in plans)
    return Cost(len(plans), sum(plan.trainings for plan in plans), None if unknown else sum(by_run), unknown, by_run)


def clips_heard(plan: Plan) -> float:
    """Clips a run trains on, times epochs; a clip that is only evaluated counts :data:`EVALUATED`."""
    trained = plan.clips_trained + EVALUATED * sum(len(split.validation) for split in plan.splits)
    tested = sum(len(split.validation) + len(split.test) for split in plan.splits)
    return plan.config.epochs * trained + EVALUATED * tested


def seconds_per_clip(config: TrainConfig) -> float | None:
    """Seconds that one training clip of one epoch costs here, or None where nobody knows yet.

    From the newest runs made here of the same model on clips of the same size, else from a trial.
    """
    wanted = _key(config)
    of_runs = (pace_of(run) for key, run in _made_here(checkpoints_dir(), runs_stamp()) if key == wanted)
    newest = list(islice(filter(None, of_runs), ALIKE))
    return statistics.median(newest) if newest else _read_trials().get(wanted)


@lru_cache(maxsize=1)
def _made_here(folder: Path, stamp: frozenset) -> tuple[tuple[str, Run], ...]:
    """The recent runs made on this machine, newest first, each with what its pace depends on; read again when one is made
    or says something new, because Train asks for the price of a dozen choices at once."""
    return tuple((_key(run.config), run) for run in list_runs()[:RECENT] if not run.shipped and not run.problem)


def pace_of(run: Run) -> float | None:
    """Seconds per clip in the last epochs of a run; None where they cannot be read, or its data is gone."""
    try:
        history = run.history()
        if history.empty:
            return None
        splits = {str(split.model_fold): split for split in _plan(run.config).splits}
    except UserError:
        return None
    paces = []
    for fold, rows in history[history["split"] == "train"].groupby("fold"):
        if fold in splits:
            clips = len(splits[fold].train) + EVALUATED * len(splits[fold].validation)
            paces.append(float(rows["seconds"].tail(5).median()) / clips)
    return statistics.median(paces) if paces else None


def start_trial(config: TrainConfig) -> bool:
    """Begin to measure a pace in a process of its own, unless it runs already; False when that has failed before.

    One at a time: while another is measured nothing begins, and the answer is to ask again.
    """
    key = _key(config)
    with _lock:
        if any(trial.poll() is None for trial in _trials.values()):
            return True
        if key not in _trials or _trials[key].poll() == 0:
            command = [sys.executable, "-m", "core.costs", json.dumps(config.to_dict())]
            _trials[key] = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL)
        return _trials[key].poll() in (None, 0)


def measure(config: TrainConfig) -> float:
    """Train a few updates on noise and keep the pace: seconds per clip. Imports torch.

    On a CPU the time one thread computes is counted, so that other work on the machine does not slow the estimate.
    """
    import numpy as np
    import torch

    from core.models import create_model
    from core.splits import Split
    from core.training import Cancelled, EpochEnd, fit_fold, pick_device

    clock, cores = time.perf_counter, 1
    if pick_device(config.device).type == "cpu":
        clock, cores = time.process_time, cpu_count()
        torch.set_num_threads(1)
    noise = np.random.default_rng(0).normal(0, 0.1, (TRIAL_CLIPS, config.num_samples)).astype(np.float16)
    everything = Split(1, tuple(range(TRIAL_CLIPS)), (), ())
    trial = config.replace(epochs=TRIAL_UPDATES, batch_size=TRIAL_CLIPS, select="last")  # an epoch is one update
    times = [clock()]

    def on_event(event) -> None:
        if isinstance(event, EpochEnd):
            times.append(clock())
            if len(times) > 2 and times[-1] - times[0] > TRIAL_SECONDS:
                raise Cancelled  # a slow model is known well enough by then

    model = create_model(config.model, 10, config.num_samples, config.sample_rate, config)
    with contextlib.suppress(Cancelled):
        fit_fold(model, noise, np.arange(TRIAL_CLIPS) % 10, everything, trial, num_classes=10, on_event=on_event)
    # the first update also pays for what happens once; several cores never share the work without loss
    pace = float(min(np.diff(times)[1:])) / TRIAL_CLIPS / cores**0.8
    keep_pace(config, pace)
    return pace


def keep_pace(config: TrainConfig, pace: float) -> None:
    """Remember a measured pace, in seconds per clip, for trainings of the same model on clips of the same size."""
    _trials_file().parent.mkdir(parents=True, exist_ok=True)
    write_json(_trials_file(), _read_trials() | {_key(config): round(pace, 6)})


def _key(config: TrainConfig) -> str:
    """What a pace depends on: model, clip size, device."""
    device = describe_device()["name"] if config.device == "auto" else f"{config.device} · {cpu_count()} cores"
    return f"{config.model} · {config.num_samples} samples at {config.sample_rate} Hz · {device} · {_torch_version()}"


@lru_cache(maxsize=1)
def _torch_version() -> str:
    return metadata.version("torch")


@lru_cache(maxsize=64)
def _plan(config: TrainConfig) -> Plan:
    return make_plan(config)


def _trials_file() -> Path:
    return cache_dir() / "pace.json"


def _read_trials() -> dict[str, float]:
    return read_json(_trials_file()) if _trials_file().exists() else {}


if __name__ == "__main__":
    end_with_parent()
    keep_memory()
    measure(TrainConfig.from_dict(json.loads(sys.argv[1])))
