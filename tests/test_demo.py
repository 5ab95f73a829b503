"""The demo sounds: ten learnable classes whose sources stay inside a fold, the same wherever they are made."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from core import demo, demo_sounds
from core.config import ROOT
from core.datasets import load_dataset
from core.errors import UserError
from core.splits import PROTOCOLS, leaks, make_splits

REAL = list(demo_sounds.SOUNDS)[1], 2010  # a class and one of its sources
WRITE = demo._write  # tests/conftest.py puts knocks in its place


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """The demo sounds; those of one source are the real ones, not the knocks that stand for all of them in other tests."""
    knock = demo._write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "_write", lambda *which: (WRITE if which[:2] == REAL else knock)(*which))
        patch.setenv("EARSHOT_CACHE", str(tmp_path_factory.mktemp("demo-cache")))
        yield load_dataset("demo")


def test_ten_classes_of_forty_clips_from_several_sources(dataset):
    assert dataset.name == "demo" and len(dataset.class_names) == 10 and dataset.folds == (1, 2, 3, 4, 5)
    assert np.bincount(dataset.targets).tolist() == [40] * 10
    assert all(len({clip.source for clip in dataset.clips if clip.label == name}) == 20 for name in dataset.class_names)
    assert leaks(dataset) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_works_on_it(dataset, protocol):
    assert make_splits(dataset, protocol)


def real_clip(dataset):
    return next(clip for clip in dataset.clips if (clip.label, int(clip.source)) == REAL)


def test_files_are_five_seconds_of_16_bit_flac(dataset):
    info = soundfile.info(str(dataset.path_of(real_clip(dataset))))
    assert (info.format, info.subtype, info.samplerate, info.duration) == ("FLAC", "PCM_16", 16_000, 5.0)


@pytest.mark.parametrize("kind", demo_sounds.SOUNDS)
def test_clips_are_sane_and_takes_differ(kind):
    first, second, other = (demo_sounds.demo_clip(kind, source, take) for source, take in ((7, 0), (7, 1), (8, 0)))
    for clip in (first, second, other):
        assert clip.shape == (demo_sounds.NUM_SAMPLES,) and np.isfinite(clip).all() and 0.1 < np.abs(clip).max() < 1
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.9 and abs(np.corrcoef(first, other)[0, 1]) < 0.9


def test_another_process_makes_the_same_sounds(dataset):
    clip, (kind, source) = real_clip(dataset), REAL
    take = "ABC".index(clip.name[-1])
    code = ("import sys, hashlib, numpy as np; from core.demo_sounds import demo_clip; "
            f"print(hashlib.sha256((demo_clip({kind!r}, {source}, {take}) * 32768).round().astype('i2')).hexdigest())")
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    here = (demo_sounds.demo_clip(kind, source, take) * 32768).round().astype("i2")
    assert hashlib.sha256(here).hexdigest() == printed.strip()
    kept, _ = soundfile.read(dataset.path_of(clip), dtype="int16")
    assert np.abs(kept.astype(int) - here).max() <= 1


def test_an_interrupted_generation_leaves_nothing(isolated, monkeypatch):
    def broken(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(demo, "_write", broken)
    with pytest.raises(UserError, match="EARSHOT_CACHE"):
        demo.demo_folder()
    assert list((isolated / "cache").iterdir()) == []
