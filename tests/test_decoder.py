"""The decoder children: what kills one costs one sentence, and the next file is read as if nothing had been."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
import soundfile

from core import decoder_pool, limits
from core.audio import audio_info, read_audio
from core.config import ROOT
from core.errors import NotNow, UserError

RATE = 8_000
TONE = 0.5 * np.sin(np.arange(RATE) / 5).astype(np.float32)

# stands before the real soundfile in the child alone: a decoder that obeys what a hostile file tells it
SABOTEUR = '''
import ctypes, importlib, os, sys, time
here = sys.path.index(os.environ["SABOTEUR"])
sys.path.pop(here)
del sys.modules["soundfile"]
real = importlib.import_module("soundfile")


class SoundFile(real.SoundFile):
    def __init__(self, target):
        content = target.getvalue() if hasattr(target, "getvalue") else open(target, "rb").read()
        if b"CRASH" in content:
            ctypes.string_at(0)
        if b"HANG" in content:
            open(os.environ["SABOTEUR"] + "/hanging", "w").close()
            time.sleep(3600)  # a decoder that hangs: the pool must end it, or the test fails
        if b"EAT" in content:
            self.eaten = bytes(2**29)
        if b"PRINT" in content:
            os.write(1, b"noise" * 1000)
            print("noise", flush=True)
        if b"BUG" in content:
            raise AssertionError("nobody expects this")
        if b"SLOW" in content:
            time.sleep(0.3)
        super().__init__(target)


real.SoundFile = SoundFile
sys.modules["soundfile"] = real
'''


@pytest.fixture
def fresh(monkeypatch):
    """A pool of its own, and no other children."""
    decoder_pool.pool.close()
    pool = decoder_pool.DecoderPool()
    monkeypatch.setattr(decoder_pool, "pool", pool)
    yield pool
    pool.close()


@pytest.fixture
def sabotaged(fresh, tmp_path, monkeypatch):
    """Children with a decoder that can be told to misbehave; returns a writer of such files."""
    folder = tmp_path / "saboteur"
    folder.mkdir()
    (folder / "soundfile.py").write_text(SABOTEUR)
    monkeypatch.setenv("SABOTEUR", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))

    def file(what: str):
        path = tmp_path / f"{what.lower()}.wav"
        soundfile.write(path, TONE, RATE)
        path.write_bytes(path.read_bytes() + what.encode())
        return path
    return file


def children() -> list[psutil.Process]:
    """Those that live; what other tests left uncollected has no command line."""
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "core.decoder" in child.cmdline()]


def still_reads(path) -> bool:
    return np.allclose(read_audio(path)[0], TONE, atol=1e-4) and audio_info(path).sample_rate == RATE


@pytest.mark.parametrize(("what", "words"), [
    ("CRASH", "made the decoder crash"), ("BUG", "made the decoder crash"),
    ("EAT", "takes more than 256 MB of memory to decode"), ("HANG", "took more than 1 s to decode"),
])
def test_what_a_file_does_to_the_decoder_is_one_sentence(sabotaged, monkeypatch, what, words):
    if what == "EAT" and sys.platform != "linux":
        pytest.skip("only Linux limits a process's memory")
    monkeypatch.setenv("EARSHOT_DECODER_MB", "256")
    good, bad = sabotaged("GOOD"), sabotaged(what)
    assert still_reads(good)
    if what == "HANG":
        monkeypatch.setenv("EARSHOT_DECODE_SECONDS", "1")
    for source in (bad, bad.read_bytes()):
        with pytest.raises(UserError, match=words) as caught:
            read_audio(source)
        assert "\n" not in str(caught.value) and str(caught.value).startswith(bad.name if source == bad else "this sound")
        assert still_reads(good)
    with pytest.raises(UserError, match=words):
        audio_info(bad)
    assert still_reads(good)


def test_a_decoder_that_prints_disturbs_nobody(sabotaged):
    assert still_reads(sabotaged("PRINT"))


def test_a_child_killed_while_idle_or_at_work_costs_nothing(sabotaged):
    slow, good = sabotaged("SLOW"), sabotaged("GOOD")
    assert still_reads(good)
    [child] = children()
    child.kill()
    assert still_reads(good)
    [child] = children()
    killer = threading.Timer(0.1, child.kill)
    killer.start()
    assert still_reads(slow)
    killer.join()
    assert child not in children() and len(children()) == 1


def test_threads_share_the_children_and_get_their_own_sounds(fresh, tmp_path):
    sounds = [np.full(100 + 50_000 * (i % 3), i / 20, dtype=np.float32) for i in range(12)]
    for i, sound in enumerate(sounds):
        soundfile.write(tmp_path / f"{i}.wav", sound, RATE, subtype="FLOAT")
    found = [[] for _ in sounds]

    def read(i: int) -> None:
        for _ in range(5):
            found[i].append(np.array_equal(read_audio(tmp_path / f"{i}.wav")[0], sounds[i]))

    threads = [threading.Thread(target=read, args=(i,)) for i in range(len(sounds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert found == [[True] * 5] * len(sounds)
    assert 1 <= len(children()) <= decoder_pool.CHILDREN


def test_the_child_holds_no_torch_and_no_screen(fresh, tmp_path):
    code = "import sys, core.decoder, core.formats; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"torch", "streamlit", "pandas", "librosa"} & set(eval(loaded))


PARENT = """
import sys, time
from core import decoder_pool
from core.audio import read_audio
try:
    read_audio(sys.argv[1])
