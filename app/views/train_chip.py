"""The state of a run or an experiment as a small coloured sign, the same everywhere on Train."""

import streamlit as st

COLOURS = {"running": "primary", "queued": "gray", "stopping": "orange", "stopped": "orange", "interrupted": "orange",
           "failed": "red", "finished": "green"}
ICONS = {"running": "autorenew", "queued": "schedule", "stopping": "hourglass_bottom", "stopped": "pause",
         "interrupted": "power_off", "failed": "error", "finished": "check"}


def state_chip(state: str) -> None:
    """An icon, a word and a colour that say the same."""
    st.badge(state, icon=f":material/{ICONS[state]}:", color=COLOURS[state])
