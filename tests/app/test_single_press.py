"""What a timer sends of presses is dropped; the browser sends each of them itself (a journey on Train sees the whole of it)."""

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession

from app import single_press
from app.single_press import drop_timers_presses, press_once, without_presses


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
    drop_timers_presses()
    drop_timers_presses()
    for state in (asked(is_auto_rerun=True), asked(), None):
        AppSession.request_rerun(None, state)
    assert [state and len(state.widget_states.widgets) for state in seen] == [1, 3, None]


def test_a_double_click_is_done_once_and_a_press_that_failed_may_be_tried_again(monkeypatch):
    clock, seen = [100.0], []
    monkeypatch.setattr(single_press.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(single_press.st, "session_state", {})

    def press(key: str, comes_out: bool = True) -> None:  # the page is drawn anew between two presses
        press_once(key, lambda what: seen.append(what) or comes_out)(key)

    press("start")
    press("start")
    press("cancel")
    assert seen == ["start", "cancel"]
    clock[0] += single_press.DOUBLE
    press("start", comes_out=False)
    press("start")
    assert seen == ["start", "cancel", "start", "start"]
