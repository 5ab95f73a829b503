"""What a study will cost, said before it starts, and how it is started."""

from datetime import datetime

import streamlit as st

from app.components import guarded_fragment, say_wrong, show_error, with_whole_page
from app.single_press import press_once
from app.state import chosen_data
from app.views.train_cost import say_pace
from app.views.train_state import in_words_of_the_form
from core.config import TrainConfig
from core.errors import UserError
from core.plan import Plan
from core.progress import in_words
from core.runs import launch
from core.search_space import Searched
from core.studies import check_study, create_study, most_it_costs

MEASURING, PROBLEM = "tune.measuring", "tune.not_started"  # keys of the session's state
MISSING = "What this will cost is said here as soon as everything above fits together."


@st.cache_resource(ttl=30, max_entries=64, show_spinner=False)
def checked(config: TrainConfig, space: tuple[Searched, ...], trials: int) -> Plan:
    """The plan of one trial, once all is checked; read again after half a minute so that changed data is noticed."""
    return check_study(config, space, trials)[0]


def start(model: str, settings: dict, space: list[Searched], trials: int, name: str, storage: str, *, ready: bool) -> None:
    """The cost and the button; what does not fit together is said in place of the cost."""
    plan, impossible = None, None
    if ready:
        try:
            plan = checked(TrainConfig(**settings | chosen_data() | {"model": model}), tuple(space), trials)
        except UserError as error:
            impossible = in_words_of_the_form(error)
    say_wrong(impossible)
    waiting = plan and most_it_costs(plan, trials).unknown and st.session_state.get(MEASURING, True)
    guarded_fragment(1 if waiting else None)(_cost)(plan, trials)
    begin = with_whole_page(press_once("tune.start", send))  # the study appears beside this at once
    st.button("Start the study", type="primary", icon=":material/play_arrow:", disabled=plan is None, width="stretch",
              key="tune.start", on_click=begin, args=(plan, space, trials, name, storage))
    if problem := st.session_state.pop(PROBLEM, None):
        show_error(problem)


def _cost(plan: Plan | None, trials: int) -> None:
    if plan is None:
        st.caption(MISSING)
        return
    cost = most_it_costs(plan, trials)
    time = f", at most about {in_words(cost.seconds)} here" if cost.seconds is not None else ""
    st.markdown(f"**{trials:,} trials, {cost.trainings:,} trainings{time}**")
    say_pace(cost, MEASURING, "Less, because bad trials are stopped early. It waits its turn, like every training.")


def send(plan: Plan, space: list[Searched], trials: int, name: str, storage: str) -> bool:
    """Make the study, start its process, and open it. A callback, so that no press is lost. Returns whether it is there."""
    made = None
    try:
        made = create_study(plan.config, space, trials, storage=storage or None,
                            name=name or f"tune-{plan.config.model}-{datetime.now():%y%m%d-%H%M%S}")
        launch(made)
    except UserError as error:
        st.session_state[PROBLEM] = str(error)
    if made:
        st.query_params["study"] = made.name
        st.session_state["tune.name"] = ""  # it is taken now
    return made is not None
