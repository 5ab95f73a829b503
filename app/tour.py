"""The two-minute tour: five stops on the real pages, a sentence each, in a bar that can be left at any moment.

Where it stands is kept in the session and in the link (``?tour=2``). The demo sounds are chosen while it lasts, and what
was chosen before comes back at its end.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app.charts.palette import ink
from app.components import css, show_error
from app.single_press import press_once
from app.state import DATASET_KEY, choose_dataset, chosen_data, is_dark
from core.config import TrainConfig
from core.errors import UserError
from core.runs import create_run, launch, resolve_checkpoint

STOP, BEFORE, STARTED, PROBLEM = "tour.stop", "tour.before", "tour.started", "tour.problem"
QUICK = dict(dataset="demo", model="cnn1d", protocol="split", epochs=5)
STYLE = """
[data-testid=stLayoutWrapper]:has(> .st-key-earshot_tour) { position: sticky; top: 3.5rem; z-index: 80; }
.st-key-earshot_tour {
  padding: 8px 12px 8px 16px; border-radius: 8px; border: 1px solid %(accent)s; background: %(raised)s;
  box-shadow: 0 2px 12px rgba(0, 0, 0, 0.08);
}
.st-key-earshot_tour p { margin: 0; }"""


def _demo() -> dict[str, str]:
    return {"dataset": "demo"}


def _started() -> dict[str, str]:
    return {"run": st.session_state[STARTED]} if st.session_state.get(STARTED) else {}


def _shipped() -> dict[str, str]:
    """The best run that came with Earshot, else the best made here."""
    with contextlib.suppress(UserError):
        return {"run": resolve_checkpoint(None).parent.name}
    return {}


def _answered() -> dict[str, str]:
    """That run, with the data set from before the tour, whose classes it may know."""
    return _shipped() | (st.session_state.get(BEFORE) or {})


@dataclass(frozen=True)
class Stop:
    """One stop: a page with its query, and what there is to do there."""

    page: str
    sentence: str
    query: Callable[[], dict[str, str]]


STOPS = (
    Stop("explore", "These are ten kinds of demo sound, made on this machine. Click a small picture to open a clip, then "
                    "press the space bar to hear it.", _demo),
    Stop("explore", "Below is the open clip: its wave over its spectrogram, time across and frequency upwards. Drag across "
                    "it to look closer; a double click shows all of it again.", _demo),
    Stop("train", "Start a small real training on the demo sounds. Its curves appear as it learns, and it goes on while you "
                  "walk on.", _started),
    Stop("results", "These are the numbers of a model that was trained earlier, measured on clips it had never heard. Further "
                    "down a table shows which classes it takes for one another.", _shipped),
    Stop("listen", "Here that model answers for a clip you choose or record, and each strip shows the moments that one of "
                   "its attention heads looked at.", _answered),
)


def begin() -> None:
    """Go to the first stop. Who begins anew in the middle of a tour still has the data set from before the first one."""
    if STOP not in st.session_state:
        st.session_state[BEFORE] = chosen_data() if DATASET_KEY in st.session_state else None
    _go(0)


def bar(page: str) -> None:
    """The stop that the session or the link is at; nothing without a tour. ``page``: the address of the open page."""
    linked = st.query_params.get("tour", "")
    if linked.isdecimal() and 1 <= int(linked) <= len(STOPS):
        st.session_state[STOP] = int(linked) - 1
    number = st.session_state.get(STOP)
    if number is None:
        return
    stop, here = STOPS[number], page == STOPS[number].page
    css(STYLE % vars(ink(is_dark())))
    with st.container(horizontal=True, vertical_alignment="center", key="earshot_tour"):
        st.markdown(f"**Tour, {number + 1} of {len(STOPS)}.** {stop.sentence}", width="stretch")
        with st.container(horizontal=True, width="content", gap="small"):
            _buttons(number, here)


def _buttons(number: int, here: bool) -> None:
    if not here and st.button("Go there", key="tour_here", type="primary"):
        _go(number)
    startable = here and STOPS[number].page == "train" and not st.session_state.get(STARTED)
    if startable:
        st.button("Start a quick one", key="tour_train", icon=":material/play_arrow:", on_click=press_once("tour", _train))
    if problem := st.session_state.pop(PROBLEM, None):
        show_error(problem)
    if here and number + 1 < len(STOPS) and st.button("Next", key="tour_next", type="primary"):
        _go(number + 1)
    last = number + 1 == len(STOPS)
    if st.button("End", key="tour_end", type="primary" if last and here else "secondary"):
        _end()


def _go(number: int) -> None:
    st.session_state[STOP] = number
    stop = STOPS[number]
    st.switch_page(f"views/{stop.page}.py", query_params={"tour": str(number + 1)} | stop.query())


def _train() -> bool:
    """A callback: a run like any other, in the queue, on the page Train, and to be deleted in Results."""
    try:
        run = create_run(TrainConfig(**QUICK), experiment="tour")
        launch(run)
    except UserError as error:
        st.session_state[PROBLEM] = str(error)
        return False
    st.session_state[STARTED] = run.name
    st.query_params["run"] = run.name
    return True


def _end() -> None:
    """Leave the tour where the person is, with the data set from before."""
    st.query_params.pop("tour", None)
    if before := st.session_state.get(BEFORE):
        with contextlib.suppress(UserError):  # it is gone by now: the demo sounds stay chosen
            choose_dataset(before["dataset"], before["label"], before["sources"])
    for key in (BEFORE, STARTED, STOP):
        st.session_state.pop(key, None)
    st.rerun()
