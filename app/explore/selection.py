"""Which clips are listed and which one is open: kept in the link, so that a copied address restores the view."""

from collections.abc import Sequence
from copy import deepcopy

import streamlit as st

from app.components import with_whole_page
from core.clips import Clip, Dataset
from core.facts import ClipFacts
from core.health import CLIPPED_SHARE, SILENT_DB

OPEN = "explore_clip"
OPENED = "explore_opened"  # key of what stands over the open clip
BARS, LIST = "explore.bars", "explore.list"  # keys of the parts of the page that the filters concern
BROWSE = "explore.browse"  # … and of the part of the list that the open clip concerns
FILTERS = {"class": [], "fold": [], "only": [], "search": ""}  # the keys of their fields, and what lets every clip through
SHORT_SHARE = 0.5  # of the usual length, to be called short
FLAWS = ("silent", "clipped", "short", "unreadable")


def matching(dataset: Dataset, facts: Sequence[ClipFacts] | None, *, classes: Sequence[str] = (),
             folds: Sequence[int] = (), flaws: Sequence[str] = (), search: str = "") -> list[int]:
    """Indices of the clips that meet every filter; an empty filter lets all through. Flaws need ``facts``."""
    usual = typical_seconds(facts) if facts else 0.0
    words = search.casefold().split()
    kept = []
    for index, clip in enumerate(dataset.clips):
        if (classes and clip.label not in classes) or (folds and clip.fold not in folds):
            continue
        if words and not all(word in f"{clip.path} {clip.label} {clip.source}".casefold() for word in words):
            continue
        if flaws and facts and not any(has_flaw(facts[index], flaw, usual) for flaw in flaws):
            continue
        kept.append(index)
    return kept


def typical_seconds(facts: Sequence[ClipFacts]) -> float:
    """The middle of all clips' lengths."""
    lengths = sorted(fact.seconds for fact in facts if not fact.error)
    return lengths[len(lengths) // 2] if lengths else 0.0


def has_flaw(fact: ClipFacts, flaw: str, usual_seconds: float) -> bool:
    if flaw == "unreadable" or fact.error:
        return flaw == "unreadable" and bool(fact.error)
    if flaw == "silent":
        return fact.peak_db < SILENT_DB
    if flaw == "clipped":
        return fact.clipped > CLIPPED_SHARE
    return fact.seconds < SHORT_SHARE * usual_seconds


def filtered_classes() -> list[str]:
    """The classes that are let through, as far as it is known before their field is drawn; none: all are."""
    return list(st.session_state["class"]) if "class" in st.session_state else st.query_params.get_all("class")


def open_clip(clip: Clip) -> None:
    """Make ``clip`` the open one; usable as a callback."""
    st.session_state[OPEN] = clip.key
    st.query_params["clip"] = clip.key
    st.query_params.pop("part", None)


@with_whole_page  # where it asks for parts, the fields keep what stands in them
def take_filters_away() -> None:
    """A callback: every clip is listed again."""
    st.session_state.update(deepcopy(FILTERS))


def opened_index(dataset: Dataset, listed: Sequence[int]) -> int | None:
    """Index of the open clip: that of the link or of this session where it is listed, else the first listed one."""
    if not listed:
        return None
    wanted = st.query_params.get("clip") or st.session_state.get(OPEN)
    for index in listed:
        if wanted in (dataset.clips[index].key, dataset.clips[index].name):
            break
    else:
        index = listed[0]
        if wanted:  # the part was one of the clip that is no longer listed
            st.query_params.pop("part", None)
    st.session_state[OPEN] = dataset.clips[index].key
    if wanted:
        st.query_params["clip"] = dataset.clips[index].key
    return index
