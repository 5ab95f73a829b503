"""Runs renamed, noted, deleted and restored: nothing is lost, what is at work is left alone, old links still lead there."""

import json

import pytest

from core.__main__ import main
from core.config import TrainConfig
from core.errors import UserError
from core.experiments import list_experiments
from core.files import write_json
from core.manage import (
    NOTE_LENGTH,
    bin_dir,
    delete_for_good,
    delete_run,
    deleted_runs,
    rename_run,
    restore_run,
    write_note,
)
from core.report import runs_named
from core.run_folder import Run
from core.runs import create_run, get_run, list_runs
from core.turns import hold


@pytest.fixture(autouse=True)
def _isolated(isolated):
    return isolated


def ended(name: str, experiment: str | None = None) -> Run:
    run = create_run(TrainConfig(), name, experiment)
    write_json(run.path / "summary.json", {"run": name, "accuracy": {"mean": 0.5}})
    run.write_status("finished", progress=1, message="Finished")
    return run


def names() -> set[str]:
    return {run.name for run in list_runs()}


def test_a_renamed_run_is_found_by_both_names_and_keeps_its_experiment():
    before = ended("first", "shared")
    config = (before.path / "config.json").read_bytes()
    run = rename_run("first", " second ")
    assert names() == {"second"} and not before.path.exists()
    assert (run.path / "config.json").read_bytes() == config and run.experiment == "shared"
    assert run.summary["run"] == "second"
    assert get_run("first") == get_run("second") == run
    third = rename_run("second", "third")
    assert get_run("first") == get_run("second") == third and third.former_names == ("first", "second")
    ended("first")
    assert get_run("first").name == "first", "who bears the name comes before who bore it"
    assert rename_run("third", "second").former_names == ("first", "third")


def test_a_run_by_itself_is_in_no_experiment_with_one_that_has_its_former_name():
    ended("first")
    assert rename_run("first", "second").experiment == "second"
    ended("first")
    assert [run.name for run in runs_named(["first"])] == ["first"] and list_experiments() == []


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b", "x" * 101, "a.safetensors"])
def test_a_name_that_cannot_be_one_is_refused(name):
    ended("first")
    with pytest.raises(UserError, match="expects up to 100 letters"):
        rename_run("first", name)
    assert names() == {"first"}


def test_a_taken_name_and_a_former_name_are_refused():
    ended("one")
    ended("two")
    with pytest.raises(UserError, match="already a run called 'two'"):
        rename_run("one", "two")
    rename_run("one", "three")
    for action in (lambda: rename_run("one", "four"), lambda: delete_run("one"), lambda: write_note("one", "x")):
        with pytest.raises(UserError, match="it was renamed 'three'"):
            action()


@pytest.mark.parametrize("state", ["queued", "running", "stopping"])
def test_a_run_at_work_is_neither_renamed_nor_deleted_but_noted(state):
    run = ended("busy")
    run.write_status(state, progress=0.5, message="")  # in the name of this process
    for action in (lambda: rename_run("busy", "idle"), lambda: delete_run("busy")):
        with pytest.raises(UserError, match=f"busy is {state} and cannot be"):
            action()
    assert write_note("busy", "while it runs").note == "while it runs"
    assert names() == {"busy"} and not deleted_runs()


def test_a_run_whose_process_still_holds_it_is_left_alone():
    run = ended("ending")
    with hold(run), pytest.raises(UserError, match="a process still works on ending"):
        delete_run("ending")
    assert delete_run("ending").name == "ending"


def test_a_note_is_text_in_a_file_of_its_own():
    run = ended("r")
    others = {file.name: file.read_bytes() for file in run.path.iterdir()}
    text = "**best** so far <b>\nwith \u202ename\x00"
    assert write_note("r", f"  {text} ").note == "**best** so far <b>\nwith name"
    assert {file.name: file.read_bytes() for file in run.path.iterdir() if file.name != "about.json"} == others
    with pytest.raises(UserError, match="up to 2,000 characters, found 2,001"):
        write_note("r", "x" * (NOTE_LENGTH + 1))
    assert rename_run("r", "s").note.startswith("**best**")
    assert write_note("s", " ").note == "" and get_run("r").name == "s"


@pytest.mark.parametrize("text", ["", "[]", '{"note": 5, "formerly": "x"}', "{", "\x00"])
def test_a_broken_note_breaks_nothing(text):
    run = ended("r")
    (run.path / "about.json").write_text(text)
    assert run.note in ("", "5") and run.former_names == ()
    assert write_note("r", "new").note == "new"


def test_a_deleted_run_comes_back_as_it_was():
    run = ended("r")
    before = {file.name: file.read_bytes() for file in run.path.iterdir()}
    deleted = delete_run("r")
    assert not names() and [entry.name for entry in deleted_runs()] == ["r"]
    with pytest.raises(UserError, match="no run called 'r'"):
        get_run("r")
    assert restore_run(deleted) == run and not deleted_runs()
    assert {file.name: file.read_bytes() for file in run.path.iterdir()} == before


def test_two_of_one_name_lie_in_the_bin_and_a_taken_name_is_said():
    for note in ("older", "newer"):
        ended("r")
        write_note("r", note)
        delete_run("r")
    assert restore_run("r").note == "newer"
    with pytest.raises(UserError, match="another run called 'r' by now"):
        restore_run("r")
    delete_for_good(deleted_runs()[0])
    delete_for_good(deleted_runs()[0]) if deleted_runs() else None
    with pytest.raises(UserError, match="no run called 'r' in the bin; it is empty"):
        restore_run("r")
    assert names() == {"r"}


def test_what_else_lies_in_the_bin_is_left_alone():
    bin_dir().mkdir()
    (bin_dir() / "stranger").mkdir()
    (bin_dir() / "a~b").touch()
    assert deleted_runs() == []


def test_a_folder_that_cannot_be_moved_is_said(monkeypatch):
    ended("r")

    def in_use(self, target):
        raise PermissionError(13, "in use")

    monkeypatch.setattr("pathlib.Path.rename", in_use)
    for action in (lambda: delete_run("r"), lambda: rename_run("r", "s")):
        with pytest.raises(UserError, match=r"r could not be .*: in use"):
            action()
    assert names() == {"r"} and get_run("r").summary["run"] == "r"


def test_a_closed_folder_or_a_full_disk_is_a_sentence(monkeypatch):
    ended("r")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    for place, action in (("core.run_folder.Run.write_about", lambda: rename_run("r", "s")),
                          ("core.manage.write_json", lambda: rename_run("r", "s")),
                          ("pathlib.Path.mkdir", lambda: delete_run("r"))):
        with monkeypatch.context() as patch:
            patch.setattr(place, full)
            with pytest.raises(UserError, match=r"could not be .*: No space left on device"):
                action()
        assert names() == {"r"}


def test_the_command_line_does_the_same(capsys):
    ended("a")
    assert main(["runs", "--rename", "a", "b"]) == 0
    assert capsys.readouterr().out == "a is called b now\n"
    assert main(["runs", "--note", "b", "good"]) == 0 and get_run("b").note == "good"
    assert main(["runs", "--delete", "b"]) == 0 and not names()
    assert main(["runs", "--restore", "b"]) == 0 and names() == {"b"}
    capsys.readouterr()
    assert main(["runs", "--delete", "b", "nosuch"]) == 2
    out, error = capsys.readouterr()
    assert out.startswith("b is in the bin") and error.startswith("error: there is no run called 'nosuch'")
    assert main(["runs", "--restore", "b", "--json"]) == 0
    assert [entry["run"] for entry in json.loads(capsys.readouterr().out)] == ["b"]
