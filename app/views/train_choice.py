"""The choice before a training, in the order a person thinks: data, models, protocol; settings are in ``train_form``."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

import streamlit as st

from app.charts.palette import ink
from app.components import css, guarded_fragment, redraw, say_wrong
from app.components.frame import escape
from app.data.opened import opened_dataset
from app.data.preview import as_sentence
from app.state import (
    DATASET_KEY,
    LABEL,
    choose_dataset,
    chosen_data,
    current_dataset,
    current_label,
    current_sources,
    is_dark,
)
from app.views.train_form import OF_MODELS, TOLD, setting_field
from app.views.train_state import KEEP, NO_PROTOCOL, chosen_models, chosen_protocols, chosen_seeds, key
from core.catalog import CATALOG, ModelCard
from core.config import field_named
from core.datasets import available_datasets, is_table
from core.errors import UserError
from core.experiments import taken
from core.grouping import AUTO
from core.pretrained import missing_requirement
from core.runs import check_name
from core.splits import PROTOCOLS, explained
from core.wording import count

NAME, COLUMN = "train.dataset", "train.label"  # keys of the fields of the data
REFUSED = "train.refused"  # key of the session's state: the data that was kept then, and what is wrong with what was chosen
NO_MODEL, PROTOCOL = "train.no_model", "train.protocol"  # keys of parts of the page
USUAL = ("1-D CNN", "CNN + transformer", "Earshot")  # families that stand open; the rest is folded


def choose_data() -> list[str]:
    """Which clips; the choice holds for the whole app. A data set that cannot be opened is said beneath its field (and
    in the list that is returned), and the app keeps the one it had."""
    with st.spinner("Opening the data set"):  # the demo sounds are made when they are first wanted
        dataset = opened_dataset()
    names = list(dict.fromkeys([*available_datasets(), dataset.name]))
    kept, error = st.session_state.get(REFUSED, (None, None))
    if kept != chosen_data() or st.session_state.get(NAME) not in names:  # else what was refused stays, to be put right
        st.session_state.update({NAME: dataset.name, COLUMN: current_label(), REFUSED: (None, None)})
        error = None
    with st.container(key="chosen_data"):
        name = st.selectbox("Data set", names, key=NAME, on_change=_another, args=(dataset.name,),
                            help="Any folder can be opened on Home")
    if is_table(st.session_state[DATASET_KEY] if name == dataset.name else name):
        setting = field_named("label").metadata
        st.text_input(setting["label"], key=COLUMN, on_change=_take, args=(dataset.name,), help=setting["help"])
    say_wrong(error)
    if error:
        return [error]
    sources = len(set(dataset.sources))
    st.caption(f"{len(dataset.clips):,} clips · {len(dataset.class_names)} classes · {count(sources, 'recording')}",
               help=escape(f"{as_sentence(dataset.source_rule)} The rule is chosen on Home, with the data set."))
    return []


def _another(now: str) -> None:
    """A callback: another data set was chosen than ``now``, or that one again."""
    st.session_state[COLUMN] = current_label() if st.session_state[NAME] == now else LABEL
    _take(now)


def _take(now: str) -> None:
    """A callback: open what stands in the fields, before anything is drawn; ``now`` is the name of the one that is open."""
    same, label = st.session_state[NAME] == now, st.session_state[COLUMN].strip() or LABEL
    name, sources = (st.session_state[DATASET_KEY], current_sources()) if same else (st.session_state[NAME], AUTO)
    st.session_state.pop(REFUSED, None)
    try:
        choose_dataset(name, label, sources)
    except UserError as error:
        st.session_state[REFUSED] = chosen_data(), str(error)


def choose_models() -> None:
    """One or several models, as cards by family."""
    css(f"[class*=st-key-card_]:has(input:checked) {{ border-color: {ink(is_dark()).accent}; }}")
    usual = [card for card in CATALOG.values() if card.family in USUAL]
    others = [card for card in CATALOG.values() if card.family not in USUAL]
    families(usual)
    open_now = any(card.name in chosen_models() for card in others)
    st.caption("Parameters, MACs and moments are those of ten classes and clips of 5 s at 16 kHz.")
    with st.expander(f"{len(others)} more models", expanded=open_now):
        families(others)
    guarded_fragment(key=NO_MODEL)(_say_no_model)()


def _say_no_model() -> None:
    say_wrong(None if chosen_models() else "Choose at least one model")


def families(cards: list[ModelCard]) -> None:
    """Cards under the names of their families."""
    for family, members in groupby(cards, key=lambda card: card.family):
        st.caption(family)
        for pair in batched(members, 2):  # row by row, so that the order holds where columns stack
            for column, card in zip(st.columns(2, gap="small"), pair, strict=False):
                with column:
                    model_card(card)


def batched(items: Iterable, size: int) -> Iterator[list]:
    """Lists of ``size`` items, the last one perhaps shorter."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def model_card(card: ModelCard) -> None:
    """One model with its size, its compute and what it attends to."""
    reason = missing_requirement(card.name)
    with st.container(border=True, key=f"card_{card.name}", gap="xxsmall"):
        st.checkbox(escape(card.name), key=key(f"model.{card.name}"), help=card.summary, disabled=bool(reason),
                    on_change=redraw, args=(NO_MODEL, OF_MODELS, *TOLD), **KEEP)
        st.caption(escape(reason) if reason else
                   f"{card.parameters / 1e6:.2f} M parameters · {card.macs / 1e6:,.0f} M MACs  \n"
                   + (f"Attends to {card.attends}" if card.attends else "No attention"))


