"""What the page Listen inside asks for, kept so that it is computed once: sounds, models, answers, explanations.

Everything is keyed by content: a file by its path, time and size, an upload by the digest of its bytes.
Nothing that comes out may be changed in place: every session sees the same object.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app.state import clip_audio, current_dataset, current_label, dataset_named
from core.clips import Clip, Dataset
from core.errors import UserError
from core.predict import Explanation, Prediction, explain, load_predictor, predict
from core.recordings import read_clip
from core.run_folder import Run
from core.runs import list_runs, resolve_checkpoint

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint


@dataclass(frozen=True)
class Sound:
    """A sound somebody chose to listen into; ``key`` tells it from every other."""

    key: str
    name: str
    waveform: np.ndarray = field(repr=False)
    sample_rate: int
    clip: Clip | None = None

    @property
    def seconds(self) -> float:
        return len(self.waveform) / self.sample_rate


def sound_of_bytes(name: str, data: bytes) -> Sound:
    """An uploaded or recorded file; :class:`~core.errors.UserError` when it cannot be read."""
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    return Sound(digest, name, *_decoded(digest, name, data))


def sound_of_clip(dataset: Dataset, clip: Clip) -> Sound:
    """A clip of a data set; :class:`~core.errors.UserError` when it cannot be read."""
    facts = dataset.path_of(clip).stat() if dataset.path_of(clip).exists() else None
    stamp = (facts.st_mtime_ns, facts.st_size) if facts else None
    return Sound(f"{dataset.root}|{clip.key}|{stamp}", clip.name, *clip_audio(dataset, clip), clip)


def dataset_for(run: Run) -> Dataset:
    """The chosen data set; where it is the table the run learned from, with the classes the run took from it."""
    dataset, config = current_dataset(), run.config
    if dataset.layout != "table" or config.label == current_label():
        return dataset
    try:
        own = dataset_named(config.dataset, config.label)
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
    """The answer of the model in ``weights`` for a sound."""
    return _answer(_stamped(weights), sound.key, sound)


def explanation(weights: Path, sound: Sound, window: int) -> Explanation:
    """Attention and mel spectrogram of one window of the answer."""
    return _explanation(_stamped(weights), sound.key, window, sound)


def _stamped(weights: Path) -> tuple[str, int, int]:
    facts = weights.stat()
    return str(weights), facts.st_mtime_ns, facts.st_size


@st.cache_resource(max_entries=16, show_spinner=False)
def _decoded(digest: str, name: str, _data: bytes) -> tuple[np.ndarray, int]:
    waveform, sample_rate = read_clip(_data, name)
    waveform.flags.writeable = False
    return waveform, sample_rate


@st.cache_resource(max_entries=6, show_spinner=False)
def _predictor(weights: tuple[str, int, int]) -> "Checkpoint":
    return load_predictor(Path(weights[0]))


@st.cache_resource(max_entries=128, show_spinner=False)
def _answer(weights: tuple[str, int, int], key: str, _sound: Sound) -> Prediction:
    return predict(_predictor(weights), _sound.waveform, _sound.sample_rate)


@st.cache_resource(max_entries=32, show_spinner=False)
def _explanation(weights: tuple[str, int, int], key: str, window: int, _sound: Sound) -> Explanation:
    return explain(_predictor(weights), _sound.waveform, _sound.sample_rate, window)
