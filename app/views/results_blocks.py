"""The blocks below the comparison: headline, classes, folds, learning curves. Each takes a Result and draws it."""

import pandas as pd
import streamlit as st

from app.charts.folds import folds_figure
from app.charts.results import per_class_figure, roc_figure
from app.charts.training import learning_curves
from app.components import show_error, show_figure
from app.components.frame import escape
from app.state import is_dark
from app.views.results_choice import another_run, instead_of
from app.views.results_data import Result, once
from app.views.results_parts import block, score, share_of_all, spread
from app.views.run_menu import manage_menu, show_note
from core.baseline import Guess, guess_at_test, no_better
from core.classwise import confusion_table, per_class, roc_curves
from core.copies import copies_told
from core.finished import seconds_of_tested
from core.metrics import METRICS, of_split, per_fold
from core.runs import Run
from core.wording import count, duration

ROC_HEIGHT = 560  # px at most: about as tall as wide, however many classes stand beside it
NAMES = {"accuracy": "accuracy", "macro_f1": "macro F1", "roc_auc": "ROC-AUC"}


def headline_block(result: Result, run: Run) -> None:
    """The run's name, what it was, what a person noted, and its numbers in large."""
    metrics = result.metrics
    if lost := instead_of():  # above the controls: what is pressed there is done to this one
        st.warning(escape(f"{lost} is not here; this is {result.name}."), icon=":material/swap_horiz:")
    with st.container(gap=None):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.header(escape(result.name), anchor=False)
            with st.container(horizontal=True, width="content", vertical_alignment="center"):
                st.page_link("views/listen.py", label="Listen inside", icon=":material/hearing:",
                             query_params={"run": result.name})
                st.page_link("views/train.py", label="Its training", icon=":material/model_training:",
                             query_params={"run": result.name})
                manage_menu(run, another_run)
        st.caption(escape(_facts(result)))
        show_note(run)
    for problem in result.problems:
        show_error(problem)
    if not result.finished:
        _unfinished(result)
    if not result.scored:
        return
    for told, icon in ((copies_told(metrics, result.clips), "content_copy"), (no_better(result.class_names, metrics), "info")):
        if told:
            st.warning(escape(told), icon=f":material/{icon}:")
    columns = st.columns(5, gap="small")
    for column, metric in zip(columns, METRICS, strict=False):
        value = metrics[metric]
        column.metric(f"Test {NAMES[metric]}", score(value["mean"], metric), spread(value, metric), delta_color="off",
                      delta_arrow="off", help=escape(_meaning(result, metric)))
    fourth, fifth = columns[3:]
    if metrics.get("validation"):
        value = metrics["validation"]["accuracy"]
        fourth.metric("Validation accuracy", score(value["mean"]), spread(value, "accuracy"), delta_color="off",
                      delta_arrow="off", help="On the fold that was held out of training. It chooses the weights only "
                      "where the setting Weights kept says so.")
    elif metrics.get("seconds") is not None:
        fourth.metric("Training time", duration(seconds_of_tested(result.history, metrics)), help=escape(_trained(result)))
    if metrics.get("parameters_trainable") is not None:
        fifth.metric("Trainable parameters", f"{metrics['parameters_trainable']:,}",
                     f"{metrics.get('parameters_frozen') or 0:,} frozen", delta_color="off", delta_arrow="off")
    together = metrics.get("ensemble")
    if together and len(metrics["folds"]) > 1:
        numbers = ", ".join(f"{NAMES[metric]} {score(together[metric], metric)}" for metric in METRICS)
        st.caption(escape(f"The {len(metrics['folds'])} models together, by their mean probabilities: {numbers}."))


def _facts(result: Result) -> str:
    settings = result.settings
    parts = [result.model, f"protocol {result.protocol}", result.dataset]
    if settings:
        parts += [f"seed {settings['seed']}", count(settings["epochs"], "epoch")]
    parts.append(result.device)
    return " · ".join(filter(None, parts))


def _unfinished(result: Result) -> None:
    done = len(result.metrics.get("folds", ()))
    so_far = (f"The numbers below are of the {count(done, result.over[:-1])} tested so far." if done else
              "No test fold has been answered yet; the curves below are all there is.")
    st.info(escape(f"This run is {result.state}. {so_far}"), icon=":material/info:")


def _meaning(result: Result, metric: str) -> str:
    number, clips = len(result.metrics["folds"]), count(result.clips, "test clip")
    if sources := result.metrics["accuracy"].get("sources"):
        clips += f" of {count(sources, 'recording')}"
    interval = ("Wilson's 95 % interval, clips of one recording counted as alike as they are" if metric == "accuracy" else
                "95 % interval by drawing whole recordings anew, 1,000 times")
    if number == 1:
        return f"One {result.over.removesuffix('s')} on {clips}. {interval}."
    of_all = share_of_all(result.metrics[metric])
    together = f"Of all clips together {of_all} are right: folds of unequal size count alike in the mean. " if of_all else ""
    return f"Mean over {number} {result.over} on {clips}; ± is the standard deviation over {result.over}. {together}{interval}."


