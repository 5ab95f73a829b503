"""Probabilities that mean what they say, and an answer that may be "none of these".

A network that is trained long is surer, or less sure, than it is right. One number, the temperature, mends most of that
(Guo et al. 2017, https://arxiv.org/abs/1706.04599): probabilities are raised to the power 1 / temperature and made to sum to
1 again, which changes no answer. It is fitted on validation answers, never on those that a model is tested with.

Where even the surest class stays below ``unknown_below``, the answer is that the sound is none of the classes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from core.errors import UserError
from core.metrics import answers, of_split

BINS = 15
TEMPERATURES = (0.05, 20.0)  # lowest and highest
TINY = 1e-12


@dataclass(frozen=True)
class Calibration:
    """What a checkpoint does with its probabilities before it says them; by default nothing."""

    temperature: float = 1.0
    unknown_below: float = 0.0  # probability of the surest class

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values) -> "Calibration":
        """Raises :class:`UserError` for what no calibration can be."""
        try:
            found = cls(**{name: float(value) for name, value in values.items()})
        except (TypeError, ValueError, AttributeError):
            raise UserError(f"a calibration has a temperature and unknown_below, found {values!r}") from None
        if not (TEMPERATURES[0] <= found.temperature <= TEMPERATURES[1] and 0 <= found.unknown_below < 1):
            raise UserError(f"a temperature lies between {TEMPERATURES[0]} and {TEMPERATURES[1]:g} and unknown_below between 0 "
                            f"and 1, found {found.temperature:g} and {found.unknown_below:g}")
        return found


def soften(probs: np.ndarray, temperature: float) -> np.ndarray:
    """``(…, classes)`` at another temperature: above 1 less sure, below 1 surer."""
    if temperature == 1.0:
        return probs
    logits = np.log(np.clip(probs, TINY, None)) / temperature
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def fit_temperature(probs: np.ndarray, targets: np.ndarray) -> float:
    """The temperature at which ``probs`` ``(clips, classes)`` are likeliest for ``targets`` ``(clips,)``."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(targets))

    def loss(log_temperature: float) -> float:  # it has one valley: it is convex in 1 / temperature
        return -float(np.log(np.clip(soften(probs, np.exp(log_temperature))[rows, targets], TINY, None)).mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-5})
    return round(float(np.exp(found.x)), 4)


def expected_calibration_error(probs: np.ndarray, targets: np.ndarray, bins: int = BINS) -> float:
    """ECE: how far accuracy is from confidence, on average over ``bins`` equal steps of confidence weighted by their clips
    (Naeini et al. 2015, https://doi.org/10.1609/aaai.v29i1.9602)."""
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == targets
    step = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    clips = np.bincount(step, minlength=bins)
    gaps = np.abs(np.bincount(step, right, bins) - np.bincount(step, confidence, bins))
    return float(gaps.sum() / max(1, clips.sum()))


def errors_by_chance(probs: np.ndarray, draws: int = 4_000, seed: int = 0) -> np.ndarray:
    """ECE ``(draws,)`` that answers ``(clips, classes)`` would show if they were right exactly as often as they say: on a few
    hundred clips that is far from 0, because every bin holds few of them (Bröcker and Smith 2007, "Increasing the
    Reliability of Reliability Diagrams", https://doi.org/10.1175/WAF993.1, draw like this)."""
    random, said, confidence = np.random.default_rng(seed), probs.argmax(axis=1), probs.max(axis=1)
    return np.array([expected_calibration_error(probs, np.where(random.random(len(probs)) < confidence, said, -1))
                     for _ in range(draws)])


def temperature_of(predictions: pd.DataFrame, class_names: Sequence[str]) -> float:
    """Fitted on the validation rows of a run's table; :class:`UserError` where it has none."""
    rows = of_split(predictions, "validation")
    if not len(rows):
        raise UserError("a temperature is fitted on validation clips, and this run has none; name a run of the same model "
                        "under the protocol assignment or split")
    known = answers(rows, class_names)
    return fit_temperature(known.probs, known.targets)
