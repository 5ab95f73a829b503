"""Listen inside: a model's answer for a sound, and where its attention heads looked."""

from functools import partial

import streamlit as st

from app.ahead import ahead
from app.components import empty_state, guarded_fragment, hold_fields, hold_places, page_header, words
from app.listening import make_ready, trained_runs
from app.views.listen_choice import MANY, choose_model, choose_sound, is_of_the_data, next_clip
from app.views.listen_inside import inside
from app.views.listen_many import answers_table

DRAWING, CLIP_CHOICE = 540, 274  # px of the drawing that are in sight at first, and of the choice of a clip on a phone


@guarded_fragment()
def body() -> None:
    """All below the title. A fragment: the next clip redraws neither the frame nor the navigation."""
    runs = trained_runs()
    if not runs:
        empty_state("There is no trained model yet. Train one and its answers appear here.", "Train a model",
                    key="listen_train", page="views/train.py", icon=":material/model_training:")
        return
    left, right = st.columns([3, 2], gap="medium")
    place = left.container(key="listen_sound")
    place.empty()  # so that it keeps its place while the model is drawn, which lies beneath it on a phone
    hold_places({}, phone={"listen_sound": CLIP_CHOICE if is_of_the_data() else 0})
    with right:
        run, fold = choose_model(runs)
    with place:
        sound = choose_sound(run, fold)
    if sound is None and st.session_state["listen_source"] == MANY:
        sound = answers_table()
    if sound is not None:
        inside(run, fold, sound)
        if sound.clip:
            ahead(partial(make_ready, run.checkpoints()[fold], *next_clip(run)))


hold_places({"listen_inside": DRAWING})
hold_fields("listen_class", "listen_clip", "listen_run", "listen_fold", "listen_source")
page_header("Listen inside", "Hear what a model makes of a sound, and see which moments each of its attention heads "
                             "looked at.")
body()
words("attention", "head", "layer", "token", "CLS", "entropy", "reach", "mel", "fold", "probability")
