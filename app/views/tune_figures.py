"""The figures of a study, drawn again only when a trial got further, and its trials as a table."""

import pandas as pd
import streamlit as st

from app.charts import tuning
from app.components import show_figure
from app.components.frame import escape
from app.state import is_dark
from core.config import field_named
from core.studies import get_study
from core.study_folder import START, Study
from core.study_storage import open_study

SHOWN = {"trial": "Trial", "state": "State", "validation_accuracy": "Validation accuracy", "epochs": "Epochs",
         "seconds": "Seconds", "why": "Note"}
STATES = {"complete": "finished", "pruned": "stopped early", "fail": "interrupted", "running": "at work"}


def show_figures(study: Study) -> None:
    """History, curves, parallel coordinates, importances, and the table of trials."""
    trials = study.trials()
    if trials.empty and not _stamp(study)[1]:
        return
    figures = _figures(study.name, _stamp(study), is_dark())
    left, right = st.columns(2)
    if "history" in figures:
        with left:
            show_figure(figures["history"], "study_history",
                        alt="Validation accuracy of every finished trial and the best so far")
    if "epochs" in figures:
        with right if "history" in figures else left:
            show_figure(figures["epochs"], "study_epochs", alt="Validation accuracy by epoch, one line per trial")
    if "parallel" in figures:
        show_figure(figures["parallel"], "study_parallel",
                    alt="One line per finished trial through its accuracy and its settings")
    if "importance" in figures:
        show_figure(figures["importance"], "study_importance",
                    alt="Share of the differences in accuracy that goes with each setting")
        count = int((trials["state"] == "complete").sum())
        st.caption(f"Estimated by PED-ANOVA from {count} finished trials: a hint where to look next, not a proof.")
    if not trials.empty:
        _table(study, trials)


def _stamp(study: Study) -> tuple:
    """What changes when the trials do."""
    files = (study.path / "trials.csv", study.journal)
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


@st.cache_resource(max_entries=16, show_spinner=False)
def _figures(name: str, stamp: tuple, dark: bool) -> dict:
    """Those figures for which there are trials enough."""
    study = get_study(name)
    opened = open_study(study, write=False)
    start = next((t.number for t in tuning.finished(opened) if t.user_attrs.get("why") == START), None)
    figures = {}
    if any(trial.intermediate_values for trial in opened.trials):
        figures["epochs"] = tuning.epochs_figure(opened, start, epochs=study.config.epochs, dark=dark)
    finished = len(tuning.finished(opened))
    if finished:
        figures["history"] = tuning.history_figure(opened, start, dark=dark)
    if finished > 1:
        names = tuning.most_important(opened, [entry.name for entry in study.space])
        figures["parallel"] = tuning.parallel_figure(opened, names, dark=dark)
        if importance := tuning.importance_figure(opened, dark=dark):
            figures["importance"] = importance
    return figures


def _table(study: Study, trials: pd.DataFrame) -> None:
    with st.expander("Trials, and what was searched"):
        words = (f"{field_named(entry.name).metadata['label']}: {entry.words}" for entry in study.space)
        st.markdown("\n".join(f"- {escape(each)}" for each in words))
        settings = {entry.name: field_named(entry.name).metadata["label"] for entry in study.space}
        table = trials.rename(columns=SHOWN | settings).replace({"State": STATES})
        table["Validation accuracy"] = 100 * table["Validation accuracy"].astype(float)
        number = st.column_config.NumberColumn
        st.dataframe(table, hide_index=True, key="study_trials", alt="The trials with their settings", column_config={
            "Validation accuracy": number(format="%.1f %%"), "Seconds": number(format="%.0f")})
        st.download_button("CSV", trials.to_csv(index=False).encode(), f"{study.name}-trials.csv", "text/csv",
                           type="tertiary", icon=":material/download:", key="csv_trials", on_click="ignore",
                           help="Download the trials as a table")
