"""The whole assignment, from one button: both architectures, every number of heads, both protocols, under one name."""

from datetime import datetime

import streamlit as st

from app.components import say_wrong
from app.components.frame import escape
from app.state import chosen_data, current_dataset
from app.views.train_choice import choose_name, chosen_name, seeds_field
from app.views.train_cost import start
from app.views.train_state import KEEP, chosen_seeds, in_words_of_the_form, values_of_form, wrong
from core.config import field_named
from core.errors import UserError
from core.experiments import ASSIGNMENT, combinations
from core.plan import Plan

STATE = "train.whole"
SENTENCE = ("Both architectures, the second with 1, 2 and 4 heads (cnn1d, cnn_transformer_h1, _h2 and _h4), each under "
            "split and under assignment. Everything but epochs and seeds is as below, under 4 · Settings.")


def whole_assignment(ready: bool, plan_of) -> None:
    """The card at the top: epochs, seeds, name, cost, and the button. ``ready``: whether the data beneath it can be used;
    ``plan_of`` checks a config."""
    st.session_state.setdefault(f"{STATE}.epochs", field_named("epochs").default)
    st.session_state.setdefault(f"{STATE}.seeds", str(field_named("seed").default))
    with st.container(border=True, key="whole", gap="small"):
        st.subheader("The whole assignment", anchor=False)
        st.caption(escape(f"{SENTENCE} On {current_dataset().name}."))
        left, middle, right = st.columns([2, 2, 3])
        with left:
            epochs = st.number_input("Epochs", key=f"{STATE}.epochs", step=1, help=field_named("epochs").metadata["help"],
                                     **KEEP)
            wrong_epochs = wrong("epochs", epochs)
            say_wrong(wrong_epochs)
        with middle:
            seeds_field(f"{STATE}.seeds")
            seeds, wrong_seeds = chosen_seeds(f"{STATE}.seeds")
        possible = ready and not (wrong_epochs or wrong_seeds)
        plans = checked(values_of_form() | {"epochs": epochs}, seeds, plan_of) if possible else []
        with right:
            choose_name(STATE, len(plans))
        name, add, wrong_name = chosen_name(STATE)
        start(plans, "Start the whole assignment", STATE, name=name or f"assignment-{datetime.now():%y%m%d-%H%M%S}", add=add,
              ready=not wrong_name, missing="What it will cost is said here as soon as it can be started.", lengths=False)


def checked(settings: dict, seeds: list[int], plan_of) -> list[Plan]:
    """The plans of all runs; none, and the reason, where one of them cannot be."""
    try:
        return [plan_of(config) for config in combinations(**ASSIGNMENT, seeds=seeds, **chosen_data(), **settings)]
    except UserError as error:
        say_wrong(in_words_of_the_form(error))
        return []
