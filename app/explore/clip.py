"""The open clip: heard, seen as waveform and spectrogram, and its facts."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.ahead import ahead, give_way
from app.charts.clip import DEFAULT_RANGE, clip_figure
from app.charts.palette import COLOUR_MAPS
from app.components import explain, guarded_fragment, player, redraw, show_error, show_figure
from app.components.frame import escape
from app.explore.features import FIGURE as FEATURE_FIGURE
from app.explore.features import more_views
from app.explore.pictures import clip_spectrogram
from app.explore.selection import BROWSE, open_clip
from app.state import WAV_SECONDS, clip_audio, clip_bytes, clip_info, is_dark
from core.audio import peak_db, rms_db, silence_share
from core.clips import Clip, Dataset
from core.errors import UserError
from core.spectrogram import SCALES, envelope

WINDOWS_MS = (5, 10, 20, 40, 80, 160)
HOPS_MS = (1, 2, 5, 10, 20)
OUTLINE_POINTS = 1200
CLIP_HEIGHT = 520
FIGURE = "explore_clip_figure"
MAX_SIBLINGS = 6


@guarded_fragment()
def clip_panel(dataset: Dataset, clip: Clip, likely: Sequence[Clip]) -> None:
    """Player, settings, figure, facts; a changed setting reruns only this. ``likely`` are the clips that may be opened next:
    they are made ready in this order."""
    give_way()
    try:
        waveform, sample_rate = clip_audio(dataset, clip)
    except UserError as error:
        show_error(error)
        return
    seconds = len(waveform) / sample_rate
    part = f"part_{clip.key}"
    region = _region(part, seconds)

    def zoomed(found: tuple[float, float] | None) -> None:
        st.session_state[part] = found or (0.0, seconds)

    player(clip_bytes(dataset, clip), key="explore", seconds=seconds, follow=[FIGURE, FEATURE_FIGURE], region=region,
           on_region=zoomed, label=f"Player: {clip.label}, {clip.name}")
    settings = _settings()
    start, end = region or (0.0, seconds)
    figure = clip_figure(envelope(waveform, sample_rate, OUTLINE_POINTS, start, end),
                         clip_spectrogram(dataset, clip, settings, region), seconds=seconds, region=region,
                         db_range=settings["range"], colours=settings["colours"], dark=is_dark(),
                         height=CLIP_HEIGHT)
    show_figure(figure, FIGURE, config={"doubleClick": False, "doubleClickDelay": 700},
                alt=f"Waveform and {settings['scale']} spectrogram of {clip.name}")
    _part_row(part, region, seconds)
    more_views(waveform, sample_rate, region, settings["colours"])
    _facts(dataset, clip, waveform, sample_rate)
    ahead(*(partial(_make_ready, dataset, clip, settings) for clip in likely))


def _make_ready(dataset: Dataset, clip: Clip, settings: dict) -> None:
    if clip_info(dataset, clip).seconds > WAV_SECONDS:
        return  # minutes of sound are decoded when they are asked for
    clip_spectrogram(dataset, clip, settings)
    clip_bytes(dataset, clip)


def _settings() -> dict:
    """How the spectrogram is drawn; every choice is in the link."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="explore_settings"):
        return {
            "scale": st.segmented_control("Frequency scale", SCALES, default="mel", required=True, key="scale",
                                          bind="query-params", help=explain("mel")),
            "range": st.slider("Colour range (dB)", -120, 0, DEFAULT_RANGE, step=5, key="range", bind="query-params",
                               width=144, help="0 dB is the power of a sine at full scale"),
            "window": st.selectbox("Window (ms)", WINDOWS_MS, index=WINDOWS_MS.index(40), key="window", width=96,
                                   bind="query-params", help="Long windows tell frequencies apart, short ones moments"),
            "hop": st.selectbox("Hop (ms)", HOPS_MS, index=HOPS_MS.index(10), key="hop", bind="query-params",
                                width=88, help="From one window to the next"),
            "colours": st.selectbox("Colours", list(COLOUR_MAPS), key="colours", bind="query-params", width=108),
        }


def _region(part: str, seconds: float) -> tuple[float, float] | None:
    """The seconds shown, of this session or of the link; None for the whole clip."""
    if part not in st.session_state:
        start, _, end = st.query_params.get("part", "").partition("-")
        try:
            st.session_state[part] = (float(start), float(end))
        except ValueError:
            st.session_state[part] = (0.0, seconds)
    start, end = (min(max(0.0, time), seconds) for time in st.session_state[part])
    if end - start < 0.001:
        start, end = 0.0, seconds
    st.session_state[part] = (start, end)
    whole = end - start > 0.995 * seconds
    if whole:
        st.query_params.pop("part", None)
    else:
        st.query_params["part"] = f"{start:g}-{end:g}"
    return None if whole else (start, end)


def _part_row(part: str, region: tuple[float, float] | None, seconds: float) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.slider("Part shown (s)", 0.0, seconds, step=0.001 if seconds < 60 else 0.1, key=part, format="%.2f",
                  help="Or drag over the figure; a double click there shows the whole clip")
        st.button("Whole clip", icon=":material/zoom_out_map:", disabled=region is None, key="explore_whole",
                  on_click=st.session_state.__setitem__, args=(part, (0.0, seconds)))


def _facts(dataset: Dataset, clip: Clip, waveform, sample_rate: int) -> None:
    info = clip_info(dataset, clip)
    channels = {1: "mono", 2: "stereo, mixed to mono"}.get(info.channels, f"{info.channels} channels, mixed to mono")
    facts = [f"{sample_rate:,} Hz", channels, f"{len(waveform) / sample_rate:.2f} s", info.subtype.replace("_", " "),
             f"peak {_db(peak_db(waveform))}", f"loudness {_db(rms_db(waveform))}",
             f"{100 * silence_share(waveform, sample_rate):.0f} % silence"]
    st.caption(escape(" · ".join(facts)))
    siblings = [other for other in dataset.clips if other.source == clip.source and other.key != clip.key]
    if not siblings:
        st.caption(escape(f"The only clip of recording {clip.source}."))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(escape(f"From the same recording ({clip.source}):"), width="content")
        for sibling in siblings[:MAX_SIBLINGS]:
            st.button(escape(sibling.name), key=f"sibling_{sibling.key}", type="tertiary", on_click=_open, args=(sibling,))
        if len(siblings) > MAX_SIBLINGS:
            st.caption(f"and {len(siblings) - MAX_SIBLINGS} more", width="content")


def _open(clip: Clip) -> None:
    open_clip(clip)
    redraw(BROWSE)


def _db(value: float) -> str:
    return "digital silence" if value == float("-inf") else f"{round(value, 1) + 0.0:.1f} dB".replace("-", "−")
