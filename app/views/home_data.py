"""The card of the data set: what it is, whether its folds can be trusted, and how to take another one."""

import os
import sys

import streamlit as st

from app.components import show_error
from app.state import LABEL, choose_dataset
from core.clips import Dataset
from core.config import ROOT
from core.datasets import available_datasets
from core.errors import UserError
from core.splits import leaks

FETCH = f"{os.path.relpath(sys.executable, ROOT)} -m core data fetch esc10"  # typed at the project's root


def data_card(dataset: Dataset) -> None:
    """Name, size, the sentence about leaks; Explore, and Change (another name, a folder, ESC-10)."""
    st.subheader("Your data", anchor=False)
    st.metric("Data set", dataset.name, label_visibility="collapsed")
    st.caption(f"{len(dataset.clips):,} clips · {len(dataset.class_names)} classes · "
               f"{len(set(dataset.sources)):,} recordings")
    good, sentence = leak_sentence(dataset)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="top"):
        st.markdown(":green[:material/check_circle:]" if good else ":orange[:material/warning:]", width="content")
        st.text(sentence, width="stretch")
    if dataset.name == "demo" and "ESC-10" not in available_datasets():
        st.caption("These are generated sounds. The real ESC-10 (42 MB) is a command away:")
        st.code(FETCH, language=None)
    with st.container(horizontal=True):
        if st.button("Explore", icon=":material/graphic_eq:", type="primary"):
            st.switch_page("views/explore.py")
        with st.popover("Change", icon=":material/folder_open:"):
            change(dataset)


def change(dataset: Dataset) -> None:
    """Another data set by name, or any folder by its path."""
    names = available_datasets()
    chosen = st.selectbox("A data set that is here", names, placeholder="Choose",
                          index=names.index(dataset.name) if dataset.name in names else None)
    folder = st.text_input("Or a folder of yours", placeholder="/home/me/sounds", key="home_folder",
                           help="A folder with one folder per class, a metadata.csv with the columns path and label, "
                                "or an unpacked ESC-10, ESC-50 or UrbanSound8K")
    label = st.text_input("Label column", placeholder="label", key="home_label",
                          help="Only for a table: the column that holds the class")
    if st.button("Use it", type="primary"):
        _use(folder.strip() or chosen, label.strip() or LABEL)
    if "ESC-10" not in names:
        st.caption("ESC-10 (42 MB) is fetched by this command, then listed above:")
        st.code(FETCH, language=None)


def _use(name: str | None, label: str) -> None:
    if not name:
        show_error("Choose a data set, or give the path of a folder")
        return
    try:
        choose_dataset(name, label)
    except UserError as error:
        show_error(error)
    else:
        st.rerun()


def leak_sentence(dataset: Dataset) -> tuple[bool, str]:
    """Whether the data set's own folds can be trusted, and why, in a sentence."""
    if not dataset.folds:
        return True, "No folds of its own: they are drawn so that clips of one recording stay together."
    leaking = leaks(dataset)
    if not leaking:
        return True, f"{len(dataset.folds)} folds, and no recording stands in two of them."
    many = len(leaking) != 1
    return False, (f"{len(leaking)} recording{'s' * many} stand{'s' * (not many)} in more than one fold; the protocol "
                   "kfold keeps them together.")
