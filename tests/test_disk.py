"""What takes room: sizes, and a cache that is cleared of what can be made again and of nothing else."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from core.cache import open_cache
from core.config import TrainConfig, cache_dir
from core.disk import DEMO, cache_parts, clear_cache, free_bytes, size_of
from core.facts import clip_facts
from core.runs import create_run


@pytest.fixture
def cache(isolated):
    return cache_dir()


def fill(cache, path: str, size: int = 1000, age: float = 3600):
    file = cache / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    os.utime(file, (time.time() - age,) * 2)
    return file


def test_sizes_by_kind(cache):
    assert {part.name: part.size for part in cache_parts()} == dict.fromkeys(
        ("Decoded clips", "Downloads", DEMO, "Facts of clips", "Attention heads"), 0)
    fill(cache, "waveforms/a-16000/waveforms.npy", 500)
    fill(cache, "waveforms/a-16000/facts.json", 20)
    fill(cache, "facts/x.json", 7)
    fill(cache, "demo-3/1/a.flac", 9)
    fill(cache, "downloads/x.part", 11)
    fill(cache, "heads/x.json", 5)
    fill(cache, "something-else/mine.wav")
    assert [part.size for part in cache_parts()] == [520, 11, 9, 7, 5]
    assert size_of(cache / "nowhere") == 0
    assert 0 < free_bytes(cache / "not" / "yet" / "made") < 2**60


def test_clearing_removes_what_can_be_made_again_and_nothing_else(cache, tiny_dataset):
    first = np.array(open_cache(tiny_dataset, 8000, 0.5).waveforms)
    clip_facts(tiny_dataset)
    mine = fill(cache, "something-else/mine.wav")
    pace = fill(cache, "pace.json")
    fill(cache, "demo-3/1/a.flac", 9)
    before = sum(part.size for part in cache_parts())
    cleared = clear_cache()
    assert cleared.freed == before > first.nbytes and not cleared.kept
    assert not any(part.size for part in cache_parts())
    assert mine.exists() and pace.exists() and not list((cache / "waveforms").iterdir())
    assert np.array_equal(open_cache(tiny_dataset, 8000, 0.5).waveforms, first)


def test_what_is_open_stays_readable_where_the_system_allows_it(cache, tiny_dataset):
    opened = open_cache(tiny_dataset, 8000, 0.5)
    before = np.array(opened.waveforms)
    clear_cache()
    assert np.array_equal(opened.waveforms, before)


def test_what_another_process_builds_stays_and_what_a_dead_one_left_goes(cache):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    alive = fill(cache, f"waveforms/.a-16000.{os.getpid()}.0a1b2c3d/waveforms.npy").parent
    dead = fill(cache, f"waveforms/.a-16000.{ended.pid}.0a1b2c3d/waveforms.npy").parent
    writing = fill(cache, "downloads/x.part", age=1)
    torn = fill(cache, "downloads/y.part")
    cleared = clear_cache()
    assert set(cleared.kept) == {alive, writing}
    assert alive.exists() and writing.exists() and not dead.exists() and not torn.exists()


def test_demo_sounds_stay_while_a_run_may_decode_them(cache):
    sounds = fill(cache, "demo-3/1/a.flac")
    run = create_run(TrainConfig(), "r")
    assert clear_cache().kept == (cache / "demo-3",) and sounds.exists()
    run.write_status("stopped", progress=0, message="")
    assert not clear_cache().kept and not sounds.exists()


def test_what_cannot_be_removed_is_kept_whole_and_said(cache, monkeypatch):
    sounds = fill(cache, "demo-3/1/a.flac")

    def in_use(self, target):
        raise PermissionError(13, "in use")

    monkeypatch.setattr("pathlib.Path.rename", in_use)  # as Windows does while a file in the folder is open
    cleared = clear_cache()
    assert cleared.kept == (cache / "demo-3",) and cleared.freed == 0 and sounds.exists()
