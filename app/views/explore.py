"""Explore: what the data set is made of, and any clip of it heard and seen."""

import streamlit as st

from app.charts.palette import class_colours
from app.components import css, empty_state, guard, guarded_fragment, hold_fields, hold_places, page_header, words
from app.components.rows import SIX
from app.data.opened import opened_dataset
from app.explore.clip import CLIP_HEIGHT, clip_panel
from app.explore.filters import filter_row
from app.explore.health import health
from app.explore.overview import GALLERY, bars_height, class_distribution, class_gallery, gallery_clips, gallery_height
from app.explore.selection import (
    BARS,
    BROWSE,
    LIST,
    OPENED,
    filtered_classes,
    open_clip,
    opened_index,
    take_filters_away,
)
from app.explore.table import clip_table
from app.measuring import Measuring, measuring
from app.state import is_dark
from core.clips import Dataset
from core.wording import count

TABLE_HEIGHT = 500
STYLE = """.st-key-scale { min-width: 163px; }  /* what follows it in the row stays where it is while it is drawn */
@media (max-width: 640px) {  /* one column: the list, the open clip, then the health */
  [data-testid=stColumn]:has(> div > [data-testid=stLayoutWrapper] > .st-key-explore_health),
  [data-testid=stColumn] > div:has(> [data-testid=stLayoutWrapper] > .st-key-explore_health) { display: contents; }
  [data-testid=stLayoutWrapper]:has(> .st-key-explore_health) { order: 1; }
  [class*=st-key-clips_], [class*=st-key-clips_] [data-testid=stDataFrameResizable] { height: %dpx !important; }
  .st-key-explore_opened { scroll-margin-top: 4rem; }
}"""
WORDS = ("clip", "recording", "fold", "leak", "spectrogram", "mel", "dB", "window", "hop", "silence", "MFCC", "chroma",
         "constant-Q", "zero crossings", "RMS", "centroid", "roll-off")


def listing(dataset: Dataset, measured: Measuring, colours: dict[str, str]) -> None:
    """The filters, and what they let through."""
    browse(dataset, measured, filter_row(dataset, measured.facts), colours)


@guarded_fragment(key=BROWSE)
def browse(dataset: Dataset, measured: Measuring, listed: list[int], colours: dict[str, str]) -> None:
    """The list beside the open clip; choosing another clip reruns only this."""
    opened = opened_index(dataset, listed)
    if opened is None:
        empty_state("No clip meets these filters.", "Show all clips", key="explore_none", icon=":material/filter_list_off:",
                    on_press=take_filters_away)
    left, right = st.columns([6.2, 8], gap="medium")
    if opened is not None:
        with right, guard():  # first: it is what one waits for
            opened_clip(dataset, listed, opened)
    with left:
        if opened is not None:
            clip_table(dataset, measured.facts, listed, opened, colours, TABLE_HEIGHT)
        with st.container(key="explore_health"):
            health(dataset, measured)


def opened_clip(dataset: Dataset, listed: list[int], opened: int) -> None:
    """The clip that is open, and the way to those beside it in the list."""
    clip, place = dataset.clips[opened], listed.index(opened)
    fold = f" · fold {clip.fold}" if clip.fold is not None else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=OPENED):
        st.text(f"{clip.name} · {clip.label}{fold}")
        with st.container(horizontal=True, width="content", gap="small"):
            for word, key, step in (("Previous", "P", -1), ("Next", "N", 1)):
                st.button(word, icon=f":material/chevron_{'left' if step < 0 else 'right'}:", shortcut=key,
                          key=f"explore_{word.lower()}", help="In the order of the files", on_click=open_clip,
                          args=(dataset.clips[listed[(place + step) % len(listed)]],))
    neighbours = [dataset.clips[listed[(place + step) % len(listed)]] for step in (1, -1)]
    clip_panel(dataset, clip, [*neighbours, *gallery_clips(dataset)])  # the gallery's are the first of their classes


def page() -> None:
    with st.spinner("Opening the data set"):  # the demo sounds are made when they are first wanted
        dataset = opened_dataset()
    css(STYLE % SIX)
    hold_places({"explore_bar": bars_height(dataset), GALLERY: gallery_height(dataset), "clips_": TABLE_HEIGHT,
                 "explore_clip_figure": CLIP_HEIGHT}, phone={GALLERY: gallery_height(dataset, phone=True), "clips_": SIX})
    hold_fields("class", "fold", "only", "search", "scale", "range", "window", "hop", "colours", "part_")
    page_header("Explore", f"{dataset.name}: {len(dataset.clips):,} clips of {count(len(set(dataset.sources)), 'recording')} "
                f"in {len(dataset.class_names)} classes")
    colours = class_colours(dataset.class_names, is_dark())
    measured = measuring(dataset)
    measured.wait(0.3)
    left, right = st.columns([5, 9], gap="medium")
    classes = filtered_classes()
    with left, guard():
        guarded_fragment(key=BARS)(class_distribution)(dataset, colours)
    with right, guard():
        class_gallery(dataset, colours)
    guarded_fragment(key=LIST)(listing)(dataset, measured, colours)
    if filtered_classes() != classes:
        st.rerun()  # the browser went a step back: the field took that from the address when the bars were drawn already
    words(*WORDS)


page()
