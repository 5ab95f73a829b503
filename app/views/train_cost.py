"""What the chosen runs will cost, said before they start, and how they are started."""

from collections.abc import Sequence

import streamlit as st

from app.components import guarded_fragment, show_error, with_whole_page
from app.components.frame import escape
from app.single_press import press_once
from app.views.train_lengths import say_lengths
from app.views.train_like import forget_filled_in
from core import experiments
from core.config import TrainConfig
from core.costs import Cost, estimate, seconds_per_clip, start_trial
from core.errors import UserError
from core.plan import Plan
from core.runs import list_runs


def start(plans: list[Plan], label: str, state: str, *, name: str, add: bool, ready: bool, missing: str,
          also: Sequence[TrainConfig] = (), lengths: bool = True) -> None:
    """The cost and the button; ``missing``, Markdown, is said in place of the cost where there is nothing to start yet.
    ``state`` begins the keys of what is kept, the field of the name (``<state>.name``) among them. ``also`` are other configs
    whose pace the page would like to know; they are measured when that of the plans is known. ``lengths``: whether to say what
    of the clips is not heard."""
    costs(plans, state, missing, also, lengths)
    begin = with_whole_page(press_once(f"{state}.start", send))  # the run appears beside this at once
    st.button(label, type="primary", icon=":material/play_arrow:", disabled=not (plans and ready), width="stretch",
              key=f"{state}.start", on_click=begin, args=(plans, name, add, state))
    if problem := st.session_state.pop(f"{state}.not_started", None):
        show_error(problem)
    say_started(state)


def say_started(state: str) -> None:
    """What was started here, as long as it is at work, and the way to it: on a phone it stands far above the button."""
    name = st.session_state.get(f"{state}.started")
    if name and any(run.status.active for run in list_runs() if name in (run.name, run.experiment)):
        with st.container(key=f"{state}.jump"):
            st.markdown(f"Started {escape(name)}. [See how it trains](#jump-runs)")


def costs(plans: list[Plan], state: str, missing: str, also: Sequence[TrainConfig], lengths: bool) -> None:
    """Trainings and minutes; asks again every second while this machine is being measured."""
    waiting = plans and (estimate(plans).unknown or also) and st.session_state.get(f"{state}.measuring", True)
    guarded_fragment(1 if waiting else None)(_costs)(plans, f"{state}.measuring", missing, also, lengths)


def _costs(plans: list[Plan], measuring: str, missing: str, also: Sequence[TrainConfig], lengths: bool) -> None:
    if not plans:
        st.caption(missing)
        return
    cost = estimate(plans)
    st.markdown(f"**{experiments.in_short(cost)}**")
    say_pace(cost, measuring, "An estimate, from the pace of such trainings on this machine. Runs wait for one another.", also)
    if lengths:
        say_lengths(plans)


def say_pace(cost: Cost, measuring: str, known: str, also: Sequence[TrainConfig] = ()) -> None:
    """Where the pace of this machine is not known it is measured, and that is said; ``known`` is said where it is. The key
    ``measuring`` of the session holds whether to ask again."""
    wanted = cost.unknown or [config for config in also if seconds_per_clip(config) is None]
    measured = bool(wanted) and start_trial(wanted[0])
    if not cost.unknown:
        st.caption(known)
    elif measured:
        st.caption("Measuring how fast this machine trains such a model …")
    else:
        st.caption("How long it takes could not be measured here.")
    if wanted:
        st.session_state[measuring] = measured
    elif st.session_state.pop(measuring, None):
        st.rerun()


def send(plans: list[Plan], name: str, add: bool, state: str) -> bool:
    """Make the runs, all or none, start their processes, and open them. A callback, so that no press is lost. Returns whether
    there are runs now."""
    made = []
    try:
        made = experiments.create(plans, name or None, add=add)
        experiments.launch(made)
    except UserError as error:
        st.session_state[f"{state}.not_started"] = str(error)
    if made:
        for link in ("run", "experiment"):
            st.query_params.pop(link, None)
        several = len(made) > 1
        name = made[0].experiment if several else made[0].name
        st.query_params["experiment" if several else "run"] = st.session_state[f"{state}.started"] = name
        forget_filled_in()
        for key in [key for key in st.session_state if str(key).startswith(f"{state}.name.join.")]:
            st.session_state.pop(key)
        st.session_state[f"{state}.name"] = ""  # it is taken now
    return bool(made)