except Exception:
    pass
print(decoder_pool.pool._idle[0]._process.pid, flush=True)
read_audio(sys.argv[2])
"""


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be killed by a signal there")
def test_no_child_outlives_its_parent(sabotaged, tmp_path):
    """The parent is killed while its child is busy."""
    good, hang = sabotaged("GOOD"), sabotaged("HANG")
    path = os.pathsep.join((str(ROOT), os.environ["PYTHONPATH"]))
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(good), str(hang)], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": path})
    child = psutil.Process(int(parent.stdout.readline()))
    until((tmp_path / "saboteur" / "hanging").exists)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def until(true) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_children_of_its_own(tmp_path):
    code = f"""
import os, sys
from core.audio import read_audio
first = read_audio({str(tmp_path / "tone.wav")!r})[0]
pid = os.fork()
same = all((read_audio({str(tmp_path / "tone.wav")!r})[0] == first).all() for _ in range(20))
if not pid:
    os._exit(not same)
sys.exit(os.waitpid(pid, 0)[1] or not same)
"""
    soundfile.write(tmp_path / "tone.wav", TONE, RATE)
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_a_decoder_that_cannot_start_is_not_the_files_fault(fresh, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "tone.wav", TONE, RATE)
    (tmp_path / "numpy.py").write_text("raise SystemExit(3)")
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(NotNow, match="sounds cannot be read now") as caught:
            read_audio(tmp_path / "tone.wav")
        assert "tone.wav" not in str(caught.value)
        patch.setattr(sys, "executable", str(tmp_path / "no python"))
        with pytest.raises(NotNow, match="could not be started"):
            read_audio(tmp_path / "tone.wav")
    assert still_reads(tmp_path / "tone.wav")


@pytest.mark.parametrize("limit", limits.LIMITS, ids=lambda limit: limit.variable)
def test_a_limit_that_is_nonsense_is_refused_in_a_sentence(limit, monkeypatch):
    monkeypatch.delenv(limit.variable, raising=False)
    assert limit() == limit.default and limit.low <= limit.default <= limit.high and limit.help
    for good in (limit.low, limit.high):
        monkeypatch.setenv(limit.variable, f" {good} ")
        assert limit() == good
    for bad in ("many", "-1", "0", "1.5", "1e3", str(limit.high + 1), "9" * 5000, "²"):
        monkeypatch.setenv(limit.variable, bad)
        with pytest.raises(UserError, match=rf"{limit.variable} expects a whole number of .* from .* to .*, found") as caught:
            limit()
        assert len(str(caught.value)) < 250


def test_limits_are_in_force(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "tone.wav", np.zeros(2**20), RATE)
    monkeypatch.setenv("EARSHOT_MAX_UPLOAD_MB", "1")
    assert len(read_audio(tmp_path / "tone.wav")[0]) == 2**20
    with pytest.raises(UserError, match=r"has 2 MB.*EARSHOT_MAX_UPLOAD_MB"):
        read_audio((tmp_path / "tone.wav").read_bytes())
    monkeypatch.setenv("EARSHOT_MAX_MINUTES", "2")
    with pytest.raises(UserError, match=r"longer than 2 minutes.*EARSHOT_MAX_MINUTES"):
        read_audio(tmp_path / "tone.wav")
    monkeypatch.setenv("EARSHOT_MAX_MINUTES", "an hour")
    with pytest.raises(UserError, match="EARSHOT_MAX_MINUTES expects"):
        read_audio(tmp_path / "tone.wav")


def test_the_server_takes_what_the_limit_may_allow():
    import tomllib

    server = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["server"]
    assert server["maxUploadSize"] >= limits.max_upload_mb.high
    assert server["address"] == "127.0.0.1" and server["enableXsrfProtection"]


def test_a_files_name_may_be_no_unicode_at_all(fresh, tmp_path):
    path = os.fsencode(tmp_path) + b"/no\xff unicode.wav"
    try:
        with open(path, "wb") as file:
            soundfile.write(file, TONE, RATE, format="WAV")
    except OSError:
        pytest.skip("this disk takes Unicode names only")
    assert still_reads(os.fsdecode(path))
    with open(path, "wb") as file:
        file.write(b"text")
    with pytest.raises(UserError, match="is not a sound") as caught:
        read_audio(os.fsdecode(path))
    assert str(caught.value).encode("utf-8").startswith("no\N{REPLACEMENT CHARACTER} unicode.wav".encode())
