"""How sure a number is: Wilson's interval for a proportion, and a bootstrap that draws whole sources.

Clips cut from one recording resemble each other, so a bootstrap that drew clips would find too narrow an interval;
drawing the sources keeps them together (a cluster bootstrap, Field and Welsh 2007, https://doi.org/10.1111/j.1467-9868.2007.00593.x).
Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953.
"""

import math
from collections.abc import Sequence

import numpy as np

Z95 = 1.959963984540054
DRAWS = 1000


def wilson(correct: float, n: int, z: float = Z95) -> list[float] | None:
    """95 % interval ``[low, high]`` of the proportion ``correct / n``; None without clips.

    ``correct`` may be a fraction: under several models of the same clips it is the mean number of right answers.
    """
    if n <= 0:
        return None
    share = correct / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(max(share * (1 - share), 0.0) / n + z * z / (4 * n * n))
    return [max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))]


def source_weights(sources: Sequence, strata: Sequence, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """How often each clip counts in each bootstrap draw, float32 ``(draws, clips)``.

    In every stratum (a fold) as many sources as it has are drawn with replacement; a clip counts as often as its source
    was drawn. ``seed`` makes the draws repeatable.
    """
    sources, strata = np.asarray(sources, dtype=object), np.asarray(strata, dtype=object)
    random = np.random.default_rng(seed)
    weights = np.zeros((draws, len(sources)), dtype=np.float32)
    for stratum in sorted(set(strata.tolist()), key=str):
        members = np.flatnonzero(strata == stratum)
        _, source_of = np.unique(sources[members].astype(str), return_inverse=True)
        count = int(source_of.max()) + 1
        drawn = random.multinomial(count, np.full(count, 1 / count), size=draws)
        weights[:, members] = drawn[:, source_of]
    return weights


def bootstrap_interval(estimate: float, draws: np.ndarray) -> list[float] | None:
    """95 % interval of a score in [0, 1] from its bootstrap values ``(draws,)``; None when most are undefined.

    The draws' middle 95 %, moved so that their mean lies on the estimate: a draw holds some clips twice and others not
    at all, which lowers macro F1 on a small fold, and an interval that is not moved inherits that (in a simulation of
    five folds of 80 clips it held the truth in 81 % of cases, the moved one in 95 %).
    """
    defined = draws[np.isfinite(draws)]
    if len(defined) < len(draws) / 2 or len(defined) == 0:
        return None
    low, high = np.percentile(defined, [2.5, 97.5]) - defined.mean() + estimate
    return [max(0.0, float(low)), min(1.0, float(high))]
