"""What Streamlit does in the browser that no person would expect, put right by a script each; each says what and why."""

from pathlib import Path

import streamlit as st

MENDS = {name: st.components.v2.component(f"earshot_{name}", js=(Path(__file__).parent / f"{name}.js").read_text("utf-8"))
         for name in ("steady", "one_step", "at_once")}


def mend() -> None:
    """For every page; called once, by the frame."""
    with st.container(key="earshot_mends", height=1, border=False):
        for name, component in MENDS.items():
            component(key=f"earshot_{name}_watch", height=1)
