"""Only one process compiles librosa at a time: two at once leave files with which a third crashes."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core import librosa_guard
from core.config import ROOT
from core.librosa_guard import COMPILED, import_librosa
from core.processes import SystemLock
from tests.conftest import until


@pytest.fixture
def not_imported(monkeypatch, tmp_path) -> list[str]:
    """As in a process that has none of it yet; what is imported then, in order."""
    imported = []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(librosa_guard, "COMPILED", ("made_up_part",))
    monkeypatch.setattr(librosa_guard.importlib, "import_module",
                        lambda name: imported.append(name) or sys.modules.get(name) or __import__("librosa"))
    return imported


def test_who_comes_second_waits_until_the_first_has_compiled(not_imported, tmp_path, monkeypatch):
    first, asked, ask = SystemLock(tmp_path / "librosa.lock"), [], SystemLock.try_acquire
    assert first.try_acquire()
    monkeypatch.setattr(SystemLock, "try_acquire", lambda lock: asked.append(lock) or ask(lock))
    second = threading.Thread(target=import_librosa)
    second.start()
    until(lambda: len(asked) > 3, "the second asks again and again")
    assert not_imported == ["librosa"]
    first.release()
    second.join(60)
    assert not_imported == ["librosa", "made_up_part"]
    assert first.try_acquire(), "and lets go of it"


def test_a_lock_that_is_never_released_and_a_folder_that_cannot_be_written_do_not_stop_it(not_imported, tmp_path, monkeypatch):
    monkeypatch.setattr(librosa_guard, "PATIENCE", 0.0)
    with SystemLock(tmp_path / "librosa.lock") as hanging:
        assert hanging.try_acquire()
        import_librosa()
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "folder"))
    import_librosa()
    assert not_imported.count("made_up_part") == 2


def test_what_is_imported_already_asks_for_no_lock(monkeypatch):
    import_librosa()
    monkeypatch.setattr(librosa_guard, "SystemLock", lambda path: pytest.fail("a lock for nothing"))
    assert import_librosa("librosa.util.utils") is import_librosa()


def test_all_parts_with_such_functions_that_a_view_of_a_clip_needs_are_imported_under_the_lock():
    """``guvectorize`` is what crashes: every module of librosa that the views load and that has one is among ours."""
    code = ("import numpy as np, sys; from core.features import FEATURES, feature; from core.spectrogram import spectrogram;"
            "sound = np.ones(4_000, np.float32); spectrogram(sound, 8_000); [feature(name, sound, 8_000) for name in FEATURES];"
            "print(*(f'{name}={module.__file__}' for name, module in sys.modules.items() if name.startswith('librosa.')))")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ)
    loaded = dict(pair.split("=") for pair in run.stdout.split())
    compiling = {name for name, file in loaded.items() if "guvectorize(" in Path(file).read_text(encoding="utf-8")}
    assert compiling == set(COMPILED)
