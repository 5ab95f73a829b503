"""Which run is looked into: of the link, of this session, or the usual one, through renames and deletions."""

import streamlit as st

from app.components import redraw, show_error
from app.views.results_data import Result
from app.views.results_experiment import take_experiment
from app.views.results_parts import AGAINST, BESIDE, COMPARISON, DETAILS, PAIR
from core.manage import deleted_runs
from core.runs import by_any_name, first_to_show, list_runs

CHOSEN, COMPARED, KEPT = "results_run", "results_compared", "results_kept"
STANDS_IN = "results_stands_in"  # the run that came in the place of one that is gone, and that one's name


def chosen_run(results: dict[str, Result]) -> None:
    """Choose the run to look into: of the link (``?run=``), else the last one looked at, else the newest that is finished. A
    link to an experiment (``?experiment=``) is a link to its best run, beside all others of it. Every choice writes the link
    at once, so that another one in it was gone back to in the browser. Where the run that was meant is not here, that is
    said, and which one is shown instead."""
    meant, before, kept = st.query_params.get("run"), st.session_state.get(CHOSEN), st.session_state.get(KEPT)
    take_experiment(COMPARED, CHOSEN)  # it writes a run into the address and the session
    linked = st.query_params.get("run")
    names = filter(None, (linked, st.session_state.get(CHOSEN), kept))
    found = next((there for name in names if (there := by_any_name(name, results))), None)
    st.session_state[CHOSEN] = found or _newest(results)
    lost = meant or linked or before or kept
    if (stands := st.session_state.get(STANDS_IN)) and (stands[0] != found or by_any_name(stands[1], results)):
        st.session_state.pop(STANDS_IN)  # another one was gone back to, or that one is back
    if lost and not by_any_name(lost, results):
        show_error(f"{lost_run(lost, ' any more' * (lost in (before, kept)))} Shown now: {st.session_state[CHOSEN]}.")
        st.session_state[STANDS_IN] = st.session_state[CHOSEN], lost


def instead_of() -> str | None:
    """The run that is not here any more, as long as the one that is looked into was not chosen but came in its place."""
    shown, lost = st.session_state.get(STANDS_IN, (None, None))
    return lost if shown == st.session_state[CHOSEN] else None


def _newest(results: dict[str, Result]) -> str:
    finished = [run for run in list_runs() if run.name in results and results[run.name].finished]
    return first_to_show(finished).name if finished else next(iter(results))


def lost_run(name: str, any_more: str = "") -> str:
    """Why the link leads to no run, and what to do."""
    if any(deleted.name == name for deleted in deleted_runs()):
        return f"{name} is in the bin; restore it in Disk and bin at the foot of this page, or choose one of the runs below."
    return f"There is no run called {name} here{any_more}; choose one of those below."


def look_into_it() -> None:
    """A callback: another run was chosen. What it is stands there before the comparison is drawn again."""
    st.query_params.pop(BESIDE, None)  # this one stands beside another now
    st.session_state.pop(STANDS_IN, None)
    st.query_params["run"] = st.session_state[CHOSEN]
    redraw(DETAILS, COMPARISON, PAIR)


def another_run(before: str, now: str | None = None) -> None:
    """The run ``before`` is called ``now`` (or is back, where both are the same), or is no longer here: where it was
    looked at or compared, go on with that name, or with the usual run."""
    compared = [now if name == before else name for name in st.session_state.get(COMPARED, [])]
    st.session_state[COMPARED] = [name for name in compared if name]
    for key in (CHOSEN, KEPT):
        if now and (st.session_state.get(key) == before or now == before):
            st.session_state[key] = now
        elif st.session_state.get(key) == before:
            st.session_state.pop(key)
    links = {"run": st.session_state.get(CHOSEN)} | {
        link: now for link in (BESIDE, AGAINST) if st.query_params.get(link) == before}
    for link, name in links.items():
        if name:
            st.query_params[link] = name
        else:
            st.query_params.pop(link, None)
