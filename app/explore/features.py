"""More views of the open clip, computed by librosa in the background when they are asked for."""

import hashlib
import time

import numpy as np
import streamlit as st

from app.background import Job
from app.charts.features import feature_figure
from app.components import explain, guarded_fragment, show_error, show_figure
from app.state import is_dark
from core.features import FEATURES, LONGEST_SECONDS, Feature, feature

FIGURE = "explore_feature_figure"
MEANING = {"MFCC": "MFCC", "Chroma": "chroma", "Constant-Q": "constant-Q", "Zero crossings": "zero crossings",
           "RMS": "RMS", "Centroid": "centroid", "Roll-off": "roll-off"}
FIRST_TIME = 30.0  # s that the first use takes at most, after an installation


@guarded_fragment()
def more_views(waveform: np.ndarray, sample_rate: int, region: tuple[float, float] | None, colours: str) -> None:
    """The choice of a view and its figure, on the time axis of the figure above; nothing is computed before a choice."""
    chosen = st.segmented_control("More views", list(FEATURES), key="view", bind="query-params")
    if chosen is None:
        return
    seconds = len(waveform) / sample_rate
    start, end = region or (0.0, seconds)
    if seconds <= LONGEST_SECONDS:
        start, end = 0.0, seconds
    elif end - start > LONGEST_SECONDS:
        st.caption(f"These views are of at most {LONGEST_SECONDS:g} s: choose a shorter part above.")
        return
    part = waveform[round(start * sample_rate) : round(end * sample_rate)]
    job = _computed(hashlib.sha1(part.tobytes()).hexdigest(), chosen, sample_rate, start, part)
    job.wait(0.25)
    if job.running:
        _wait(job, time.monotonic())
        return
    if job.problem:
        show_error(job.problem)
        return
    show_figure(feature_figure(job.result, seconds=seconds, region=region, colours=colours, dark=is_dark()), FIGURE,
                config={"doubleClick": False, "doubleClickDelay": 700}, alt=f"{chosen} over time, by librosa")
    st.caption(f"{explain(MEANING[chosen])} Computed by librosa, one column every {_milliseconds(job.result)}.")


@guarded_fragment(run_every=0.5)
def _wait(job: Job, since: float) -> None:
    """Says why it takes long; the view is drawn when it is there. The page can be used meanwhile."""
    if not job.running:
        st.rerun()
    st.progress(min(0.97, (time.monotonic() - since) / FIRST_TIME),
                "librosa gets ready: the first time takes up to half a minute, afterwards it is instant")


@st.cache_resource(max_entries=64, show_spinner=False)
def _computed(content: str, name: str, sample_rate: int, start: float, _part: np.ndarray) -> Job[Feature]:
    """By the content of the sound: the same clip under another name is not computed again."""
    return Job(lambda report: feature(name, _part, sample_rate, start))


def _milliseconds(shown: Feature) -> str:
    return f"{1000 * (shown.times[1] - shown.times[0]):.1f} ms" if len(shown.times) > 1 else "clip"
