"""What stands in the fields of Train, kept in the session's state, and what is wrong with it. Nothing is drawn here."""

import streamlit as st

from core.catalog import CATALOG
from core.config import config_fields, field_named, parse_setting
from core.errors import UserError
from core.pretrained import missing_requirement
from core.splits import PROTOCOLS

FIRST_CHOICE = ("cnn_transformer_h4",)
ELSEWHERE = ("dataset", "label", "sources", "model", "protocol", "folds", "seed")  # chosen above the settings
NO_PROTOCOL = "Choose at least one protocol"
KEEP = {"persist_state": "session"}  # a look at another page loses nothing


def key(name: str) -> str:
    return f"train.{name}"


def begin_fields() -> None:
    """Give every field its default the first time; afterwards Streamlit keeps what was typed (``persist_state``)."""
    first = {f.name: f.default for f in config_fields() if f.name not in ELSEWHERE}
    first |= {f"model.{name}": name in FIRST_CHOICE for name in CATALOG}
    first |= {f"protocol.{name}": name == field_named("protocol").default for name in PROTOCOLS}
    first |= {"seeds": str(field_named("seed").default), "folds": field_named("folds").default}
    for name, value in first.items():
        st.session_state.setdefault(key(name), value)


def values_of_form() -> dict:
    """The settings, by name."""
    return {f.name: st.session_state[key(f.name)] for f in config_fields() if f.name not in ELSEWHERE}


def chosen_models() -> list[str]:
    """In the order of the cards. One whose requirement is missing here is none, though a run from elsewhere filled it in."""
    return [name for name in CATALOG if st.session_state[key(f"model.{name}")] and not missing_requirement(name)]


def chosen_protocols() -> list[str]:
    return [name for name in PROTOCOLS if st.session_state[key(f"protocol.{name}")]]


def chosen_folds() -> int:
    """The folds of kfold; the usual ones where it is not chosen."""
    return st.session_state[key("folds")] if "kfold" in chosen_protocols() else field_named("folds").default


def chosen_seeds(state: str = key("seeds")) -> tuple[list[int], str | None]:
    """The seeds in the field of this key, and what is wrong with them."""
    try:
        return parse_seeds(st.session_state[state]), None
    except UserError as error:
        return [], str(error)


def wrong_protocol() -> list[str]:
    """What is wrong with protocols, folds and seeds, as sentences."""
    found = [None if chosen_protocols() else NO_PROTOCOL, chosen_seeds()[1],
             wrong("folds", chosen_folds())]
    return [sentence for sentence in found if sentence]


def wrong(name: str, value) -> str | None:
    """What is wrong with a value for this setting, as a sentence; None when nothing is."""
    optional = field_named(name).default is None
    try:
        parse_setting(f"{name}={'none' if value is None and optional else '' if value is None else value}")
    except UserError as error:
        return in_words_of_the_form(error)
    return None


def in_words_of_the_form(error: UserError) -> str:
    """The sentence, where it begins with a setting's name with the label of its field instead."""
    name, space, rest = str(error).partition(" ")
    label = next((field.metadata["label"] for field in config_fields() if field.name == name), name)
    return label + space + rest


def parse_seeds(text: str) -> list[int]:
    """``"0, 1, 2"`` as ``[0, 1, 2]``; raises UserError for anything that is no seed, or none at all."""
    parts = [part for part in text.replace(",", " ").split() if part]
    if not parts:
        raise UserError("Seeds expects at least one whole number, found none")
    for part in parts:
        if error := wrong("seed", part):
            raise UserError(error)
    return list(dict.fromkeys(int(part) for part in parts))
