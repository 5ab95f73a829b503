"""One clip that a run was tested on: its name, its sound, or the sentence on why it cannot be heard here."""

import streamlit as st

from app.components import player, show_error
from app.state import clip_audio, clip_bytes
from app.views.results_data import Result, dataset_of
from core.errors import UserError
from core.readers import clip_identity, normalised


def clip_player(result: Result, path: str, *, key: str) -> None:
    """The sound of a clip of the run's data set; where the data set is not here, the way to get it."""
    dataset = dataset_of(result)
    clip = None
    if dataset:
        wanted = clip_identity(dataset.name, path)
        clip = next((clip for clip in dataset.clips if clip_identity(dataset.name, clip.key) == wanted), None)
    if clip is None:
        _absent(result)
        return
    try:
        waveform, rate = clip_audio(dataset, clip)
        player(clip_bytes(dataset, clip), seconds=len(waveform) / rate, key=key, label=f"Player of {stem(path)}")
    except UserError as error:
        show_error(error)


def _absent(result: Result) -> None:
    """The clips are not here: said in a sentence, with the way to get them."""
    st.text(f"The clips of {result.dataset or 'this run'} are not on this machine, so they cannot be played. "
            "Everything else on this page comes from the saved predictions.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("views/home.py", label="Get the data", icon=":material/download:")
        if normalised(result.dataset) == "esc10":
            st.caption("or run `python -m core data fetch esc10`")


def stem(key: str) -> str:
    """The file's name without folder and ending, and the seconds where the clip is a part of a file."""
    path, _, part = key.partition("#t=")
    name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return f"{name} ({part.replace(',', ' to ')} s)" if part else name
