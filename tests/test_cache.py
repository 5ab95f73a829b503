"""The decoded cache: right samples, built once, never half, rebuilt when a file changes."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

import core.facts
from core.audio import load_waveform
from core.cache import open_cache
from core.config import ROOT
from core.datasets import load_dataset
from core.errors import NotNow, UserError

RATE, SECONDS = 4_000, 0.5


def test_the_waveforms_are_those_of_the_files(tiny_dataset, isolated):
    seen = []
    cache = open_cache(tiny_dataset, RATE, SECONDS, lambda done, total: seen.append((done, total)))
    assert cache.waveforms.shape == (30, 2000) and cache.waveforms.dtype == np.float16
    assert seen == [(done, 30) for done in range(1, 31)] and not cache.unreadable
    for index in (0, 17, 29):
        path = tiny_dataset.path_of(tiny_dataset.clips[index])
        assert np.allclose(cache.waveforms[index], load_waveform(path, RATE, 2000), atol=1e-3)
        assert cache.hashes[index] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_later_no_sound_is_opened(tiny_dataset, isolated, monkeypatch):
    first = open_cache(tiny_dataset, RATE, SECONDS)

    def forbidden(*_):
        raise AssertionError("a sound file was opened")

    monkeypatch.setattr(core.facts, "examine_clip", forbidden)
    monkeypatch.setattr("core.decoder_pool.pool.ask", forbidden)
    monkeypatch.setattr("pathlib.Path.read_bytes", forbidden)
    again = open_cache(tiny_dataset, RATE, SECONDS, forbidden)
    assert np.array_equal(again.waveforms, first.waveforms) and again.fingerprint == first.fingerprint
    assert core.facts.clip_facts(tiny_dataset) == first.facts
    with pytest.raises(AssertionError):
        open_cache(tiny_dataset, RATE, 2 * SECONDS)


def test_what_could_not_be_read_is_tried_again_in_another_process(tiny_dataset, isolated, monkeypatch):
    lost = tiny_dataset.path_of(tiny_dataset.clips[3])
    read = core.facts.read_audio

    def refuse(path, *part):
        if path == lost:
            raise UserError(f"{path.name} needs what is not installed yet")
        return read(path, *part)

    with monkeypatch.context() as patch:
        patch.setattr(core.facts, "read_audio", refuse)
        before = open_cache(tiny_dataset, RATE, SECONDS)
        assert list(before.unreadable) == [tiny_dataset.clips[3].path] and not before.waveforms[3].any()
        assert open_cache(tiny_dataset, RATE, SECONDS).unreadable == before.unreadable
    assert core.facts.clip_facts(tiny_dataset)[3].error, "once in a process is enough"
    monkeypatch.setattr(core.facts, "_tried_again", set())  # as another process begins
    after = open_cache(tiny_dataset, RATE, SECONDS)
    assert not after.unreadable and after.waveforms[3].any() and after.fingerprint == before.fingerprint
    assert not core.facts.clip_facts(tiny_dataset)[3].error


def test_a_decoder_that_cannot_start_is_no_fact_of_the_clips(tiny_dataset, isolated, monkeypatch):
    def refuse(*_):
        raise NotNow("sounds cannot be read now")

    with monkeypatch.context() as patch:
        patch.setattr(core.facts, "read_audio", refuse)
        with pytest.raises(UserError, match="cannot be read now"):
            open_cache(tiny_dataset, RATE, SECONDS)
    assert not open_cache(tiny_dataset, RATE, SECONDS).unreadable


def test_a_changed_file_is_decoded_again(tiny_dataset, isolated):
    before = open_cache(tiny_dataset, RATE, SECONDS)
    path = tiny_dataset.path_of(tiny_dataset.clips[3])
    status = path.stat()
    waveform, rate = soundfile.read(path)
    soundfile.write(path, -waveform, rate)
    assert path.stat().st_size == status.st_size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
    after = open_cache(tiny_dataset, RATE, SECONDS)
    assert np.allclose(after.waveforms[3], -before.waveforms[3], atol=2e-3) and after.fingerprint != before.fingerprint


def test_the_fingerprint_is_of_content_not_of_place(tiny_folder, isolated):
    here = open_cache(load_dataset(str(tiny_folder)), RATE, SECONDS).fingerprint
    moved = tiny_folder.rename(tiny_folder.with_name("moved"))
    assert open_cache(load_dataset(str(moved)), 2 * RATE, SECONDS).fingerprint == here


def test_what_cannot_be_read_is_zeros_and_a_sentence(tiny_dataset, isolated):
    for index, content in ((2, b"text"), (5, b"")):
        tiny_dataset.path_of(tiny_dataset.clips[index]).write_bytes(content)
    tiny_dataset.path_of(tiny_dataset.clips[9]).unlink()
    cache = open_cache(tiny_dataset, RATE, SECONDS)
    assert set(cache.unreadable) == {tiny_dataset.clips[index].path for index in (2, 5, 9)}
    assert all("\n" not in sentence and tiny_dataset.clips[i].name in sentence
               for i, sentence in zip((2, 5, 9), cache.unreadable.values(), strict=True))
    assert not cache.waveforms[[2, 5, 9]].any() and cache.waveforms[3].any()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_under_the_name_of_a_sound_is_a_sentence(tiny_dataset, isolated):
    pipe = tiny_dataset.path_of(tiny_dataset.clips[4])
    pipe.unlink()
    os.mkfifo(pipe)
    cache = open_cache(tiny_dataset, RATE, SECONDS)
    assert list(cache.unreadable) == [tiny_dataset.clips[4].path] and "is no file" in cache.facts[4].error


def test_samples_beyond_float16_are_held_back(tiny_dataset, isolated):
    path = tiny_dataset.path_of(tiny_dataset.clips[0])
    loud = np.tile([65_000.0, 65_000.0, -65_000.0, -65_000.0], 1000).astype(np.float32)
    soundfile.write(path, loud, 8_000, subtype="FLOAT")
    assert np.isfinite(open_cache(tiny_dataset, 11_025, SECONDS).waveforms).all()


def test_parts_of_one_file(tmp_path, isolated):
    soundfile.write(tmp_path / "long.wav", np.arange(8_000) / 8_000, 8_000, subtype="FLOAT")
    (tmp_path / "metadata.csv").write_text("path,label,start,end\nlong.wav,a,0,0.25\nlong.wav,b,0.5,0.75\n")
    cache = open_cache(load_dataset(str(tmp_path)), 8_000, 0.25)
    assert cache.waveforms[0][0] == 0 and cache.waveforms[1][0] == 0.5


def test_a_build_that_is_stopped_leaves_nothing(tiny_dataset, isolated):
    def stop(done, total):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_cache(tiny_dataset, RATE, SECONDS, stop)
    assert list((isolated / "cache" / "waveforms").iterdir()) == []
    assert open_cache(tiny_dataset, RATE, SECONDS).waveforms.any()


def test_a_damaged_cache_is_built_again(tiny_dataset, isolated):
    open_cache(tiny_dataset, RATE, SECONDS)
    [folder] = (isolated / "cache" / "waveforms").iterdir()
    (folder / "waveforms.npy").write_bytes(b"half of")
    assert open_cache(tiny_dataset, RATE, SECONDS).waveforms.any()


def test_a_cache_that_cannot_be_kept_is_a_sentence(tiny_dataset, isolated, monkeypatch):
    (isolated / "file").write_bytes(b"")
    monkeypatch.setenv("EARSHOT_CACHE", str(isolated / "file"))
    with pytest.raises(UserError, match="EARSHOT_CACHE"):
        open_cache(tiny_dataset, RATE, SECONDS)
    monkeypatch.setenv("EARSHOT_CACHE", str(isolated / "cache"))
    monkeypatch.setattr("core.cache.shutil.disk_usage", lambda place: type("Usage", (), {"free": 1000}))
    with pytest.raises(UserError, match="are free"):
        open_cache(tiny_dataset, RATE, SECONDS)


BUILD = f"""
import sys
from core.cache import open_cache
from core.config import ROOT
from core.datasets import load_dataset
cache = open_cache(load_dataset(sys.argv[1]), {RATE}, {SECONDS})
print(cache.fingerprint, float(abs(cache.waveforms.astype("float32")).sum()))
"""


def test_two_processes_build_at_once(tiny_folder, isolated):
    # plain processes: multiprocessing would run the __main__ that an AppTest left behind
    processes = [subprocess.Popen([sys.executable, "-c", BUILD, str(tiny_folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
                 for _ in range(2)]
    results = [process.communicate(timeout=180)[0].split() for process in processes]
    assert results[0] == results[1] and float(results[0][1]) > 0
    assert len(list((isolated / "cache" / "waveforms").iterdir())) == 1
