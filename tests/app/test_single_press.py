"""What a timer sends of presses is dropped; the browser sends each of them itself (a journey on Train sees the whole of it)."""

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession

from app.single_press import press_once, without_presses


def asked(**facts) -> ClientState:
    """A press of a button, one of a component, and a slider."""
    state = ClientState(fragment_id="price", query_string="run=a", **facts)
    state.widget_states.widgets.add(id="start", trigger_value=True)
    state.widget_states.widgets.add(id="strip", json_trigger_value="{}")
    state.widget_states.widgets.add(id="epochs", int_value=3)
    return state


@pytest.mark.parametrize(("timer", "left"), [(True, ["epochs"]), (False, ["start", "strip", "epochs"])])
def test_only_a_timer_loses_its_presses(timer, left):
    state = asked(is_auto_rerun=timer)
    plain = without_presses(state)
    assert [widget.id for widget in plain.widget_states.widgets] == left
    assert (plain.fragment_id, plain.query_string, plain.is_auto_rerun) == ("price", "run=a", timer)
    assert len(state.widget_states.widgets) == 3, "what came is left as it was"


def test_the_session_gets_what_is_left_and_is_wrapped_once(monkeypatch):
    seen = []
    monkeypatch.setattr(AppSession, "request_rerun", lambda self, state: seen.append(state))
    press_once()
    press_once()
    for state in (asked(is_auto_rerun=True), asked(), None):
        AppSession.request_rerun(None, state)
    assert [state and len(state.widget_states.widgets) for state in seen] == [1, 3, None]
