"""Every number of a summary can be had again from the predictions, and only from them."""

import json

import pytest

from core.__main__ import main
from core.datasets import load_dataset
from core.errors import UserError
from core.runs import get_run
from core.summary import recompute
from tests.app.fabricated_runs import fabricate_run
from tests.conftest import write_tiny


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
    with pytest.raises(UserError, match="bring the file back, or train the run again"):
        recompute(get_run("r"))  # finished: resuming it would do nothing
    (run.path / "summary.json").unlink()
    with pytest.raises(UserError, match="no finished predictions to compute from; resume it first"):
        recompute(get_run("r"))


def test_clips_that_the_data_set_does_not_have_are_refused_and_nothing_is_written(run, capsys):
    table, summary = run.path / "predictions.csv", run.path / "summary.json"
    true = summary.read_bytes()
    first = run.predictions()["path"][0]
    table.write_text(table.read_text().replace(first, f"elsewhere/{first}"))
    assert main(["runs", "--recompute", "r"]) == 2
    error = capsys.readouterr().err
    assert "1 of the 30 clips that r answered for are not in the data set tiny" in error and f"elsewhere/{first}" in error
    assert summary.read_bytes() == true


def test_esc10_in_its_other_layout_gives_the_same_numbers(isolated, monkeypatch):
    monkeypatch.setattr("core.datasets.data_dirs", lambda: [isolated / "data"])
    archive = load_dataset(str(write_tiny(isolated / "gone", classes=("001 - Dog bark", "002 - Rain"))))
    fabricate_run(isolated / "checkpoints", archive, name="shipped", dataset_name="ESC-10")
    rows = [f"{clip.name}-{archive.class_names.index(clip.label)}.wav,{clip.fold},{clip.label},True,{clip.source}"
            for clip in archive.clips]
    (isolated / "data" / "ESC-50" / "meta").mkdir(parents=True)
    (isolated / "data" / "ESC-50" / "meta" / "esc50.csv").write_text(
        "\n".join(["filename,fold,category,esc10,src_file", *rows]))
    assert recompute(get_run("shipped")) == []
