"""The runs that are compared: one row per model and protocol, the sentence that sums them up, and two pictures."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.charts.cost import COSTS, cost_figure
from app.charts.folds import runs_figure
from app.components import guarded_fragment, row_table, show_figure, table_height
from app.components.frame import escape
from app.state import is_dark
from app.views.results_analysis import (
    analyses_of,
    analysis_block,
    field_of,
    measured,
    on_one_ground,
    report_buttons,
    summary_of,
)
from app.views.results_choice import CHOSEN, COMPARED, KEPT, look_into_it
from app.views.results_data import Result, comparable, once
from app.views.results_experiment import CHOICE, experiment_choice
from app.views.results_parts import block, in_percent
from core.contenders import Contender, twins
from core.finished import seconds_of_tested
from core.metrics import METRICS, interval_of
from core.standings import standings
from core.wording import duration, interval, listed

MOST = 8  # runs compared without being asked
TALL = 16  # rows after which the table scrolls
COSTS_HEIGHT = 68  # px of the choice above a figure, with the space between them


def comparison_block(results: dict[str, Result], chosen: str) -> None:
    """Table, sentence and figures of the compared runs, what follows from them, and the choice of the one to look into."""
    kept = [name for name in st.session_state.get(COMPARED, ()) if name in results]
    if COMPARED not in st.session_state or len(kept) < len(st.session_state[COMPARED]):
        st.session_state[COMPARED] = kept or _usual(results, chosen)
    first, second, third = st.columns([2, 4, 3], vertical_alignment="bottom")
    with first:
        experiment_choice(COMPARED, CHOSEN, {*results}, look_into_it)
    third.selectbox("Run to look into", list(results), key=CHOSEN, format_func=lambda name: _title(results[name]),
                    on_change=look_into_it)
    names = second.multiselect("Compare", list(results), key=COMPARED, placeholder="Choose runs",
                               format_func=lambda name: _title(results[name]), persist_state="session")
    st.session_state[KEPT] = st.query_params["run"] = chosen
    shown = [results[name] for name in dict.fromkeys([*names, chosen])]
    together = on_one_ground(shown, chosen)
    again = twins([comparable(result) for result in sorted(together, key=lambda result: result.name != chosen)])
    compared = [result for result in together if result.name not in again]
    field = field_of(tuple(compared)) if compared else []
    others = sorted((result for result in shown if result not in together), key=_accuracy, reverse=True)
    with block("Comparison", standings(field) if field else pd.DataFrame(map(_row, others)), "comparison.csv",
               note="One row per model and protocol; seeds of one model are pooled."):
        _table(field, others, chosen)
    if elsewhere := [result.name for result in others if result.finished and result.tested]:
        st.caption(escape("Not compared, because numbers compare only within one data set and the same classes of it: "
                          f"{', '.join(elsewhere)}."))
    protocols = Counter(each.protocol for each in field)
    if len(field) > 1 and (alone := [each.title for each in field if protocols[each.protocol] == 1]):
        st.caption(escape(f"Compared with no other, because none has the same protocol: {', '.join(alone)}."))
    if again:
        st.caption(escape("Left out, because settings and seed are those of another run that is compared: "
                          f"{', '.join(f'{name} (as {other})' for name, other in again.items())}."))
    if st.session_state.get(CHOICE) and (unread := [result.name for result in results.values() if not result.settings]):
        st.caption(escape(f"Perhaps of this experiment too: {listed(unread)}, whose config.json cannot be read."))
    if compared:
        if len(field) > 1:
            summary_of(analyses_of(tuple(compared), measured(compared)))
        report_buttons(compared, st.session_state.get(CHOICE) or "", [each.name for each in others if not each.finished])
        if len(field) > 1:
            guarded_fragment()(_figures)(tuple(compared))
        analysis_block(compared)


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
    """A run that is not compared: its numbers so far."""
    metrics = result.metrics
    means = {name: (metrics.get(name) or {}).get("mean") for name in METRICS}
    low, high = interval_of(metrics.get("accuracy") or {}) or (None, None)
    return {"model": result.name, "protocol": "", **means, "accuracy_low": low, "accuracy_high": high,
            "parameters": metrics.get("parameters_trainable"), "macs": metrics.get("macs"),
            "seconds": seconds_of_tested(result.history, metrics), "state": result.state}


def _shown_row(row: dict) -> dict:
    """A row for the eye: per cent, an interval in one cell, time in words."""
    def ends(metric: str) -> str:
        low, high = row.get(f"{metric}_low"), row.get(f"{metric}_high")
        return interval(low, high, "" if metric == "roc_auc" else "%").removesuffix(" %")

    return {
        "contender": f"{row['model']} · {row['protocol']}" if row["protocol"] else row["model"],
        "accuracy": in_percent(row["accuracy"]), "interval": ends("accuracy"), "sd": in_percent(row.get("accuracy_sd")),
        "validation": in_percent(row.get("validation")), "macro_f1": in_percent(row["macro_f1"]), "f1_ends": ends("macro_f1"),
        "roc_auc": row["roc_auc"], "auc_ends": ends("roc_auc"), "parameters": row["parameters"],
        "macs": row["macs"] and round(row["macs"] / 1e6), "time": duration(row["seconds"]), "seeds": row.get("seeds", ""),
        "state": row.get("state", "finished")}


def _table(field: Sequence[Contender], others: Sequence[Result], chosen: str) -> None:
    """A row that is selected is looked into; of several seeds, the first."""
    runs = [[run.name for run in each.runs] for each in field] + [[result.name] for result in others]
    rows = (standings(field).astype(object).to_dict("records") if field else []) + [_row(result) for result in others]
    rows = [{name: None if value is None or value != value else value for name, value in row.items()} for row in rows]
    table = pd.DataFrame([_shown_row(row) for row in rows])

    def look_into(row: int) -> None:
        if chosen not in runs[row]:
            st.session_state[CHOSEN] = runs[row][0]
            look_into_it()

    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    row_table(
        table if any(result.state != "finished" for result in others) else table.drop(columns="state"),
        next((place for place, names in enumerate(runs) if chosen in names), None), look_into,
        key=f"results_table_{len(rows)}", placeholder="–", height=table_height(min(len(rows), TALL)),
        alt="Every model and protocol with its accuracy, its other scores and its costs",
        column_config={
            "contender": text("Model · protocol", width=260, help="Select a row to look into its run"),
            "accuracy": number("Accuracy", format="%.1f %%", help="On the test clips: mean over folds, models or seeds"),
            "interval": text("95 % interval", width=104, help="Wilson's; clips of one recording count as alike as they are"),
            "sd": number("± sd", format="%.1f", help="Standard deviation over folds, models or seeds, in percentage points"),
            "validation": number("Validation", format="%.1f %%", help="Accuracy on the folds held out to validate"),
            "macro_f1": number("Macro F1", format="%.1f %%"),
            "f1_ends": text("F1, 95 %", width=104, help="Whole recordings drawn anew"),
            "roc_auc": number("AUC", format="%.3f"),
            "auc_ends": text("AUC, 95 %", width=112, help="Whole recordings drawn anew"),
            "parameters": number("Parameters", format="localized", help="Trainable parameters"),
            "macs": number("MACs (M)", format="localized", help="Millions of multiply-accumulates for one clip"),
            "time": text("Training", help="Of the tested models, on the machine that trained them; "
                                          "not where the seeds were trained on several"),
            "seeds": "Seeds", "state": "State"})


def _figures(results: tuple[Result, ...]) -> None:
    """Every fold on one axis, and accuracy against what it costs."""
    left, right = st.columns(2, gap="large")
    figure = _runs_figure(results, is_dark())
    with left:
        show_figure(figure, "results_runs", alt="Accuracy of the compared models: folds, mean and 95 % interval")
    with right:
        against = st.segmented_control("Accuracy against", list(COSTS), default="compute", required=True, key="results_cost",
                                       format_func=lambda cost: cost.replace("training time", "time"))  # fits a phone
        height = figure.layout.height - COSTS_HEIGHT
        show_figure(_cost_figure(results, against, is_dark(), height), f"results_cost_{against}",
                    alt=f"Test accuracy against {against}, with 95 % intervals")


@once
def _runs_figure(results: tuple[Result, ...], dark: bool):
    return runs_figure([_line(each) for each in field_of(results)], dark=dark, least=300 + COSTS_HEIGHT)


@once
def _cost_figure(results: tuple[Result, ...], against: str, dark: bool, height: int):
    return cost_figure(field_of(results), against, dark=dark, height=height)


def _line(each: Contender) -> dict:
    score, first = each.scores["accuracy"], each.runs[0]
    alone = len(first.metrics["folds"]) == 1 < len(each.runs)  # one model a seed
    return {"name": each.title, "dot": "seed" if alone else first.over.removesuffix("s"), "mean": score.mean,
            "ci95": None if score.low is None else (score.low, score.high),
            "folds": [fold["accuracy"] for run in each.runs for fold in run.metrics["folds"]]}
