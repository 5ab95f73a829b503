"""The dialog in which another data set is chosen: one that is here, a folder, a zip, or ESC-10 from its publisher."""

import streamlit as st

from app.components import guard, show_error
from app.data.download import download_button, esc10_is_missing, is_downloading
from app.data.preview import preview
from app.state import choose_dataset, current_dataset, current_label, current_sources
from core.arrivals import install_zip
from core.datasets import available_datasets, folder_path
from core.errors import UserError

HERE, FOLDER, ZIP, FETCH = "Here already", "My folder", "Upload a zip", "Download ESC-10"
OPEN, WAY, ARRIVED = "data.open", "data_way", "data.arrived"
ZIP_MEGABYTES = 1_000
LAYOUTS = ("One folder per class, a metadata.csv with the columns path and label, or an unpacked ESC-10, ESC-50 or "
           "UrbanSound8K.")


def open_dialog(way: str = HERE) -> None:
    """A callback: the dialog is drawn from now on, until it is closed."""
    st.session_state[OPEN], st.session_state[WAY] = True, way


def close_dialog() -> None:
    st.session_state[OPEN] = False


def dialog() -> None:
    """Draw the dialog where it is open; called by the page on every run."""
    if st.session_state.get(OPEN):
        _dialog()


@st.dialog("Your data", width="medium", on_dismiss=close_dialog)
def _dialog() -> None:
    with guard():
        if arrived := st.session_state.pop(ARRIVED, None):
            st.session_state[WAY], st.session_state["data_name"] = HERE, arrived
        if st.session_state.get(WAY) == FETCH and is_downloading():
            close_dialog()  # the card shows how far it is
            st.rerun()
        ways = [HERE, FOLDER, ZIP] + [FETCH] * (esc10_is_missing() and not is_downloading())
        if st.session_state.get(WAY) not in ways:
            st.session_state[WAY] = HERE
        way = st.segmented_control("Where from", ways, key=WAY, required=True, label_visibility="collapsed")
        {HERE: _here, FOLDER: _folder, ZIP: _zip, FETCH: _fetch}[way]()


def _here() -> None:
    names, current = available_datasets(), current_dataset()
    st.session_state.setdefault("data_name", current.name if current.name in names else names[0])
    name = st.selectbox("Data set", names, key="data_name")
    now = name == current.name
    _offer(name, "here", current_label() if now else None, current_sources() if now else "auto")


def _folder() -> None:
    text = st.text_input("Folder on this machine", placeholder="/home/me/sounds", key="data_folder")
    st.caption(LAYOUTS)
    if text.strip():
        _offer(folder_path(text), "folder")


def _offer(name: str, key: str, label: str | None = None, sources: str = "auto") -> None:
    """What is there, and the button that takes it."""
    choice = preview(name, key, label, sources)
    if st.button("Use it", type="primary", disabled=choice is None, key=f"{key}_use"):
        choose_dataset(**choice)
        close_dialog()
        st.rerun()


def _zip() -> None:
    turn = st.session_state.setdefault("data.turn", 0)
    upload = st.file_uploader("A zip", type=["zip"], key=f"data_zip_{turn}", max_upload_size=ZIP_MEGABYTES,
                              label_visibility="collapsed")
    st.caption(f"{LAYOUTS} It is unpacked into the project's data folder and stays there.")
    if upload is None:
        return
    known, problem = st.session_state.get("data.zip", (None, ""))
    if known == upload.file_id:
        show_error(problem)
        return
    bar = st.progress(0.0, "Unpacking")
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        if (percent := 100 * done // total) != shown:
            shown = percent
            bar.progress(done / total, f"Unpacking: {done:,} of {total:,} files")

    try:
        name = install_zip(upload, upload.name, show)
    except UserError as error:
        st.session_state["data.zip"] = upload.file_id, str(error)
        bar.empty()
        raise
    st.session_state.update({ARRIVED: name, "data.turn": turn + 1})  # a new uploader: the old one's bytes are let go
    st.rerun()


def _fetch() -> None:
    st.text("ESC-10: 400 clips of five seconds in ten classes, free for any use that names its author (CC BY).")
    download_button("data_fetch")
