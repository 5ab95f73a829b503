"""Whether the chosen clips suit the clip length, said beside the cost, as soon as every clip has been measured."""

from collections.abc import Sequence

import streamlit as st

from app.components.frame import escape
from app.measuring import Measuring, measuring
from app.state import current_dataset
from core.lengths import lengths_told
from core.plan import Plan


def lengths_of(plans: Sequence[Plan]) -> Measuring | None:
    """The measuring of the chosen data, which Explore shows too; None where nothing can be started."""
    if not plans:
        return None
    measured = measuring(current_dataset())
    measured.wait(0.05)  # what was kept from last time
    return measured


def say_lengths(plans: Sequence[Plan], measured: Measuring | None) -> None:
    """Sentences where something would not be heard; nothing where all fits, or is not known."""
    if measured is None or measured.facts is None:
        return
    facts = {clip.key: fact for clip, fact in zip(current_dataset().clips, measured.facts, strict=True)}
    clips = plans[0].dataset.clips  # of the chosen classes, and as many of each as are wanted
    if not all(clip.key in facts for clip in clips):
        return
    for sentence in lengths_told(clips, [facts[clip.key] for clip in clips], plans[0].config):
        st.caption(escape(f"{sentence}. Clip length stands under Clips and machine."))
