"""Broken files of a run are one sentence that names file, row and column; whole ones pass."""

import json

import pytest

from core.config import TrainConfig, read_json, while_it_stays
from core.errors import UserError
from core.files import write_json
from core.run_checks import read_summary
from core.run_folder import HISTORY_COLUMNS, Run
from core.runs import create_run, headline_accuracy

HISTORY = ["fold,epoch,split,loss,accuracy,learning_rate,seconds", "1,1,train,2.3,0.1,0.001,2", "1,2,train,2.1,0.2,0.001,2",
           "final,1,train,nan,0.1,0.001,2"]
PREDICTIONS = ["path,model_fold,clip_fold,split,target,cat,dog", "a/1.wav,1,1,test,cat,0.9,0.1",
               "a/2.wav,2,2,validation,dog,0.4,0.6"]


@pytest.fixture
def run(isolated) -> Run:
    return create_run(TrainConfig(), "r")


def test_whole_tables_are_read(run):
    (run.path / "history.csv").write_text("\n".join(HISTORY))
    (run.path / "predictions.csv").write_text("\n".join(PREDICTIONS))
    history, predictions = run.history(), run.predictions()
    assert tuple(history.columns) == HISTORY_COLUMNS and list(history["fold"]) == ["1", "1", "final"]
    assert history["loss"].isna().tolist() == [False, False, True], "a training that diverged can still be looked at"
    assert predictions["cat"].tolist() == [0.9, 0.4]


@pytest.mark.parametrize("lines, sentence", [
    ([], "cannot be read as a table"),
    (["fold,epoch", "1,1"], "has no column split, loss, accuracy"),
    ([*HISTORY, "1,three,train,2,0.1,0.001,2"], "line 5 has 'three' in the column 'epoch', where a number is expected"),
    ([*HISTORY, "1,3,train,much,0.1,0.001,2"], "line 5 has 'much' in the column 'loss'"),
    ([*HISTORY, "1,3,test,2,0.1,0.001,2"], "line 5 has 'test' in the column 'split'"),
    ([*HISTORY, "<b>1</b>,3,train,2,0.1,0.001,2"], "line 5 has '<b>1</b>' in the column 'fold'"),
    ([*HISTORY, "1,3,tr"], "line 5 has 'tr' in the column 'split'"),
    ([*HISTORY, '"1,3,train'], "cannot be read as a table"),
])
def test_a_broken_history_is_a_sentence(run, lines, sentence):
    (run.path / "history.csv").write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"history\.csv") as raised:
        run.history()
    assert sentence in str(raised.value)


@pytest.mark.parametrize("lines, sentence", [
    ([], "cannot be read as a table"),
    (["path,split", "a,test"], "has no column model_fold, clip_fold, target"),
    ([line.rsplit(",", 2)[0] for line in PREDICTIONS], "has no column of a class"),
    ([*PREDICTIONS, "a/3.wav,1,1,test,cat,0.9,much"], "line 4 has 'much' in the column 'dog', where a number is expected"),
    ([*PREDICTIONS, "a/3.wav,1,1,test,cat,0.9,nan"], "line 4 has"),
    ([*PREDICTIONS, "a/3.wav,1,1,test,cat,0.9"], "line 4 has"),
    ([*PREDICTIONS, "a/3.wav,one,1,test,cat,0.9,0.1"], "line 4 has 'one' in the column 'model_fold'"),
    ([*PREDICTIONS, "a/3.wav,1,1,test,cow,0.9,0.1"], "line 4 has 'cow' in the column 'target', where one of its classes"),
    ([*PREDICTIONS, "a/3.wav,1,1,train,cat,0.9,0.1"], "line 4 has 'train' in the column 'split'"),
    ([*PREDICTIONS, "a/3.wav,1,1,test,cat,0.9,0.1,7"], "cannot be read as a table"),
])
def test_broken_predictions_are_a_sentence(run, lines, sentence):
    (run.path / "predictions.csv").write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"predictions\.csv") as raised:
        run.predictions()
    assert sentence in str(raised.value)


GOOD = {"run": "r", "epochs": 3, "class_names": ["cat", "dog"], "accuracy": {"mean": 0.5, "std": None, "ci95": [0.4, 0.6]},
        "macro_f1": {"mean": None, "std": None, "ci95": None}, "validation": None, "ensemble": None,
        "folds": [{"fold": 1, "accuracy": 0.5, "macro_f1": None, "roc_auc": None, "clips": 8}]}


@pytest.mark.parametrize("change, name", [
    ({"accuracy": 0.5}, "accuracy"), ({"accuracy": {"mean": "much"}}, "accuracy"), ({"accuracy": {}}, "accuracy"),
    ({"accuracy": {"mean": float("nan")}}, "accuracy"), ({"accuracy": {"mean": 0.5, "ci95": [0.4]}}, "accuracy"),
    ({"accuracy": {"mean": 0.5, "ci95_sources": [0.4]}}, "accuracy"),
    ({"accuracy": {"mean": 0.5, "pooled": "half"}}, "accuracy"),
    ({"folds": "five"}, "folds"), ({"folds": [{"fold": "x"}]}, "folds"), ({"class_names": "cat"}, "class_names"),
    ({"class_names": [1, 2]}, "class_names"), ({"model": None}, "model"), ({"epochs": "3"}, "epochs"),
    ({"validation": {}}, "validation"), ({"ensemble": {"accuracy": "x"}}, "ensemble"),
    ({"test_copies": "many"}, "test_copies"), ({"confusion_matrix": [1, 2]}, "confusion_matrix"),
    ({"confusion_matrix": [[None]]}, "confusion_matrix"),
])
def test_a_summary_of_another_shape_counts_as_none(run, change, name):
    file = run.path / "summary.json"
    file.write_text(json.dumps(GOOD))
    assert read_summary(file) == GOOD and run.summary == GOOD
    file.write_text(json.dumps(GOOD | change))
    with pytest.raises(UserError, match=f"'{name}' is not what a training writes there"):
        read_summary(file)
    assert run.summary is None and headline_accuracy(run) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5"])
def test_what_is_no_summary_counts_as_none(run, text):
    (run.path / "summary.json").write_text(text)
    assert run.summary is None


def test_a_file_is_read_anew_only_when_it_is_another_one(tmp_path):
    file, reads = tmp_path / "about.json", []
    read = while_it_stays(lambda path: reads.append(path) or read_json(path))
    for value in (1, 1, 2):
        if not reads or value == 2:
            write_json(file, {"value": value})
        assert read(file) == {"value": value}
    assert len(reads) == 2
    file.unlink()
    with pytest.raises(UserError, match="could not be read as JSON"):
        read(file)
