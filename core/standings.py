"""The comparison as a table: one row per contender with every number, the most accurate first. Screen, report and CSV."""

from collections.abc import Sequence

import pandas as pd

from core.contenders import Contender, Score
from core.metrics import METRICS

NONE = Score(None)


def standings(field: Sequence[Contender]) -> pd.DataFrame:
    """Columns: ``model, protocol, seeds, runs`` (names), for ``accuracy``, ``macro_f1``, ``roc_auc`` and ``validation``
    (accuracy on the validation folds) the mean, ``_sd``, ``_low`` and ``_high`` (0 to 1), ``sd_over``, ``clips`` (tested),
    ``parameters``, ``frozen``, ``macs`` (of one clip), ``seconds`` (of training)."""
    return pd.DataFrame([_row(each) for each in field])


def _row(each: Contender) -> dict:
    row = {"model": each.name, "protocol": each.protocol, "seeds": ", ".join(map(str, each.seeds)),
           "runs": ", ".join(run.name for run in each.runs)}
    for metric, score in [*((metric, each.scores[metric]) for metric in METRICS), ("validation", each.validation or NONE)]:
        row |= {metric: score.mean, f"{metric}_sd": score.std, f"{metric}_low": score.low, f"{metric}_high": score.high}
    return row | {"sd_over": each.spread, "clips": each.clips, "parameters": each.parameters, "frozen": each.frozen,
                  "macs": each.macs, "seconds": each.seconds}
