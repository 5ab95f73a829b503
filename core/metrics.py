"""What a run is worth: pure functions of its table of predictions.

The table has one row per model and clip: ``path, model_fold, clip_fold, split, target`` and one column of probabilities
per class. Every number and chart of a run can be made again from it. Nothing here needs torch or scikit-learn.

Under ``assignment`` several models answer for the same clips. There the headline is the mean over models, the confusion
matrix is the sum over models (so that its diagonal's share is the headline accuracy), and an interval counts each clip
once. Under ``published`` and ``kfold`` the headline is the mean over folds, as the literature has it, and the interval that of
all clips together: the two part where folds are of unequal size, so ``pooled`` tells the share of all clips too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import UserError
from core.intervals import FEW, bootstrap_interval, drawn_from, source_weights, wilson, wilson_by_source
from core.scores import accuracy, confusion, macro_f1, mean_defined, roc_auc, weighted_auc, weighted_f1

METRICS = ("accuracy", "macro_f1", "roc_auc")
_BLOCK = 250  # bootstrap draws computed at once: bounds the memory


@dataclass(frozen=True)
class Answers:
    """Rows of the table as arrays: ``targets`` int (rows,), ``probs`` float (rows, classes), ``paths`` (rows,)."""

    paths: np.ndarray
    targets: np.ndarray
    probs: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """Index of the most probable class, (rows,); the first of equals."""
        return np.nan_to_num(self.probs, nan=-np.inf).argmax(axis=1)

    def at(self, places: np.ndarray) -> "Answers":
        return Answers(self.paths[places], self.targets[places], self.probs[places])


def answers(predictions: pd.DataFrame, class_names: Sequence[str]) -> Answers:
    """The table as arrays. Raises :class:`UserError` for a missing column or a target that is no class."""
    missing = [name for name in ("path", "target", *class_names) if name not in predictions.columns]
    if missing:
        raise UserError(f"the predictions have no column {missing[0]!r}; they need path, target and one per class")
    index = {name: i for i, name in enumerate(class_names)}
    labels = predictions["target"].astype(str).tolist()
    unknown = sorted(set(labels) - set(index))
    if unknown:
        raise UserError(f"the table of predictions has the target {unknown[0]!r}, which is none of its classes")
    probs = predictions[list(class_names)].to_numpy(dtype=np.float64)
    targets = np.array([index[label] for label in labels], dtype=np.int64)
    return Answers(predictions["path"].astype(str).to_numpy(dtype=object), targets, probs)


def of_split(predictions: pd.DataFrame, split: str) -> pd.DataFrame:
    return predictions[predictions["split"] == split]


def ensemble(predictions: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """One row per clip: the mean probabilities of all models that answered for it."""
    first = predictions.drop_duplicates("path").set_index("path")
    mean = predictions.groupby("path", sort=False)[list(class_names)].mean()
    first[list(class_names)] = mean.loc[first.index]
    return first.reset_index()[list(predictions.columns)]


def scores(rows: Answers) -> dict:
    """``accuracy``, ``macro_f1`` and ``roc_auc`` of some rows, each None where it is undefined."""
    return {
        "accuracy": accuracy(rows.targets, rows.predicted),
        "macro_f1": macro_f1(rows.targets, rows.predicted),
        "roc_auc": roc_auc(rows.targets, rows.probs),
    }


def summarise(predictions: pd.DataFrame, class_names: Sequence[str], protocol: str, sources: Mapping[str, str]) -> dict:
    """The metrics part of ``summary.json``, from the table alone; what is undefined is None, never NaN.

    ``sources`` maps a clip's path to its recording; a path it does not know is a recording of its own.
    ``validation`` is None under protocols without validation rows, ``ensemble`` under all but ``assignment``.
    """
    test, validation = of_split(predictions, "test"), of_split(predictions, "validation")
    rows, folds, validated = answers(test, class_names), per_fold(test, class_names), per_fold(validation, class_names)
    together = scores(answers(ensemble(test, class_names), class_names)) if protocol == "assignment" else None
    return {
        "folds": folds,
        **_headline(test, folds, class_names, sources),
        "validation": _headline(validation, validated, class_names, sources) if len(validation) else None,
        "ensemble": together if len(test) else None,
        "confusion_matrix": confusion(rows.targets, rows.predicted, len(class_names)).tolist(),
    }


def per_fold(rows: pd.DataFrame, class_names: Sequence[str]) -> list[dict]:
    """One dict per model: ``fold`` (the one it did not train on), the three scores, and ``clips``."""
    together = answers(rows, class_names)
    return [{"fold": int(fold), **scores(together.at(places)), "clips": len(places)} for fold, places in by_model(rows)]


def by_model(rows: pd.DataFrame) -> list[tuple[int, np.ndarray]]:
    """For every model, by its fold, the places of its rows."""
    return sorted(rows.groupby("model_fold").indices.items())


def interval_of(score: dict) -> list[float] | None:
    """The 95 % interval to show of a metric of a summary: for accuracy the one that knows of recordings, if it was computed."""
    return score.get("ci95_sources", score.get("ci95"))


def _headline(table: pd.DataFrame, folds: list[dict], class_names: Sequence[str], sources: Mapping[str, str]) -> dict:
    """Per metric ``{"mean", "std", "ci95"}``: over the models in ``folds``, and over the clips' sources for the interval. For
    accuracy also ``pooled``, the share of all clips, ``sources``, how many they come from, and ``ci95_sources``, the interval
    where clips of one source count as alike as they are; ``ci95`` takes them for independent."""
    result = {metric: _mean_and_std([fold[metric] for fold in folds]) for metric in METRICS}
    rows = answers(table, class_names)
    clips = pd.Series(rows.targets == rows.predicted).groupby(rows.paths).mean()
    source_of = [sources.get(path, path) for path in clips.index]
    result["accuracy"] |= {
        "ci95": wilson(float(clips.sum()), len(clips)), "pooled": float(clips.mean()) if len(clips) else None,
        "sources": len(set(source_of)), "ci95_sources": wilson_by_source(clips, source_of)}
    for metric, draws in _bootstrap(table, rows, sources).items():
        mean = result[metric]["mean"]
        result[metric]["ci95"] = None if mean is None else bootstrap_interval(mean, draws)
    return result


def _bootstrap(table: pd.DataFrame, rows: Answers, sources: Mapping[str, str]) -> dict:
    """The mean over models of macro F1 and AUC, (draws,) each, when sources are drawn anew within each fold of clips; where
    a fold has too few for that, among all, and a fold counts as much as of it was drawn.

    A class that a draw leaves out is left out of that draw's mean. Undefined with fewer than :data:`FEW` sources.
    """
    clips = table.drop_duplicates("path").sort_values("path")
    position = {path: i for i, path in enumerate(clips["path"])}
    clip_of = table["path"].map(position).to_numpy()
    source_of = [str(sources.get(path, path)) for path in clips["path"]]
    if len(set(source_of)) < FEW:
        return {"macro_f1": np.empty(0), "roc_auc": np.empty(0)}
    strata = drawn_from(source_of, clips["clip_fold"])
    weights = source_weights(source_of, strata)
    apart = len(set(strata)) == clips["clip_fold"].nunique()
    f1, auc, counts = [], [], []
    for _, places in by_model(table):
        columns, part = clip_of[places], rows.at(places)
        counts.append(np.ones_like(weights[:, 0]) if apart else weights[:, columns].mean(axis=1))
        drawn = [weights[i : i + _BLOCK, columns] for i in range(0, len(weights), _BLOCK)]
        for values, compute in ((f1, _draws_of_f1), (auc, _draws_of_auc)):
            values.append(np.concatenate([compute(block, part) for block in drawn]))
    counts = np.array(counts)
    return {"macro_f1": _mean_over_models(np.array(f1), counts), "roc_auc": _mean_over_models(np.array(auc), counts)}


def _mean_over_models(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean of ``(models, draws)`` weighted by ``counts``, (draws,); a model none of whose clips was drawn has no part in
    it, and one that is undefined on what was drawn leaves the draw undefined."""
    total = counts.sum(axis=0)
    return np.where(counts > 0, values * counts, 0.0).sum(axis=0) / np.where(total > 0, total, np.nan)


def _draws_of_f1(weights: np.ndarray, rows: Answers) -> np.ndarray:
    return weighted_f1(weights, rows.targets, rows.predicted, rows.probs.shape[1], absent="targets")


def _draws_of_auc(weights: np.ndarray, rows: Answers) -> np.ndarray:
    return mean_defined(weighted_auc(weights, rows.targets, np.nan_to_num(rows.probs)))


def _mean_and_std(values: list[float | None]) -> dict:
    """Mean and standard deviation (ddof 1) over folds; None when a fold's value is undefined, no sd of one fold."""
    if not values or None in values:
        return {"mean": None, "std": None}
    return {"mean": float(np.mean(values)), "std": float(np.std(values, ddof=1)) if len(values) > 1 else None}
