"""What all parts of the stress test use: a place of their own, moments in a run's life, the measuring, the figures."""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from core.config import TrainConfig, cache_dir, read_json
from core.run_folder import Run
from core.runs import LAUNCHED

LIMIT = 10.0  # s in which everything must be right again
PATIENCE = 180.0  # s in which a tiny training must get to any of its moments
MARK = "EARSHOT_STRESS"  # in the environment of every process that comes out of this test
TINY = TrainConfig(dataset="demo", limit=5, model="cnn1d", protocol="kfold", folds=3, epochs=8, batch_size=8,
                   sample_rate=8_000, clip_seconds=0.5, final=True)


@dataclass
class Figures:
    """What the test found; ``wrong`` are the sentences that make it fail."""

    kills: int = 0
    server_kills: int = 0
    resumes: int = 0
    identical: int = 0
    cancels: int = 0
    files: int = 0
    unreadable: int = 0
    state_seconds: list[float] = field(default_factory=list)
    cancel_seconds: list[float] = field(default_factory=list)
    orphan_seconds: list[float] = field(default_factory=list)
    moments: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def check(self, good: bool, sentence: str) -> bool:
        if not good:
            self.wrong.append(sentence)
            print(f"  WRONG: {sentence}", flush=True)
        return good

    def within_limit(self, seconds: float | None, kept: list[float], what: str) -> None:
        """Keep how long something took; None: it did not happen in the time there was."""
        kept.append(LIMIT if seconds is None else seconds)
        self.check(seconds is not None and seconds <= LIMIT, f"{what} took longer than {LIMIT:g} s")


def seconds_until(condition: Callable[[], bool], limit: float = LIMIT, pause: float = 0.01) -> float | None:
    """How long it took to become true; None when it did not."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > limit:
            return None
        time.sleep(pause)  # other processes make it true; nothing announces it
    return time.monotonic() - started


# -- moments of a run's life, each a question asked again and again until it is yes ----------------------------------

def writing(name: str) -> Callable[[Run], bool]:
    """The temporary file of what ends with ``name`` stands there: the run writes it right now."""
    def now(run: Run) -> bool:
        with os.scandir(run.path) as files:
            return any(file.name.endswith(".tmp") and f"{name}." in file.name for file in files)
    return now


def after(seconds: float) -> Callable[[Run], bool]:
    begun: list[float] = []

    def now(run: Run) -> bool:
        begun.append(time.monotonic())
        return begun[-1] - begun[0] >= seconds
    return now


def says(words: str) -> Callable[[Run], bool]:
    def now(run: Run) -> bool:
        status = read_json(run.path / "status.json")
        return status["state"] == "running" and words in status["message"]
    return now


def decoding(run: Run) -> bool:
    place = cache_dir() / "waveforms"
    return place.is_dir() and any(path.name.startswith(".") for path in place.iterdir())


def between_folds() -> Callable[[Run], bool]:
    """One more fold's predictions are written, and its state to resume from is gone."""
    before: list[int] = []

    def now(run: Run) -> bool:
        before.append(len(run.checkpoints()))
        return before[-1] > before[0] and not any(run.path.glob("fold*.resume"))
    return now


def moments(chance: random.Random, life: float) -> dict[str, Callable[[], Callable[[Run], bool]]]:
    """Every kind of moment by name; each call makes a fresh one, whose random part is drawn anew."""
    return {
        "starting": lambda: after(chance.uniform(0, 0.6)),
        "decoding": lambda: decoding,
        "in an epoch": lambda: both(says("epoch"), after(chance.uniform(0, 0.3))),
        "writing history": lambda: writing("history.csv"),
        "writing a state": lambda: writing(".resume"),
        "writing weights": lambda: writing(".safetensors"),
        "writing predictions": lambda: writing("predictions.csv"),
        "writing the status": lambda: writing("status.json"),
        "between folds": between_folds,
        "writing the summary": lambda: either(writing("summary.json"), says("Summing up")),
        "at any time": lambda: after(chance.uniform(0, life)),
    }


def both(first, then) -> Callable[[Run], bool]:
    done: list[bool] = []

    def now(run: Run) -> bool:
        if not done and first(run):
            done.append(True)
        return bool(done) and then(run)
    return now


def either(one, other) -> Callable[[Run], bool]:
    return lambda run: one(run) or other(run)


