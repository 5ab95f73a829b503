"""Hear what the augmentation does: the same clip before and after, played and drawn, before any training starts."""

import numpy as np
import streamlit as st

from app.charts.clip import clip_figure
from app.components import guarded_fragment, player, show_figure
from app.state import clip_audio, current_dataset, is_dark
from core.config import TrainConfig
from core.hear import ALL, TITLES, before_and_after, effects_on
from core.spectrogram import envelope, spectrogram

DRAW, CLASS, EFFECT = "train.hear.draw", "train.hear.class", "train.hear.effect"


@guarded_fragment()
def hear(settings: dict) -> None:
    """A clip of the chosen class, an effect, and another draw at every press. ``settings``: those of the form."""
    dataset, config = current_dataset(), TrainConfig(**settings)
    choices = [ALL, *effects_on(config)]
    if st.session_state.get(EFFECT) not in choices:
        st.session_state[EFFECT] = ALL
    st.session_state.setdefault(DRAW, 0)
    left, right = st.columns(2)
    label = left.selectbox("A clip of", dataset.class_names, key=CLASS)
    effect = right.selectbox("Effect", choices, key=EFFECT, format_func=TITLES.get)
    clip = next(clip for clip in dataset.clips if clip.label == label)
    st.button("Draw again", icon=":material/casino:", on_click=_again, key="train.hear.again",
              help="Every epoch draws anew; this is one such draw")
    if len(choices) == 1:
        st.caption("Every effect is off, so a training hears the clips as they are.")
    before, after = _both(f"{dataset.root}|{clip.key}", settings, st.session_state[DRAW], effect, *clip_audio(dataset, clip))
    for title, sound in (("Before", before), ("After", after)):
        name = f"train_hear_{title.lower()}"
        st.caption(title)
        player(sound, config.sample_rate, key=name, follow=(name,), label=f"{title}: {clip.label}, {clip.name}")
        seconds = len(sound) / config.sample_rate
        figure = clip_figure(envelope(sound, config.sample_rate, 600, 0, seconds),
                             spectrogram(sound, config.sample_rate, hop_ms=20, n_mels=64, max_frames=300), seconds=seconds,
                             region=None, colours="Magma", dark=is_dark(), height=320)
        show_figure(figure, name, alt=f"{title} augmentation: waveform and mel spectrogram of {clip.name}")


def _again() -> None:
    st.session_state[DRAW] += 1


@st.cache_data(max_entries=32, show_spinner=False)
def _both(clip: str, settings: dict, draw: int, effect: str, _waveform: np.ndarray, _rate: int
          ) -> tuple[np.ndarray, np.ndarray]:
    return before_and_after(_waveform, _rate, TrainConfig(**settings), draw, effect)
