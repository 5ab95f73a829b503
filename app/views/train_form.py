"""Settings of a training as form fields, made from ``core.config``: a new setting appears here without a line of code.

Every field checks itself with the rule the command line uses, and says what is wrong with its value beneath itself.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable

import streamlit as st

from app.components import guarded_fragment, redraw, say_wrong
from app.components.frame import escape
from app.views.train_hear import hear
from app.views.train_state import ELSEWHERE, KEEP, chosen_models, key, values_of_form, wrong
from core.config import TrainConfig, config_fields, field_named
from core.presets import PRESETS, Preset

MAIN = ("epochs", "learning_rate", "batch_size")  # in the order a person thinks of them; the rest is folded
FOLDED = {"The chosen models": ("model",), "Augmentation": ("augmentation",), "More about the training": ("training",),
          "Clips and machine": ("data", "machine")}
# The parts of the page that speak of the whole choice, by their keys; they are drawn again after every change of it.
FITS, PRESET, NAME, COST = TOLD = "train.fits", "train.presets", "train.name", "train.cost"
WHOLE, HEARD = "train.whole", "train.heard"  # of the choice only the settings concern these
OF_MODELS = "train.of_models"  # the settings that only some models have
UNPRICED = "train.unpriced"  # key of the session's state: configs whose pace is wanted for the price of a preset


def settings_form(price: Callable[[dict], tuple[str, tuple[TrainConfig, ...]]]) -> None:
    """Draw the presets and all settings that concern the chosen models. ``price(values)`` says what a training with these
    settings costs here, or the empty text where that is not known, and for what it is not."""
    guarded_fragment(key=PRESET)(_presets)(price)
    for column, name in zip(st.columns(len(MAIN)), MAIN, strict=True):
        with column:
            setting_field(name)
    guarded_fragment(key=OF_MODELS)(_folded)("The chosen models")
    for title in list(FOLDED)[1:]:
        _folded(title)


def wrong_settings() -> list[str]:
    """What is wrong with the values in the form, as sentences; none: it can be sent."""
    return [error for name in _concerned() if (error := wrong(name, st.session_state[key(name)]))]


def _concerned() -> list[str]:
    """The settings that stand in the form, for the chosen models."""
    return [*MAIN, *(name for groups in FOLDED.values() for name in _fields(groups))]


def _fields(groups: Iterable[str]) -> list[str]:
    """The settings of these groups that concern the chosen models, without :data:`MAIN`."""
    models = set(chosen_models())
    return [f.name for group in groups for f in config_fields(group) if f.name not in (*MAIN, *ELSEWHERE)
            and (f.metadata["models"] is None or models & set(f.metadata["models"]))]


def _folded(title: str) -> None:
    """The settings under a title; without any there is no title either."""
    fields = _fields(FOLDED[title])
    if not fields:
        return
    with st.expander(title, expanded=FOLDED[title] == ("model",)):
        for first in range(0, len(fields), 2):  # row by row: on a phone what belongs together stays together
            for column, name in zip(st.columns(2), fields[first : first + 2], strict=False):
                with column:
                    setting_field(name)
        if FOLDED[title] == ("augmentation",):
            guarded_fragment(key=HEARD)(_heard)()


def _heard() -> None:
    if st.toggle("Hear what it does to a clip", key=key("hear")) and not wrong_settings():
        hear(values_of_form())


def setting_field(name: str) -> None:
    """One field and, beneath it, what is wrong with its value: a part of the page by itself."""
    guarded_fragment(key=_part(name))(_field)(name)


def _part(name: str) -> str:
    return f"train.field.{name}"


def _field(name: str) -> None:
    field = field_named(name)
    rule, label = field.metadata, _label(field)
    options = KEEP | {"on_change": _redraw, "args": ([name],)}
    if rule["choices"]:
        st.selectbox(label, rule["choices"], key=key(name), help=_help(field), **options)
    elif field.type is bool:
        st.toggle(label, key=key(name), help=_help(field), **options)
    elif field.type is str:
        st.text_input(label, key=key(name), help=_help(field), **options)
    elif field.type is float:
        st.number_input(label, key=key(name), help=_help(field), step=_step(field.default), format="%g",
                        **options)
    else:
        st.number_input(label, key=key(name), help=_help(field), step=1, value=None if field.default is None else "min",
                        placeholder="all" if field.default is None else None, **options)
    if error := wrong(name, st.session_state[key(name)]):
        say_wrong(error)


def _redraw(changed: list[str]) -> None:
    """The fields of these settings, what is told of the whole choice, and what the augmentation sounds like."""
    redraw(*map(_part, changed), *TOLD, WHOLE, HEARD)


def _presets(price: Callable[[dict], tuple[str, tuple[TrainConfig, ...]]]) -> None:
    """The presets to choose from, each with its price and what it reached; none is chosen where own values stand.

    Another one fits: another widget. While somebody types on, a browser still sends what it believes to be chosen, and
    Streamlit takes that for a choice: heeded, it would set every field back.
    """
    defaults, current = {f.name: f.default for f in config_fields() if f.name not in ELSEWHERE}, values_of_form()
    presets = [defaults | _of_the_data(current) | preset.values for preset in PRESETS.values()]
    fitting = presets.index(current) if current in presets else None
    before, number = st.session_state.get("train.preset", (None, 0))
    number += fitting != before
    st.session_state["train.preset"] = fitting, number
    widget = f"train.preset.{number}"
    said = st.session_state.setdefault("train.preset.said", {})  # setting -> the value that a preset told the browser last

    def apply() -> None:
        if st.session_state["train.preset"][1] != number:
            return
        chosen = list(PRESETS).index(st.session_state[widget])
        wanted, st.session_state["train.preset"] = presets[chosen], (chosen, number)  # it fits, and the widget stays
        # In the state stands what the browser says. Where that is not what a preset told it last, it is about to draw that.
        told = [name for name, value in wanted.items() if not st.session_state[key(name)] == value == said.get(name, value)]
        said.update((name, wanted[name]) for name in told)
        st.session_state.update({key(name): wanted[name] for name in told})
        _redraw([name for name in told if name in _concerned()])

    prices, unknown = zip(*map(price, presets), strict=True)
    st.session_state[UNPRICED] = [config for configs in unknown for config in configs]
    st.radio("Preset", list(PRESETS), index=fitting, key=widget, on_change=apply, format_func=str.capitalize,
             captions=[escape(_in_words(*told)) for told in zip(PRESETS.values(), prices, strict=True)],
             label_visibility="collapsed")


def _of_the_data(values: dict) -> dict:
    """The settings that speak of the clips and the machine and of which no preset says anything: none takes them back."""
    told = {name for preset in PRESETS.values() for name in preset.values}
    return {field.name: values[field.name] for group in FOLDED["Clips and machine"] for field in config_fields(group)
            if field.name in values and field.name not in told}


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
