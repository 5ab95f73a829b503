"""Listen inside, its lower part: the answer, the sound on its time axis, the heads, one head in full."""

import streamlit as st

from app.charts.answer import answer_bars, percent_text
from app.charts.attention import heads_view
from app.charts.palette import ink
from app.charts.parts import colour_map
from app.charts.stage import sound_view
from app.components import player
from app.components.frame import escape
from app.components.inside import KEY, inside_drawing, layer_in_sight
from app.components.timeline import KEY as TIMELINE
from app.listening import Sound, answer, explanation
from app.state import copy_to_play, current_dataset, is_dark
from app.views.listen_along import along, heard_through, part_of, window_words
from core import seen
from core.errors import UserError
from core.predict import Explanation, Prediction
from core.run_folder import Run
from core.spectrogram import envelope

USES = {
    seen.TRAINING: "This clip was in this model's training data, so a right answer proves little.",
    seen.VALIDATION: "This model did not train on this clip; it was in its validation fold.",
    seen.TEST: "This model did not train on this clip; it was in the fold that tested it.",
    seen.ELSEWHERE: "This clip is not in the data this model was trained and tested on.",
    seen.UNKNOWN: "Whether this model trained on this clip is not known here.",
}


def inside(run: Run, fold: str, sound: Sound) -> None:
    """Everything that follows from a sound and a model."""
    weights = run.checkpoints().get(fold)
    if weights is None:
        raise UserError(f"the weights of {run.name} were taken away while this page was open; choose another model")
    heard = heard_through(weights, sound) if sound.is_long else None
    if sound.is_long and heard is None:
        return
    prediction = heard.recording.prediction if heard else answer(weights, sound)
    part = part_of(sound)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        say_answer(prediction, _truth(run, fold, sound))
    with right:
        follow = {"key": "listen", "follow": (KEY, TIMELINE), "label": f"Play {sound.name}", "region": part["region"],
                  "play": part["plays"]}
        if heard:
            player(heard.copy, seconds=prediction.seconds, **follow)
        else:
            player(copy_to_play(sound.key, sound.waveform, sound.sample_rate), seconds=sound.seconds, **follow)
    window = 0
    if len(prediction.windows) > 1:
        window = along(sound, prediction, heard.recording.outline if heard else envelope(sound.waveform, sound.sample_rate))
    look_into(weights, sound, prediction, window)


def say_answer(prediction: Prediction, truth: str = "") -> None:
    label, probability = prediction.ranked[0]
    if prediction.unknown:
        st.warning(escape(prediction.remark), icon=":material/volume_off:" if prediction.silent else ":material/question_mark:")
    else:
        st.subheader(f"{escape(label)} · {percent_text(100 * probability)}", anchor=False)
    if len(prediction.windows) > 1:
        st.caption(f"The whole sound, on average over {_which(prediction)} of {_window_seconds(prediction):g} s")
    if truth:
        st.caption(escape(truth))


def _which(prediction: Prediction) -> str:
    every, loud = len(prediction.windows), len(prediction.loud)
    return f"{every:,} windows" if loud == every else f"the {loud:,} loudest of {every:,} windows"


def _window_seconds(prediction: Prediction) -> float:
    return round(prediction.windows[0].end - prediction.windows[0].start, 3)


def look_into(weights, sound: Sound, prediction: Prediction, window: int) -> None:
    """The drawing of one window: how sure of every class, what was heard, where the heads looked."""
    heard, outline = explanation(weights, sound, prediction, window)
    if not heard.maps:
        st.info(escape(f"The model {prediction.model} has no attention, so there is nothing to look at inside it; choose a "
                       "transformer model for that."), icon=":material/visibility_off:")
    of = f"In this window, {window_words(prediction, window)}" if len(prediction.windows) > 1 else ""
    inside_drawing(view_of(heard, outline, prediction, sound, f"{weights} {sound.key} {window}", of))


def view_of(heard: Explanation, outline: tuple, prediction: Prediction, sound: Sound, name: str, title: str = "") -> dict:
    """What the browser draws; ``name`` tells this view from every other, ``title`` says what the answer is of."""
    dark, layer = is_dark(), layer_in_sight()
    shade = ink(dark)
    ranked = sorted(zip(prediction.class_names, map(float, heard.window.probs), strict=True), key=lambda pair: -pair[1])
    truth = sound.clip.label if sound.clip and sound.clip.label in prediction.class_names else None
    return {"id": f"{name} {layer} {dark}", "palette": colour_map("Magma"),
            "ink": {"text": shade.text, "muted": shade.muted, "grid": shade.grid, "surface": shade.surface,
                    "raised": shade.raised, "accent": shade.accent, "wave": shade.wave, "fog": shade.grid},
            "title": title, "bars": answer_bars(ranked, prediction.class_names, truth=truth, dark=dark),
            "sound": sound_view(outline, heard, sound.seconds),
            "layers": heads_view(heard.maps, heard.frequencies, layer)}


def _truth(run: Run, fold: str, sound: Sound) -> str:
    """The true class, whether the model met the clip before, and which of the run's models did not."""
    if sound.clip is None:
        return ""
    try:
        use, others = seen.clip_use(run, fold, current_dataset(), sound.clip), seen.unheard_folds(run, sound.clip)
    except UserError as error:  # a broken table of the run must not keep its model from answering
        return f"True class: {sound.clip.label}. Whether this model trained on it is not known: {error}"
    more = f" The model of fold {others[0]} never heard it." if use == seen.TRAINING and others else ""
    return f"True class: {sound.clip.label}. {USES[use]}{more}"
