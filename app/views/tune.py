"""Tune: what is searched, for how long, and what it will cost on the left; the open study on the right."""

import streamlit as st

from app.charts.palette import ink
from app.components import css, explain, guarded_fragment, hold_fields, page_header, words
from app.state import is_dark
from app.views.train_choice import choose_data
from app.views.tune_choice import choose_effort, choose_model, choose_names, choose_start
from app.views.tune_cost import start
from app.views.tune_space import choose_space
from app.views.tune_watch import watch
from core.studies import list_studies


def choice() -> None:
    """Everything on the left. What is wrong stands beside its field, and nothing can be started as long as it does."""
    st.html('<div id="new-study"></div>')
    st.subheader("1 · Data", anchor=False)
    errors = choose_data()
    st.subheader("2 · Model", anchor=False)
    model = choose_model()
    settings = choose_start()
    st.subheader("3 · What is searched", anchor=False, help=explain("validation", "learning rate", "augmentation"))
    space, wrong = choose_space(model)
    errors += wrong
    st.subheader("4 · How long", anchor=False, help=explain("trial", "epoch", "seed"))
    trials, own, wrong = choose_effort()
    errors += wrong
    name, storage, wrong = choose_names()
    errors += wrong
    with st.container(border=True, key="cost"):
        start(model, settings | own, space, trials, name, storage, ready=not errors)


STYLE = """
.st-key-study [data-stale=true] { opacity: 1 !important; }  /* it looks again every 2 s: nothing blinks */
.st-key-cost { background: %s; }
#studies, #new-study { scroll-margin-top: 4rem; }
[data-testid=stElementContainer]:has(#studies, #new-study) { position: absolute; }
@media (min-width: 641px) { [data-testid=stLayoutWrapper]:has(> .st-key-jump) { display: none; } }
@media (min-width: 900px) {
  [data-testid=stLayoutWrapper]:has(> .st-key-cost) { position: sticky; bottom: 0.5rem; z-index: 2; }
}
@media (max-width: 640px) { [data-testid=stColumn]:has(> div .st-key-study) { order: %d; } }"""

page_header("Tune", "Let a search look for better settings: by validation accuracy alone, the test fold is never read.")
studies = list_studies()
study_first = bool(st.query_params.get("study")) or any(study.status.active for study in studies)
hold_fields("chosen_data", "tune-model", "tune-from", "tune-trials", "tune-epochs", "tune-seed", "tune-name", "tune-open")
css(STYLE % (ink(is_dark()).surface, -1 if study_first else 1))
with st.container(key="jump"):  # on a phone only: the other part is a long way down
    st.markdown("[Begin another study](#new-study)" if study_first else "[Studies and what they found](#studies)")
left, right = st.columns([5, 7], gap="large")
with left:  # first: on a phone it lies above the other
    guarded_fragment()(choice)()
with right, st.container(key="study"):
    watch()
words("study", "trial", "pruning", "validation", "test", "fold", "protocol", "epoch", "seed", "learning rate", "augmentation",
      "accuracy")
