"""Scores of arrays: accuracy, macro F1, area under the ROC curve, confusion counts.

The scores are scikit-learn's, to the last bit: the tests hold them against it. They are computed here because its checks of
what it is given take many times as long as the scores of a fold, and its import longer than all scores of a run. The weighted
forms are those of all draws of a bootstrap at once. What is undefined is None (NaN inside draws).
"""

import numpy as np


def accuracy(targets: np.ndarray, predicted: np.ndarray) -> float | None:
    return float((targets == predicted).mean()) if len(targets) else None


def macro_f1(targets: np.ndarray, predicted: np.ndarray) -> float | None:
    """Mean F1 of the classes that occur among targets or predictions (scikit-learn's definition); None without rows."""
    if not len(targets):
        return None
    counts = confusion(targets, predicted, int(max(targets.max(), predicted.max())) + 1)
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return float((2 * np.diag(counts)[total > 0] / total[total > 0]).mean())


def roc_auc(targets: np.ndarray, probs: np.ndarray) -> float | None:
    """Macro one-against-rest area under the ROC curve; None when a class is absent or stands alone."""
    support = np.bincount(targets, minlength=probs.shape[1])
    if not len(targets) or not np.isfinite(probs).all() or (support == 0).any() or (support == len(targets)).any():
        return None
    return float(np.mean([area_under(*roc_curve(targets == column, probs[:, column])) for column in range(len(support))]))


def roc_curve(is_class: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates, (points,) each, from (0, 0) to (1, 1), without points between two in line with them;
    ``is_class`` bool (rows,), with both kinds in it."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]), 1))  # of equal scores
    hits = np.cumsum(is_class[order])[last]
    alarms = 1 + last - hits
    corner = np.ones(len(last), dtype=bool)
    corner[1:-1] = (np.diff(alarms, 2) != 0) | (np.diff(hits, 2) != 0)
    return np.append(0, alarms[corner]) / alarms[-1], np.append(0, hits[corner]) / hits[-1]


def area_under(false_positive: np.ndarray, true_positive: np.ndarray) -> float:
    return float(np.trapezoid(true_positive, false_positive))


def confusion(targets: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts, int (classes, classes): true class on rows, predicted on columns."""
    counts = np.bincount(targets * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def weighted_f1(weights, targets, predicted, num_classes: int, absent: str) -> np.ndarray:
    """Macro F1 per draw, (draws,). Left out: classes in neither ``targets`` nor predictions, or (``absent="targets"``)
    classes without a target in the draw."""
    true, said = np.eye(num_classes)[targets], np.eye(num_classes)[predicted]
    support, named, hits = weights @ true, weights @ said, weights @ (true * said)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * hits / (support + named)
    return mean_defined(np.where(support > 0, f1, np.nan) if absent == "targets" else f1)


def weighted_auc(weights, targets, probs) -> np.ndarray:
    """Area under the ROC curve per draw and class, (draws, classes); NaN where a draw lacks the class or all others.

    The area is the probability that a clip of the class is scored above another clip, ties counting half.
    """
    areas = np.full((len(weights), probs.shape[1]), np.nan)
    drawn = np.ascontiguousarray(weights.T, dtype=np.float64)
    for column in range(probs.shape[1]):
        is_class = targets == column
        inside, others = drawn[is_class], np.flatnonzero(~is_class)
        others = others[np.argsort(probs[others, column], kind="stable")]
        below = np.zeros((len(others) + 1, len(weights)))  # how many of the lowest so many were drawn
        np.cumsum(drawn[others], axis=0, out=below[1:])
        first, last = (np.searchsorted(probs[others, column], probs[is_class, column], side) for side in ("left", "right"))
        pairs = inside.sum(axis=0) * below[-1]
        np.divide((inside * (below[first] + below[last])).sum(axis=0) / 2, pairs, out=areas[:, column], where=pairs > 0)
    return areas


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean along the last axis of what is not NaN; NaN where nothing is."""
    defined = np.isfinite(values)
    count = defined.sum(axis=-1)
    return np.where(count > 0, np.where(defined, values, 0).sum(axis=-1) / np.maximum(count, 1), np.nan)
