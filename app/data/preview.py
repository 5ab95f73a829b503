"""A data set as it would be used: its classes, its recordings and the rule that tells them, what looks wrong."""

import pandas as pd
import streamlit as st

from app.components import say_wrong
from app.components.frame import begun, escape
from app.components.rows import SIX, table_height
from app.state import LABEL, dataset_named
from core.clips import Dataset
from core.datasets import label_columns
from core.errors import UserError
from core.grouping import AUTO, FILE, largest_recordings
from core.preview import class_rows, oddities
from core.wording import count

RULES = {AUTO: "As found", FILE: "Each file", "": "By an expression"}
FIRST_EXPRESSION = r"^(.+?)[-_]?\d*$"  # the name without its last number


def preview(name: str, key: str, label: str | None = None, sources: str = AUTO) -> dict[str, str] | None:
    """Show the data set of that name or path; the choice as arguments of ``choose_dataset``, None while it is wrong.

    ``label`` and ``sources`` are what is offered first. Raises :class:`UserError` for what is no data set.
    """
    label = _label_column(name, key, label)
    found = dataset_named(name, label)
    summary, table = st.container(gap="xxsmall"), st.container()
    rule, dataset = _rule(found, name, label, key, sources)
    shown = dataset or found
    with summary:
        st.text(shown.name)
        folds = f" · {len(shown.folds)} folds of its own" if shown.folds else ""
        layout = escape(shown.layout[:1].upper() + shown.layout[1:])
        st.caption(f"{layout} · {len(shown.clips):,} clips · {len(shown.class_names)} classes · "
                   f"{count(len(set(shown.sources)), 'recording')}{folds}")
        for sentence in _oddities(str(shown.root), shown.name, label, shown.source_rule, shown):
            st.markdown(f":orange[:material/warning:] {escape(as_sentence(sentence))}")
    with table:
        rows = pd.DataFrame(class_rows(shown), columns=["Class", "Clips", "Recordings"])
        st.dataframe(rows, hide_index=True, height=table_height(len(rows), SIX), key=f"{key}_classes",
                     alt="Clips and recordings of every class")
    return {"name": name, "label": label, "sources": rule} if dataset else None


def _label_column(name: str, key: str, label: str | None) -> str:
    """The column with the class, asked for only where a table has several that might be it."""
    columns = label_columns(name)
    if len(columns) < 2:
        return columns[0] if columns else LABEL
    first = columns.index(label) if label in columns else 0
    return st.selectbox("Column with the class", columns, index=first, key=f"{key}_label_{name}")


def _rule(found: Dataset, name: str, label: str, key: str, sources: str) -> tuple[str, Dataset | None]:
    """The rule for recordings and the data set under it, None while the expression is wrong; what it leads to is said."""
    first = sources if sources in RULES else ""
    kind = st.segmented_control("What counts as one recording", list(RULES), format_func=RULES.get, default=first,
                                required=True, key=f"{key}_rule_{name}", help="Clips of one recording stay on one side of "
                                "every split: a model is never tested on a recording it has heard")
    rule = kind
    if kind == "":
        rule = st.text_input("Expression", sources if first == "" else FIRST_EXPRESSION, key=f"{key}_expression_{name}",
                             help=escape("A regular expression, searched in the file's name without its ending (in the "
                                         "path where it has a / in it). What its group finds names the recording."))
    try:
        dataset = found if rule == AUTO else dataset_named(name, label, rule)
    except UserError as error:
        say_wrong(str(error))
        return rule, None
    say_wrong(None)
    st.text(f"{largest_recordings(dataset)}.")
    st.caption(escape(as_sentence(dataset.source_rule)))
    return rule, dataset


def as_sentence(text: str) -> str:
    """A text that core gives without capital and full stop, with both."""
    return f"{begun(text)}."


@st.cache_data(ttl=30, max_entries=32, show_spinner=False)
def _oddities(root: str, name: str, label: str, rule: str, _dataset: Dataset) -> list[str]:
    return oddities(_dataset)
