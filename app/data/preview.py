"""A data set as it would be used: its classes, its recordings and the rule that tells them, what looks wrong."""

import pandas as pd
import streamlit as st

from app.components import say_wrong
from app.components.frame import begun, escape
from app.components.rows import SIX, table_height
from app.state import LABEL, dataset_named
from core.clips import Dataset, plain
from core.datasets import label_columns
from core.errors import UserError
from core.grouping import AUTO, FILE, grouping_columns, largest_recordings
from core.overlooked import overlooked, sounds_like_groups
from core.preview import class_rows, oddities
from core.wording import count

COLUMN, EXPRESSION = "column", ""  # kinds of rules; the other kinds are rules themselves
RULES = {AUTO: "As found", FILE: "Each file", COLUMN: "By a column", EXPRESSION: "By an expression"}
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
        _warn(_oddities(str(shown.root), shown.name, label, shown.source_rule, shown))
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
    joining = grouping_columns(found)
    columns = sorted((column for column in found.columns if column not in (plain(label.strip()), "source")),
                     key=lambda column: (not sounds_like_groups(column), column not in joining))
    first = sources if sources in (AUTO, FILE) else COLUMN if sources in columns else EXPRESSION
    kinds = [kind for kind in RULES if kind != COLUMN or columns]
    kind = st.segmented_control("What counts as one recording", kinds, format_func=RULES.get, default=first, required=True,
                                key=f"{key}_rule_{name}", help="Clips of one recording stay on one side of every split: a "
                                "model is never tested on a recording it has heard")
    rule = kind
    if kind == COLUMN:
        at = columns.index(sources) if first == COLUMN else 0
        rule = st.selectbox("Column with the recording", columns, index=at, key=f"{key}_column_{name}",
                            help="Clips with one value in it are one recording: those of one speaker, of one session")
    if kind == EXPRESSION:
        rule = st.text_input("Expression", sources if first == EXPRESSION else FIRST_EXPRESSION, key=f"{key}_expression_{name}",
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


def tell_overlooked(dataset: Dataset, label: str) -> None:
    """A line for each of what may have been read otherwise than it was meant."""
    _warn(_overlooked(str(dataset.root), dataset.name, label, dataset.source_rule, dataset))


def _warn(sentences: list[str]) -> None:
    for sentence in sentences:
        st.markdown(f":orange[:material/warning:] {escape(as_sentence(sentence))}")


def as_sentence(text: str) -> str:
    """A text that core gives without capital and full stop, with both."""
    return f"{begun(text)}."


@st.cache_data(ttl=30, max_entries=32, show_spinner=False)
def _oddities(root: str, name: str, label: str, rule: str, _dataset: Dataset) -> list[str]:
    return oddities(_dataset)


@st.cache_data(ttl=30, max_entries=32, show_spinner=False)
def _overlooked(root: str, name: str, label: str, rule: str, _dataset: Dataset) -> list[str]:
    return overlooked(_dataset)
