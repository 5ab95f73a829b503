"""The player: play and pause, seek, a time read-out."""

import numpy as np
import streamlit as st

from app.state import wav_bytes


def player(sound: np.ndarray | bytes, sample_rate: int | None = None, *, key: str, autoplay: bool = False) -> None:
    """Play a mono waveform (with its ``sample_rate`` in Hz) or the bytes of a sound file the browser can play."""
    data = sound if isinstance(sound, bytes) else wav_bytes(sound, sample_rate)
    with st.container(key=f"player_{key}"):
        st.audio(data, format="audio/wav", autoplay=autoplay)
