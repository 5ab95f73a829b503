"""Results: compare finished runs, then look into one: where it is wrong, and what that sounds like."""

import streamlit as st

from app.components import empty_state, guard, guarded_fragment, hold_fields, hold_places, page_header, words
from app.views.disk import disk_panel
from app.views.results_blocks import classes_block, headline_block, training_block
from app.views.results_choice import CHOSEN, another_run, chosen_run
from app.views.results_compare import comparison_block
from app.views.results_confusion import confusion_block
from app.views.results_data import Result, load_results
from app.views.results_pair import pair_block
from app.views.results_parts import COMPARISON, DETAILS, PAIR
from app.views.run_menu import undo_bar
from core.manage import deleted_runs
from core.runs import get_run, list_runs


def results_of_all() -> dict[str, Result]:
    return {run.name: load_results(run) for run in list_runs()}


def comparison() -> None:
    results = results_of_all()
    if st.session_state[CHOSEN] not in results:
        st.rerun()  # it was deleted elsewhere: the whole page looks for another
    comparison_block(results, st.session_state[CHOSEN])


def pair(results: dict[str, Result]) -> None:
    pair_block(results, st.session_state[CHOSEN])


def details() -> None:
    """The chosen run."""
    run = get_run(st.session_state[CHOSEN])
    result = load_results(run)
    headline_block(result, run)
    with guard():  # one block that cannot be drawn does not hide the others
        if result.tested:
            confusion_block(result)
    with guard():
        if result.tested:
            classes_block(result)
    with guard():
        training_block(result)


hold_places({"results_cost": 56})
hold_fields("results_experiment", "results_compared", "results_run")
page_header("Results", "Every test and validation number comes from clips that the model was not trained on. "
            "Where copies of these are among them, the run says so.")
undo_bar(another_run)
if results := results_of_all():
    chosen_run(results)
    guarded_fragment(key=COMPARISON)(comparison)()
    guarded_fragment(key=PAIR)(pair)(results)
    st.divider()
    guarded_fragment(key=DETAILS)(details)()
    st.divider()
else:
    brought = " Or bring one back from the bin below." if deleted_runs() else ""
    empty_state(f"No model has been trained here yet. Train one, and its numbers appear on this page.{brought}",
                "Train a model", key="results_empty", page="views/train.py", icon=":material/model_training:")
disk_panel(another_run)
words("accuracy", "macro F1", "F1", "precision", "recall", "ROC-AUC", "confusion matrix", "standard deviation",
      "confidence interval", "fold", "test", "validation", "protocol", "seed", "epoch", "loss", "parameters", "MACs")
