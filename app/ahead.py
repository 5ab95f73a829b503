"""What a person's next press will most likely ask for, made ready while they look at what is there."""

import contextlib
import threading
from collections.abc import Callable

import streamlit as st

from core.errors import UserError

SOON = 0.4  # s after the picture that was asked for
PENDING = "earshot_ahead"
_one = threading.Lock()  # for all people together: it must not take the processor from what was asked for


def ahead(*works: Callable[[], object]) -> None:
    """Do them soon, one after the other, in a thread, instead of what this person still has waiting; called last by a page.
    What cannot be done is said when it is asked for."""
    give_way()
    timer = threading.Timer(SOON, _do, works)
    timer.name, timer.daemon = "ahead", True
    timer.start()
    st.session_state[PENDING] = timer


def give_way() -> None:
    """End what this person still has waiting, but for what is being made: something else is asked for now."""
    if before := st.session_state.get(PENDING):
        before.cancel()


def _do(*works: Callable[[], object]) -> None:
    cancelled = threading.current_thread().finished  # of the timer that runs this
    with _one:
        for work in works:
            if cancelled.is_set():
                return
            with contextlib.suppress(UserError):
                work()
