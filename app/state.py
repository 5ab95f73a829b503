"""What the pages share: the chosen data set, and what is expensive to read, cached by name and content.

Nothing that comes out of these functions may be changed in place: every session sees the same object.
"""

import io
from pathlib import Path

import numpy as np
import streamlit as st

from app.kept import Kept
from core.audio import AudioInfo, audio_info, read_audio
from core.config import data_dirs
from core.datasets import Clip, Dataset, default_dataset, load_dataset
from core.errors import UserError
from core.grouping import AUTO

DATASET_KEY, LABEL_KEY, SOURCES_KEY = "earshot_dataset", "earshot_label", "earshot_sources"
LABEL = "label"  # the column with the class, where nobody chose another
MOST_BYTES = 128 * 2**20  # of decoded clips, and again of files to play
WAV_SECONDS = 20.0  # a longer sound goes to the browser as Ogg: 20 s at 48 kHz are 1.9 MB of WAV
OGG_RATES = range(8_000, 48_001)  # Hz
OGG_BLOCK = 2**16  # samples


def is_dark() -> bool:
    """Whether the reader's theme is dark; figures take it as ``dark=``."""
    return st.context.theme.type == "dark"


def current_dataset() -> Dataset:
    """The data set chosen for the whole app: of the link (``?dataset=``, with ``&label=`` for the column of a table and
    ``&sources=`` for the rule of its recordings), else of this session, else the default one.

    Raises :class:`UserError` when it can no longer be read; the choice then falls back to the default next time.
    """
    kept = st.session_state.get(DATASET_KEY)
    name = st.query_params.get("dataset") or kept or default_dataset()
    label = st.query_params.get("label") or (current_label() if name == kept else LABEL)
    sources = st.query_params.get("sources") or (current_sources() if name == kept else AUTO)
    try:
        dataset = dataset_named(name, label, sources)
    except UserError:
        _forget_link()
        for key in (DATASET_KEY, LABEL_KEY, SOURCES_KEY):
            st.session_state.pop(key, None)
        raise
    _keep(name, label, sources)
    return dataset


def current_label() -> str:
    """The column that holds the class of the chosen data set; it matters only where that is a table."""
    return st.session_state.get(LABEL_KEY, LABEL)


def current_sources() -> str:
    """The rule by which the recordings of the chosen data set are told apart."""
    return st.session_state.get(SOURCES_KEY, AUTO)


def chosen_data() -> dict[str, str]:
    """The choice as settings of a run; :func:`current_dataset` was called before."""
    return {"dataset": st.session_state[DATASET_KEY], "label": current_label(), "sources": current_sources()}


def choose_dataset(name: str, label: str = LABEL, sources: str = AUTO) -> Dataset:
    """Make ``name`` (or a folder's path) the data set of this session, ``label`` being the column with the class where
    it is a table. Raises :class:`UserError` when it is none; the session then keeps the one it had."""
    dataset = dataset_named(name, label, sources)
    _keep(name, label, sources)
    _forget_link()
    return dataset


def link_to_data() -> None:
    """Write the chosen data set into the address as far as a link without it would open another one."""
    chosen, usual = chosen_data(), {"dataset": _default(*map(str, data_dirs())), "label": LABEL, "sources": AUTO}
    for name, value in chosen.items():
        if chosen == usual or (value == usual[name] and name != "dataset"):
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


@st.cache_data(ttl=60, max_entries=8, show_spinner=False)
def _default(*places: str) -> str:
    """The default data set; to look for it takes longer than some pages."""
    return default_dataset()


def begin_field(key: str, value) -> None:
    """Put the value into the field of this key before it is drawn: at first, and again when it is another than the last."""
    put = f"{key}.put"
    if key not in st.session_state or st.session_state.get(put) != value:
        st.session_state[key] = st.session_state[put] = value


def _keep(name: str, label: str, sources: str) -> None:
    st.session_state.update({DATASET_KEY: name, LABEL_KEY: label, SOURCES_KEY: sources})


