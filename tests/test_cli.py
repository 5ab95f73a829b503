"""The command line: what it prints, how it ends, and that it starts at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core import __main__ as command_line
from core.__main__ import COMMANDS, main, make_parser
from core.commands import train as train_command
from core.config import ROOT, TrainConfig, checkpoints_dir, config_fields
from core.files import write_json
from core.presets import PRESETS
from core.runs import create_run, list_runs

TINY = ["--set", "sample_rate=8000", "--set", "clip_seconds=0.5", "--epochs", "1", "--set", "batch_size=8"]


@pytest.fixture(autouse=True)
def _here(isolated, tiny_model, monkeypatch):
    """Commands run in this process."""
    monkeypatch.setattr(train_command.signal, "signal", lambda *args: None)


def test_help_needs_nothing_heavy():
    code = ("import sys; from core.__main__ import make_parser; make_parser().format_help()\n"
            "print([m for m in ('torch', 'pandas', 'sklearn', 'streamlit', 'librosa', 'wandb') if m in sys.modules])")
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0 and command in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "sentence"), [
    ([], "required: COMMAND"),
    (["trane"], "invalid choice"),
    (["train", "--colour"], "unrecognized arguments"),
    (["train", "--model", "cnn2"], "there is no model called 'cnn2'; the models are cnn1d"),
    (["train", "--dataset", "nowhere"], "no data set called 'nowhere'"),
    (["train", "--epochs", "many"], "epochs expects a whole number, found 'many'"),
    (["train", "--protocol", "loo"], "protocol expects one of assignment"),
    (["train", "--set", "epochs"], "--set expects field=value"),
    (["train", "--set", "colour=red"], "no setting called 'colour'"),
    (["train", "--resume", "nothing"], "no run called 'nothing'"),
    (["train", "--resume", "nothing", "--epochs", "3"], "leave out --epochs"),
    (["train", "--preset", "magic"], "no preset called 'magic'; the presets are quick"),
    (["train", "--resume", "nothing", "--preset", "quick"], "leave out --preset"),
    (["train", "--set", "leave_out=unicorn"], "has no class 'unicorn' to leave out"),
    (["tune", "--preset", "magic"], "no preset called 'magic'"),
    (["train", "--set", "model=ast_finetune", "--set", "frames=300"], "frames expects one of 512, 1024, found 300"),
    (["train", "--dataset", "x" * 300], "could not be opened: File name too long"),
    (["predict", "a.wav", "--checkpoint", "x" * 300], "no run called"),
    (["data", "fetch", "esc10", "--to", "x" * 300], "is a longer name than this system allows"),
    (["data", "fetch", "esc10", "--url", "http://["], "expected an address"),
    (["data", "fetch", "esc10", "--url", "http://127.0.0.1:9/ä.zip"], "expected an address"),
])
def test_a_mistake_is_one_line_and_status_2(arguments, sentence, capsys):
    try:
        status = main(arguments)
    except SystemExit as end:
        status = end.code
    captured = capsys.readouterr()
    assert status == 2 and captured.out == ""
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1 and sentence in captured.err


def test_what_is_asked_for_goes_before_the_preset():
    args = make_parser().parse_args(["train", "--dataset", "demo", "--preset", "quick", "--set", "mixup=0.25"])
    (plan,) = train_command.plans_of(args)
    assert plan.config.epochs == PRESETS["quick"].values["epochs"] and plan.config.mixup == 0.25


def test_a_failure_of_ours_is_one_line_and_status_1(capsys, monkeypatch):
    def broken(*args):
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(command_line.importlib.import_module("core.commands.runs"), "list_runs", broken)
    assert main(["runs"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("failed: ZeroDivisionError: surprise; the details are in ")
    log = captured.err.strip().rsplit(" in ", 1)[1]
    assert "Traceback" in Path(log).read_text() and "Traceback" not in captured.err


def test_one_run_per_combination(tiny_folder, capsys):
    arguments = ["train", "--dataset", str(tiny_folder), "--model", "cnn1d", "--protocol", "split", "--protocol", "kfold",
                 "--folds", "2", "--seed", "1", "2", "--experiment", "both", *TINY, "--json"]
    assert main(arguments) == 0
    captured = capsys.readouterr()
    entries = json.loads(captured.out)
    assert [(entry["protocol"], entry["seed"]) for entry in entries] == [
        ("split", 1), ("split", 2), ("kfold", 1), ("kfold", 2)]
    assert {(entry["experiment"], entry["state"], entry["progress"]) for entry in entries} == {("both", "finished", 1.0)}
    assert all(0 <= entry["accuracy"] <= 1 for entry in entries)
    assert main(["runs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert sorted(listed, key=str) == sorted(entries, key=str)
    assert list(listed[0]) == ["run", "experiment", "model", "protocol", "seed", "state", "progress", "accuracy"]


def test_a_run_says_in_one_line_how_it_ended(tiny_folder, capsys):
    assert main(["train", "--dataset", str(tiny_folder), "--model", "cnn1d", "--protocol", "split", "--name", "mine",
                 *TINY]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("mine: accuracy ") and captured.out.count("\n") == 1 and captured.err == ""
    assert main(["runs"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["run", "model", "protocol", "seed", "state", "progress", "accuracy"]
    assert table[1].split()[:6] == ["mine", "cnn1d", "split", "0", "finished", "100%"]


def test_folds_that_are_not_gone_by_are_told_before_a_training(tiny_folder, capsys):
    rows = [f"{path.relative_to(tiny_folder).as_posix()},{path.parent.name},{int(path.name[0]) - 1}"
            for path in sorted(tiny_folder.rglob("*.wav"))]
    (tiny_folder / "metadata.csv").write_text("\n".join(["path,label,fold", *rows]))
    arguments = ["train", "--dataset", str(tiny_folder), "--model", "cnn1d", "--protocol", "split", "--sources", "file", *TINY]
    assert main([*arguments, "--name", "zero"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("split: One model")
    assert first.endswith("own 5 folds are not used by it. Numbered from 1 to 5 they would be.")
    assert len(rest) == 1 and rest[0].startswith("zero: accuracy")
    assert main([*arguments, "--name", "quiet", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_two_parts_are_trained_and_tested_without_a_validation(tiny_folder, capsys):
    rows = [f"{path.relative_to(tiny_folder).as_posix()},{path.parent.name},{1 if path.name[0] == '1' else 2}"
            for path in sorted(tiny_folder.rglob("*.wav"))]
    (tiny_folder / "metadata.csv").write_text("\n".join(["path,label,fold", *rows]))
    arguments = ["train", "--dataset", str(tiny_folder), "--model", "cnn1d", "--protocol", "split", "--sources", "file", *TINY]
    assert main([*arguments, "--name", "parts"]) == 0
    assert capsys.readouterr().out.startswith("parts: accuracy")
    (run,) = list_runs()
    assert run.summary["validation"] is None and run.summary["folds"][0]["clips"] == 6
    assert set(run.predictions()["clip_fold"]) == {1}
    assert main([*arguments, "--set", "select=best_validation"]) == 2
    assert "has none; use select=last, or the protocol assignment\n" in capsys.readouterr().err


def test_nothing_starts_when_one_combination_cannot(tiny_folder, capsys):
    arguments = ["train", "--dataset", str(tiny_folder), "--model", "cnn1d", "--model", "cnn9", *TINY]
    assert main(arguments) == 2
    arguments = ["train", "--dataset", str(tiny_folder), "--protocol", "split", "--protocol", "published", "--set",
                 "select=best_validation", *TINY]
    assert main(arguments) == 2
    arguments = ["train", "--dataset", str(tiny_folder), "--seed", "1", "--seed", "2", "--name", "one", *TINY]
    assert main(arguments) == 2 and "these are 2" in capsys.readouterr().err
    assert list_runs() == [] and not any(checkpoints_dir().glob("*"))


def test_a_folder_is_remembered_by_its_whole_path(tiny_folder, monkeypatch):
    monkeypatch.chdir(tiny_folder.parent)
    args = make_parser().parse_args(["train", "--dataset", "./tiny/", "--model", "cnn1d"])
    args.dataset = "../" + tiny_folder.parent.name + "/tiny"
    (plan,) = train_command.plans_of(args)
    assert plan.config.dataset == str(tiny_folder)


def test_every_setting_is_reached(tiny_folder):
    settings = [f"--set={field.name}={getattr(TrainConfig(), field.name)}" for field in config_fields()
                if field.name not in ("dataset", "limit")]
    args = make_parser().parse_args(["train", "--dataset", str(tiny_folder), *settings])
    assert [plan.config for plan in train_command.plans_of(args)] == [TrainConfig(dataset=str(tiny_folder))]


def test_runs_lists_broken_folders_with_a_sentence(capsys):
    create_run(TrainConfig(), "whole")
    broken = create_run(TrainConfig(), "broken")
    write_json(broken.path / "config.json", {"config": {"colour": 1}})
    (broken.path / "status.json").unlink()
    assert main(["runs", "--json"]) == 0
    listed = {entry["run"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["broken"]["state"] == "failed" and listed["broken"]["model"] is None
    assert main(["runs"]) == 0
    assert "broken: there is no setting called 'colour'" in capsys.readouterr().out


def test_no_runs_is_said(capsys, tmp_path, monkeypatch):
    assert main(["runs"]) == 0 and "no runs yet" in capsys.readouterr().out
    assert main(["runs", "--json"]) == 0 and json.loads(capsys.readouterr().out) == []
    (tmp_path / "file").touch()
    monkeypatch.setenv("EARSHOT_CHECKPOINTS", str(tmp_path / "file"))
    assert main(["runs"]) == 2 and "is a file; set EARSHOT_CHECKPOINTS to a folder" in capsys.readouterr().err


def test_models_as_the_interface_says(capsys, monkeypatch):
    """Of two models; ``test_models.py`` measures them all."""
    from core.models import MODELS

    monkeypatch.setattr("core.models.MODELS", {name: MODELS[name] for name in ("cnn1d", "conv_transformer")})
    assert main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    assert [(model["name"], model["attention"], model["available"]) for model in models] == [
        ("cnn1d", False, True), ("conv_transformer", True, True)]
    keys = {"name", "family", "parameters_trainable", "parameters_frozen", "macs", "clip_seconds", "sample_rate",
            "tokens", "attention", "source", "available", "reason"}
    for model in models:
        assert keys <= set(model)
    monkeypatch.setattr("core.models.missing_requirement", lambda name: "a package" if name == "cnn1d" else "")
    assert main(["models"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told[-3:-1]] == ["cnn1d", "conv_transformer"]
    assert told[-1] == "cnn1d is not available here: a package"


def test_ctrl_c_while_it_is_still_starting_is_130(capsys, monkeypatch):
    monkeypatch.setattr("core.__main__.make_parser", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["runs"]) == 130
    assert capsys.readouterr().err == "stopped\n"
