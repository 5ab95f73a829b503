"""Results: compare finished runs, then look into one: where it is wrong, and what that sounds like."""

import streamlit as st

from app.components import empty_state, guard, page_header, words
from app.views.disk import disk_panel
from app.views.results_blocks import classes_block, headline_block, training_block
from app.views.results_compare import another_run, chosen_run, comparison_block
from app.views.results_confusion import confusion_block
from app.views.results_data import load_results
from app.views.results_pair import pair_block
from app.views.run_menu import undo_bar
from core.runs import list_runs

page_header("Results", "Every test and validation number comes from clips that the model was not trained on.")
undo_bar(another_run)
runs = {run.name: run for run in list_runs()}
if runs:
    results = {name: load_results(run) for name, run in runs.items()}
    chosen = chosen_run(results)
    comparison_block(results, chosen)
    pair_block(results, chosen)
    st.divider()

    result = results[chosen]
    headline_block(result, runs[chosen])
    with guard():  # one block that cannot be drawn does not hide the others
        if result.tested:
            confusion_block(result)
    with guard():
        if result.tested:
            classes_block(result)
    with guard():
        training_block(result)
    st.divider()
else:
    empty_state("No model has been trained here yet. Train one, and its numbers appear on this page.",
                "Train a model", key="results_empty", page="views/train.py", icon=":material/model_training:")
disk_panel(another_run)
words("accuracy", "macro F1", "F1", "precision", "recall", "ROC-AUC", "confusion matrix", "standard deviation",
      "confidence interval", "fold", "test", "validation", "protocol", "seed", "epoch", "loss", "parameters", "MACs")
