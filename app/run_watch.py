"""An idle page notices runs that are started, ended or removed elsewhere: it compares the times of files, slowly."""

from collections.abc import Callable

import streamlit as st

from core.runs import runs_stamp

SLOWLY = 8  # s between two looks while nothing trains


def redraw_when_runs_change(stamp: Callable[[], object] = runs_stamp) -> None:
    """Draw the whole page again when a run is made, says something new, is renamed or removed (whatever changes
    ``stamp``). Draws nothing itself."""
    seen = stamp()

    @st.fragment(run_every=SLOWLY)
    def look() -> None:
        if stamp() != seen:
            st.rerun()

    look()
