"""The card of the data set: what it is, whether its folds can be trusted, and how to take another one."""

import streamlit as st

from app.components.frame import escape
from app.data.choose import FOLDER, dialog, open_dialog
from app.data.download import download_button, esc10_is_missing, is_downloading, progress
from app.data.preview import as_sentence, tell_overlooked
from app.state import current_label
from core.clips import Dataset
from core.preview import small_classes
from core.splits import leaks
from core.wording import count


def data_card(dataset: Dataset) -> None:
    """Name, size, the sentence about leaks; Explore, and Change (another one, a folder, a zip, ESC-10)."""
    st.subheader("Your data", anchor=False)
    st.metric("Data set", escape(dataset.name), label_visibility="collapsed")
    st.caption(f"{len(dataset.clips):,} clips · {len(dataset.class_names)} classes · "
               f"{count(len(set(dataset.sources)), 'recording')}",
               help=escape(as_sentence(dataset.source_rule)))
    good, sentence = leak_sentence(dataset)
    icon = ":green[:material/check_circle:]" if good else ":orange[:material/warning:]"
    st.markdown(f"{icon} {escape(sentence)}")
    tell_overlooked(dataset, current_label())
    progress()
    if dataset.name == "demo" and esc10_is_missing():
        _begin()
    else:
        with st.container(horizontal=True):
            if st.button("Explore", icon=":material/graphic_eq:", type="primary"):
                st.switch_page("views/explore.py")
            st.button("Change", icon=":material/folder_open:", on_click=open_dialog)
    dialog()


def _begin() -> None:
    """Where only the generated sounds are there: three ways to begin."""
    st.caption("These sounds are generated here, to try everything with.")
    with st.container(horizontal=True):
        if not is_downloading():
            download_button("home_download")
        st.button("Use my folder", icon=":material/folder_open:", on_click=open_dialog, args=(FOLDER,))
        if st.button("Try the demo sounds", icon=":material/graphic_eq:"):
            st.switch_page("views/explore.py")


def leak_sentence(dataset: Dataset) -> tuple[bool, str]:
    """Whether the data set can be trained on in folds that can be trusted, and why, in a sentence."""
    if small := small_classes(dataset):
        return False, as_sentence(small[0])
    if not dataset.folds:
        return True, "No folds of its own: they are drawn so that clips of one recording stay together."
    leaking = leaks(dataset)
    if not leaking:
        return True, f"{len(dataset.folds)} folds, and no recording stands in two of them."
    many = len(leaking) != 1
    return False, (f"{len(leaking)} recording{'s' * many} stand{'s' * (not many)} in more than one fold; the protocol "
                   "kfold keeps them together.")
