"""An idle page notices runs that are started, ended or removed elsewhere: it compares the times of files, slowly."""

import streamlit as st

from core.runs import runs_stamp

SLOWLY = 8  # s between two looks while nothing trains


def redraw_when_runs_change() -> None:
    """Draw the whole page again when a run is made, says something new, is renamed or removed. Draws nothing itself."""
    seen = runs_stamp()

    @st.fragment(run_every=SLOWLY)
    def look() -> None:
        if runs_stamp() != seen:
            st.rerun()

    look()
