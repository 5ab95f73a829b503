"""What is searched: a line per setting with its range, which can be switched off or narrowed; made from the declared space."""

from itertools import groupby

import streamlit as st

from app.components import say_wrong
from app.components.frame import escape
from app.views.train_state import KEEP
from core.config import field_named
from core.errors import UserError
from core.search_space import USUAL, Searched, narrowed, whole_space

GROUPS = {"model": "The model", "training": "Training", "augmentation": "Augmentation"}


def choose_space(model: str) -> tuple[list[Searched], list[str]]:
    """The settings that are switched on, in their ranges, and the sentences of those that are wrong."""
    space, errors = [], []
    for group, entries in groupby(whole_space(model), key=lambda entry: field_named(entry.name).metadata["group"]):
        st.caption(GROUPS[group])
        with st.container(gap="xxsmall", key=f"space_{group}"):
            for entry in entries:
                chosen, error = line(entry)
                space += [chosen] if chosen else []
                errors += [error] if error else []
    if not space and not errors:
        errors = ["Choose at least one setting to search"]
        say_wrong(errors[0])
    return space, errors


def line(entry: Searched) -> tuple[Searched | None, str | None]:
    """One setting: whether it is searched, and where; None and the reason where its range is wrong."""
    rule = field_named(entry.name).metadata
    on, ends = f"tune.on.{entry.name}", f"tune.ends.{entry.name}"
    st.session_state.setdefault(on, entry.name in USUAL)
    st.session_state.setdefault(ends, shown(entry))
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        with st.container(width="stretch"):
            unit = f" ({rule['unit']})" if rule["unit"] else ""
            wanted = st.checkbox(rule["label"] + unit, key=on, help=about(entry), **KEEP)
        text = st.text_input(f"Range of {rule['label']}", key=ends, label_visibility="collapsed", disabled=not wanted,
                             width=168, placeholder=shown(entry), **KEEP)
    chosen, error = None, None
    if wanted:
        try:
            chosen = narrowed(entry.name, text)
        except UserError as problem:
            error = str(problem).replace(entry.name, rule["label"], 1).replace(entry.ends, shown(entry), 1)
    say_wrong(error)
    return chosen, error


def shown(entry: Searched) -> str:
    """``0.0001 to 0.01``, or ``16, 32, 64``."""
    return entry.ends.replace(":", " to ")


def about(entry: Searched) -> str:
    """What the setting is, and how it is searched."""
    kind = "Choices, separated by commas" if entry.choices is not None else "From low to high" + (
        ", by ratios" if entry.log else f", in steps of {entry.step:g}" if entry.step else "")
    only = f", and only where {entry.only}" if entry.only else ""
    return escape(f"{field_named(entry.name).metadata['help']}. {kind}{only}.")
