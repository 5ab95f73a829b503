"""The data set at a glance: how many clips each class has, and what one clip of each looks like."""

from collections import Counter

import numpy as np
import streamlit as st

from app.charts.clip import class_bars, spectrogram_png
from app.components import redraw, show_figure
from app.components.thumbnails import COLUMNS, PHONE_COLUMNS, Thumbnail, thumbnails, thumbnails_height
from app.explore.selection import BARS, BROWSE, FILTERS, LIST, OPENED, filtered_classes, open_clip, take_filters_away
from app.measuring import files_key
from app.state import clip_audio, is_dark
from core.clips import Clip, Dataset
from core.errors import UserError
from core.spectrogram import FLOOR_DB, spectrogram

MOST_CLASSES = 20  # side by side; of more the gallery shows one part after the other
LONGEST = 10.0  # seconds of a clip in a small picture
GALLERY_TOP_HZ = 16_000.0  # at most; where all sounds end lower, so do the pictures
GALLERY, TURN = "explore_gallery", "explore_gallery_turn"
PICKED_BAR = "explore_bar"
BAR, BARS_HEIGHT, CAPTION = 16, 236, 28  # px of a class at least, of all at least, and of the line below the gallery


def bars_height(dataset: Dataset) -> int:
    """Pixels of the bars of clips per class: they end about where the gallery beside them does."""
    return max(BARS_HEIGHT, gallery_height(dataset) + CAPTION)


def gallery_height(dataset: Dataset, phone: bool = False) -> int:
    """Pixels of the pictures of one turn."""
    return thumbnails_height(len(classes_shown(len(dataset.class_names))[0]), PHONE_COLUMNS if phone else COLUMNS)


def class_distribution(dataset: Dataset, colours: dict[str, str]) -> None:
    """Bars of clips per class. A click on one filters by it, another click on it takes the filter away."""
    counts = Counter(clip.label for clip in dataset.clips)

    def bar_clicked() -> None:
        points = st.session_state[PICKED_BAR]["selection"]["points"]
        names = [dataset.class_names[point["point_index"]] for point in points]
        st.session_state["class"] = [] if st.session_state.get("class") == names else names
        redraw(LIST, BARS)

    st.subheader("Clips per class", anchor=False)
    height = bars_height(dataset)
    whole = max(height, BAR * len(dataset.class_names) + 48)  # of many classes the names stay readable, and it scrolls
    with st.container(height=height if whole > height else "content", border=False):
        show_figure(class_bars({name: counts[name] for name in dataset.class_names}, colours, dark=is_dark(),
                               chosen=filtered_classes(), height=whole),
                    key=PICKED_BAR, on_select=bar_clicked, selection_mode="points",
                    alt="Bar chart of clips per class; a click on a bar filters the list")


def class_gallery(dataset: Dataset, colours: dict[str, str]) -> None:
    """One clip of every class side by side, on the same scales; a click opens it below and takes the filters away. Where there
    are some the whole page is drawn: what a component's callback sets in other fields is lost where it asks for parts."""
    classes, turn = len(dataset.class_names), st.session_state.get(TURN, 0)
    shown, _ = classes_shown(classes, turn)
    part, others, icon = "", "Others", "refresh"
    if len(shown) < classes:
        following, _ = classes_shown(classes, turn + 1)
        part = f" ({shown[0] + 1} to {shown[-1] + 1} of {classes})"
        word, icon = ("Next", "chevron_right") if following[0] else ("First", "first_page")
        others = f"{word} {len(following)}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(f"One clip of every class{part}", anchor=False)
        st.button(others, icon=f":material/{icon}:", type="tertiary", key="explore_others", on_click=_turn)
    picks, seconds, top_hz = _picks(dataset)
    pictures = []
    for index, picture in picks:
        clip = dataset.clips[index]
        pictures.append(Thumbnail(picture, clip.label, f"{clip.label}, {clip.name}", colours[clip.label]))

    def opened(number: int) -> None:
        open_clip(dataset.clips[picks[number][0]])
        if any(st.session_state.get(name) for name in FILTERS):
            take_filters_away()
        else:
            redraw(BROWSE)

    thumbnails(pictures, key=GALLERY, opens=OPENED, on_open=opened)
    st.caption(f"Mel spectrograms, all on the same scales: 0 to {seconds:.1f} s across, 0 to "
               f"{top_hz / 1000:.3g} kHz upwards, −100 to −20 dB. A click opens the clip.")


def _turn() -> None:
    """Other classes, where there are many, and in the end other clips."""
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def classes_shown(classes: int, turn: int = 0) -> tuple[range, int]:
    """The numbers of the classes that the gallery shows at its ``turn``, and how many times it has shown them all before.
    The rows are full, but the last."""
    parts = -(-classes // MOST_CLASSES)
    size = min(MOST_CLASSES, -(-classes // parts // COLUMNS) * COLUMNS)
    first = turn % parts * size
    return range(first, min(first + size, classes)), turn // parts


def gallery_clips(dataset: Dataset) -> list[Clip]:
    """The clips that the gallery shows now."""
    return [dataset.clips[index] for index, _ in _picks(dataset)[0]]


def _picks(dataset: Dataset) -> tuple[list[tuple[int, bytes]], float, float]:
    return gallery(files_key(dataset), st.session_state.get(TURN, 0), dataset)


@st.cache_resource(max_entries=32, show_spinner=False)
def gallery(key: str, turn: int, _dataset: Dataset) -> tuple[list[tuple[int, bytes]], float, float]:
    """``[(clip index, PNG), …]`` for the classes of this turn, and the seconds and the hertz that all pictures span."""
    found = []
    shown, times = classes_shown(len(_dataset.class_names), turn)
    for name in [_dataset.class_names[number] for number in shown]:
        own = [i for i, clip in enumerate(_dataset.clips) if clip.label == name]
        for step in range(min(len(own), 5)):
            index = own[(times * 7 + step) % len(own)]
            try:
                waveform, rate = clip_audio(_dataset, _dataset.clips[index])
            except UserError:
                continue
            found.append((index, waveform[: round(LONGEST * rate)], rate))
            break
    if not found:
        return [], 0.0, GALLERY_TOP_HZ
    seconds = max(len(waveform) / rate for _, waveform, rate in found)
    top_hz = min(GALLERY_TOP_HZ, max(rate for _, _, rate in found) / 2)
    pictures = []
    for index, waveform, rate in found:
        small = spectrogram(waveform, rate, hop_ms=20, n_mels=64, f_max=top_hz)
        columns = round(seconds / small.frame_seconds) + 1 - small.db.shape[1]
        padded = np.pad(small.db, ((0, 0), (0, max(0, columns))), constant_values=FLOOR_DB)
        pictures.append((index, spectrogram_png(type(small)(padded, small.times, small.frequencies, small.scale,
                                                            small.frame_seconds))))
    return pictures, seconds, top_hz
