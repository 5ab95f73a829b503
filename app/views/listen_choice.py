"""Listen inside, its upper part: which sound, which model. The link and the session keep what was chosen."""

from collections import Counter
from contextlib import suppress

import streamlit as st

from app.components import show_error
from app.components.frame import escape
from app.listening import Sound, best_run, dataset_for, sound_of_bytes, sound_of_clip
from app.state import link_to_data
from app.views.listen_many import choose_many
from core import seen
from core.audio import UPLOAD_TYPES
from core.clips import Clip, Dataset
from core.errors import UserError
from core.limits import max_upload_mb
from core.run_folder import Run
from core.runs import by_any_name, list_runs

UPLOAD, MICROPHONE, CLIP, MANY = "Upload", "Microphone", "Data set", "Many sounds"
TYPES = UPLOAD_TYPES


def is_of_the_data() -> bool:
    """Whether it is a clip of the data set that is listened to, as far as is known before the choice is drawn."""
    return st.session_state.get("listen_source", CLIP) == CLIP


def choose_sound(run: Run, fold: str) -> Sound | None:
    """The sound for the run's model to listen to, or None where none is there yet (then the page has said what to do)."""
    if st.session_state.get("pending_upload"):  # dropped on Home
        st.session_state["listen_upload"] = st.session_state.pop("pending_upload")
        st.session_state["listen_source"] = UPLOAD
    elif _linked("clip"):
        st.session_state["listen_source"] = CLIP
    st.session_state.setdefault("listen_source", CLIP)
    source = st.segmented_control("Sound", (UPLOAD, MICROPHONE, CLIP, MANY), key="listen_source", required=True,
                                  persist_state="session")
    if source == CLIP:
        return _clip(run, fold)
    link(clip=None)
    if source == MANY:
        return choose_many(run, fold)
    return _upload() if source == UPLOAD else _recording()


def choose_model(runs: list[Run]) -> tuple[Run, str]:
    """The run and the fold whose model answers."""
    names = [run.name for run in runs]
    by_name = dict(zip(names, runs, strict=True))
    before = st.session_state.get("listen_run")
    wanted = _linked("run") or before
    st.session_state["listen_run"] = (wanted and by_any_name(wanted, names)) or best_run(runs).name
    wide, narrow = st.columns([5, 3])
    labels = {run.name: _label(run) for run in runs}
    name = wide.selectbox("Model", names, key="listen_run", format_func=labels.get, persist_state="session")
    if wanted and not by_any_name(wanted, names):
        gone = "is no longer there" if wanted == before else "is not there"
        if by_any_name(wanted, [run.name for run in list_runs()]):
            gone = "is kept without its weights"
        show_error(f"the run {wanted} {gone}; {name} answers now")
    folds = list(by_name[name].checkpoints())
    if not folds:
        raise UserError(f"the run {name} was taken away while this page was open; choose another model")
    if _linked("fold") in folds:
        st.session_state["listen_fold"] = st.query_params["fold"]
    if st.session_state.get("listen_fold") not in folds:
        st.session_state["listen_fold"] = "final" if "final" in folds else folds[0]
    fold = narrow.selectbox("Trained on", folds, key="listen_fold", format_func=_fold_label, persist_state="session",
                            help="Every fold has a model of its own, which did not learn from that fold's clips.")
    link(run=name, fold=fold)
    return by_name[name], fold


def link(**values: str | None) -> None:
    """Write what is shown into the address, so that the link restores it; None takes a value out."""
    written = st.session_state.setdefault("listen_link", {})
    for name, value in values.items():
        written[name] = value
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


def _linked(name: str) -> str | None:
    """A value of the address that is news: not the one this page wrote there itself."""
    value = st.query_params.get(name)
    return value if value != st.session_state.get("listen_link", {}).get(name) else None


def _upload() -> Sound | None:
    st.file_uploader("Sound file", TYPES, key="listen_file", on_change=_keep_file, max_upload_size=max_upload_mb(),
                     label_visibility="collapsed")
    return _own_sound("listen_upload", "Drop a sound here, and the model says what it hears in it.")


def _recording() -> Sound | None:
    st.audio_input("Recording", key="listen_take", on_change=_keep_take, label_visibility="collapsed")
    return _own_sound("listen_recording", "Press the microphone, make a sound, and press again to hear what it is.")


