"""What can be done with a run that is there: rename, note, duplicate, delete; and the way back after a deletion."""

from collections.abc import Callable, Iterable

import streamlit as st

from app.components import show_error, with_whole_page
from app.components.frame import escape
from app.single_press import press_once
from app.state import begin_field
from core.config import checkpoints_dir
from core.errors import UserError
from core.manage import NOTE_LENGTH, Deleted, delete_run, deleted_runs, rename_run, restore_run, write_note
from core.run_folder import is_run_folder
from core.runs import Run

DONE, RENAMED, PROBLEM = "runs.deleted", "runs.renamed", "runs.problem"  # keys of the session's state
Moved = Callable[[str, str | None], None]


def manage_menu(run: Run, moved: Moved) -> None:
    """A quiet menu beside a run. ``moved(name, new name or None)`` is called after it was renamed or deleted."""
    with st.popover("Manage", icon=":material/more_horiz:", type="tertiary", key=f"manage_{run.name}"):
        status = run.status
        if status.active:
            st.caption(f"It is {status.state}: it can be renamed or deleted when it has ended.")
        name, note = f"name_{run.name}", f"note_{run.name}"
        st.session_state.setdefault(name, run.name)
        begin_field(note, run.note)  # anew where it was written elsewhere: typed over an old one, that would be lost
        st.text_input("Name", key=name, disabled=status.active, on_change=with_whole_page(_rename),
                      args=(run.name, name, moved), help="Press Enter to rename the run; links to its old name still lead here")
        st.text_area("Note", key=note, max_chars=NOTE_LENGTH, height=100, on_change=_note, args=(run.name, note),
                     placeholder="What you want to remember about this run")
        if st.session_state.get(PROBLEM, ("", ""))[0] == run.name:
            show_error(st.session_state[PROBLEM][1])
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link("views/train.py", label="Duplicate", icon=":material/content_copy:", help="Fill in the page Train "
                         "with all its settings", query_params={"run": run.name, "like": run.name})
            st.button("Delete", icon=":material/delete:", key=f"delete_{run.name}", disabled=status.active,
                      on_click=with_whole_page(press_once(f"delete {run.name}", delete_runs)), args=([run.name], moved),
                      help=where_it_goes([run]))


def where_it_goes(runs: Iterable[Run]) -> str:
    """What deleting does, in a sentence or two."""
    shipped = any(run.shipped for run in runs)
    return "It is moved to the bin, from where it can be restored." + shipped * (
        " It came with Earshot: in a git checkout its files show as deleted until then.")


def show_note(run: Run) -> None:
    """The note as text, where there is one."""
    if run.note:
        st.text(run.note)


def delete_runs(names: Iterable[str], moved: Moved) -> bool:
    """A callback: move runs to the bin; what could not be deleted is said by :func:`undo_bar`. Returns whether any was."""
    st.session_state.pop(PROBLEM, None)
    done = []
    try:
        for name in names:
            done.append(delete_run(name))
            moved(name, None)
    except UserError as error:
        st.session_state[PROBLEM] = "", str(error)
    if done:
        st.session_state[DONE] = done
    return bool(done)


def undo_bar(moved: Moved) -> None:
    """What was done last in this session: a new name; what was deleted, with Undo, as long as it lies in the bin; and what
    went wrong."""
    if new := st.session_state.pop(RENAMED, None):
        st.toast(f"Renamed to {escape(new)}", icon=":material/check:")
    name, problem = st.session_state.get(PROBLEM, ("-", ""))
    if not name and problem:
        show_error(problem)
    there = {deleted.path for deleted in deleted_runs()} if st.session_state.get(DONE) else set()
    done = [deleted for deleted in st.session_state.get(DONE, ()) if deleted.path in there]
    if not done:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo_bar"):
        what = escape(done[0].name) if len(done) == 1 else f"{len(done)} runs"
        st.markdown(f"{what} {'is' if len(done) == 1 else 'are'} in the bin.", width="content")
        st.button("Undo", icon=":material/undo:", key="undo", type="tertiary",
                  on_click=press_once(f"undo {done[0].path.name}", restore_runs), args=(done, moved))
        st.button("Dismiss", icon=":material/close:", key="undo_dismiss", type="tertiary",
                  on_click=lambda: st.session_state.pop(DONE, None))


def restore_runs(runs: Iterable[Deleted], moved: Moved) -> bool:
    """A callback: bring runs back from the bin; one that comes alone is looked at. Returns whether any is back."""
    st.session_state.pop(PROBLEM, None)
    back = []
    try:
        back += [restore_run(deleted).name for deleted in runs]
    except UserError as error:
        st.session_state[PROBLEM] = "", str(error)
    if len(back) == 1 and is_run_folder(checkpoints_dir() / back[0]):  # a study lies in the same bin
        moved(back[0], back[0])
    return bool(back)


def _rename(name: str, key: str, moved: Moved) -> None:
    st.session_state.pop(PROBLEM, None)
    try:
        new = rename_run(name, st.session_state[key]).name
    except UserError as error:
        st.session_state[PROBLEM] = name, str(error)
        return
    if new != name:
        moved(name, new)
        st.session_state[RENAMED] = new  # said when the page is drawn: what a callback draws takes the place of its first part


def _note(name: str, key: str) -> None:
    st.session_state.pop(PROBLEM, None)
    try:
        write_note(name, st.session_state[key])
    except UserError as error:
        st.session_state[PROBLEM] = name, str(error)
