"""A timer changes no value and repeats no press (a journey on Train sees the whole of it); a double click is one press."""

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from app import single_press
from app.single_press import drop_timers_values, press_once


def values(epochs: int, pressed: bool = False) -> WidgetStates:
    """A number and a button."""
    states = WidgetStates()
    states.widgets.add(id="epochs", int_value=epochs)
    if pressed:
        states.widgets.add(id="start", trigger_value=True)
    return states


def told(*asked: RerunData) -> list[str]:
    """What the server hears of the values, when all this was asked for before it looked."""
    queue = ScriptRequests()
    for data in asked:
        queue.request_rerun(data)
    return [str(state).split()[-1] for state in queue.on_scriptrunner_ready().rerun_data.widget_states.widgets]


def test_a_timer_tells_no_values_and_takes_none_back():
    drop_timers_values()
    drop_timers_values()
    person = RerunData(fragment_id="form", widget_states=values(20, pressed=True))
    timer = RerunData(fragment_id="price", is_auto_rerun=True, widget_states=values(10, pressed=True))
    assert told(person) == ["20", "true"]
    assert told(timer) == []
    assert told(person, timer) == told(timer, person) == ["20", "true"]


def test_a_double_click_is_done_once_and_a_press_that_failed_may_be_tried_again(monkeypatch):
    clock, seen = [100.0], []
    monkeypatch.setattr(single_press.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(single_press.st, "session_state", {})

    def press(key: str, comes_out: bool = True) -> None:  # the page is drawn anew between two presses
        press_once(key, lambda what: seen.append(what) or comes_out)(key)

    press("start")
    press("start")
    press("cancel")
    press("start")
    assert seen == ["start", "cancel", "start"], "after anything else it is meant"
    clock[0] += single_press.DOUBLE
    press("start", comes_out=False)
    press("start")
    assert seen[3:] == ["start", "start"]