def _own_sound(kept: str, invitation: str) -> Sound | None:
    """The upload or recording kept in the session; what is wrong with it is said here, where it was given."""
    if not st.session_state.get(kept):
        st.caption(invitation)
        return None
    name, data = st.session_state[kept]
    try:
        sound = sound_of_bytes(name, data)
    except UserError as error:
        show_error(error)
        return None
    st.caption(f"Listening to {escape(sound.name)}, {length_text(sound.seconds)}")
    return sound


def _keep_file() -> None:
    file = st.session_state["listen_file"]
    st.session_state["listen_upload"] = (file.name, file.getvalue()) if file else None


def _keep_take() -> None:
    take = st.session_state["listen_take"]
    st.session_state["listen_recording"] = ("the recording", take.getvalue()) if take else None


def _clip(run: Run, fold: str) -> Sound | None:
    dataset = dataset_for(run)
    by_class: dict[str, list[Clip]] = {name: [] for name in dataset.class_names}
    for clip in dataset.clips:
        by_class[clip.label].append(clip)
    _follow_link(dataset)
    if st.session_state.get("listen_class") not in by_class:
        st.session_state["listen_class"] = dataset.clips[len(dataset.clips) // 2].label  # any will do to begin with
    left, middle, right = st.columns([3, 4, 4], vertical_alignment="bottom")
    label = left.selectbox("Class", list(by_class), key="listen_class", persist_state="session")
    clips = {clip.key: clip for clip in by_class[label]}
    keys, titles = list(clips), _clip_titles(by_class[label])
    if st.session_state.get("listen_clip") not in clips:
        st.session_state["listen_clip"] = _to_begin_with(run, fold, dataset, by_class[label]).key
    key = middle.selectbox("Clip", keys, key="listen_clip", format_func=titles.get, persist_state="session")
    with right.container(horizontal=True, gap="small"):
        st.button("Previous", icon=":material/skip_previous:", key="listen_previous", on_click=_step, args=(keys, key, -1),
                  help="The clip before, of this class (arrow key ←)")
        st.button("Next", icon=":material/skip_next:", key="listen_next", on_click=_step, args=(keys, key, 1),
                  help="The next clip of this class (arrow key →)")
    link(clip=key)
    link_to_data()
    try:
        return sound_of_clip(dataset, clips[key])
    except UserError as error:
        show_error(error)
        return None


def _to_begin_with(run: Run, fold: str, dataset: Dataset, clips: list[Clip]) -> Clip:
    """One that the model did not learn from, where there is one: its answer to the others is worth little."""
    with suppress(UserError):  # a broken table of the run: which those are is not known
        return seen.first_unheard(run, fold, dataset, clips) or clips[0]
    return clips[0]


def next_clip(run: Run) -> tuple[Dataset, Clip]:
    """What *Next* would open, where the sound is a clip."""
    dataset, opened = dataset_for(run), st.session_state["listen_clip"]
    clips = [clip for clip in dataset.clips if clip.label == st.session_state["listen_class"]]
    place = next(place for place, clip in enumerate(clips) if clip.key == opened)
    return dataset, clips[(place + 1) % len(clips)]


def _follow_link(dataset: Dataset) -> None:
    """Choose the clip that the address names; say so when the data set has no such clip."""
    wanted = _linked("clip")
    if not wanted:
        return
    clip = next((clip for clip in dataset.clips if wanted in (clip.key, clip.path, clip.name)), None)
    if clip is None:
        show_error(f"There is no clip {wanted} in {dataset.name}; choose one below.")
    else:
        st.session_state["listen_class"], st.session_state["listen_clip"] = clip.label, clip.key


def _step(keys: list[str], key: str, by: int) -> None:
    st.session_state["listen_clip"] = keys[(keys.index(key) + by) % len(keys)]


def length_text(seconds: float) -> str:
    """``5.00 s``, or minutes and seconds from two minutes on."""
    return f"{seconds:.2f} s" if seconds < 120 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _clip_titles(clips: list[Clip]) -> dict[str, str]:
    """What each clip is called in the list, by its key. No two are called the same: the list would open the last of them."""
    short = Counter(clip.name for clip in clips)
    return {clip.key: (clip.name if short[clip.name] == 1 else clip.key) + (f" · fold {clip.fold}" if clip.fold is not None
                                                                           else "") for clip in clips}


def _label(run: Run) -> str:
    model = run.config.model
    return run.name if run.name.startswith(model) else f"{model} · {run.name}"


def _fold_label(fold: str) -> str:
    return "all clips" if fold == "final" else f"without fold {fold}"
