"""Two runs side by side: which settings differ, and on which clips exactly one of them is right."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.comparison import one_answer_each
from core.config import TrainConfig, config_fields


def setting_differences(first: TrainConfig, second: TrainConfig) -> list[tuple[str, str, str]]:
    """``(what the setting is called, first's value, second's value)`` of every setting in which two configs differ."""
    rows = []
    for field in config_fields():
        values = [getattr(config, field.name) for config in (first, second)]
        if values[0] != values[1]:
            unit = f" {field.metadata['unit']}" if field.metadata["unit"] else ""
            rows.append((field.metadata["label"], *(in_words(value, unit) for value in values)))
    return rows


def one_right(first: tuple[pd.DataFrame, Sequence[str]], second: tuple[pd.DataFrame, Sequence[str]]) -> pd.DataFrame:
    """The test clips of both, with the same truth, on which exactly one run is right: ``path, true, first, second``
    (what each said), ``probability`` (what the wrong one gave to its answer) and ``right`` ("first" or "second").
    The surest mistakes come first. Several models of one clip answer together, as in :mod:`core.comparison`."""
    both = _answers(*first).merge(_answers(*second), on=["path", "true"], suffixes=("_1", "_2"))
    right = both["true"] == both["said_1"]
    both = both.assign(first=both["said_1"], second=both["said_2"], right=np.where(right, "first", "second"),
                       probability=np.where(right, both["probability_2"], both["probability_1"]))
    both = both[right != (both["true"] == both["said_2"])]
    both = both.sort_values(["probability", "path"], ascending=[False, True], ignore_index=True)
    return both[["path", "true", "first", "second", "probability", "right"]]


def _answers(predictions: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """One row per test clip: ``path, true, said, probability``."""
    rows, _ = one_answer_each(predictions, class_names)
    names = np.asarray(class_names, dtype=object)
    said = rows.predicted
    return pd.DataFrame({"path": rows.paths, "true": names[rows.targets], "said": names[said],
                         "probability": rows.probs[np.arange(len(said)), said]})


def in_words(value, unit: str) -> str:
    """A setting's value as a person reads it; ``unit`` begins with its space."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "all"
    return f"{value:,}{unit}" if isinstance(value, int) else f"{value:g}{unit}" if isinstance(value, float) else str(value)
