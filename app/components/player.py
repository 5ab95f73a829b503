"""The player: play and pause (space), seek, a time read-out, and a playhead over the figures that show the sound.

``st.audio`` carries the sound and stays as the fallback where the component's script cannot run.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from app.state import playable

HERE = Path(__file__).parent
HTML = """
<div class="player" role="group">
  <button class="toggle" type="button" aria-label="Play"><svg viewBox="0 0 24 24" aria-hidden="true"><path class="shape"
    d="M8 5.1v13.8L19 12z"/></svg></button>
  <input class="seek" type="range" min="0" max="1" step="any" value="0" aria-label="Position in seconds">
  <span class="time">0:00.0</span>
</div>
"""

_component = st.components.v2.component(
    "earshot_player", html=HTML, css=(HERE / "player.css").read_text("utf-8"),
    js=(HERE / "player.js").read_text("utf-8"))


def player(sound: np.ndarray | bytes, sample_rate: int | None = None, *, key: str, seconds: float | None = None,
           follow: Sequence[str] = (), region: tuple[float, float] | None = None,
           on_region: Callable[[tuple[float, float] | None], None] | None = None, play: int = 0,
           label: str = "Player") -> None:
    """Play a mono waveform (with its ``sample_rate`` in Hz) or the bytes of a file (with its length in ``seconds``).

    ``follow``: keys of Plotly figures whose first x axis is the sound's time in seconds. They get the playhead, and a
    click in them seeks. ``region``: only these seconds are played. ``on_region`` is called before the next run, with
    the seconds that the person zoomed to in such a figure, or None after a double click. When ``play`` changes, the
    region is played at once. ``label`` is read aloud.
    """
    if isinstance(sound, bytes):
        data, length = sound, float(seconds)
    else:
        data, length = playable(sound, sample_rate), len(sound) / sample_rate
    widget = f"playing_{key}"  # not "player_…": that names the container the script looks for

    def zoomed() -> None:
        found = st.session_state[widget]["zoomed"]["region"]
        on_region(tuple(found) if found else None)

    with st.container(key=f"player_{key}", gap=None):
        st.audio(data, format=_format(data))
        _component(key=widget, height=40, on_zoomed_change=zoomed if on_region else lambda: None,
                   data={"sound": hashlib.sha1(data).hexdigest(), "seconds": length, "follow": list(follow),
                         "region": list(region) if region else None, "zoomable": on_region is not None,
                         "play": play, "label": label})


def _format(data: bytes) -> str:
    """The MIME type by a sound file's first bytes; WAV unless it is another one that browsers play."""
    for mark, name in ((b"OggS", "audio/ogg"), (b"fLaC", "audio/flac"), (b"ID3", "audio/mpeg"),
                       (b"\xff\xfb", "audio/mpeg"), (b"\xff\xf3", "audio/mpeg"), (b"\xff\xf2", "audio/mpeg")):
        if data.startswith(mark):
            return name
    return "audio/wav"
