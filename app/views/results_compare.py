"""The runs that are compared: one row each, the sentence that sums them up, and their folds on one axis."""

import pandas as pd
import streamlit as st

from app.charts.folds import runs_figure
from app.components import show_error, show_figure
from app.state import is_dark
from app.views.results_data import Result
from app.views.results_parts import block, count, duration, in_percent
from core.comparison import compare, sentence
from core.errors import UserError
from core.metrics import METRICS
from core.runs import first_to_show, get_run, list_runs

CHOSEN, COMPARED, KEPT = "results_run", "results_compared", "results_kept"
MOST = 8  # runs compared without being asked


def chosen_run(results: dict[str, Result]) -> str:
    """The run to look into: of the link (``?run=``), else the last one looked at, else the newest that is finished."""
    asked, before = st.query_params.get("run"), st.session_state.get(CHOSEN)
    if before not in results:
        lost = before or asked
        wanted = [_by_any_name(name, results) for name in (lost, st.session_state.get(KEPT)) if name]
        if lost and not wanted[0]:
            show_error(f"There is no run called {lost} here{' any more' * (lost == before)}; choose one of those below.")
        finished = [run for run in list_runs() if run.name in results and results[run.name].finished]
        usual = first_to_show(finished).name if finished else next(iter(results))
        st.session_state[CHOSEN] = next(filter(None, wanted), usual)
    return st.session_state[CHOSEN]


def _by_any_name(name: str, results: dict[str, Result]) -> str | None:
    """The run of that name, or that was called so before it was renamed; None where there is none."""
    if name in results:
        return name
    try:
        renamed = get_run(name).name
    except UserError:
        return None
    return renamed if renamed in results else None


def another_run(before: str, now: str | None = None) -> None:
    """The run ``before`` is called ``now`` (or is back, where both are the same), or is no longer here: where it was
    looked at or compared, go on with that name, or with the usual run."""
    compared = [now if name == before else name for name in st.session_state.get(COMPARED, [])]
    st.session_state[COMPARED] = [name for name in compared if name]
    for key in (CHOSEN, KEPT):
        if now and (st.session_state.get(key) == before or now == before):
            st.session_state[key] = now
        elif st.session_state.get(key) == before:
            st.session_state.pop(key)
    if st.query_params.get("run") == before:
        st.query_params.pop("run")


def comparison_block(results: dict[str, Result], chosen: str) -> None:
    """Table, sentence and figure of the compared runs, and the choice of the one to look into."""
    kept = [name for name in st.session_state.get(COMPARED, ()) if name in results]
    if COMPARED not in st.session_state or len(kept) < len(st.session_state[COMPARED]):
        st.session_state[COMPARED] = kept or _usual(results, chosen)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    right.selectbox("Run to look into", list(results), key=CHOSEN, format_func=lambda name: _title(results[name]))
    names = left.multiselect("Compare", list(results), key=COMPARED, placeholder="Choose runs",
                             format_func=lambda name: _title(results[name]))
    st.session_state[KEPT] = st.query_params["run"] = chosen
    shown = sorted((results[name] for name in dict.fromkeys([*names, chosen])), key=_accuracy, reverse=True)
    rows = [_row(result) for result in shown]
    with block("Runs", pd.DataFrame(rows), "runs.csv"):
        _table(pd.DataFrame([_shown_row(row) for row in rows]), shown, chosen)
        finished = [result for result in shown if result.finished and result.tested]
        if len(finished) > 1:
            _sum_up(finished)
            show_figure(runs_figure([_line(result) for result in finished], dark=is_dark()), "results_runs",
                        alt="Accuracy of the compared runs: folds, mean and 95 % interval")


def _usual(results: dict[str, Result], chosen: str) -> list[str]:
    """The chosen run and the newest finished ones of its data set: of its protocol too, where there are such."""
    own = results[chosen]
    same_data = [result for result in results.values()
                 if result.finished and result.dataset == own.dataset and result.name != chosen]
    alike = [result for result in same_data if result.protocol == own.protocol] or same_data
    return [chosen, *(result.name for result in alike[: MOST - 1])]


