"""A whole data set decoded once: float16 waveforms in a memory-mapped file, so that later no sound file is opened.

A cache's folder is named by what it was made from (paths, sizes, modification times) and for (sample rate, clip
length), so a changed file leads to a new one. It is built under a temporary name and renamed: another process sees
all of it or nothing, and of two that build at once the first to finish wins.
"""

import hashlib
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from core.audio import fit_length, resample
from core.clips import Dataset
from core.config import cache_dir
from core.errors import UserError
from core.facts import ClipFacts, Progress, clip_facts, dataset_key, examine_all, facts_from_json, facts_place, write_facts

UNUSED_DAYS = 30


@dataclass(frozen=True)
class WaveformCache:
    """Every clip of a data set, in its order."""

    dataset: Dataset
    sample_rate: int
    waveforms: np.memmap  # float16 (clips, samples); zeros where a clip cannot be read
    facts: list[ClipFacts]

    @property
    def hashes(self) -> list[str]:
        """SHA-256 of every clip's file."""
        return [fact.sha256 for fact in self.facts]

    @property
    def unreadable(self) -> dict[str, str]:
        """Path -> sentence for the clips that cannot be read."""
        return {clip.path: fact.error for clip, fact in zip(self.dataset.clips, self.facts, strict=True) if fact.error}

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the clips' content, labels and bounds: equal wherever the same data lies."""
        rows = [(clip.path, clip.label, clip.start, clip.end, fact.sha256)
                for clip, fact in zip(self.dataset.clips, self.facts, strict=True)]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def open_cache(dataset: Dataset, sample_rate: int, clip_seconds: float,
               on_progress: Progress | None = None) -> WaveformCache:
    """The data set at ``sample_rate`` Hz in clips of ``clip_seconds``; built when missing.

    ``on_progress(done, total)`` is called while building and may raise to stop it.
    """
    num_samples = round(sample_rate * clip_seconds)
    parent = cache_dir() / "waveforms"
    key = dataset_key(dataset, sample_rate, num_samples)
    folder = parent / f"{_slug(dataset.name)}-{sample_rate}-{num_samples}-{key}"
    cache = _existing(folder, dataset, sample_rate, num_samples)
    if cache is None or _more_can_be_read(cache):
        try:
            parent.mkdir(parents=True, exist_ok=True)
            _remove_unused(parent)
            _build(folder, dataset, sample_rate, num_samples, on_progress, instead=cache is not None)
        except OSError as error:
            raise UserError(f"the decoded clips could not be kept in {parent} ({error.strerror or error}); "
                            "set EARSHOT_CACHE to a folder with space") from None
        cache = _existing(folder, dataset, sample_rate, num_samples)
        if cache is None:
            raise UserError(f"the decoded clips in {folder} vanished while they were being opened; try again")
    return cache


def _more_can_be_read(cache: WaveformCache) -> bool:
    """Whether a clip that could not be read when the cache was built can be now."""
    return bool(cache.unreadable) and any(kept.error and not fact.error for kept, fact in
                                          zip(cache.facts, clip_facts(cache.dataset), strict=True))


def _existing(folder: Path, dataset: Dataset, sample_rate: int, num_samples: int) -> WaveformCache | None:
    """The cache in that folder; None when there is none or it is damaged."""
    try:
        facts = facts_from_json(json.loads((folder / "facts.json").read_text(encoding="utf-8")))
        waveforms = np.load(folder / "waveforms.npy", mmap_mode="r")
    except (OSError, ValueError, TypeError):
        return None
    with suppress(OSError):  # a cache that we may only read is still a cache
        os.utime(folder / "facts.json")
    if waveforms.shape != (len(dataset.clips), num_samples) or len(facts) != len(dataset.clips):
        return None
    return WaveformCache(dataset, sample_rate, waveforms, facts)


def _build(folder: Path, dataset: Dataset, sample_rate: int, num_samples: int, on_progress: Progress | None,
           instead: bool) -> None:
    shape = (len(dataset.clips), num_samples)
    needed, free = 2 * shape[0] * shape[1], shutil.disk_usage(folder.parent).free
    if needed > 0.95 * free:  # writing to a memory map on a full disk would kill the process
        raise UserError(f"{dataset.name} decoded at {sample_rate:,} Hz needs {needed / 1e9:.1f} GB in {folder.parent}, "
                        f"and {free / 1e9:.1f} GB are free; set EARSHOT_CACHE to a folder with more space")
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.{os.urandom(4).hex()}")
    temporary.mkdir()
    kept_facts = facts_place(dataset)  # named by the files as they are before decoding
    try:
        waveforms = np.lib.format.open_memmap(temporary / "waveforms.npy", mode="w+", dtype=np.float16, shape=shape)
        facts = []

        def fitted(waveform: np.ndarray, rate: int) -> np.ndarray:
            limit = np.finfo(np.float16).max
            return np.clip(fit_length(resample(waveform, rate, sample_rate), num_samples), -limit, limit)

        for index, fact, waveform, _ in examine_all(dataset, fitted, on_progress):
            facts.append(fact)
            if waveform is not None:
                waveforms[index] = waveform
        waveforms.flush()
        del waveforms
        write_facts(temporary / "facts.json", facts)
        write_facts(kept_facts, facts)
        if folder.exists() and (instead or _existing(folder, dataset, sample_rate, num_samples) is None):
            shutil.rmtree(folder)
        if not folder.exists():
            _rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rename(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.exists():  # otherwise another process was faster, and its cache is as good
            raise


def _remove_unused(parent: Path) -> None:
    """Make room: drop caches that were not opened for a month, and what a killed build left a day ago."""
    now = time.time()
    for folder in parent.iterdir():
        mark = folder / "facts.json"
        with suppress(FileNotFoundError):  # another process may be building or tidying here too
            used = (mark if mark.exists() else folder).stat().st_mtime
            if now - used > (1 if folder.name.startswith(".") else UNUSED_DAYS) * 86_400:
                shutil.rmtree(folder, ignore_errors=True)


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name)[:40]