def choose_protocols() -> None:
    """One or several protocols, the seeds, and the folds of kfold."""
    guarded_fragment(key=PROTOCOL)(_protocols)()


def _protocols() -> None:
    st.caption("What is trained, what is tested")
    with st.container(gap="xsmall", key="protocols"):
        for name in PROTOCOLS:
            with st.container(gap=None, key=f"protocol_{name}"):
                st.checkbox(name, key=key(f"protocol.{name}"), on_change=redraw, args=(PROTOCOL, *TOLD), **KEEP)
                st.caption(escape(explained(name, current_dataset())))
    say_wrong(None if chosen_protocols() else NO_PROTOCOL)
    left, right = st.columns(2)
    with left:
        seeds_field(key("seeds"), on_change=redraw, args=(PROTOCOL, *TOLD))
    if "kfold" in chosen_protocols():
        with right:
            setting_field("folds")


def seeds_field(state: str, **options) -> None:
    """One run per seed, in a field of this key; an error is said beneath it."""
    st.text_input("Seeds", key=state, help="One run per seed, separated by commas. " + field_named("seed").metadata["help"],
                  **KEEP, **options)
    say_wrong(chosen_seeds(state)[1])


def choose_name(state: str, runs: int, **options) -> None:
    """The name that the runs share, in the field ``<state>.name``, and whether they join those that carry it already."""
    st.text_input("Name of the experiment", key=f"{state}.name", placeholder="made up from the time",
                  help="The name that these runs share in Results and in Weights & Biases", **KEEP, **options)
    name, _, wrong = chosen_name(state)
    if there := len(taken(name)):
        st.session_state.setdefault(_joins(state, name), False)
        st.checkbox(f"Add {count(runs, 'run')} to the {there:,} of this experiment", key=_joins(state, name), **KEEP,
                    **options)
    say_wrong(wrong)


def chosen_name(state: str) -> tuple[str, bool, str | None]:
    """The name, whether the runs join those that carry it already, and what is wrong with it."""
    name = st.session_state.get(f"{state}.name", "").strip()
    if not taken(name):
        return name, False, wrong_name(name) if name else None
    join = st.session_state.get(_joins(state, name), False)
    return name, join, None if join else f"There is already an experiment called {name}: choose another name, or add to it"


def wrong_name(name: str) -> str | None:
    """What is wrong with the name of a new experiment; None where nothing is."""
    try:
        check_name(name, "name of the experiment")
    except UserError as error:
        return as_sentence(str(error))
    return None


def _joins(state: str, name: str) -> str:
    return f"{state}.name.join.{name}"
