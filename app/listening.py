"""What the page Listen inside asks for, kept so that it is computed once: sounds, models, answers, explanations.

Everything is keyed by content: a file by its path, time and size, an upload by the digest of its bytes.
Nothing that comes out may be changed in place: every session sees the same object.
"""

import hashlib
import io
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app.background import Job, Report
from app.state import clip_audio, clip_info, current_dataset, current_label, dataset_named, ogg_file, write_ogg
from core.clips import Clip, Dataset
from core.errors import UserError
from core.predict import Explanation, Prediction, explain, load_predictor, predict
from core.recordings import Recording, explain_stretch, listen_through, read_clip, sound_info
from core.run_folder import Run
from core.runs import list_runs, resolve_checkpoint
from core.spectrogram import envelope

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint


LONG_SECONDS = 60.0  # a longer sound is heard piece by piece, in the background
OUTLINE_POINTS = 1_200


@dataclass(frozen=True)
class Sound:
    """A sound somebody chose to listen into; ``key`` tells it from every other.

    A long one has no ``waveform``: its windows are read from ``source``, a file or a file's bytes, when they are wanted.
    """

    key: str
    name: str
    seconds: float
    sample_rate: int
    waveform: np.ndarray | None = field(repr=False)
    source: Path | bytes | None = field(default=None, repr=False)
    clip: Clip | None = None

    @property
    def is_long(self) -> bool:
        return self.waveform is None


@dataclass(frozen=True)
class Heard:
    """A long sound after the model went through it: its answer, its outline, and a small copy of it to be played."""

    recording: Recording
    copy: bytes = field(repr=False)  # Ogg Vorbis, mono, at the model's rate


def sound_of_bytes(name: str, data: bytes) -> Sound:
    """An uploaded or recorded file; :class:`~core.errors.UserError` when it cannot be read."""
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    return _sound(digest, shown_name(name), data)


def sound_of_file(path: str) -> Sound:
    """A file on this machine; :class:`~core.errors.UserError` when it cannot be read."""
    return _sound(f"{path}|{_stamp(Path(path))}", shown_name(path), Path(path))


def sound_of_clip(dataset: Dataset, clip: Clip) -> Sound:
    """A clip of a data set; :class:`~core.errors.UserError` when it cannot be read."""
    waveform, rate = clip_audio(dataset, clip)
    key = f"{dataset.root}|{clip.key}|{_stamp(dataset.path_of(clip))}"
    return Sound(key, clip.name, len(waveform) / rate, rate, waveform, clip=clip)


