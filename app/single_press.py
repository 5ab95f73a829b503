"""A press of a button is done once, and so is a double click.

A fragment with ``run_every`` asks to be drawn again by a timer in the browser. The browser side of Streamlit 1.67 keeps a press
until the next turn of its event loop, where it sends it and forgets it. A timer that is due in that very turn (a busy machine
has such) sends the press along with its own asking: the server would do it twice, and one press of "Start training" made two
runs. What a timer sends of presses is dropped here: the browser sends each of them itself in a moment. Streamlit has no hook
for that, so one method of its session is wrapped.

A double click are two presses to Streamlit, and the second is done as soon as the page has been drawn after the first: two
trainings again, or "it is queued already" under a resume that worked. :func:`press_once` is for buttons where that hurts.
"""

import time
from collections.abc import Callable
from functools import wraps

import streamlit as st
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession

DOUBLE = 3.0  # s between two presses that are one: half a second of a double click, and what a slow machine draws meanwhile
PRESSES = ("trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value")


def without_presses(asked: ClientState) -> ClientState:
    """What a timer asked for, without the presses of buttons in it; anything else as it came."""
    if not asked.is_auto_rerun:
        return asked
    kept = [state for state in asked.widget_states.widgets if state.WhichOneof("value") not in PRESSES]
    plain = ClientState()
    plain.CopyFrom(asked)
    del plain.widget_states.widgets[:]
    plain.widget_states.widgets.extend(kept)
    return plain


def drop_timers_presses() -> None:
    """From here on, in this process; calling it again does nothing."""
    request_rerun = AppSession.request_rerun
    if hasattr(request_rerun, "__wrapped__"):
        return

    @wraps(request_rerun)
    def request(self, client_state: ClientState | None) -> None:
        request_rerun(self, client_state and without_presses(client_state))

    AppSession.request_rerun = request


def press_once(key: str, action: Callable) -> Callable:
    """``action`` as a callback of a button, which a double click does once. ``key``: what is done, such as ``resume RUN``.
    An action that returns False was not done: the next press tries it again."""
    done = st.session_state.setdefault("earshot_pressed", {})  # asked for here: within a callback, Streamlit may end it there

    def act(*args) -> None:
        now = time.monotonic()
        if now - done.get(key, -DOUBLE) < DOUBLE:
            return
        done[key] = now
        if action(*args) is False:
            done.pop(key)

    return act