def _title(result: Result) -> str:
    return result.name if result.finished else f"{result.name} ({result.state})"


def _accuracy(result: Result) -> float:
    mean = (result.metrics.get("accuracy") or {}).get("mean")
    return -1.0 if mean is None else mean


def _row(result: Result) -> dict:
    """The run's numbers as they are saved, for the CSV."""
    metrics = result.metrics
    accuracy, macro_f1, roc_auc = (metrics.get(name) or {} for name in METRICS)
    low, high = accuracy.get("ci95") or (None, None)
    return {
        "run": result.name, "accuracy": accuracy.get("mean"), "accuracy_sd": accuracy.get("std"),
        "accuracy_low": low, "accuracy_high": high, "macro_f1": macro_f1.get("mean"), "roc_auc": roc_auc.get("mean"),
        "model": result.model, "protocol": result.protocol, "parameters": metrics.get("parameters_trainable"),
        "seconds": metrics.get("seconds"), "state": result.state,
    }


def _shown_row(row: dict) -> dict:
    """The same for the eye: per cent, an interval in one cell, time in words."""
    low, high = in_percent(row["accuracy_low"]), in_percent(row["accuracy_high"])
    return {
        "run": row["run"], "accuracy": in_percent(row["accuracy"]), "sd": in_percent(row["accuracy_sd"]),
        "interval": "" if low is None else f"{low:.1f} to {high:.1f}", "macro_f1": in_percent(row["macro_f1"]),
        "roc_auc": row["roc_auc"], "model": row["model"], "protocol": row["protocol"],
        "parameters": row["parameters"], "time": duration(row["seconds"]), "state": row["state"],
    }


def _table(table: pd.DataFrame, shown: list[Result], chosen: str) -> None:
    number, finished = st.column_config.NumberColumn, all(result.finished for result in shown)
    key = f"results_table_{chosen}_{len(shown)}"

    def look_into():
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            st.session_state[CHOSEN] = shown[rows[0]].name

    st.dataframe(
        table.drop(columns="state") if finished else table, hide_index=True, key=key, on_select=look_into,
        selection_mode="single-row", placeholder="–",
        selection_default={"selection": {"rows": [[result.name for result in shown].index(chosen)]}},
        column_config={
            "run": st.column_config.TextColumn("Run", width=270, help="Select a row to look into the run"),
            "accuracy": number("Accuracy", format="%.1f %%", help="Mean over the test folds, or over models"),
            "sd": number("± sd", format="%.1f", help="Standard deviation over folds or models, in percentage points"),
            "interval": st.column_config.TextColumn("95 % interval", help="Wilson's interval; each clip counts once"),
            "macro_f1": number("Macro F1", format="%.1f %%"), "roc_auc": number("AUC", format="%.3f"),
            "model": "Model", "protocol": "Protocol", "time": "Time", "state": "State",
            "parameters": number("Parameters", format="localized", help="Trainable parameters"),
        })


def _sum_up(finished: list[Result]) -> None:
    """What the test supports, and on which clips."""
    named = {_short(result, finished): result for result in finished}
    comparison = compare({name: (result.predictions, result.class_names) for name, result in named.items()})
    if comparison is None:
        st.caption("These runs were not all tested on the same clips, so they are not compared with one another.")
        return
    st.text(sentence(comparison))
    asked = "Each run answers with the mean probabilities of its models. " if comparison.pooled else ""
    fewer = any(result.clips > comparison.clips for result in finished)
    on = f"Compared on the {count(comparison.clips, 'clip')} that all of them were tested on. " if fewer else ""
    st.caption(f"{on}{asked}McNemar's exact test, Holm's correction; clips of one recording count as independent, "
               "so p is, if anything, too small.")


def _short(result: Result, among: list[Result]) -> str:
    """The model's name where that says which run is meant, else the run's."""
    alone = sum(other.model == result.model for other in among) == 1
    return result.model if alone else result.name


def _line(result: Result) -> dict:
    accuracy = result.metrics["accuracy"]
    return {"name": result.name, "mean": accuracy["mean"], "ci95": accuracy["ci95"],
            "folds": [fold["accuracy"] for fold in result.metrics["folds"]]}
