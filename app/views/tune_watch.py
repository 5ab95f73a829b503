"""The open study: how it stands, what it found, its figures. The page only reads files: a reload changes nothing."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.components import empty_state, guard, guarded_fragment, show_error
from app.components.frame import escape
from app.run_watch import redraw_when_runs_change
from app.single_press import press_once
from app.views.train_chip import state_chip
from app.views.tune_best import show_best
from app.views.tune_figures import show_figures
from app.views.tune_menu import study_menu, undo_bar
from core.errors import UserError
from core.runs import cancel, resume
from core.studies import get_study, list_studies, studies_stamp
from core.study_folder import Study
from core.wording import count

GO, OPEN, PROBLEM = "tune.go", "tune.open", "tune.problem"  # keys of the session's state
EVERY = 2  # s between two looks at the files while a study is at work


def watch() -> None:
    """The right side; it looks again by itself as long as a study waits or runs, and slowly whether one began elsewhere."""
    st.html('<div id="studies"></div>')
    active = any(study.status.active for study in list_studies())
    guarded_fragment(EVERY if active else None)(_watch)(active)
    if not active:
        redraw_when_runs_change(studies_stamp)


def _watch(was_active: bool) -> None:
    if link := st.session_state.pop(GO, None):
        st.switch_page("views/train.py", query_params=link)
    studies = list_studies()
    if any(study.status.active for study in studies) != was_active:
        st.rerun()  # begin or end to look again by itself
    undo_bar(_open)
    if not studies:
        empty_state("No study yet. The first one you start appears here, with its trials as they end.", key="no_studies")
        return
    current = _current(studies)
    st.session_state[OPEN] = current.name
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
        st.selectbox("Study", [study.name for study in studies], key=OPEN, on_change=lambda: _open(st.session_state[OPEN]))
        study_menu(current, _closed)
    show_study(current)


def _current(studies: list[Study]) -> Study:
    """The study of the link, else the one at work, else the newest."""
    if wanted := st.query_params.get("study"):
        try:
            return get_study(wanted)
        except UserError as error:
            show_error(error)
    working = [study for study in studies if study.status.active]
    return next((study for study in working if study.state != "queued"), (working or studies)[0])


def _open(name: str) -> None:
    st.query_params["study"] = name


def _closed(name: str) -> None:
    """A study was deleted: show the usual one."""
    if st.query_params.get("study") == name:
        st.query_params.pop("study")


def show_study(study: Study) -> None:
    """State, progress, what can be done now, the best set, figures, trials, log."""
    if study.problem:
        show_error(study.problem)
        return
    status, config = study.status, study.config
    with st.container(horizontal=True, vertical_alignment="center", key="study_head"):
        state_chip(status.state)
        facts = (config.model, Path(config.dataset).name, count(study.trials_wanted, "trial"), count(config.epochs, "epoch"),
                 f"seed {config.seed}")
        st.caption(escape(" · ".join(facts)), width="stretch")
        _actions(study, status.state)
    if status.state == "failed":
        show_error(status.message)
    name, problem = st.session_state.get(PROBLEM, ("", ""))
    if name == study.name:
        show_error(problem)
    if status.state != "finished":
        st.progress(status.progress, text=escape(status.message) if status.state != "failed" else None)
    with guard():  # what cannot be read hides neither the actions nor the log
        show_best(study, lambda: st.session_state.update({GO: {"like": study.name}}))
    with guard():
        show_figures(study)
    with st.expander("Log", key="study_log", on_change="rerun") as log:
        if log.open:
            st.code(study.log() or "Nothing was written here.", language=None, height=260)


def _actions(study: Study, state: str) -> None:
    if state in ("queued", "running"):
        st.button("Cancel study", icon=":material/stop:", key="cancel_study",
                  on_click=press_once(f"cancel {study.name}", _act), args=(cancel, study))
    if state in ("stopped", "interrupted", "failed"):
        st.button("Resume", icon=":material/resume:", key="resume_study", type="primary",
                  on_click=press_once(f"resume {study.name}", _act), args=(resume, study))


def _act(action: Callable[[Study], object], study: Study) -> bool:
    """A callback: it is done even when the page looks again at that very moment, which would lose a plain press. Returns
    whether it could be done."""
    st.session_state.pop(PROBLEM, None)
    try:
        action(study)
    except UserError as error:
        st.session_state[PROBLEM] = study.name, str(error)
        return False
    return True
