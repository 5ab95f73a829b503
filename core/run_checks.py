"""What a run's files must hold to be shown. They are checked when read: a person may have edited, cut or mixed them up,
and one sentence that names file, row and column helps more than whatever would go wrong later."""

import math
from pathlib import Path

from core.config import read_json, while_it_stays
from core.errors import UserError

HISTORY_COLUMNS = ("fold", "epoch", "split", "loss", "accuracy", "learning_rate", "seconds")
PREDICTION_COLUMNS = ("path", "model_fold", "clip_fold", "split", "target")  # then one column per class
METRICS = ("accuracy", "macro_f1", "roc_auc")
_TEXTS = ("run", "experiment", "model", "dataset", "protocol")
_NUMBERS = ("seed", "epochs", "clips", "parameters_trainable", "parameters_frozen", "macs", "seconds",
            "test_copies", "validation_copies")


@while_it_stays
def read_summary(file: Path) -> dict:
    """``summary.json``; :class:`UserError` where it cannot be read or holds what is no summary. Parts may be missing."""
    summary = read_json(file)
    if not isinstance(summary, dict):
        raise UserError(f"{file} is no summary of a run: it holds a {type(summary).__name__}")
    for name, good in _rules(summary):
        if not good:
            raise UserError(f"{file} is no whole summary of a run: its {name!r} is not what a training writes there")
    return summary


def _rules(summary: dict):
    """``(name, whether it is well formed)`` of every part that is there."""
    for name in summary.keys() & {*_TEXTS}:
        yield name, isinstance(summary[name], str)
    for name in summary.keys() & {*_NUMBERS}:
        yield name, _is_number(summary[name])
    for name in summary.keys() & {*METRICS}:
        yield name, _is_block(summary[name])
    names = summary.get("class_names", [])
    yield "class_names", isinstance(names, list) and all(isinstance(name, str) for name in names)
    folds = summary.get("folds", [])
    yield "folds", isinstance(folds, list) and all(
        isinstance(fold, dict) and all(_is_number(fold.get(key)) for key in ("fold", "clips", *METRICS)) for fold in folds)
    counts = summary.get("confusion_matrix", [])
    yield "confusion_matrix", isinstance(counts, list) and all(
        isinstance(row, list) and None not in row and all(map(_is_number, row)) for row in counts)
    validation, together = summary.get("validation"), summary.get("ensemble")
    yield "validation", validation is None or (
        isinstance(validation, dict) and _is_block(validation.get("accuracy")))
    yield "ensemble", together is None or (
        isinstance(together, dict) and all(_is_number(together.get(name)) for name in METRICS))


def _is_number(value) -> bool:
    """A finite number, or None: undefined."""
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value))


def _is_block(value) -> bool:
    """``{"mean", "std", "ci95"}`` of one metric; of accuracy also ``pooled``, ``sources`` and ``ci95_sources``."""
    if not isinstance(value, dict) or "mean" not in value:
        return False
    return all(_is_number(value.get(key)) for key in ("mean", "std", "pooled", "sources")) and all(
        interval is None or (isinstance(interval, list) and len(interval) == 2 and all(map(_is_number, interval))
                             and None not in interval) for interval in map(value.get, ("ci95", "ci95_sources")))


def check_history(history, file: Path) -> None:
    """Raise :class:`UserError` unless the DataFrame has the columns of ``history.csv`` with numbers where they belong.
    A loss may be no number: that is how a training that diverged looks."""
    advice = "its curves are kept nowhere else: bring the file back, or train the run again"
    _has_columns(history, HISTORY_COLUMNS, file, advice)
    _are_numbers(history, ("epoch",), file, finite=True)
    _are_numbers(history, ("loss", "accuracy", "learning_rate", "seconds"), file, finite=False)
    _are_among(history, "split", ("train", "validation"), file)
    folds = history["fold"].astype(str)
    _all_rows(folds.str.isdigit() | (folds == "final"), history, "fold", "a fold's number or final", file)


def check_predictions(predictions, file: Path) -> None:
    """Raise :class:`UserError` unless the DataFrame has the columns of ``predictions.csv``, whole rows of probabilities,
    and targets that are classes."""
    _has_columns(predictions, PREDICTION_COLUMNS, file, "it was written by something else")
    classes = [name for name in predictions.columns if name not in PREDICTION_COLUMNS]
    if not classes:
        raise UserError(f"{file} has no column of a class; it was written by something else")
    _are_numbers(predictions, ("model_fold", "clip_fold", *classes), file, finite=True)
    _are_among(predictions, "split", ("test", "validation"), file)
    _are_among(predictions, "target", classes, file)


def _has_columns(table, columns, file: Path, advice: str) -> None:
    if missing := [column for column in columns if column not in table.columns]:
        raise UserError(f"{file} has no column {', '.join(missing)}; {advice}")


def _are_numbers(table, columns, file: Path, *, finite: bool) -> None:
    import numpy as np
    import pandas as pd

    for column in columns:
        values = pd.to_numeric(table[column], errors="coerce")
        good = np.isfinite(values) if finite else values.notna() | table[column].isna()
        _all_rows(good, table, column, "a number", file)


def _are_among(table, column: str, choices, file: Path) -> None:
    expected = "one of its classes" if column == "target" else " or ".join(choices)
    _all_rows(table[column].isin(list(choices)), table, column, expected, file)


def _all_rows(good, table, column: str, expected: str, file: Path) -> None:
    if not good.all():
        row = int((~good).to_numpy().argmax())
        found = table[column].iloc[row]
        raise UserError(f"{file} cannot be used: its line {row + 2} has {str(found)[:40]!r} in the column {column!r}, "
                        f"where {expected} is expected")