def _forget_link() -> None:
    for name in ("dataset", "label", "sources"):
        st.query_params.pop(name, None)


@st.cache_resource(ttl=60, max_entries=8, show_spinner=False)
def dataset_named(name: str, label: str = LABEL, sources: str = AUTO) -> Dataset:
    """A data set by name or path, read again after a minute so that new files appear; ``label``: a table's column."""
    return load_dataset(name, label=label, sources=sources)


def clip_audio(dataset: Dataset, clip: Clip) -> tuple[np.ndarray, int]:
    """``(waveform float32 (samples,), sample_rate)`` at the file's own rate, read-only; UserError when unreadable."""
    return _audio(clip_stamp(dataset, clip))


def clip_info(dataset: Dataset, clip: Clip) -> AudioInfo:
    return _clip_info(*clip_stamp(dataset, clip)[:2])


def clip_bytes(dataset: Dataset, clip: Clip) -> bytes:
    """The clip as a file that every browser plays, at its own sample rate."""
    stamp = clip_stamp(dataset, clip)
    return _copies().get(stamp, lambda: playable(*_audio(stamp)))


def copy_to_play(key: str, waveform: np.ndarray, sample_rate: int) -> bytes:
    """The file of :func:`playable` for a sound, kept by ``key``: no two Ogg files of one sound are the same, and for another
    file a player begins anew."""
    return _copies().get(key, lambda: playable(waveform, sample_rate))


def playable(waveform: np.ndarray, sample_rate: int) -> bytes:
    """A mono float waveform in [-1, 1] as a file for a browser: a 16-bit WAV; of what is long, Ogg Vorbis, a tenth of that."""
    import soundfile

    buffer, sound = io.BytesIO(), np.clip(waveform, -1, 1)
    if len(waveform) > WAV_SECONDS * sample_rate and sample_rate in OGG_RATES:
        with ogg_file(buffer, sample_rate) as file:
            write_ogg(file, sound)
    else:
        soundfile.write(buffer, sound, sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def ogg_file(buffer: io.BytesIO, sample_rate: int):
    """A mono Ogg Vorbis file to write to with :func:`write_ogg`."""
    import soundfile

    return soundfile.SoundFile(buffer, "w", sample_rate, 1, format="OGG", subtype="VORBIS")


def write_ogg(file, sound: np.ndarray) -> None:
    for start in range(0, len(sound), OGG_BLOCK):  # libsndfile puts a whole block on the stack
        file.write(sound[start : start + OGG_BLOCK])


def clip_stamp(dataset: Dataset, clip: Clip) -> tuple[str, tuple, float | None, float | None]:
    """What a clip is kept by: its file and that file's time and size, and the part of it that it is."""
    path = Path(dataset.path_of(clip))
    try:
        facts = path.stat()
    except OSError:
        raise UserError(f"{clip.path} is no longer in {dataset.name}; reload the page to list what is there") from None
    return str(path), (facts.st_mtime_ns, facts.st_size), clip.start, clip.end


def _audio(stamp: tuple[str, tuple, float | None, float | None]) -> tuple[np.ndarray, int]:
    def read() -> tuple[np.ndarray, int]:
        path, _, start, end = stamp
        waveform, sample_rate = read_audio(Path(path), start=start, end=end)
        waveform.flags.writeable = False
        return waveform, sample_rate

    return _sounds().get(stamp, read)


@st.cache_resource(show_spinner=False)
def _sounds() -> Kept:
    return Kept(MOST_BYTES, lambda sound: sound[0].nbytes)


@st.cache_resource(show_spinner=False)
def _copies() -> Kept:
    return Kept(MOST_BYTES, len)


@st.cache_resource(max_entries=256, show_spinner=False)
def _clip_info(path: str, stamp: tuple) -> AudioInfo:
    return audio_info(Path(path))
