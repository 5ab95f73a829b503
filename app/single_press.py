"""A press of a button is done once, and so is a double click; and no timer takes back what a press has done.

A fragment with ``run_every`` asks to be drawn again by a timer in the browser. What it sends along are the values of all
widgets, as the browser knows them in that moment, and two things go wrong on a busy machine:

- The browser side of Streamlit 1.67 keeps a press until the next turn of its event loop, where it sends it and forgets it. A
  timer that is due in that very turn sends the press as well: one press of "Start training" made two runs.
- Where a callback has just set other fields (a preset does), the browser does not know yet. The server takes what the timer
  sends for what a person has typed and sets them back, while the browser goes on to show the new values.

A timer has nothing to tell: whatever a person does, the browser sends by itself, in its order. So its values are dropped here.
Streamlit has no hook for that, so one method of its queue is wrapped.

A double click are two presses to Streamlit, and the second is done as soon as the page has been drawn after the first: two
trainings again, or "it is queued already" under a resume that worked. :func:`press_once` is for buttons where that hurts.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps

import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType

DOUBLE = 3.0  # s between two presses that are one: half a second of a double click, and what a slow machine draws meanwhile


def drop_timers_values() -> None:
    """From here on, in this process; calling it again does nothing."""
    request_rerun = ScriptRequests._request_rerun_locked
    if hasattr(request_rerun, "__wrapped__"):
        return

    @wraps(request_rerun)
    def request(self, asked: RerunData) -> bool:
        if asked.is_auto_rerun:  # where a press waits already, nothing leaves its values as they are
            waits = self._state is ScriptRequestType.RERUN
            asked = replace(asked, widget_states=None if waits else WidgetStates())
        return request_rerun(self, asked)

    ScriptRequests._request_rerun_locked = request


def press_once(key: str, action: Callable) -> Callable:
    """``action`` as a callback of a button, which a double click does once. ``key``: what is done, such as ``resume RUN``.
    After anything else was pressed it is a press of its own, however soon: resume, cancel, resume. An action that returns
    False was not done: the next press tries it again."""
    last = st.session_state.setdefault("earshot_pressed", {})  # asked for here: within a callback, Streamlit may end it there

    def act(*args) -> None:
        now = time.monotonic()
        if now - last.get(key, -DOUBLE) < DOUBLE:
            return
        last.clear()
        last[key] = now
        if action(*args) is False:
            last.clear()

    return act
