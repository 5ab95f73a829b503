"""Keep figures from drawing themselves for ever (``steady.js`` says how that comes about)."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component("earshot_steady", js=(Path(__file__).parent / "steady.js").read_text("utf-8"))


def steady() -> None:
    """Watch over the figures of every page; called once, by the frame."""
    with st.container(key="earshot_steady", height=1, border=False):
        _component(key="earshot_steady_watch", height=1)
