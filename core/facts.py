"""What one decoding of every clip tells: hashes, length, loudness, silence, clipping. Kept until a file changes."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core.audio import audio_info, clipped_share, peak_db, read_audio, rms_db, silence_share
from core.clips import Clip, Dataset
from core.config import cache_dir
from core.errors import NotNow, UserError
from core.files import write_text

VERSION = 1
THREADS = min(4, os.cpu_count() or 1)
_tried_again: set[Path] = set()  # places whose unreadable files this process has tried
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ClipFacts:
    """One clip as decoded at its own sample rate; where ``error`` is a sentence, the clip cannot be read.

    ``sha256`` is the file's, ``sound`` that of the decoded samples, so equal sounds in unlike files are found.
    """

    sha256: str = ""
    sound: str = ""
    sample_rate: int = 0
    channels: int = 0
    seconds: float = 0.0
    rms_db: float = float("-inf")
    peak_db: float = float("-inf")
    silence: float = 1.0
    clipped: float = 0.0
    error: str = ""


def clip_facts(dataset: Dataset, on_progress: Progress | None = None) -> list[ClipFacts]:
    """Facts of every clip in order; decodes the data set only when a file is new or has changed.

    Files that could not be read are tried again once in every process: what was missing (PyAV, memory, time, a larger
    limit) may be there now.
    """
    place = facts_place(dataset)
    try:
        kept = facts_from_json(json.loads(place.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        kept = []
    good = {index: fact for index, fact in enumerate(kept) if place in _tried_again or not fact.error}
    _tried_again.add(place)
    wanted = [index for index in range(len(dataset.clips)) if index not in good]
    if not wanted:
        return kept
    some = replace(dataset, clips=tuple(dataset.clips[index] for index in wanted))
    good |= {wanted[at]: fact for at, fact, _, _ in examine_all(some, lambda waveform, rate: None, on_progress)}
    facts = [good[index] for index in range(len(dataset.clips))]
    if facts != kept:
        with suppress(OSError):  # nowhere to keep them: they are decoded again next time
            write_facts(place, facts)
    return facts


def facts_place(dataset: Dataset) -> Path:
    """The file that keeps the facts of the data set as its files are now."""
    return cache_dir() / "facts" / f"{dataset_key(dataset)}.json"


def examine_all(dataset: Dataset, use: Callable[[np.ndarray, int], object], on_progress: Progress | None = None,
                ) -> Iterator[tuple[int, ClipFacts, object, Clip]]:
    """Decode every clip once, a few at a time, in order: index, facts, what ``use(waveform, rate)`` made of it, clip.

    What cannot be read has its sentence in the facts and None from ``use``.
    """
    def examine(clip: Clip):
        facts, waveform, rate = examine_clip(dataset.path_of(clip), clip.start, clip.end)
        return facts, None if waveform is None else use(waveform, rate)

    pool = ThreadPoolExecutor(THREADS)
    try:
        pending, ahead = [], iter(dataset.clips)
        for index, clip in enumerate(dataset.clips):
            while len(pending) < 4 * THREADS and (upcoming := next(ahead, None)) is not None:
                pending.append(pool.submit(examine, upcoming))
            facts, made = pending.pop(0).result()
            yield index, facts, made, clip
            if on_progress:
                on_progress(index + 1, len(dataset.clips))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def examine_clip(path: Path, start: float | None, end: float | None) -> tuple[ClipFacts, np.ndarray | None, int]:
    """Facts, mono waveform and sample rate of one clip; the waveform is None when it cannot be read.

    Raises :class:`NotNow` where no sound can be read at the moment: that is no fact of this one.
    """
    digest = ""
    try:
        digest = _digest(path)
        waveform, rate = read_audio(path, start, end)
        channels = audio_info(path).channels
    except NotNow:
        raise
    except (UserError, OSError) as error:
        return ClipFacts(sha256=digest, error=_sentence(path, error)), None, 0
    sound = hashlib.sha256(f"{rate} ".encode())
    sound.update(waveform.data)  # in place: an hour of it is 700 MB
    facts = ClipFacts(
        sha256=digest, sound=sound.hexdigest(), sample_rate=rate,
        channels=channels, seconds=len(waveform) / rate, rms_db=rms_db(waveform), peak_db=peak_db(waveform),
        silence=silence_share(waveform, rate), clipped=clipped_share(waveform))
    return facts, waveform, rate


def _digest(path: Path) -> str:
    """SHA-256 of a file, read in blocks. A pipe or a device under the name of a sound is refused: reading one may never end."""
    if path.exists() and not path.is_file():
        raise UserError(f"{path.name} is no file: expected a sound, found a folder, a pipe or a device")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dataset_key(dataset: Dataset, *settings: object) -> str:
    """A name that changes with the files (path, size, modification time), the clips' bounds and the settings."""
    stamps = {path: _stamp(dataset.root / path) for path in {clip.path for clip in dataset.clips}}
    rows = [(clip.path, clip.start, clip.end, *stamps[clip.path]) for clip in dataset.clips]
    text = json.dumps([VERSION, str(dataset.root.resolve()), settings, rows])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def write_facts(place: Path, facts: list[ClipFacts]) -> None:
    """Written whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    write_text(place, json.dumps([asdict(fact) for fact in facts]))


def facts_from_json(rows: list[dict]) -> list[ClipFacts]:
    return [ClipFacts(**row) for row in rows]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _sentence(path: Path, error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f"{path.name} is not there"
    return f"{path.name} could not be opened: {getattr(error, 'strerror', None) or error}"
