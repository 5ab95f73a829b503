"""One experiment as a whole: how far it is, one line per run, cancel and resume of all of it."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.components import show_error
from app.components.frame import escape
from app.single_press import press_once
from app.views.results_parts import in_percent
from app.views.train_chip import state_chip
from core.errors import UserError
from core.experiments import Standing, cancel, resume, standing
from core.progress import in_words
from core.run_folder import Run, Status
from core.wording import count

PROBLEM = "train.experiment_problem"  # key of the session's state
SCROLLED, HEIGHT = 12, 480  # runs after which the list scrolls, and its height in px


def show_experiment(name: str, runs: Sequence[Run], opened: Run | None, open_run: Callable[[str], None],
                    see_results: Callable[[], None]) -> None:
    """Overall bar and time left, what can be done with the whole, and its runs; ``open_run(name)`` opens one."""
    stands = standing(runs)
    with st.container(border=True, gap="small", key="experiment"):
        with st.container(horizontal=True, vertical_alignment="center", key="experiment_head"):
            state_chip(stands.state)
            st.markdown(f"**{escape(name)}**", width="stretch")
            _actions(name, runs, stands, see_results)
        whose, problem = st.session_state.get(PROBLEM, ("", ""))
        if whose == name:
            show_error(problem)
        if stands.state != "finished":
            st.progress(stands.progress, text=escape(in_words_of(stands)))
        else:
            took = sum(status.seconds for status in stands.statuses.values())
            st.caption(f"{count(len(runs), 'run')} finished" + (f", trained in {in_words(took)}" if took else ""))
        labels = labels_of(runs)
        with st.container(gap="xxsmall", key="experiment_runs", height=HEIGHT if len(runs) > SCROLLED else "content"):
            for run in runs:
                _line(run, stands.statuses[run.name], labels[run.name], run == opened, open_run)


def in_words_of(stands: Standing) -> str:
    """``3 of 8 runs finished · 43 % · 12 min left``."""
    parts = [f"{stands.finished} of {count(len(stands.statuses), 'run')} finished", f"{stands.progress:.0%}"]
    if stands.seconds_left is not None:
        parts.append(f"about {in_words(stands.seconds_left)} left")
    return " · ".join(parts)


def labels_of(runs: Sequence[Run]) -> dict[str, str]:
    """What tells the runs of an experiment apart: model and protocol, the seed where there are several; the run's own
    name where that is not enough."""
    configs = {run.name: None if run.problem else run.config for run in runs}
    seeds = {config.seed for config in configs.values() if config}
    labels = {name: f"{c.model} · {c.protocol}" + f" · seed {c.seed}" * (len(seeds) > 1) if c else name
              for name, c in configs.items()}
    said = list(labels.values())
    return {name: label if said.count(label) == 1 else name for name, label in labels.items()}


def _actions(name: str, runs: Sequence[Run], stands: Standing, see_results: Callable[[], None]) -> None:
    if stands.active:
        st.button("Cancel experiment", icon=":material/stop:", key="cancel_experiment",
                  on_click=press_once(f"cancel {name}", _act), args=(cancel, name, runs), disabled=stands.state == "stopping")
    if stands.unfinished:
        st.button("Resume experiment", icon=":material/resume:", key="resume_experiment",
                  on_click=press_once(f"resume {name}", _act), args=(resume, name, runs),
                  type="secondary" if stands.active else "primary",
                  help=f"Go on with the {count(stands.unfinished, 'run')} that nobody works on; what is finished stays")
    if stands.finished:
        st.button("Compare in Results", icon=":material/monitoring:", key="experiment_results", on_click=see_results,
                  type="primary" if stands.state == "finished" else "secondary")


def _act(action: Callable[[Sequence[Run]], None], name: str, runs: Sequence[Run]) -> bool:
    """A callback, so that a press at the very moment when the page looks again is not lost. Returns whether all could be
    done."""
    st.session_state.pop(PROBLEM, None)
    try:
        action(runs)
    except UserError as error:
        st.session_state[PROBLEM] = name, str(error)
        return False
    return True


def _line(run: Run, status: Status, label: str, opened: bool, open_run: Callable[[str], None]) -> None:
    """State, name, and accuracy or progress of one run; a press on its name opens it."""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="small"):
        state_chip(status.state)
        with st.container(width="stretch"):
            st.button(f"**{escape(label)}**" if opened else escape(label), key=f"line_{run.name}", type="tertiary",
                      on_click=open_run, args=(run.name,))
        st.markdown(_far(run, status), width="content")


def _far(run: Run, status: Status) -> str:
    """The accuracy of a run that is finished, else how far it is; nothing where it has not begun."""
    if status.state != "finished":
        return f":small[{status.progress:.0%}]" if status.progress else ""
    accuracy = (run.summary or {}).get("accuracy") or {}
    if accuracy.get("mean") is None:
        return ""
    spread = f" ± {in_percent(accuracy['std']):.1f}" if accuracy.get("std") is not None else ""
    return f":small[**{in_percent(accuracy['mean']):.1f}{spread} %**]"
