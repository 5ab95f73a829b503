"""Scores of arrays: accuracy, macro F1, area under the ROC curve, confusion counts.

The scores are scikit-learn's. The weighted forms are ours because a bootstrap needs a thousand of them: they compute all
draws at once, and the tests hold them against scikit-learn's too. What is undefined is None (NaN inside draws).
"""

import numpy as np


def accuracy(targets: np.ndarray, predicted: np.ndarray) -> float | None:
    return float((targets == predicted).mean()) if len(targets) else None


def macro_f1(targets: np.ndarray, predicted: np.ndarray) -> float | None:
    """Mean F1 of the classes that occur among targets or predictions (scikit-learn's definition); None without rows."""
    from sklearn.metrics import f1_score

    return float(f1_score(targets, predicted, average="macro")) if len(targets) else None


def roc_auc(targets: np.ndarray, probs: np.ndarray) -> float | None:
    """Macro one-against-rest area under the ROC curve; None when a class is absent or stands alone."""
    from sklearn.metrics import roc_auc_score

    support = np.bincount(targets, minlength=probs.shape[1])
    if not len(targets) or not np.isfinite(probs).all() or (support == 0).any() or (support == len(targets)).any():
        return None
    return float(roc_auc_score(np.eye(probs.shape[1], dtype=int)[targets], probs, average="macro"))


def confusion(targets: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts, int (classes, classes): true class on rows, predicted on columns."""
    from sklearn.metrics import confusion_matrix

    if not len(targets):
        return np.zeros((num_classes, num_classes), dtype=np.int64)
    return confusion_matrix(targets, predicted, labels=range(num_classes))


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