def shown_name(name: str) -> str:
    """The last part of a file's name, without marks that turn the writing around or break the line."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2] or "this sound"
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in last)


def _sound(key: str, name: str, source: Path | bytes) -> Sound:
    seconds, rate = _length(key, name, source)
    if seconds > LONG_SECONDS:
        return Sound(key, name, seconds, rate, None, source)
    waveform, rate = _decoded(key, name, source)
    return Sound(key, name, len(waveform) / rate, rate, waveform, source)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size


def dataset_for(run: Run) -> Dataset:
    """The chosen data set; where it is the table the run learned from, with the classes the run took from it."""
    dataset, config = current_dataset(), run.config
    if dataset.layout != "table" or config.label == current_label():
        return dataset
    try:
        own = dataset_named(config.dataset, config.label, config.sources)
    except UserError:
        return dataset
    return own if (own.root, own.name, own.layout) == (dataset.root, dataset.name, dataset.layout) else dataset


def trained_runs() -> list[Run]:
    """Runs with weights of at least one fold, newest first."""
    return [run for run in list_runs() if not run.problem and run.checkpoints()]


def best_run(runs: list[Run]) -> Run:
    """The run the command line would take too: the best one that came with Earshot, else the best made here."""
    folder = resolve_checkpoint(None).parent if any(run.summary for run in runs) else None
    return next((run for run in runs if run.path == folder), runs[0])


def answer(weights: Path, sound: Sound) -> Prediction:
    """The answer of the model in ``weights`` for a sound that is not long."""
    return _answer(_stamped(weights), sound.key, sound)


def explanation(weights: Path, sound: Sound, prediction: Prediction, window: int) -> tuple[Explanation, tuple]:
    """Attention and mel spectrogram of one window of the answer, and the outline (times s, low, high) of its sound."""
    return _explanation(_stamped(weights), sound.key, window, sound, prediction)


def make_ready(weights: Path, dataset: Dataset, clip: Clip) -> None:
    """Do what opening this clip will ask for, where that is soon done."""
    if clip_info(dataset, clip).seconds > LONG_SECONDS:
        return
    sound = sound_of_clip(dataset, clip)
    prediction = answer(weights, sound)
    explanation(weights, sound, prediction, prediction.surest_window)


def going_through(weights: Path, sound: Sound) -> Job[Heard]:
    """The work on a long sound, begun where it was not; what it found is kept."""
    return _going_through(_stamped(weights), sound.key, sound)


def go_through_again(weights: Path, sound: Sound) -> None:
    """Forget a work that was stopped or failed, so that it begins anew."""
    _going_through.clear(_stamped(weights), sound.key, sound)


def predictor(weights: Path) -> "Checkpoint":
    """The model of a checkpoint, loaded once."""
    return _predictor(_stamped(weights))


def _stamped(weights: Path) -> tuple[str, int, int]:
    stamp = _stamp(weights)
    if stamp is None:
        raise UserError(f"the weights of {weights.parent.name} are no longer there; choose another model")
    return str(weights), *stamp


@st.cache_resource(max_entries=64, show_spinner=False)
def _length(key: str, name: str, _source: Path | bytes) -> tuple[float, int]:
    info = sound_info(_source, name)
    return info.seconds, info.sample_rate


@st.cache_resource(max_entries=16, show_spinner=False)
def _decoded(key: str, name: str, _source: Path | bytes) -> tuple[np.ndarray, int]:
    waveform, sample_rate = read_clip(_source, name)
    waveform.flags.writeable = False
    return waveform, sample_rate


@st.cache_resource(max_entries=6, show_spinner=False)
def _predictor(weights: tuple[str, int, int]) -> "Checkpoint":
    return load_predictor(Path(weights[0]))


@st.cache_resource(max_entries=128, show_spinner=False)
def _answer(weights: tuple[str, int, int], key: str, _sound: Sound) -> Prediction:
    return predict(_predictor(weights), _sound.waveform, _sound.sample_rate)


@st.cache_resource(max_entries=4, show_spinner=False)  # up to 200 MB each, of the largest models
def _explanation(weights: tuple[str, int, int], key: str, window: int, _sound: Sound,
                 _prediction: Prediction) -> tuple[Explanation, tuple]:
    checkpoint, waveform, rate, start, length = _predictor(weights), _sound.waveform, _sound.sample_rate, 0.0, _sound.seconds
    if _sound.is_long:
        place = _prediction.windows[window]
        start, length = max(0.0, place.start), place.end - place.start
        waveform, rate = read_clip(_sound.source, _sound.name, place.start, place.end)
        heard = explain_stretch(checkpoint, waveform, rate, place)
    else:
        heard = explain(checkpoint, waveform, rate, window)
    first, last = max(0.0, heard.window.start - start), min(heard.window.end - start, length)
    times, low, high = envelope(waveform, rate, OUTLINE_POINTS, first, last)
    return heard, (times + start, low, high)


@st.cache_resource(max_entries=8, show_spinner=False)
def _going_through(weights: tuple[str, int, int], key: str, _sound: Sound) -> Job[Heard]:
    return Job(lambda report: _go_through(_predictor(weights), _sound, report))


def _go_through(checkpoint: "Checkpoint", sound: Sound, report: Report) -> Heard:
    buffer = io.BytesIO()
    with ogg_file(buffer, checkpoint.config.sample_rate) as file:
        recording = listen_through(
            checkpoint, sound.source, sound.name, copy=partial(write_ogg, file), on_progress=lambda heard, seconds: report(
                heard / seconds, f"{heard / 60:.0f} of {seconds / 60:.0f} minutes heard"))
    return Heard(recording, buffer.getvalue())
