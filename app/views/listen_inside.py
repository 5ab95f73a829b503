"""Listen inside, its lower part: the answer, the sound on its time axis, the heads, one head in full."""

import numpy as np
import streamlit as st

from app.charts.answer import percent_text, probability_bars, window_lines
from app.charts.attention import attention_matrix, head_of_trace, head_strips
from app.charts.stage import stage
from app.components import guarded_fragment, player, show_figure
from app.components.frame import escape
from app.listening import Sound, answer, explanation
from app.state import current_dataset, is_dark
from core import seen
from core.attention_stats import entropy_bits, even_entropy_bits, over_place, over_time, over_time_pairs, reach_ms
from core.predict import Explanation, Prediction
from core.run_folder import Run
from core.spectrogram import envelope

CAVEAT = "What this shows: where the class token looks. It is not by itself the reason for the answer."
USES = {
    seen.TRAINING: "This clip was in this model's training data, so a right answer proves little.",
    seen.VALIDATION: "This model did not train on this clip; it was in its validation fold.",
    seen.TEST: "This model did not train on this clip; it was in the fold that tested it.",
    seen.ELSEWHERE: "This clip is not in the data this model was trained and tested on.",
    seen.UNKNOWN: "Whether this model trained on this clip is not recorded yet.",
}


@guarded_fragment()
def inside(run: Run, fold: str, sound: Sound) -> None:
    """Everything that follows from the sound and the model. Redrawn alone when a head or the veil changes."""
    weights = run.checkpoints()[fold]
    prediction = answer(weights, sound)
    left, right = st.columns([2, 3], gap="medium")
    with right:
        player(sound.waveform, sound.sample_rate, key="listen", follow=("listen_stage",), label=f"Play {sound.name}")
        window = _choose_window(prediction, sound)
        heard = explanation(weights, sound, window)
    with left:
        _show_answer(prediction, run, fold, sound)
        if heard.maps:
            _look_through(heard)
        else:
            st.info(escape(f"The model {prediction.model} has no attention, so there is nothing to look at inside "
                           "it; choose a transformer model for that."), icon=":material/visibility_off:")
    with right:
        _show_stage(heard, sound)
    if heard.maps:
        _show_heads(heard)


def _show_answer(prediction: Prediction, run: Run, fold: str, sound: Sound) -> None:
    label, probability = prediction.ranked[0]
    truth = sound.clip.label if sound.clip else None
    if prediction.unknown:
        st.warning(escape(prediction.remark), icon=":material/volume_off:")
    else:
        st.subheader(f"{escape(label)} · {percent_text(100 * probability)}", anchor=False)
    if truth:
        st.caption(escape(f"True class: {truth}. {_use(run, fold, sound)}"))
    known = truth if truth in prediction.class_names else None
    show_figure(probability_bars(prediction.ranked, prediction.class_names, truth=known, dark=is_dark()), "listen_bars",
                alt=", ".join(f"{name} {percent_text(100 * p)}" for name, p in prediction.ranked))


def _use(run: Run, fold: str, sound: Sound) -> str:
    """Whether the model met the clip before, and which of the run's models did not."""
    use = seen.clip_use(run, fold, current_dataset(), sound.clip)
    others = seen.unheard_folds(run, sound.clip)
    if use != seen.TRAINING or not others:
        return USES[use]
    return f"{USES[use]} The model of fold {others[0]} never heard it."


def _choose_window(prediction: Prediction, sound: Sound) -> int:
    """Which stretch of a clip longer than the model's window to look into; the surest one at first."""
    windows = prediction.windows
    if len(windows) == 1:
        return 0
    key = f"listen_window_{sound.key}_{len(windows)}"
    st.session_state.setdefault(key, prediction.surest_window)
    chosen = st.selectbox("Look into", range(len(windows)), key=key,
                          format_func=lambda i: f"{windows[i].start:.2f} to {windows[i].end:.2f} s")
    figure = window_lines([w.start for w in windows], [w.end for w in windows], np.stack([w.probs for w in windows]),
                          prediction.class_names, [name for name, _ in prediction.ranked[:4]], chosen, dark=is_dark())
    show_figure(figure, "listen_windows", on_select=lambda: _pick_window(key), selection_mode="points",
                alt="Probability of the four likeliest classes in every window of the clip")
    return chosen


def _pick_window(key: str) -> None:
    points = st.session_state["listen_windows"].selection.points
    if points:
        st.session_state[key] = points[0]["point_index"]


