"""The row of filters over the list of clips."""

from collections.abc import Sequence

import streamlit as st

from app.components import explain, redraw
from app.explore.selection import BARS, FLAWS, LIST, matching
from core.clips import Dataset
from core.facts import ClipFacts


def filter_row(dataset: Dataset, facts: Sequence[ClipFacts] | None) -> list[int]:
    """Class, fold, flaw and search, each in the link; gives the indices of the clips that are left."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="explore_filters"):
        classes = st.multiselect("Class", dataset.class_names, key="class", bind="query-params",
                                 placeholder="All classes", width=300, on_change=redraw, args=(LIST, BARS))
        folds = st.multiselect("Fold", dataset.folds, key="fold", bind="query-params", placeholder="All folds",
                               width=180, help=explain("fold")) if dataset.folds else []
        flaws = st.multiselect("Only", FLAWS, key="only", bind="query-params", placeholder="Any clip", width=200,
                               disabled=facts is None, help="Clips that may need a look. Silent: never louder "
                               "than −60 dB. Clipped: cut off at full scale. Short: less than half the usual length.")
        search = st.text_input("Search", key="search", bind="query-params", placeholder="Name, source or class",
                               icon=":material/search:", width=240)
        listed = matching(dataset, facts, classes=classes, folds=folds, flaws=flaws, search=search)
        st.text(f"{len(listed):,} of {len(dataset.clips):,} clips")
    return listed
