"""Where a model is right and wrong: class by class, cell by cell, clip by clip. Pure functions of the predictions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.metrics import answers, of_split
from core.metrics import ensemble as joint
from core.scores import confusion

ALL, TOGETHER = "all", "ensemble"


def voices(predictions: pd.DataFrame) -> list:
    """Whose answers on the test clips can be looked at: ``"all"``, ``"ensemble"`` where several models answered for one
    clip, and each model by the fold it did not train on."""
    test = of_split(predictions, "test")
    folds = sorted(test["model_fold"].unique().tolist())
    if len(folds) < 2:
        return [ALL]
    return [ALL, *([TOGETHER] if test["path"].duplicated().any() else []), *folds]


def rows_of(predictions: pd.DataFrame, class_names: Sequence[str], voice=ALL) -> pd.DataFrame:
    """The test rows of one of :func:`voices`."""
    test = of_split(predictions, "test")
    if voice == ALL:
        return test
    return joint(test, class_names) if voice == TOGETHER else test[test["model_fold"] == voice]


def confusion_table(rows: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Counts with class names: true class on rows, predicted on columns."""
    part = answers(rows, class_names)
    counts = confusion(part.targets, part.predicted, len(class_names))
    return pd.DataFrame(counts, index=pd.Index(class_names, name="true"), columns=list(class_names))


def per_class(counts: pd.DataFrame) -> pd.DataFrame:
    """``class, precision, recall, f1, support`` from confusion counts.

    NaN where a class was never predicted (precision), does not occur (recall), or neither (F1).
    """
    table = counts.to_numpy(dtype=np.float64)
    hits, support, named = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {"precision": hits / named, "recall": hits / support, "f1": 2 * hits / (support + named)}
    return pd.DataFrame({"class": list(counts.index), **columns, "support": support.astype(np.int64)})


@dataclass(frozen=True)
class Curve:
    """A ROC curve: ``false_positive`` and ``true_positive`` rates (points,), and the area under it."""

    name: str
    kind: str  # class, micro or macro
    false_positive: np.ndarray
    true_positive: np.ndarray
    area: float


def roc_curves(rows: pd.DataFrame, class_names: Sequence[str]) -> list[Curve]:
    """Macro, micro, then one curve per class that occurs beside others; the scores of all models pooled.

    Micro pools every (clip, class) decision; macro is the mean of the classes' curves at equal false positive rate.
    """
    part = answers(rows, class_names)
    probs = np.nan_to_num(part.probs)
    classes = []
    for index, name in enumerate(class_names):
        curve = _roc(name, "class", part.targets == index, probs[:, index])
        if curve is not None:
            classes.append(curve)
    if not classes:
        return []
    micro = _roc("micro", "micro", np.eye(len(class_names), dtype=bool)[part.targets].ravel(), probs.ravel())
    return [_macro(classes), *([micro] if micro else []), *classes]


def _roc(name: str, kind: str, is_class: np.ndarray, scores: np.ndarray) -> Curve | None:
    if not len(scores) or is_class.all() or not is_class.any():
        return None
    from sklearn.metrics import auc, roc_curve

    false_positive, true_positive, _ = roc_curve(is_class, scores)
    return Curve(name, kind, false_positive, true_positive, float(auc(false_positive, true_positive)))


def _macro(curves: list[Curve]) -> Curve:
    grid = np.unique(np.concatenate([curve.false_positive for curve in curves]))
    heights = [np.interp(grid, *_upper(curve)) for curve in curves]
    rates = np.concatenate([[0.0], np.mean(heights, axis=0)])
    return Curve("macro", "macro", np.concatenate([[0.0], grid]), rates, float(np.mean([c.area for c in curves])))


def _upper(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """The curve as a function: at a false positive rate with a vertical step, the step's upper end."""
    last = np.concatenate([np.diff(curve.false_positive) > 0, [True]])
    return curve.false_positive[last], curve.true_positive[last]


def clips_behind(rows: pd.DataFrame, class_names: Sequence[str], true: str | None = None,
                 predicted: str | None = None) -> pd.DataFrame:
    """The clips of one cell of the confusion matrix, the most confident first: ``path, true, predicted, probability,
    models, of, clip_fold``. Without a cell: every mistake.

    ``probability`` is what the models gave to the predicted class, a mean over the ``models`` (out of ``of``) that
    predicted it.
    """
    part = answers(rows, class_names)
    names = np.asarray(class_names, dtype=object)
    table = pd.DataFrame({
        "path": part.paths, "true": names[part.targets], "predicted": names[part.predicted],
        "probability": part.probs[np.arange(len(part.targets)), part.predicted],
        "clip_fold": rows["clip_fold"].to_numpy(),
    })
    asked = table.groupby("path")["path"].size()
    cell = (table["true"] == true) & (table["predicted"] == predicted)
    wanted = cell if true is not None else table["true"] != table["predicted"]
    found = table[wanted].groupby(["path", "true", "predicted", "clip_fold"], as_index=False, sort=False).agg(
        probability=("probability", "mean"), models=("probability", "size"))
    found["of"] = found["path"].map(asked).astype(np.int64)
    found = found.sort_values(["probability", "path"], ascending=[False, True], ignore_index=True)
    return found[["path", "true", "predicted", "probability", "models", "of", "clip_fold"]]
