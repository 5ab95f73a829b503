"""Every number of a summary can be had again from the predictions, and only from them."""

import json

import pytest

from core.__main__ import main
from core.errors import UserError
from core.runs import get_run
from core.summary import recompute
from tests.app.fabricated_runs import fabricate_run


@pytest.fixture
def run(isolated, tiny_dataset, tiny_folder):
    fabricate_run(isolated / "checkpoints", tiny_dataset, name="r", dataset_name=str(tiny_folder))
    recompute(get_run("r"))
    return get_run("r")


def test_numbers_that_were_changed_come_back_and_facts_stay(run, capsys):
    path = run.path / "summary.json"
    true = json.loads(path.read_text())
    path.write_text(json.dumps(true | {"accuracy": {"mean": 1.0, "std": 0.0, "ci95": [1.0, 1.0]}, "seconds": 12.5}))
    assert main(["runs", "--recompute", "r"]) == 0
    assert "r: accuracy came out different" in capsys.readouterr().out
    assert json.loads(path.read_text()) == true | {"seconds": 12.5}
    assert main(["runs", "--recompute", "r"]) == 0
    assert "r: every number came out the same" in capsys.readouterr().out


def test_a_run_without_predictions_is_a_sentence(run):
    (run.path / "predictions.csv").unlink()
    with pytest.raises(UserError, match="no finished predictions"):
        recompute(get_run("r"))
