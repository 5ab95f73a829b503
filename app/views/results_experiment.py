"""The experiment that is compared: of the link (``?experiment=``), or chosen above the comparison."""

from collections import Counter
from collections.abc import Callable

import streamlit as st

from app.components import show_error
from core.errors import UserError
from core.experiments import Experiment, list_experiments, runs_of
from core.runs import Run, by_any_name, headline_accuracy

LINK, CHOICE, TAKEN = "experiment", "results_experiment", "results_experiment_taken"


def take_experiment(compared: str, chosen: str) -> None:
    """Compare the runs of the link's experiment, once for a link. ``compared`` and ``chosen`` are keys of the session."""
    asked = st.query_params.get(LINK)
    if asked and (asked != st.session_state.get(TAKEN) or compared not in st.session_state):
        try:
            _compare(asked, compared, chosen)
        except UserError as error:
            st.query_params.pop(LINK)
            show_error(error)


def experiment_choice(compared: str, chosen: str, here: set[str], redraw: Callable[[], None]) -> None:
    """A list of the experiments, where there are any; it shows the one whose runs are compared, and so does the link.

    ``here``: the runs that the page knows; ``redraw`` draws what another choice changes.
    """
    def choose() -> None:
        _compare(st.session_state[CHOICE], compared, chosen)
        redraw()

    known = {each.name: each for each in list_experiments()}
    now = next((name for name, each in known.items() if _names(each) & here == {*st.session_state[compared]}), None)
    st.session_state[CHOICE] = st.session_state[TAKEN] = now
    if now:
        st.query_params[LINK] = now
    else:
        st.query_params.pop(LINK, None)
    if known:
        st.selectbox("Experiment", list(known), key=CHOICE, placeholder="Choose an experiment",
                     on_change=choose, help="Compare all runs of an experiment")


def _compare(name: str | None, compared: str, chosen: str) -> None:
    if name is None:
        return
    runs = runs_of(name)
    names = [run.name for run in runs]
    st.session_state[compared], st.session_state[TAKEN] = names, name
    asked = st.query_params.get("run")
    if asked and (known := by_any_name(asked, names)):
        st.session_state[chosen] = known
    elif st.session_state.get(chosen) not in names:
        alike = Counter(map(_of_what, runs))  # the best of those that can be compared with the most others
        st.session_state[chosen] = max(runs, key=lambda run: (alike[_of_what(run)], headline_accuracy(run) or 0.0)).name
    st.query_params.update({"run": st.session_state[chosen], LINK: name})  # at once: one step back in the browser


def _of_what(run: Run) -> tuple:
    """The data set and the classes that its numbers are of."""
    return run.record["config"]["dataset"], *run.record.get("class_names", ())


def _names(experiment: Experiment) -> set[str]:
    return {run.name for run in experiment.runs}
