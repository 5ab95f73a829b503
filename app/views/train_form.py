"""Settings of a training as form fields, made from ``core.config``: a new setting appears here without a line of code.

Every field checks itself with the rule the command line uses, and says what is wrong with its value beneath itself.
"""

import dataclasses
import math
from collections.abc import Callable

import streamlit as st

from app.components.frame import escape
from app.views.train_hear import hear
from core.config import config_fields, field_named, parse_setting
from core.errors import UserError
from core.presets import PRESETS, Preset

MAIN = ("epochs", "learning_rate", "batch_size")  # in the order a person thinks of them; the rest is folded
OF_MODELS, HEARD = "The chosen models", "Augmentation"
FOLDED = {OF_MODELS: ("model",), HEARD: ("augmentation",), "More about the training": ("training",),
          "Clips and machine": ("data", "machine")}
ELSEWHERE = ("dataset", "label", "sources", "model", "protocol", "folds", "seed")  # chosen above the settings
KEEP = {"persist_state": "session"}  # a look at another page loses nothing


def key(name: str) -> str:
    return f"train.{name}"


def begin_fields() -> None:
    """Give every field its default the first time; afterwards Streamlit keeps what was typed (``persist_state``)."""
    for field in config_fields():
        if field.name not in ELSEWHERE:
            st.session_state.setdefault(key(field.name), field.default)


def settings_form(models: list[str], price: Callable[[dict], str]) -> tuple[dict, list[str]]:
    """Draw all settings that concern ``models``; returns the values and the sentences of those that are wrong (none: the
    form can be sent). ``price(values)`` says what a training with these settings costs here, or the empty text where that
    is not known."""
    _presets(price)
    errors = []
    for column, name in zip(st.columns(len(MAIN)), MAIN, strict=True):
        with column:
            errors += setting_field(name)
    for title, groups in FOLDED.items():
        fields = [f.name for g in groups for f in config_fields(g) if f.name not in (*MAIN, *ELSEWHERE)
                  and (f.metadata["models"] is None or set(f.metadata["models"]) & set(models))]
        if not fields:
            continue
        with st.expander(title, expanded=title == OF_MODELS):
            for first in range(0, len(fields), 2):  # row by row: on a phone what belongs together stays together
                for column, name in zip(st.columns(2), fields[first : first + 2], strict=False):
                    with column:
                        errors += setting_field(name)
            if title == HEARD and st.toggle("Hear what it does to a clip", key=key("hear")) and not errors:
                hear(values_of_form())
    return values_of_form(), errors


def values_of_form() -> dict:
    """What stands in the fields now, by setting."""
    return {f.name: st.session_state[key(f.name)] for f in config_fields() if f.name not in ELSEWHERE}


def setting_field(name: str) -> list[str]:
    """One field and, beneath it, what is wrong with its value; returns that sentence in a list, or an empty list."""
    field = field_named(name)
    rule, label = field.metadata, _label(field)
    if rule["choices"]:
        st.selectbox(label, rule["choices"], key=key(name), help=_help(field), **KEEP)
    elif field.type is bool:
        st.toggle(label, key=key(name), help=_help(field), **KEEP)
    elif field.type is str:
        st.text_input(label, key=key(name), help=_help(field), **KEEP)
    elif field.type is float:
        st.number_input(label, key=key(name), help=_help(field), step=_step(field.default), format="%g",
                        **KEEP)
    else:
        st.number_input(label, key=key(name), help=_help(field), step=1, value=None if field.default is None else "min",
                        placeholder="all" if field.default is None else None, **KEEP)
    error = wrong(name, st.session_state[key(name)])
    say_wrong(error)
    return [error] if error else []


def say_wrong(sentence: str | None) -> None:
    """A sentence beneath the field it is about. Its place is kept without one, so that what follows stays itself."""
    place = st.empty()
    if sentence:
        place.caption(f":red[{escape(sentence)}]")


def wrong(name: str, value) -> str | None:
    """What is wrong with a value for this setting, as a sentence; None when nothing is."""
    optional = field_named(name).default is None
    try:
        parse_setting(f"{name}={'none' if value is None and optional else '' if value is None else value}")
    except UserError as error:
        return str(error).replace(name, field_named(name).metadata["label"], 1)
    return None


def parse_seeds(text: str) -> list[int]:
    """``"0, 1, 2"`` as ``[0, 1, 2]``; raises UserError for anything that is no seed, or none at all."""
    parts = [part for part in text.replace(",", " ").split() if part]
    if not parts:
        raise UserError("Seeds expects at least one whole number, found none")
    for part in parts:
        if error := wrong("seed", part):
            raise UserError(error)
    return list(dict.fromkeys(int(part) for part in parts))


def _presets(price: Callable[[dict], str]) -> None:
    """The presets to choose from, each with its price and what it reached; none is chosen where own values stand.

    Another one fits: another widget. While somebody types on, a browser still sends what it believes to be chosen, and
    Streamlit takes that for a choice: heeded, it would set every field back.
    """
    values = {f.name: f.default for f in config_fields() if f.name not in ELSEWHERE}
    current = {name: st.session_state[key(name)] for name in values}
    fitting = next((n for n, preset in enumerate(PRESETS.values()) if current == values | preset.values), None)
    before, number = st.session_state.get("train.preset", (None, 0))
    number += fitting != before
    st.session_state["train.preset"] = fitting, number
    widget = f"train.preset.{number}"

    def apply() -> None:
        if st.session_state["train.preset"][1] != number:
            return
        chosen = PRESETS[st.session_state[widget]]
        st.session_state.update({key(name): value for name, value in (values | chosen.values).items()})

    st.radio("Preset", list(PRESETS), index=fitting, key=widget, on_change=apply, format_func=str.capitalize,
             captions=[escape(_in_words(preset, price(values | preset.values))) for preset in PRESETS.values()],
             label_visibility="collapsed")


def _in_words(preset: Preset, price: str) -> str:
    """What a preset is, what it costs here, and what it reached where somebody measured it."""
    parts = [preset.sentence[:1].upper() + preset.sentence[1:], f"{price} here" if price else "",
             f"reached {preset.reached}" if preset.reached else ""]
    return " · ".join(filter(None, parts))


def _label(field: dataclasses.Field) -> str:
    unit = field.metadata["unit"]
    return f"{field.metadata['label']} ({unit})" if unit else field.metadata["label"]


def _help(field: dataclasses.Field) -> str:
    rule = field.metadata
    return f"{rule['help']} ({rule['low']:,} to {rule['high']:,})" if rule["low"] is not None else rule["help"]


def _step(default: float) -> float:
    """A step that suits the size of the value: 0.0001 for 0.001, 0.1 for 0.5."""
    return 10.0 ** math.floor(math.log10(default / 2)) if default else 0.01
