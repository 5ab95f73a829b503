"""The corrected resampled t-test: do two models differ by more than their folds scatter?

Folds share most of their training clips, so their differences are not independent and a plain paired t-test finds too
many. Nadeau and Bengio (2003, https://doi.org/10.1023/A:1024068626366) widen its variance by the ratio of test to training
clips; Bouckaert and Frank (2004, https://doi.org/10.1007/978-3-540-24775-3_3) use it for repeated cross-validation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit


@dataclass(frozen=True)
class FoldTest:
    """``difference`` is the mean over folds (0 to 1), ``low`` and ``high`` its 95 % interval, ``p`` two-sided."""

    difference: float
    low: float
    high: float
    t: float
    freedom: int  # degrees of
    p: float
    folds: int


def corrected_t_test(differences: Sequence[float], test_per_train: float) -> FoldTest | None:
    """The test on one difference per fold; ``test_per_train`` is test clips per training clip, 1 / (k - 1) for k folds.

    None for fewer than two folds. Folds that all differ alike leave no scatter: p is 0, or 1 where they do not differ.
    """
    values = np.asarray(differences, dtype=np.float64)
    count = len(values)
    if count < 2:
        return None
    mean, freedom = float(values.mean()), count - 1
    error = math.sqrt((1 / count + test_per_train) * float(values.var(ddof=1)))
    if error < 1e-12:
        same = abs(mean) < 1e-12
        return FoldTest(mean, mean, mean, 0.0 if same else math.copysign(math.inf, mean), freedom, float(same), count)
    t, half = mean / error, student_quantile(freedom) * error
    return FoldTest(mean, mean - half, mean + half, t, freedom, student_p(t, freedom), count)


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Student's 95 % interval of a mean of independent values; None for fewer than two."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 2:
        return None
    half = student_quantile(len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return float(values.mean()) - half, float(values.mean()) + half


def student_p(t: float, freedom: int) -> float:
    """Probability that Student's t lies further from 0 than ``t``, on either side."""
    return float(2 * stdtr(freedom, -abs(t)))


def student_quantile(freedom: int, outside: float = 0.05) -> float:
    """The t beyond which, on both sides together, ``outside`` of the distribution lies."""
    return float(stdtrit(freedom, 1 - outside / 2))