def _trained(result: Result) -> str:
    history = result.history
    final = history[(history["split"] == "train") & (history["fold"].astype(str) == "final")]
    last = f"; the final model, on all clips, took {duration(float(final['seconds'].sum()))} more" if len(final) else ""
    return f"Of the models that were tested{last}."


def classes_block(result: Result) -> None:
    """Precision, recall and F1 of each class beside the ROC curves."""
    table, curves, _ = _of_classes(result)
    bars, areas = _class_figures(result, is_dark())
    left, right = st.columns(2, gap="large")
    with left, block("Classes", table, f"{result.name}-classes.csv",
                     note="Recall: how much of a class was found. Precision: how often its name was right."):
        show_figure(bars, "results_classes", alt="F1, precision and recall of each class")
    points = [pd.DataFrame({"curve": curve.name, "kind": curve.kind, "auc": curve.area,
                            "false_positive_rate": curve.false_positive,
                            "true_positive_rate": curve.true_positive}) for curve in curves]
    with right, block("ROC curves", pd.concat(points) if points else None, f"{result.name}-roc.csv",
                      note=f"One class against all others; scores of all {result.over} pooled."):
        if curves:
            show_figure(areas, "results_roc", alt="ROC curve of each class, micro and macro, with the areas under them")
        else:
            st.caption("Undefined: the tested clips are all of one class.")


@once
def _of_classes(result: Result) -> tuple:
    """The table of every class, the ROC curves, and the height in pixels of their figures."""
    rows, names = result.rows("all"), result.class_names
    return per_class(confusion_table(rows, names)), roc_curves(rows, names), max(420, 60 + 26 * len(names))


@once
def _class_figures(result: Result, dark: bool) -> tuple:
    table, curves, height = _of_classes(result)
    return (per_class_figure(table, result.class_names, dark=dark, height=height),
            roc_figure(curves, result.class_names, dark=dark, height=min(height, ROC_HEIGHT)) if curves else None)


def training_block(result: Result) -> None:
    """The folds' scores as dots, and how they got there."""
    if not result.tested:
        _curves(result)
        return
    left, right = st.columns([1, 2], gap="large")
    with left:
        _folds(result)
    with right:
        _curves(result)


def _folds(result: Result) -> None:
    """Each fold's scores; the validation folds beside the test fold where there are both."""
    table = _fold_scores(result)
    title, note = {"assignment": ("Models", "One dot per model; its validation fold beside the test fold."),
                   "split": ("Test and validation", "One model, on the two folds it was not trained on.")}.get(
        result.protocol, ("Folds", "One dot per test fold; the line is their mean."))
    with block(title, table, f"{result.name}-folds.csv", note=note):
        show_figure(_folds_figure(result, is_dark()), "results_folds", alt="Scores of each fold as dots")


@once
def _folds_figure(result: Result, dark: bool):
    table = _fold_scores(result)
    return folds_figure(table[table["metric"] != NAMES["roc_auc"]], dark=dark)  # its scale would flatten the others' spread


@once
def _fold_scores(result: Result) -> pd.DataFrame:
    """One row per fold, split and metric; those of the test folds as the summary has them."""
    validation = of_split(result.predictions, "validation")
    parts = []
    for split, scores in (("validation", per_fold(validation, result.class_names)), ("test", result.metrics["folds"])):
        folds = pd.DataFrame(scores)
        if len(folds):
            tall = folds.melt(["fold", "clips"], list(METRICS), "metric")
            parts.append(tall.assign(split=split, metric=tall["metric"].map(NAMES)))
    return pd.concat(parts, ignore_index=True).dropna(subset="value")


def _curves(result: Result) -> None:
    """Loss and accuracy by epoch."""
    history = result.history
    note = ("Folds thin, their mean thick. Training scores are of augmented clips, so they may lie below validation."
            if (history["split"] == "validation").any() else
            "Folds thin, their mean thick. This protocol looks at no held-out clip before training ends.")
    with block("Learning curves", history if len(history) else None, f"{result.name}-history.csv",
               note=note if len(history) else ""):
        if not len(history):
            st.caption("No epoch has ended yet.")
            return
        guess = guess_at_test(result.class_names, result.metrics)
        for column, quantity in zip(st.columns(2, gap="large"), ("accuracy", "loss"), strict=True):
            with column:
                show_figure(_curve(result, quantity, guess, is_dark()), f"results_{quantity}", alt=f"{quantity} by epoch")


@once
def _curve(result: Result, quantity: str, guess: Guess | None, dark: bool):
    return learning_curves(result.history, quantity, epochs=result.settings.get("epochs", 0), guess=guess, dark=dark)
