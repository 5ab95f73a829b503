"""How long a model learned until it was worth something."""

import pandas as pd


def seconds_until(history: pd.DataFrame, accuracy: float) -> dict[str, tuple[float | None, int | None]]:
    """For every fold of a run's history the seconds of training, and the epoch, after which the validation accuracy first lay
    above ``accuracy``; (None, None) where it never did. Folds without validation are left out.

    An epoch's seconds count its training and its validation.
    """
    found = {}
    for fold, rows in history[history["split"] == "validation"].groupby("fold", sort=False):
        rows = rows.sort_values("epoch")
        passed = rows[rows["accuracy"] > accuracy]
        if len(passed):
            epoch = int(passed["epoch"].iloc[0])
            found[str(fold)] = float(rows.loc[rows["epoch"] <= epoch, "seconds"].sum()), epoch
        else:
            found[str(fold)] = None, None
    return found
