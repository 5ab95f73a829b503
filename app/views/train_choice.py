"""The choice before a training, in the order a person thinks: data, models, protocol; settings are in ``train_form``."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

import streamlit as st

from app.charts.palette import ink
from app.components.frame import escape
from app.data.preview import as_sentence
from app.state import DATASET_KEY, LABEL, choose_dataset, current_dataset, current_label, current_sources, is_dark
from app.views.train_form import KEEP, key, parse_seeds, say_wrong, setting_field
from core.catalog import CATALOG, ModelCard
from core.config import TrainConfig, field_named
from core.datasets import available_datasets, is_table
from core.errors import UserError
from core.experiments import count, taken
from core.grouping import AUTO
from core.pretrained import missing_requirement
from core.splits import PROTOCOLS

FIRST_CHOICE = ("cnn_transformer_h4",)
USUAL = ("1-D CNN", "CNN + transformer", "Earshot")  # families that stand open; the rest is folded


def choose_data() -> list[str]:
    """Which clips; the choice holds for the whole app. A data set that cannot be opened is said beneath its field (and
    in the list that is returned), and the app keeps the one it had."""
    with st.spinner("Opening the data set"):  # the demo sounds are made when they are first wanted
        dataset = current_dataset()
    names = list(dict.fromkeys([*available_datasets(), dataset.name]))
    name = st.selectbox("Data set", names, index=names.index(dataset.name), help="Any folder can be opened on Home")
    chosen = name == dataset.name
    name = st.session_state[DATASET_KEY] if chosen else name
    label, errors = choose_label(name, current_label() if chosen else LABEL), []
    if not chosen or label != current_label():
        try:
            dataset = choose_dataset(name, label, current_sources() if chosen else AUTO)
        except UserError as error:
            errors = [str(error)]
    say_wrong(errors[0] if errors else None)
    if not errors:
        sources = len(set(dataset.sources))
        st.caption(f"{len(dataset.clips):,} clips · {len(dataset.class_names)} classes · {sources:,} recordings",
                   help=escape(f"{as_sentence(dataset.source_rule)} The rule is chosen on Home, with the data set."))
    return errors


def choose_label(name: str, label: str) -> str:
    """The column that holds the class, asked for only where the data set is a table; ``label`` is the one it has."""
    if not is_table(name):
        return label
    setting = field_named("label").metadata
    text = st.text_input(setting["label"], value=label, key=key(f"label.{name}.{label}"), help=setting["help"])
    return text.strip() or LABEL


def choose_models() -> list[str]:
    """One or several models, as cards by family."""
    st.html(f"<style>[class*=st-key-card_]:has(input:checked) {{ border-color: {ink(is_dark()).accent}; }}</style>")
    usual = [card for card in CATALOG.values() if card.family in USUAL]
    others = [card for card in CATALOG.values() if card.family not in USUAL]
    chosen = families(usual)
    open_now = any(st.session_state.get(key(f"model.{card.name}")) for card in others)
    with st.expander(f"{len(others)} more models", expanded=open_now):
        chosen += families(others)
    say_wrong(None if chosen else "Choose at least one model")
    return chosen


def families(cards: list[ModelCard]) -> list[str]:
    """Cards under the names of their families; the names of the chosen ones."""
    chosen = []
    for family, members in groupby(cards, key=lambda card: card.family):
        st.caption(family)
        for pair in batched(members, 2):  # row by row, so that the order holds where columns stack
            for column, card in zip(st.columns(2, gap="small"), pair, strict=False):
                with column:
                    if model_card(card):
                        chosen.append(card.name)
    return chosen


def batched(items: Iterable, size: int) -> Iterator[list]:
    """Lists of ``size`` items, the last one perhaps shorter."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def model_card(card: ModelCard) -> bool:
    """One model with its size, its compute and what it attends to; whether it is chosen."""
    state = key(f"model.{card.name}")
    st.session_state.setdefault(state, card.name in FIRST_CHOICE)
    with st.container(border=True, key=f"card_{card.name}", gap="xxsmall"):
        chosen = st.checkbox(escape(card.name), key=state, help=card.summary, disabled=bool(missing_requirement(card.name)),
                             **KEEP)
        if reason := missing_requirement(card.name):
            st.caption(escape(reason))
            return False  # a run from elsewhere may have filled it in: then it cannot be unticked
        st.caption(f"{card.parameters / 1e6:.2f} M parameters · {card.macs / 1e6:,.0f} M MACs  \n"
                   + (f"Attends to {card.attends}" if card.attends else "No attention"))
    return chosen


def choose_protocols() -> tuple[list[str], int, list[int], list[str]]:
    """One or several protocols, the folds of kfold, the seeds, and the sentences of what is wrong."""
    st.caption("What is trained, what is tested")
    with st.container(gap="xsmall", key="protocols"):
        chosen = [name for name, sentence in PROTOCOLS.items() if protocol_box(name, sentence)]
    errors, folds = [] if chosen else ["Choose at least one protocol"], TrainConfig().folds
    say_wrong(errors[0] if errors else None)
    left, right = st.columns(2)
    with left:
        seeds, wrong = choose_seeds(key("seeds"))
        errors += wrong
    if "kfold" in chosen:
        with right:
            st.session_state.setdefault(key("folds"), folds)
            errors += setting_field("folds")
            folds = st.session_state[key("folds")]
    return chosen, folds, seeds, errors


def protocol_box(name: str, sentence: str) -> bool:
    """One protocol with its sentence; whether it is chosen."""
    state = key(f"protocol.{name}")
    st.session_state.setdefault(state, name == field_named("protocol").default)
    with st.container(gap=None, key=f"protocol_{name}"):
        chosen = st.checkbox(name, key=state, **KEEP)
        st.caption(escape(sentence))
    return chosen


def choose_seeds(state: str) -> tuple[list[int], list[str]]:
    """One run per seed, in a field of this key; an error is said beneath it."""
    st.session_state.setdefault(state, str(field_named("seed").default))
    text = st.text_input("Seeds", key=state, help="One run per seed, separated by commas. "
                         + field_named("seed").metadata["help"], **KEEP)
    seeds, errors = [], []
    try:
        seeds = parse_seeds(text)
    except UserError as error:
        errors = [str(error)]
    say_wrong(errors[0] if errors else None)
    return seeds, errors


def choose_name(state: str, runs: int, placeholder: str) -> tuple[str, bool, list[str]]:
    """The name that the runs share, whether they are meant to join those that carry it already, and what is wrong."""
    name = st.text_input("Name of the experiment", key=state, placeholder=placeholder,
                         help="The name that these runs share in Results and in Weights & Biases", **KEEP).strip()
    there = len(taken(name))
    if not there:
        return name, False, []
    joined = f"{state}.join.{name}"
    st.session_state.setdefault(joined, False)
    join = st.checkbox(f"Add {count(runs, 'run')} to the {there:,} of this experiment", key=joined, **KEEP)
    sentence = f"There is already an experiment called {name}: choose another name, or add to it"
    say_wrong(None if join else sentence)
    return name, join, [] if join else [sentence]
