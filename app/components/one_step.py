"""Make one press one step of the browser's history (``one_step.js`` says why)."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component("earshot_one_step", js=(Path(__file__).parent / "one_step.js").read_text("utf-8"))


def one_step() -> None:
    """For every page; called once, by the frame."""
    with st.container(key="earshot_one_step", height=1, border=False):
        _component(key="earshot_one_step_watch", height=1)
