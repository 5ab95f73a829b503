"""The whole assignment, from one button: both architectures, every number of heads, both protocols, under one name."""

from datetime import datetime

import streamlit as st

from app.components.frame import escape
from app.state import chosen_data, current_dataset
from app.views.train_choice import choose_name, choose_seeds
from app.views.train_cost import start
from app.views.train_form import KEEP, say_wrong, wrong
from core.config import field_named
from core.errors import UserError
from core.experiments import ASSIGNMENT, combinations
from core.plan import Plan

STATE = "train.whole"
SENTENCE = ("Both architectures, the second with 1, 2 and 4 heads (cnn1d, cnn_transformer_h1, _h2 and _h4), each under "
            "split and under assignment. Everything but epochs and seeds is as below, under 4 · Settings.")


def whole_assignment(settings: dict, ready: bool, plan_of) -> None:
    """The card at the top: epochs, seeds, name, cost, and the button. ``settings``: those of the form beneath; ``ready``:
    whether its data can be used; ``plan_of`` checks a config."""
    with st.container(border=True, key="whole", gap="small"):
        st.subheader("The whole assignment", anchor=False)
        st.caption(escape(f"{SENTENCE} On {current_dataset().name}."))
        left, middle, right = st.columns([2, 2, 3])
        with left:
            epochs, errors = choose_epochs()
        with middle:
            seeds, wrong_seeds = choose_seeds(f"{STATE}.seeds")
        plans = [] if errors + wrong_seeds or not ready else checked(settings | {"epochs": epochs}, seeds, plan_of)
        with right:
            name, add, wrong_name = choose_name(f"{STATE}.name", len(plans), "made up from the time")
        start(plans, "Start the whole assignment", STATE, name=name or f"assignment-{datetime.now():%y%m%d-%H%M%S}", add=add,
              ready=not wrong_name, missing="What it will cost is said here as soon as it can be started.")


def choose_epochs() -> tuple[int, list[str]]:
    """Passes over the training clips, and what is wrong with that number."""
    state = f"{STATE}.epochs"
    st.session_state.setdefault(state, field_named("epochs").default)
    epochs = st.number_input("Epochs", key=state, step=1, help=field_named("epochs").metadata["help"], **KEEP)
    error = wrong("epochs", epochs)
    say_wrong(error)
    return epochs, [error] if error else []


def checked(settings: dict, seeds: list[int], plan_of) -> list[Plan]:
    """The plans of all runs; none, and the reason, where one of them cannot be."""
    try:
        return [plan_of(config) for config in combinations(**ASSIGNMENT, seeds=seeds, **chosen_data(), **settings)]
    except UserError as error:
        say_wrong(str(error))
        return []
