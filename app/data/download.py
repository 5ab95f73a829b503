"""ESC-10 at a press: the button, then how far the download is, in every window that looks."""

import streamlit as st

from app.components import css, guarded_fragment, show_error
from app.components.frame import escape
from app.state import choose_dataset
from core.datasets import available_datasets
from core.errors import UserError
from core.fetch import ESC10_MEGABYTES
from core.fetching import FAILED, FINISHED, RUNNING, STOPPED, Fetching, fetch_state, start_fetch, stop_fetch

NAME = "ESC-10"
EVERY = 1.0  # s between two looks
WATCHED, PROBLEM = "download.watched", "download.problem"
STAGES = {"unpack": "Unpacking", "check": "Checking every clip"}


def esc10_is_missing() -> bool:
    return NAME not in available_datasets()


def is_downloading() -> bool:
    state = fetch_state()
    return state is not None and state.state == RUNNING


def begin() -> None:
    """A callback: start, or go on with, the download."""
    try:
        start_fetch()
    except UserError as error:
        st.session_state[PROBLEM] = str(error)


def download_button(key: str, primary: bool = True) -> None:
    """What went wrong last time, and the button that begins or goes on."""
    state = fetch_state()
    if problem := st.session_state.pop(PROBLEM, None) or (state and state.state == FAILED and state.problem):
        show_error(problem)
    label = f"Download {NAME} ({ESC10_MEGABYTES} MB)"
    if state and state.state in (STOPPED, FAILED) and state.stage == "download" and state.done:
        label = f"Go on with the download ({_megabytes(state)})"
    st.button(label, icon=":material/download:", key=key, type="primary" if primary else "secondary", on_click=begin,
              help="400 clips of ten classes; every one is compared with what was published")


def progress() -> None:
    """The download at work, with Cancel. A window that saw it end well takes ESC-10 as its data set."""
    watching = is_downloading()
    if watching:
        st.session_state[WATCHED] = True
    elif not st.session_state.get(WATCHED):
        return
    css(".st-key-home_data [data-stale=true] { opacity: 1 !important; }")  # no blinking
    guarded_fragment(EVERY if watching else None)(_progress)()


def _progress() -> None:
    state = fetch_state()
    if state is None or state.state != RUNNING:
        st.session_state.pop(WATCHED, None)
        if state is not None and state.state == FINISHED and not esc10_is_missing():
            choose_dataset(NAME)
        st.rerun()
    st.progress(_share(state), escape(_words(state)))
    st.button("Cancel the download", key="download_cancel", icon=":material/close:", on_click=stop_fetch)


def _share(state: Fetching) -> float:
    """Of the stage, 0 to 1; a server that does not say how much it sends is taken by the usual size."""
    total = state.total or (ESC10_MEGABYTES * 1e6 if state.stage == "download" else 1)
    return min(1.0, state.done / total)


def _words(state: Fetching) -> str:
    if state.stage == "download":
        return f"Downloading {NAME}: {_megabytes(state)}"
    return f"{STAGES[state.stage]}: {state.done:,} of {state.total or 0:,}"


def _megabytes(state: Fetching) -> str:
    done = state.done / 1e6
    return f"{done:.1f} of {state.total / 1e6:.1f} MB" if state.total else f"{done:.1f} of about {ESC10_MEGABYTES} MB"