def reached(run: Run, moment: Callable[[Run], bool]) -> bool:
    """Wait for the moment; False when the run ended before it came."""
    deadline, asked = time.monotonic() + PATIENCE, 0.0
    while not moment(run):
        if time.monotonic() - asked > 0.2:
            asked = time.monotonic()
            if run.state in ("finished", "failed", "stopped"):
                return False
            if asked > deadline:
                raise RuntimeError(f"{run.name} did not get there within {PATIENCE:g} s: {run.status}\n{run.log()}")
        time.sleep(0.0005)  # short enough to hit a moment between two writes of another process
    return True


# -- what must be true afterwards -------------------------------------------------------------------------------------

def unreadable(run: Run, figures: Figures) -> None:
    """Read every file of a run as whoever uses it would; each that cannot be read is noted."""
    from safetensors import SafetensorError, safe_open

    for file in run.path.iterdir():
        if file.name.endswith(".tmp") or not file.is_file():
            continue  # what a killed process was writing; nobody reads it, and the next start removes it
        figures.files += 1
        try:
            if file.suffix in (".safetensors", ".resume"):
                with safe_open(file, framework="np") as tensors:
                    for name in tensors.keys():  # noqa: SIM118 (not a dict)
                        tensors.get_tensor(name)
            elif file.suffix == ".json":
                json.loads(file.read_text(encoding="utf-8"))
            elif file.name in ("history.csv", "predictions.csv"):
                table = run.history() if file.name.startswith("history") else run.predictions()
                table.to_csv()
        except FileNotFoundError:
            continue  # a state that was removed meanwhile
        except (SafetensorError, ValueError, OSError) as error:
            figures.unreadable += 1
            figures.check(False, f"{run.name}/{file.name} cannot be read: {error}")
    figures.check(not run.problem, f"{run.name}: {run.problem}")


def results(run: Run) -> dict[str, bytes]:
    """What must be equal to the byte between a run that was disturbed and one that was not."""
    files = {file.name: file.read_bytes() for file in run.path.glob("*.safetensors")}
    history = run.history().drop(columns="seconds").to_csv().encode()
    return files | {"history": history, "predictions": (run.path / "predictions.csv").read_bytes()}


def finish(run: Run, reference: dict[str, bytes], resumes: int, figures: Figures) -> None:
    """Wait for the end of a run that was resumed so many times, and hold it against the undisturbed one."""
    ended = seconds_until(lambda: run.state in ("finished", "failed", "interrupted", "stopped"), PATIENCE, 0.1)
    figures.check(ended is not None and run.state == "finished", f"{run.name} did not finish: {run.status}\n{run.log()}")
    unreadable(run, figures)
    figures.resumes += resumes
    ours = results(run) if run.state == "finished" else {}
    other = [name for name in reference if ours.get(name) != reference[name]]
    figures.identical += 0 if other else resumes
    figures.check(not other, f"{run.name} did not end as the run that nothing disturbed: {', '.join(other)} differ")
    left = [file.name for file in run.path.iterdir() if file.name.endswith((".tmp", ".resume")) or file.name == ".cancel"]
    figures.check(not left, f"{run.name} left {', '.join(left)}")
    figures.check("Traceback" not in run.log(), f"there is a traceback in the log of {run.name}:\n{run.log()}")


def family(*, trainings: bool = True) -> Iterator[psutil.Process]:
    """Every process that comes out of this test and still lives, but for this one; ``trainings``: also those of runs."""
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            environment = process.environ()
            if environment.get(MARK) == os.environ[MARK] and (trainings or LAUNCHED not in environment):
                yield process
        except psutil.Error:
            continue


def no_orphan(figures: Figures, what: str, *, trainings: bool = True) -> None:
    """Nobody is left of what was killed; ``trainings`` false: but for those, which live on."""
    left: list[str] = []

    def nobody() -> bool:
        names = [name for process in family(trainings=trainings) if (name := _command(process))]
        left[:] = names or left  # the last that were seen
        return not names

    took = seconds_until(nobody, pause=0.05)
    figures.within_limit(took, figures.orphan_seconds, f"ending the orphans of {what} ({'; '.join(left)})")
    if left:
        print(f"    orphans gone after {LIMIT if took is None else took:.2f} s: {'; '.join(left)}", flush=True)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()[1:5])[:80]
    except psutil.Error:
        return ""


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def forget_decoded() -> None:
    """The next run decodes all clips again."""
    for name in ("waveforms", "facts"):
        shutil.rmtree(cache_dir() / name, ignore_errors=True)
