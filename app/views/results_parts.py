"""Small parts of the Results page: a block with its CSV, and numbers in words."""

import contextlib
from collections.abc import Iterator

import pandas as pd
import streamlit as st

from app.components import explain
from app.components.frame import escape
from core.metrics import interval_of
from core.wording import percent

COMPARISON, PAIR, DETAILS = "results.comparison", "results.pair", "results.details"  # keys of the parts of the page
AGAINST, BESIDE = "against", "first"  # of the address, as long as two runs are shown side by side: the second one, and the
# first where it is not the one that is looked into
TERMS = {"Confusion matrix": ("confusion matrix",), "Classes": ("precision", "recall", "F1"), "ROC curves": ("ROC-AUC",),
         "Learning curves": ("epoch", "loss"), "Comparison": ("standard deviation", "confidence interval")}


@contextlib.contextmanager
def block(title: str, table: pd.DataFrame | None = None, file_name: str = "", *, note: str = "") -> Iterator[None]:
    """A titled part of the page, with its numbers as a CSV file and one sentence on what they mean."""
    with st.container(gap=None):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(title, anchor=False, help=explain(*TERMS[title]) if title in TERMS else None)
            if table is not None:
                st.download_button("CSV", table.to_csv(index=False).encode(), file_name, "text/csv", type="tertiary",
                                   icon=":material/download:", key=f"csv_{file_name}", on_click="ignore",
                                   help=f"Download {title.lower()} as a table")
        if note:
            st.caption(escape(note))
    yield


def score(value: float | None, metric: str = "accuracy") -> str:
    """``78.4 %``; the area under a curve as ``0.978``."""
    return "–" if value is None else _in_its_unit(value, metric) + ("" if metric == "roc_auc" else " %")


def spread(value: dict, metric: str) -> str:
    """``± 3.1 · 95 %: 74.0 to 82.1`` of a summary's metric."""
    parts = [] if value.get("std") is None else [f"± {_in_its_unit(value['std'], metric)}"]
    if ends := interval_of(value):
        of = " of all clips" * (share_of_all(value) is not None)
        parts.append(f"95 %{of}: " + " to ".join(_in_its_unit(end, metric) for end in ends))
    return " · ".join(parts)


def share_of_all(value: dict) -> str | None:
    """The share of all clips, which the interval is of, where folds of unequal size make their mean another number."""
    pooled = value.get("pooled")
    return None if pooled is None or percent(pooled) == percent(value["mean"]) else percent(pooled)


def in_percent(value: float | None) -> float | None:
    """Per cent with one decimal, halves upwards as tables in the browser do: shares of 80 clips often are halves."""
    return None if value is None else round(100 * value + 1e-9, 1)


def _in_its_unit(value: float, metric: str) -> str:
    return f"{value:.3f}" if metric == "roc_auc" else f"{in_percent(value):.1f}"
