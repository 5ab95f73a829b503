"""The list of clips: sortable, a row is the open clip."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from app.components.frame import escape
from app.components.rows import row_table
from app.explore.selection import open_clip
from core.clips import Dataset
from core.facts import ClipFacts

MISSING = "–"


def clip_rows(dataset: Dataset, facts: Sequence[ClipFacts] | None, listed: Sequence[int]) -> pd.DataFrame:
    """One row per listed clip; what is not measured yet, or cannot be, is empty."""
    clips = [dataset.clips[i] for i in listed]
    rows = pd.DataFrame({"Clip": [clip.name for clip in clips], "Class": [clip.label for clip in clips]})
    if dataset.folds:
        rows["Fold"] = [clip.fold for clip in clips]
    measured = [facts[i] if facts and not facts[i].error else None for i in listed]
    for title, value in (("s", lambda fact: fact.seconds), ("dB", lambda fact: fact.rms_db),
                         ("Silent %", lambda fact: 100 * fact.silence)):
        numbers = np.array([value(fact) if fact else np.nan for fact in measured], dtype=float)
        rows[title] = np.where(np.isfinite(numbers), numbers, np.nan)
    rows["Source"] = [clip.source for clip in clips]
    return rows


def clip_table(dataset: Dataset, facts: Sequence[ClipFacts] | None, listed: Sequence[int], opened: int,
               colours: dict[str, str], height: int) -> None:
    """Draw the table with the open clip's row marked; a click on another row opens that clip."""
    table = clip_rows(dataset, facts, listed)
    table["Class"] = [[label] for label in table["Class"]]
    names = list(dataset.class_names)
    row_table(
        table, listed.index(opened), lambda row: open_clip(dataset.clips[listed[row]]),
        key=f"clips_{abs(hash(tuple(listed)))}", height=height, placeholder=MISSING,
        alt="The clips that meet the filters", column_config={
            "Clip": st.column_config.TextColumn(pinned=True, width=98),
            "Class": st.column_config.MultiselectColumn(options=names, color=[colours[name] for name in names],
                                                        pinned=True, width=116),
            "Fold": st.column_config.NumberColumn(format="%d", width=46),
            "s": st.column_config.NumberColumn(format="%.2f", width=46, help="Length in seconds"),
            "dB": st.column_config.NumberColumn(format="%.1f", width=52, help="Loudness: root mean square in decibels "
                                                "below full scale"),
            "Silent %": st.column_config.NumberColumn(format="%.0f", width=66, help="Share of the time below −60 dB"),
            "Source": st.column_config.TextColumn(help=escape(dataset.source_rule))})
