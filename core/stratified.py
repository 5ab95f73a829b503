"""Folds of whole groups with as equal shares of every class as groups allow: scikit-learn's ``StratifiedGroupKFold``, fold for
fold (a test holds them together). Ours, because a page asks for folds at every change of a setting, and scikit-learn takes
several times as long and a second to import.
"""

import numpy as np


def stratified_group_folds(targets: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold, 0 to ``folds - 1``, of every clip: int64 ``(clips,)``. ``seed`` is that of numpy's RandomState.

    The groups in which classes are most uneven choose first, in a random order among equals: each goes where the shares of
    the classes then differ least between the folds, and of equals to the fold with fewest clips.
    """
    _, class_of, clips = np.unique(targets, return_inverse=True, return_counts=True)
    names, group_of = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), len(clips)))
    np.add.at(counts, (group_of, class_of), 1)
    order = np.arange(len(names))
    np.random.RandomState(seed).shuffle(order)
    order = order[np.argsort(-np.std(counts[order], axis=1), kind="stable")]
    held, fold_of = np.zeros((folds, len(clips))), np.zeros(len(names), dtype=np.int64)
    for group in order:
        tried = held + np.eye(folds)[:, :, None] * counts[group]  # the group in one fold after the other
        uneven = np.std(tried / clips, axis=1).mean(axis=1).tolist()
        best = _least(uneven, held.sum(axis=1).tolist())
        held[best] += counts[group]
        fold_of[group] = best
    return fold_of[group_of]


def _least(uneven: list[float], sizes: list[float]) -> int:
    """The place of the least ``uneven``; one that is as good as equal wins by being smaller."""
    best = 0
    for place in range(1, len(uneven)):
        equal = abs(uneven[place] - uneven[best]) <= 1e-8 + 1e-5 * uneven[best]
        if uneven[place] < uneven[best] or (equal and sizes[place] < sizes[best]):
            best = place
    return best
