"""The choice before a study but for what is searched: the model, where it starts, how many trials, name and storage."""

import streamlit as st

from app.components import say_wrong
from app.components.frame import escape
from app.views.train_state import KEEP, begin_fields, values_of_form, wrong
from core.catalog import CATALOG
from core.config import field_named
from core.errors import UserError
from core.pretrained import missing_requirement
from core.runs import check_name
from core.studies import FEWEST, MOST, is_study

FIRST = "cnn1d"  # the cheapest: a study trains it eighty times
TRIALS, EPOCHS = 20, 15
DEFAULTS, AS_ON_TRAIN = "The defaults", "What stands on Train"


def key(name: str) -> str:
    return f"tune.{name}"


def choose_model() -> str:
    """One model; a study compares settings, not models."""
    st.session_state.setdefault(key("model"), FIRST)
    model = st.selectbox("Model", [name for name in CATALOG if not missing_requirement(name)], key=key("model"), **KEEP)
    card = CATALOG[model]
    st.caption(escape(f"{card.family} · {card.parameters / 1e6:.2f} M parameters · {card.macs / 1e6:,.0f} M MACs"))
    return model


def choose_start() -> dict:
    """The settings that the search starts from and is held against: its first trial trains them."""
    st.session_state.setdefault(key("from"), DEFAULTS)
    st.segmented_control("Starts from", [DEFAULTS, AS_ON_TRAIN], key=key("from"), required=True, **KEEP,
                         help="The first trial trains these settings, and the search must beat them. What is not searched "
                              "stays as it is here.")
    if st.session_state[key("from")] != AS_ON_TRAIN:
        return {}
    begin_fields()
    return values_of_form()


def choose_effort() -> tuple[int, dict, list[str]]:
    """Trials, then epochs and seed as settings, and what is wrong."""
    for name, value in (("trials", TRIALS), ("epochs", EPOCHS), ("seed", 0)):
        st.session_state.setdefault(key(name), value)
    first, second, third = st.columns(3)
    with first:
        trials = st.number_input("Trials", key=key("trials"), step=1, **KEEP,
                                 help=f"The first one trains the starting point ({FEWEST} to {MOST:,})")
        errors = [] if trials is not None and FEWEST <= trials <= MOST else [
            f"Trials expects {FEWEST} to {MOST:,}, found {'nothing' if trials is None else f'{trials:,}'}"]
        say_wrong(errors[0] if errors else None)
    own = {}
    for column, name in ((second, "epochs"), (third, "seed")):
        with column:
            rule = field_named(name).metadata
            own[name] = st.number_input(rule["label"], key=key(name), step=1, help=rule["help"], **KEEP)
            error = wrong(name, own[name])
            say_wrong(error)
            errors += [error] if error else []
    return trials or 0, own, errors


def choose_names() -> tuple[str, str, list[str]]:
    """The study's name, and a database for its trials where one is wanted; and what is wrong."""
    name = st.text_input("Name of the study", key=key("name"), placeholder="made up from the time", **KEEP).strip()
    errors = []
    try:
        if name:
            check_name(name, "name of the study")
        if is_study(name):
            errors = [f"There is already a study called {name}; choose another name, or open that one"]
    except UserError as error:
        errors = [str(error)]
    say_wrong(errors[0] if errors else None)
    with st.expander("Where the trials are kept"):
        storage = st.text_input("Database", key=key("storage"), placeholder="a journal in the study's folder", **KEEP,
                                help="Any SQLAlchemy URL, such as sqlite:///trials.db or postgresql://user@host/name").strip()
        st.caption("A journal beside the results, unless you give the URL of a database.")
    return name, storage, errors
