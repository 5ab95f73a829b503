"""What the pages share: the chosen data set, and what is expensive to read, cached by name and content.

Nothing that comes out of these functions may be changed in place: every session sees the same object.
"""

import io
from pathlib import Path

import numpy as np
import streamlit as st

from core.audio import AudioInfo, audio_info, read_audio
from core.datasets import Clip, Dataset, default_dataset, load_dataset
from core.errors import UserError

DATASET_KEY = "earshot_dataset"


def is_dark() -> bool:
    """Whether the reader's theme is dark; figures take it as ``dark=``."""
    return st.context.theme.type == "dark"


def current_dataset() -> Dataset:
    """The data set chosen for the whole app: of the link (``?dataset=``), else of this session, else the default one.

    Raises :class:`UserError` when it can no longer be read; the choice then falls back to the default next time.
    """
    name = st.query_params.get("dataset") or st.session_state.get(DATASET_KEY) or default_dataset()
    try:
        dataset = dataset_named(name)
    except UserError:
        st.session_state.pop(DATASET_KEY, None)
        st.query_params.pop("dataset", None)
        raise
    st.session_state[DATASET_KEY] = name
    return dataset


def choose_dataset(name: str) -> Dataset:
    """Make ``name`` (or a folder's path) the data set of this session. Raises :class:`UserError` when it is none."""
    dataset = dataset_named(name)
    st.session_state[DATASET_KEY] = name
    st.query_params.pop("dataset", None)
    return dataset


@st.cache_resource(ttl=60, max_entries=8, show_spinner=False)
def dataset_named(name: str) -> Dataset:
    """A data set by name or path, read again after a minute so that new files appear."""
    return load_dataset(name)


def clip_audio(dataset: Dataset, clip: Clip) -> tuple[np.ndarray, int]:
    """``(waveform float32 (samples,), sample_rate)`` at the file's own rate, read-only; UserError when unreadable."""
    return _clip_audio(*_identity(dataset, clip))


def clip_info(dataset: Dataset, clip: Clip) -> AudioInfo:
    return _clip_info(*_identity(dataset, clip)[:2])


def clip_bytes(dataset: Dataset, clip: Clip) -> bytes:
    """The clip as a 16-bit WAV at its own sample rate, which every browser plays."""
    return _clip_wav(*_identity(dataset, clip))


def wav_bytes(waveform: np.ndarray, sample_rate: int) -> bytes:
    """A mono float waveform in [-1, 1] as a 16-bit WAV file."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(waveform, -1, 1), sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def _identity(dataset: Dataset, clip: Clip) -> tuple[str, tuple, float | None, float | None]:
    """Path and content stamp of a clip: a file that is replaced is read again."""
    path = Path(dataset.path_of(clip))
    try:
        facts = path.stat()
    except OSError:
        raise UserError(f"{clip.path} is no longer in {dataset.name}; reload the page to list what is there") from None
    return str(path), (facts.st_mtime_ns, facts.st_size), clip.start, clip.end


@st.cache_resource(max_entries=64, show_spinner=False)
def _clip_audio(path: str, stamp: tuple, start: float | None, end: float | None) -> tuple[np.ndarray, int]:
    waveform, sample_rate = read_audio(Path(path), start=start, end=end)
    waveform.flags.writeable = False
    return waveform, sample_rate


@st.cache_resource(max_entries=256, show_spinner=False)
def _clip_info(path: str, stamp: tuple) -> AudioInfo:
    return audio_info(Path(path))


@st.cache_resource(max_entries=32, show_spinner=False)
def _clip_wav(path: str, stamp: tuple, start: float | None, end: float | None) -> bytes:
    return wav_bytes(*_clip_audio(path, stamp, start, end))