def _show_stage(heard: Explanation, sound: Sound) -> None:
    start, end = heard.window.start, heard.window.end
    outline = envelope(sound.waveform, sound.sample_rate, 1200, max(0.0, start), min(end, sound.seconds))
    look: dict = {}
    if heard.maps:
        layer, head = _chosen(heard)
        weights, layout = heard.maps[layer].weights[head], heard.maps[layer].layout
        if layout.clip_time:
            look = dict(profile=over_time(weights, layout), plane=over_place(weights, layout),
                        veil=st.session_state["listen_veil"] / 100)
    figure = stage(outline, heard.log_mel, heard.times, heard.frequencies, (start, end), heard=(0.0, sound.seconds),
                   dark=is_dark(), **look)
    show_figure(figure, "listen_stage", alt=f"Waveform, mel spectrogram and attention from {start:.2f} to {end:.2f} s")


def _look_through(heard: Explanation) -> None:
    """Which layer and head, by keyboard and finger too, and how much the veil covers."""
    layer, head = _chosen(heard)
    st.session_state["listen_layer"], st.session_state["listen_head"] = layer + 1, head + 1
    st.session_state.setdefault("listen_veil", 70)
    with st.container(horizontal=True):
        st.segmented_control("Layer", range(1, len(heard.maps) + 1), key="listen_layer", required=True, on_change=_pick)
        st.segmented_control("Head", range(1, len(heard.maps[layer].weights) + 1), key="listen_head", required=True,
                             on_change=_pick)
    st.slider("Veil over what this head does not look at (%)", 0, 100, step=5, key="listen_veil", persist_state="session")


def _pick() -> None:
    st.session_state["listen_look"] = (st.session_state["listen_layer"] - 1, st.session_state["listen_head"] - 1)


def _chosen(heard: Explanation) -> tuple[int, int]:
    """Layer and head in sight, from 0; the last layer's first head at the beginning."""
    layer, head = st.session_state.get("listen_look", (len(heard.maps) - 1, 0))
    layer = min(layer, len(heard.maps) - 1)
    return layer, min(head, len(heard.maps[layer].weights) - 1)


def _show_heads(heard: Explanation) -> None:
    layer, head = _chosen(heard)
    layout = heard.maps[layer].layout
    profiles = [[over_time(weights, m.layout) for weights in m.weights] for m in heard.maps]
    heads = len(profiles[0])
    st.subheader("Where each head looks", anchor=False)
    st.caption("The class token's attention over the clip, one strip for every head. Each has its own scale; the number "
               "is its highest moment. Click a strip to look through it.")
    span = (heard.window.start, heard.window.end) if layout.clip_time else (0.0, float(np.nanmax(layout.end)))
    axis = "Time in the clip (s)" if layout.clip_time else "Time within a window (s)"
    show_figure(head_strips(profiles, span, (layer, head), x_title=axis, dark=is_dark()), "listen_heads",
                on_select=lambda: _pick_head(heads), selection_mode="points",
                alt=f"What the class token attends to over time in {len(profiles)} layers of {heads} heads")
    left, right = st.columns([3, 2], gap="medium")
    weights = heard.maps[layer].weights[head]
    with left:
        show_figure(attention_matrix(over_time_pairs(weights, layout), dark=is_dark()), "listen_matrix",
                    alt=f"Query by key matrix of layer {layer + 1}, head {head + 1}, in seconds")
    with right:
        _show_numbers(weights, layout, layer, head)


def _pick_head(heads: int) -> None:
    points = st.session_state["listen_heads"].selection.points
    if points:
        st.session_state["listen_look"] = head_of_trace(points[0]["curve_number"], heads)


def _show_numbers(weights: np.ndarray, layout, layer: int, head: int) -> None:
    reach = reach_ms(weights, layout)
    st.subheader(f"Layer {layer + 1}, head {head + 1}", anchor=False)
    with st.container(horizontal=True):
        st.metric("Entropy", f"{entropy_bits(weights, layout):.1f} bit",
                  help="How widely the class token looks. One bit more is twice as many moments; "
                       f"{even_entropy_bits(layout):.1f} bit would be all of them evenly.")
        st.metric("Reach", "not defined" if np.isnan(reach) else f"{reach:,.0f} ms",
                  help="How far a moment looks: the distance in time to what it attends to, on average.")
    st.caption("Each row of the matrix is a moment that asks, each column a moment it looks at. The first row is the "
               "class token, from which the answer is read.")
    st.caption(CAVEAT)
