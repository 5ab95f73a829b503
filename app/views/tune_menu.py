"""What can be done with a study that is there: ask it for more trials, delete it; and the way back after a deletion."""

from collections.abc import Callable

import streamlit as st

from app.components import show_error
from app.components.frame import escape
from app.single_press import press_once
from app.state import begin_field
from core.errors import UserError
from core.manage import Deleted, delete_study, deleted_runs, restore_run
from core.runs import resume
from core.studies import get_study, want_more
from core.study_folder import Study

DONE, PROBLEM = "studies.deleted", "studies.problem"  # keys of the session's state
MORE = 10  # trials more than it has are offered


def study_menu(study: Study, closed: Callable[[str], None]) -> None:
    """A quiet menu beside a study; ``closed(name)`` is called after it was deleted."""
    with st.popover("Manage", icon=":material/more_horiz:", type="tertiary", key=f"manage_study_{study.name}"):
        status, whole = study.status, not study.problem
        if status.active:
            st.caption(f"It is {status.state}: it can be changed when it has ended.")
        if whole:
            wanted = f"more_{study.name}"
            begin_field(wanted, study.trials_wanted + MORE)
            st.number_input("Go on to so many trials", key=wanted, step=1, disabled=status.active)
            st.button("Go on", icon=":material/resume:", key=f"go_on_{study.name}", disabled=status.active,
                      on_click=press_once(f"go on {study.name}", _go_on), args=(study.name, wanted))
        if st.session_state.get(PROBLEM, ("", ""))[0] == study.name:
            show_error(st.session_state[PROBLEM][1])
        kept = " Its trials in the database stay there." if whole and study.storage else ""
        came = " It came with Earshot: in a git checkout its files show as deleted until then." if study.shipped else ""
        st.button("Delete", icon=":material/delete:", key=f"delete_study_{study.name}", disabled=status.active,
                  on_click=press_once(f"delete {study.name}", _delete), args=(study.name, closed),
                  help=f"It is moved to the bin, from where it can be restored.{kept}{came}")


def undo_bar(opened: Callable[[str], None]) -> None:
    """The study that was deleted last in this session, with Undo, as long as it lies in the bin; and what went wrong."""
    name, problem = st.session_state.get(PROBLEM, ("-", ""))
    if not name and problem:
        show_error(problem)
    deleted = st.session_state.get(DONE)
    if deleted is None or deleted.path not in {each.path for each in deleted_runs()}:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo_study_bar"):
        st.markdown(f"{escape(deleted.name)} is in the bin.", width="content")
        st.button("Undo", icon=":material/undo:", key="undo_study", type="tertiary",
                  on_click=press_once(f"undo {deleted.path.name}", _restore), args=(deleted, opened))
        st.button("Dismiss", icon=":material/close:", key="dismiss_study", type="tertiary",
                  on_click=lambda: st.session_state.pop(DONE, None))


def _go_on(name: str, wanted: str) -> bool:
    return _try(name, lambda: (want_more(get_study(name), st.session_state[wanted] or 0), resume(get_study(name))))


def _delete(name: str, closed: Callable[[str], None]) -> bool:
    def do() -> None:
        st.session_state[DONE] = delete_study(name)
        closed(name)

    return _try(name, do)


def _restore(deleted: Deleted, opened: Callable[[str], None]) -> bool:
    def do() -> None:
        opened(restore_run(deleted).name)

    return _try("", do)


def _try(name: str, action: Callable[[], object]) -> bool:
    """A callback's work, and whether it could be done; what went wrong is said beside the study, or above all where it is not
    there."""
    st.session_state.pop(PROBLEM, None)
    try:
        action()
    except UserError as error:
        st.session_state[PROBLEM] = name, str(error)
        return False
    return True
