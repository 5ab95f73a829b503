"""The best set of a study in words, beside what it started from, and the way to train it."""

from collections.abc import Callable

import streamlit as st

from app.components.frame import escape
from core.study_folder import Study
from core.verdict import changed_in_words, noise, sentence, verdict_of

HONEST = ("These settings were chosen on folds 2 to 5, so only fold 1 still tests them honestly: train them under the protocol "
          "assignment or split, not under published or kfold, and with this study's seed where the folds are drawn from it.")


def show_best(study: Study, train: Callable[[], None]) -> None:
    """What the search is worth, what it changed, how sure that is; ``train`` is called by the button."""
    verdict = verdict_of(study)
    if verdict is None:
        if study.status.active:
            st.caption("The first trial trains the starting point. What is better is said here as soon as it ends.")
        else:
            st.caption("No trial was trained to its end, so there is nothing to compare yet.")
        return
    ended = study.state == "finished"
    with st.container(border=True, gap="small", key="study_best"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**What it found**" if ended else "**What it found so far**", width="stretch")
            if verdict.won:
                st.badge("better than the start", icon=":material/check:", color="green")
            else:
                st.badge("no reliable gain" if verdict.found else "nothing better", icon=":material/drag_handle:", color="gray")
        st.text(sentence(verdict, study.start_in_words, ended=ended))
        if changes := changed_in_words(verdict):
            st.markdown("\n".join(f"- {escape(change)}" for change in changes))
        st.caption(escape(noise(verdict.clips, verdict.best_accuracy)))
        st.button("Train with these settings" if verdict.found else "Train with the settings it started from",
                  icon=":material/model_training:", key="train_best", on_click=train,
                  type="primary" if verdict.found else "secondary",
                  help="Fills in the page Train; the protocol and the number of epochs are chosen there")
        if verdict.found:
            st.caption(HONEST)
