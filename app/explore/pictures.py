"""The open clip's spectrogram, kept for as long as its file and its settings stay the same."""

import streamlit as st

from app.state import clip_audio, clip_stamp
from core.clips import Clip, Dataset
from core.spectrogram import Spectrogram, spectrogram

MOST_FRAMES, BANDS = 800, 160


def clip_spectrogram(dataset: Dataset, clip: Clip, settings: dict, region: tuple[float, float] | None = None) -> Spectrogram:
    """Of the seconds of ``region``, else of the whole clip; ``settings`` has the scale, and the window and hop in ms."""
    return _kept(clip_stamp(dataset, clip), settings["scale"], settings["window"], settings["hop"], region, dataset, clip)


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept(stamp: tuple, scale: str, window_ms: float, hop_ms: float, region: tuple[float, float] | None, _dataset: Dataset,
          _clip: Clip) -> Spectrogram:
    waveform, sample_rate = clip_audio(_dataset, _clip)
    start, end = region or (0.0, len(waveform) / sample_rate)
    beyond = hop_ms / 1000  # a frame more on both sides: the picture reaches its edges
    found = spectrogram(waveform, sample_rate, scale=scale, window_ms=window_ms, hop_ms=hop_ms, n_mels=BANDS,
                        max_frames=MOST_FRAMES, start=start - beyond, end=end + beyond)
    found.db.flags.writeable = False
    return found
