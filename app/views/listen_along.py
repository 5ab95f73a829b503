"""Listen inside, for sounds longer than the model's window: answers over time, events, and which stretch to look into."""

import pandas as pd
import streamlit as st

from app.charts.timeline import ROWS, timeline_view
from app.components import guarded_fragment, row_table, show_error, table_height
from app.components.frame import escape
from app.components.timeline import timeline
from app.listening import Heard, Sound, go_through_again, going_through
from app.state import is_dark
from core.events import THRESHOLD, Event, events_csv, find_events
from core.predict import Prediction, Window

EVERY = 0.5  # s between two looks at the work
TABLE_HEIGHT = 320


def heard_through(weights, sound: Sound) -> Heard | None:
    """What the model made of a long sound, or None while it listens (then progress and a way to stop are shown)."""
    job = going_through(weights, sound)
    job.wait(0.3)
    if job.running:
        _progress(job)
    elif job.result is not None:
        return job.result
    else:
        if job.stopped:
            st.info("Stopped before the end.", icon=":material/stop_circle:")
        else:
            show_error(job.problem)
        st.button("Listen again", icon=":material/replay:", on_click=go_through_again, args=(weights, sound))
    return None


@guarded_fragment(EVERY)
def _progress(job) -> None:
    if not job.running:
        st.rerun()
    st.progress(job.share, text=escape(f"Listening: {job.message}" if job.message else "Listening"))
    st.button("Stop", icon=":material/stop:", on_click=job.stop)


def part_of(sound: Sound) -> dict:
    """What the person chose in this sound: ``time`` (seconds, to look into), ``region`` (seconds to play), ``plays`` (how
    often)."""
    return st.session_state.setdefault(f"listen_part_{sound.key}", {"time": None, "region": None, "plays": 0})


def along(sound: Sound, prediction: Prediction, outline: tuple) -> int:
    """The drawing over time, the events, and the index of the window to look into; the surest one at first."""
    part, windows = part_of(sound), prediction.windows
    slider = f"listen_window_{sound.key}_{len(windows)}"
    if part["time"] is None:
        part["time"] = _middle(windows[prediction.surest_window])
    # by its time: another model's windows may be of another length
    window = min(range(len(windows)), key=lambda place: abs(_middle(windows[place]) - part["time"]))
    st.session_state[slider] = window
    threshold = st.session_state.get("listen_threshold", round(100 * THRESHOLD)) / 100
    events = find_events(prediction, threshold)

    def pick(time: float) -> None:
        part.update(time=time, region=None)

    view = timeline_view(prediction, outline, events, window, dark=is_dark(), name=f"{sound.key} {threshold} {window}")
    timeline(view, pick)
    if len(prediction.class_names) > ROWS:
        many = len(prediction.class_names)
        st.caption(f"The {ROWS} most probable of {many} classes are drawn; the table has the events of all.")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _events(sound, events, prediction, part)
    with right:
        st.slider("An event begins at a probability of (%)", 5, 95, round(100 * THRESHOLD), step=5, key="listen_threshold",
                  persist_state="session", help="It goes on while the probability stays above 70 % of that. Each window "
                                                "speaks for the half of it that is nearest to its middle.")
        st.download_button("Events as CSV", events_csv(events), f"{sound.name}.events.csv", "text/csv",
                           icon=":material/download:", on_click="ignore", disabled=not events)
    st.select_slider("Look into", range(len(windows)), key=slider, format_func=lambda i: window_words(prediction, i),
                     on_change=lambda: part.update(time=_middle(windows[st.session_state[slider]]), region=None))
    return window


def window_words(prediction: Prediction, window: int) -> str:
    """``0.25 s to 0.75 s``"""
    place = prediction.windows[window]
    return " to ".join(_clock(max(0.0, time), prediction.seconds) for time in (place.start, place.end))


def _events(sound: Sound, events: list[Event], prediction: Prediction, part: dict) -> None:
    if not events:
        st.caption("No event at this threshold: no class is ever that probable.")
        return
    st.caption(f"{len(events)} event{'s' * (len(events) != 1)}. Click one to play it and to look inside.")
    table = pd.DataFrame({"Start": [_clock(event.start, prediction.seconds) for event in events],
                          "End": [_clock(event.end, prediction.seconds) for event in events],
                          "Class": [event.label for event in events], "Mean %": [100 * event.mean for event in events],
                          "Peak %": [100 * event.peak for event in events]})

    def play(row: int) -> None:
        event = events[row]
        part.update(time=_middle(prediction.windows[event.window]), region=(event.start, event.end), plays=part["plays"] + 1)

    percent = st.column_config.NumberColumn(format="%.1f", width="small")
    played = next((row for row, event in enumerate(events) if part["region"] == (event.start, event.end)), None)
    row_table(table, played, play, key=f"listen_events_{sound.key}_{len(events)}",
              height=table_height(len(events), TABLE_HEIGHT), alt="Events with start, end, class and probability",
              column_config={"Mean %": percent, "Peak %": percent})


def _middle(window: Window) -> float:
    return (window.start + window.end) / 2


def _clock(seconds: float, whole: float) -> str:
    """A time in a sound of ``whole`` seconds: ``7.50 s`` in one below a minute, else ``0:07.5``, minutes and seconds."""
    if whole < 60:
        return f"{seconds:.2f} s"
    minutes, tenths = divmod(round(10 * seconds), 600)
    return f"{minutes}:{tenths / 10:04.1f}"
