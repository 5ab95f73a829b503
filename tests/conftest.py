"""What every test may use: a place of its own for runs and caches, a tiny data set, and the real ESC-10 where it is.

What takes seconds to import is imported in the fixtures: the process that only hands out the tests reads this file as well.
"""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.datasets import Dataset, available_datasets, load_dataset
from core.processes import start_detached
from tests.warm_start import WarmStart

TINY_RATE, TINY_SECONDS = 8_000, 0.5
DEADLINE = 120  # s, for a machine that is busy; a quiet one needs a few


@pytest.fixture(scope="session", autouse=True)
def _own_places(tmp_path_factory):
    """Nothing a test does touches the runs and caches of the person at this machine. One thread each, in processes that tests
    start too: several test processes with several threads each wait for each other most of the time."""
    import torch
    from streamlit.components.v2 import manifest_scanner

    torch.set_num_threads(1)
    gc.freeze()  # of what the libraries made nothing is garbage, and every collection would look at it
    gc.set_threshold(20_000, 20, 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARSHOT_THREADS", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        place = tmp_path_factory.mktemp("earshot")
        patch.setenv("EARSHOT_CHECKPOINTS", str(place / "checkpoints"))
        patch.setenv("EARSHOT_CACHE", str(place / "cache"))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("EARSHOT_NICE", "0")  # a training that gives way to the other tests would take minutes
        patch.setattr("core.demo._write", _knock)  # the demo sounds take half a minute; test_demo.py makes the real ones
        patch.setattr("os.fsync", lambda descriptor: None)  # no test pulls the plug
        # each AppTest asks every installed package anew whether it brings a component, which takes longer than most pages
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


def _knock(kind: str, source: int, take: int, path: Path) -> None:
    """Write a tenth of a second of noise in place of a demo sound."""
    path.write_bytes(_knocks(len(kind), source, take))


@cache
def _knocks(*seed: int) -> bytes:
    """A dozen tests ask for all four hundred."""
    file = BytesIO()
    soundfile.write(file, 0.1 * np.random.default_rng(seed).standard_normal(1_600), 16_000, subtype="PCM_16", format="FLAC")
    return file.getvalue()


@pytest.fixture
def isolated(tmp_path, monkeypatch) -> Path:
    """A fresh folder with ``checkpoints``, ``cache`` and ``data`` of its own, which the environment points to."""
    for name in ("checkpoints", "cache", "data"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"EARSHOT_{name.upper()}", str(tmp_path / name))
    return tmp_path


@pytest.fixture
def own_data(isolated, monkeypatch) -> Path:
    """An empty folder for what is fetched or uploaded."""
    monkeypatch.setenv("EARSHOT_OWN_DATA", str(isolated / "own"))
    return isolated / "own"


@pytest.fixture(scope="session")
def warm_start(_own_places) -> Iterator[Callable[..., int]]:
    """Starts the process of a run or a study as ``core.runs`` does, but within milliseconds, and with the model of
    ``tiny_model``. Only Linux forks safely with all those libraries in memory; elsewhere it is the real start."""
    if sys.platform != "linux":
        yield start_detached
        return
    start = WarmStart("tests.tiny_model:stand_for_cnn1d")
    yield start
    start.close()


@pytest.fixture(scope="session")
def esc10() -> Path:
    """The folder of the real ESC-10 clips, from ``EARSHOT_DATA``, ``data/`` or the shared folder."""
    if "ESC-10" not in available_datasets():
        pytest.skip("ESC-10 is not on this machine: set EARSHOT_DATA to the folder that contains it")
    return load_dataset("ESC-10").root


@pytest.fixture
def tiny_folder(tmp_path) -> Path:
    """A folder ``tiny``: three classes, five folds, two clips of one source in each: 30 clips of half a second."""
    return write_tiny(tmp_path / "tiny")


@pytest.fixture
def tiny_dataset(tiny_folder) -> Dataset:
    """The clips of ``tiny_folder``; learnable, because each class has its own pitch."""
    return load_dataset(str(tiny_folder))


@pytest.fixture
def voices(isolated) -> Path:
    """A table in the data folder with the columns ``speaker`` (Ada, Max) and ``word``, none called ``label``: 20 clips
    in five folds."""
    root = isolated / "data" / "voices"
    write_tiny(root, ("one", "two"))
    files = sorted(root.glob("*/*.wav"))
    rows = [f"{file.relative_to(root).as_posix()},{('Ada', 'Max')[number % 2]},{file.parent.name},"
            f"{file.name.split('-')[0]},{file.parent.name}-{number}" for number, file in enumerate(files)]
    (root / "metadata.csv").write_text("\n".join(["path,speaker,word,fold,source", *rows]), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def tiny_model():
    """In this module ``cnn1d`` is a :class:`TinyModel`, for trainings of which no test asks how well they listen. Of the
    processes that a test starts, only those of ``warm_start`` know it."""
    from core.models import MODELS
    from tests.tiny_model import stand_for_cnn1d

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "cnn1d", None)  # so that it is put back
        stand_for_cnn1d()
        yield


def until(condition: Callable, what: str):
    """Wait for another process to make ``condition()`` true; returns what it returned."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)  # it writes files; nothing announces it
    raise AssertionError(f"{what} did not happen within {DEADLINE} s")


def nothing_ahead() -> bool:
    """Whether no page makes anything ready ahead any more (``app/ahead.py``)."""
    return not any(thread.name == "ahead" for thread in threading.enumerate())


def write_tiny(root: Path, classes: tuple[str, ...] = ("001 - High", "002 - Low", "003 - Noise"), folds: int = 5,
               takes: str = "AB") -> Path:
    """Wav files named like ESC-10's: ``<class>/<fold>-<source>-<take>.wav``."""
    for name, content in _tiny(classes, folds, takes).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@cache
def _tiny(classes: tuple[str, ...], folds: int, takes: str) -> dict[str, bytes]:
    """The files of :func:`write_tiny`; hundreds of tests ask for the same."""
    random, files = np.random.default_rng(0), {}
    time = np.arange(round(TINY_RATE * TINY_SECONDS)) / TINY_RATE
    for number, name in enumerate(classes):
        for fold in range(1, folds + 1):
            pitch = (1800, 300, 0)[number % 3] * random.uniform(0.9, 1.1)
            for take in takes:
                noise = random.standard_normal(len(time)) * (0.02 if pitch else 0.3)
                waveform = 0.5 * np.sin(2 * np.pi * pitch * time) * bool(pitch) + noise
                file = BytesIO()
                soundfile.write(file, np.clip(waveform, -1, 1), TINY_RATE, format="WAV")
                files[f"{name}/{fold}-{100 * (number + 1) + fold}-{take}.wav"] = file.getvalue()
    return files


SLOW_FIRST = ("browser", "test_processes", "test_tuning", "app", "test_crossval", "test_faults", "test_training")


def pytest_xdist_make_scheduler(config, log):
    """Each file's tests stay in one process, and all browser tests together in one: two browsers with their servers at once
    are too much for a small machine."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list) -> None:
    """Files that take long are begun first, so that both processes end together (pyproject.toml keeps this order)."""
    def rank(item) -> int:
        parts = {item.path.stem, item.path.parent.name}
        return next((place for place, name in enumerate(SLOW_FIRST) if name in parts), len(SLOW_FIRST))

    items.sort(key=rank)
