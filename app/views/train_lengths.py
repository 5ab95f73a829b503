"""Whether the chosen clips suit the clip length, said beside the cost: a few of them are looked at."""

from collections.abc import Sequence

import streamlit as st

from app.components.frame import escape
from app.measuring import files_key
from core.clips import Dataset
from core.lengths import LOOKED_AT, lengths_told, seconds_of_some
from core.plan import Plan


def say_lengths(plans: Sequence[Plan]) -> None:
    """Sentences where something would not be heard; nothing where all fits."""
    dataset, config = plans[0].dataset, plans[0].config
    of = " looked at" * (len(dataset.clips) > LOOKED_AT)
    for sentence in lengths_told(_seconds(files_key(dataset), config.dynamic > 0, dataset), config.clip_seconds, of):
        st.caption(escape(f"{sentence}. Clip length stands under Clips and machine."))


@st.cache_data(max_entries=32, show_spinner=False)
def _seconds(key: str, segments: bool, _dataset: Dataset) -> list[float]:
    return seconds_of_some(_dataset, segments)
