"""Results: compare finished runs, then look into one: where it is wrong, and what that sounds like."""

import streamlit as st

from app.components import empty_state, page_header, show_error
from app.views.results_blocks import classes_block, headline_block, training_block
from app.views.results_compare import chosen_run, comparison_block
from app.views.results_confusion import confusion_block
from app.views.results_data import load_results
from core.runs import list_runs

page_header("Results", "Every number comes from clips that the model was not trained on.")

runs = list_runs()
if not runs:
    empty_state("No model has been trained here yet. Train one, and its numbers appear on this page.",
                "Train a model", key="results_empty", page="views/train.py", icon=":material/model_training:")
    st.stop()

results = {run.name: load_results(run) for run in runs}
chosen = chosen_run(results)
if chosen is None:
    st.stop()
comparison_block(results, chosen)
st.divider()

result = results[chosen]
headline_block(result)
if result.problem:
    show_error(result.problem)
if result.tested:
    confusion_block(result)
    classes_block(result)
training_block(result)
