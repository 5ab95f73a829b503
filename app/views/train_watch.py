"""The queue and the open run. The page only reads files: a reload, a second tab or a new server changes nothing."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.charts.training import HEIGHT, learning_curves
from app.components import empty_state, guard, guarded_fragment, show_error, show_figure
from app.components.frame import escape
from app.run_watch import redraw_when_runs_change
from app.single_press import press_once
from app.state import is_dark
from app.views.results_parts import in_percent
from app.views.run_menu import manage_menu, show_note, undo_bar
from app.views.train_chip import state_chip
from app.views.train_experiment import show_experiment
from core.baseline import guess_in
from core.errors import UserError
from core.experiments import is_named, runs_of
from core.runs import Run, cancel, first_to_show, get_run, list_runs, resume
from core.wording import count

GO, OPEN, PROBLEM = "train.go", "train.open", "train.problem"  # keys of the session's state
EVERY = 2  # s between two looks at the files while something runs
LONG, QUEUE = 8, 320  # runs after which the queue scrolls, and its height in px


def watch() -> None:
    """The right side; it looks again by itself as long as a run waits or trains, and slowly whether one began elsewhere."""
    st.html('<div id="jump-runs"></div>')
    active = any(run.status.active for run in list_runs())
    guarded_fragment(EVERY if active else None)(_watch)(active)
    if not active:
        redraw_when_runs_change()


def _watch(was_active: bool) -> None:
    if link := st.session_state.pop(GO, None):
        st.switch_page("views/results.py", query_params=link)
    runs = list_runs()
    states = {run.name: run.status for run in runs}
    active = [run for run in runs if states[run.name].active]
    if bool(active) != was_active:
        st.rerun()  # begin or end to look again by itself
    undo_bar(_moved)
    if not runs:
        st.subheader("Runs", anchor=False)
        empty_state("No run yet. The first one you start appears here, with its curves as they grow.", key="no_runs")
        return
    current = _current(runs, active)
    shown = [run for run in reversed(runs) if run.experiment == current.experiment]
    if len(shown) > 1 or is_named(current):
        link = {"experiment": current.experiment}
        show_experiment(current.experiment, shown, current, _open, lambda: st.session_state.update({GO: link}))
    if len(active) > 1 and not {run.name for run in active} <= {run.name for run in shown}:
        _queue(sorted(active, key=lambda run: states[run.name].queued_at), current)
    _choose(runs, current)
    show_run(current)


def _current(runs: list[Run], active: list[Run]) -> Run:
    """The run of the link, else the one that trains (of the link's experiment, where there is one), else the newest."""
    if wanted := st.query_params.get("run"):
        try:
            return get_run(wanted)  # by its former name too
        except UserError as error:
            show_error(error)
    if wanted := st.query_params.get("experiment"):
        try:
            own = {run.name for run in runs_of(wanted)}
            runs, active = [run for run in runs if run.name in own], [run for run in active if run.name in own]
        except UserError as error:
            show_error(error)
    running = [run for run in active if run.state != "queued"] or active[::-1]
    return running[0] if running else first_to_show(runs)


def _choose(runs: list[Run], current: Run) -> None:
    """A way to open another run, and what can be done with this one."""
    st.session_state[OPEN] = current.name
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
        st.selectbox("Run", [run.name for run in runs], key=OPEN, on_change=lambda: _open(st.session_state[OPEN]))
        manage_menu(current, _moved)


def _open(name: str) -> None:
    st.query_params["run"] = name


def _moved(name: str, new: str | None) -> None:
    """A run was renamed, or deleted: show it under its new name, or the usual one."""
    if new:
        _open(new)
    elif st.query_params.get("run") == name:
        st.query_params.pop("run")


def _queue(active: list[Run], opened: Run | None) -> None:
    with st.container(border=True, gap="xsmall", key="queue", height=QUEUE if len(active) > LONG else "content"):
        st.caption(f"Queue, in the order of their turns: {len(active)}")
        for run in active:
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                state_chip(run.state)
                st.text(run.name, width="stretch")
                if run != opened:
                    st.button("Open", key=f"open_{run.name}", type="tertiary", on_click=_open, args=(run.name,))


def show_run(run: Run) -> None:
    """State, progress, what can be done now, curves, log."""
    if run.problem:
        show_error(run.problem)
        return
    status, config = run.status, run.config
    with st.container(horizontal=True, vertical_alignment="center", key="run_head"):
        state_chip(status.state)
        facts = [config.model, Path(config.dataset).name, config.protocol, f"seed {config.seed}",
                 count(config.epochs, "epoch")] + [f"experiment {run.experiment}"] * (
                     run.experiment not in (run.name, *run.former_names))
        st.caption(escape(" · ".join(facts)), width="stretch")
        _actions(run, status.state)
    show_note(run)
    if status.state == "failed":
        show_error(status.message)
    name, problem = st.session_state.get(PROBLEM, ("", ""))
    if name == run.name:
        show_error(problem)
    if status.state != "finished":
        st.progress(status.progress, text=escape(status.message) if status.state != "failed" else None)
    elif run.summary:
        _headline(run.summary)
        if status.message not in ("", "Finished"):  # clips were left out
            st.caption(escape(status.message))
    with guard():  # curves that cannot be read hide neither the actions nor the log
        _curves(run)
    with st.expander("Log", key="log_open", on_change="rerun") as log:
        if log.open:
            st.code(run.log() or "Nothing was written yet.", language=None, height=260)


def _actions(run: Run, state: str) -> None:
    if state in ("queued", "running"):
        st.button("Cancel run", icon=":material/stop:", key="cancel", on_click=press_once(f"cancel {run.name}", _act),
                  args=(cancel, run))
    if state in ("stopped", "interrupted", "failed"):
        st.button("Resume", icon=":material/resume:", key="resume", type="primary",
                  on_click=press_once(f"resume {run.name}", _act), args=(resume, run))
    if state == "finished":
        st.button("Results", icon=":material/monitoring:", key="results", type="primary",
                  on_click=lambda: st.session_state.update({GO: {"run": run.name}}))


def _act(action: Callable[[Run], object], run: Run) -> bool:
    """A callback: it is done even when the page looks again at that very moment, which would lose a plain press. Returns
    whether it could be done."""
    st.session_state.pop(PROBLEM, None)
    try:
        action(run)
    except UserError as error:
        st.session_state[PROBLEM] = run.name, str(error)
        return False
    return True


def _headline(summary: dict) -> None:
    accuracy = summary.get("accuracy") or {}
    if accuracy.get("mean") is None:
        return
    spread = f" ± {in_percent(accuracy['std']):.1f}" if accuracy.get("std") is not None else ""
    st.markdown(f"**{in_percent(accuracy['mean']):.1f}{spread} %** accuracy on the test clips")


def _curves(run: Run) -> None:
    history = run.history()
    if history.empty:
        if run.status.active:
            place = st.container(height=2 * HEIGHT, border=True, key="no_curves")  # nothing jumps when they begin
            place.caption("The curves begin with the first epoch.")
        return
    guess = guess_in(run)
    for metric in ("accuracy", "loss"):
        figure = learning_curves(history, metric, epochs=run.config.epochs, dark=is_dark(), guess=guess)
        show_figure(figure, f"curves_{metric}", alt=f"{metric} by epoch, every fold and their mean")
