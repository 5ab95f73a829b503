"""Seconds until an accuracy was first passed, by hand and from the command line."""

import pandas as pd
import pytest

from core.__main__ import main
from core.config import TrainConfig
from core.learning_speed import seconds_until
from core.runs import create_run


@pytest.fixture
def history() -> pd.DataFrame:
    curves = {2: (0.5, 0.6, 0.55), 3: (0.1, 0.2, 0.575)}
    rows = [(fold, epoch, split, 1.0, accuracy, 0.001, 2.5) for fold, curve in curves.items()
            for epoch, accuracy in enumerate(curve, 1) for split in ("train", "validation")]
    return pd.DataFrame(rows, columns=["fold", "epoch", "split", "loss", "accuracy", "learning_rate", "seconds"])


def test_the_first_time_counts_and_equal_is_not_above(history):
    assert seconds_until(history, 0.575) == {"2": (5.0, 2), "3": (None, None)}
    assert seconds_until(history.sample(frac=1, random_state=0), 0.1) == {"2": (2.5, 1), "3": (5.0, 2)}
    assert seconds_until(history[history["split"] == "train"], 0.5) == {}


def test_the_command(isolated, history, capsys):
    history.to_csv(create_run(TrainConfig(), "r").path / "history.csv", index=False)
    assert main(["runs", "--passes", "0.575", "r"]) == 0
    assert capsys.readouterr().out == "r, fold 2: after 5.0 s, in epoch 2\nr, fold 3: never\n"
    history[history["split"] == "train"].to_csv(create_run(TrainConfig(), "p").path / "history.csv", index=False)
    for arguments, sentence in ((["0.575", "p"], "no validation accuracy"), (["57.5", "r"], "between 0 and 1, found '57.5'"),
                                (["half", "r"], "found 'half'")):
        assert main(["runs", "--passes", *arguments]) == 2
        assert sentence in capsys.readouterr().err
