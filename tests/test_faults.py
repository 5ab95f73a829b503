"""A disk that fills, a folder that is closed or deleted, files that are damaged: one sentence, nothing lost, go on."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from test_crossval import Killed, results, trained

from core import crossval
from core.config import TrainConfig
from core.crossval import run_training
from core.errors import UserError
from core.run_folder import Run
from core.runs import cancel, create_run, launch
from core.worker import work
from tests.conftest import write_tiny

FILES = ["config.json", "history.csv", "fold1.resume", "fold1.safetensors", "predictions.csv", "fold2.resume",
         "final.resume", "final.safetensors", "summary.json"]


pytestmark = pytest.mark.usefixtures("isolated", "tiny_model")


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_model) -> TrainConfig:
    return TrainConfig(dataset=str(write_tiny(tmp_path_factory.mktemp("data") / "tiny")), model="cnn1d", protocol="kfold",
                       folds=2, epochs=2, batch_size=8, sample_rate=8_000, clip_seconds=0.5)


@pytest.fixture(scope="module")
def whole(config) -> dict[str, bytes]:
    """The results of a training that nothing disturbed."""
    return results(trained(config, "whole"))


@pytest.fixture(scope="module")
def left(config, tmp_path_factory) -> Callable[[type, str], Path]:
    """``left(owner, method)``: the folder of a run that was killed when it called that. It is made once."""
    @cache
    def folder(owner: type, method: str) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EARSHOT_CHECKPOINTS", str(tmp_path_factory.mktemp("left")))
            patch.setattr(owner, method, kill)
            run = create_run(config, "r")
            with pytest.raises(Killed):
                run_training(run)
        return run.path

    return folder


@pytest.fixture
def failing(monkeypatch):
    """``failing(name, code)``: from now on writing the file ``name`` (None: any file) breaks off in the middle with that
    error. ``failing()`` ends it."""
    spoilt = {}
    for kind in ("write_bytes", "write_text"):
        original = getattr(Path, kind)

        def write(self, content, *args, original=original, **options):
            name = self.name[1:].rsplit(".", 2)[0] if self.name.endswith(".tmp") else self.name
            if spoilt and spoilt["name"] in (None, name):
                original(self, content[: len(content) // 2], *args, **options)
                raise OSError(spoilt["code"], os.strerror(spoilt["code"]))
            return original(self, content, *args, **options)

        monkeypatch.setattr(Path, kind, write)

    def set_to(name: str | None = "", code: int = 0) -> None:
        spoilt.clear()
        if code:
            spoilt.update(name=name, code=code)

    return set_to


def files_of(run: Run) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in run.path.iterdir()}


def test_a_full_disk_at_any_file_is_one_sentence_and_the_run_goes_on_when_there_is_room(config, failing):
    """One run, for which the disk is full at one file after the other."""
    whole = results(trained(config.replace(final=True), "another"))
    run = create_run(config.replace(final=True), "full")
    for name in FILES:
        failing(name, errno.ENOSPC)
        with pytest.raises(UserError, match=r"^the disk is full, so .* cannot be written: free some space and resume$"):
            run_training(run)
        assert (run.state, "the disk is full" in run.status.message) == ("failed", True), name
        assert not list(run.path.glob("*.tmp")), "half a file takes room, too"
    assert run.log().count("the disk is full") >= len(FILES) and "Traceback" not in run.log()
    failing()
    assert run_training(run) == "finished" and results(run) == whole


@pytest.mark.parametrize("first", ["history.csv", "fold2.resume", "summary.json"])
def test_a_disk_that_stays_full_loses_nothing_that_was_saved(config, whole, failing, monkeypatch, first):
    """From one file on nothing can be written any more, not even the status: the sentence is raised for the terminal."""
    run, before = create_run(config, "r"), {}
    kind = "write_bytes" if first.endswith("resume") else "write_text"
    original = getattr(Path, kind)

    def fills(self, *args, **options):
        if not before and self.name.startswith(f".{first}."):
            before.update(files_of(run))
            failing(None, errno.ENOSPC)
        return original(self, *args, **options)

    monkeypatch.setattr(Path, kind, fills)
    with pytest.raises(UserError, match="the disk is full"):
        run_training(run)
    after = files_of(run)
    kept = {name for name in before if name not in ("log.txt", "status.json")}
    assert kept and {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert json.loads(after["status.json"])["state"] == "running", "it is seen as interrupted when its process has ended"
    failing()
    assert run_training(run) == "finished" and results(run) == whole


def test_a_full_disk_while_waiting_and_at_the_start_is_one_sentence(config, failing):
    run = create_run(config, "r")
    failing("status.json", errno.ENOSPC)
    for action in (work, launch):
        with pytest.raises(UserError, match="the disk is full"):
            action(run)
    failing(None, errno.ENOSPC)
    with pytest.raises(UserError, match="the disk is full"):
        create_run(config, "another")
    failing()
    assert work(run) == "finished"


def test_a_log_that_cannot_be_written_is_a_full_disk_too(config, whole, monkeypatch):
    def full(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    run = create_run(config, "r")
    with monkeypatch.context() as patch:
        patch.setattr(Run, "write_line", full)
        with pytest.raises(UserError, match="the disk is full"):
            run_training(run)
    assert run.state == "failed" and "the disk is full" in run.status.message
    assert run_training(run) == "finished" and results(run) == whole


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_that_may_not_be_written_is_one_sentence(config, whole, failing, monkeypatch, code):
    run = create_run(config, "r")
    failing("fold1.resume", code)
    with pytest.raises(UserError, match=r"may not be written \(.*\): allow it and resume"):
        run_training(run)
    assert run.state == "failed" and "may not be written" in run.status.message and "Traceback" not in run.log()
    failing(None, code)
    with pytest.raises(UserError, match="may not be written"):
        launch(run)
    failing()
    assert run_training(run) == "finished" and results(run) == whole


def test_cancel_where_nothing_can_be_written_is_one_sentence(config, monkeypatch):
    run = create_run(config, "r")

    def closed(*args, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", closed)
    with pytest.raises(UserError, match="may not be written"):
        cancel(run)


@pytest.mark.parametrize("moment", ["fold 1 of 2 · epoch 1", "fold 2 of 2 · epoch 2", "Summing up", "Decoding"])
@pytest.mark.parametrize("partly", [False, True], ids=["wholly", "but for what we write"])
def test_a_run_deleted_while_it_trains_ends_and_is_not_made_anew(config, moment, partly, monkeypatch):
    monkeypatch.setattr("core.progress.EVERY", 0.0)
    run = create_run(config, "r")

    def delete(share: float, message: str) -> None:
        if message.startswith(moment) and run.path.exists():
            shutil.rmtree(run.path)
            if partly:  # what stands there when our write came in between
                run.path.mkdir()
                (run.path / "status.json").write_text("{}")

    with pytest.raises(UserError, match="the folder of r was deleted or moved, so it stopped"):
        work(run, delete)
    assert not run.path.exists()


def test_weights_are_never_removed_because_a_config_is_missing(config):
    run = create_run(config, "r")
    with pytest.raises(UserError, match="deleted or moved"):
        run_training(run, lambda share, message: (run.path / "config.json").unlink() if "fold 2" in message else None)
    assert (run.path / "fold1.safetensors").exists() and (run.path / "predictions.csv").exists()


def test_a_run_deleted_while_it_waits_ends(config, monkeypatch):
    monkeypatch.setattr("core.turns.POLL", 0.01)
    first, second = create_run(config, "first"), create_run(config, "second")
    first.write_status("queued", progress=0, message="")
    with pytest.raises(UserError, match="the folder of second was deleted or moved"):
        work(second, lambda share, message: shutil.rmtree(second.path))
    assert not second.path.exists()


def copied(folder: Path, isolated: Path) -> Run:
    return Run(folder.name, shutil.copytree(folder, isolated / "checkpoints" / folder.name))


def spoil(file: Path, how: str) -> None:
    content = file.read_bytes()
    if how == "another model":
        from core.checkpoint import save_fold_state
        from core.training import FoldState

        save_fold_state(file, FoldState(1, [], {"model.head.weight": torch.zeros(3, 7)}))
    else:
        file.write_bytes({"cut in half": content[: len(content) // 2], "empty": b"",
                          "pickle": b"\x80\x04\x95cposix\nsystem\n", "noise": os.urandom(100)}[how])


@pytest.mark.parametrize("how", ["cut in half", "empty", "pickle", "noise", "another model"])
def test_a_damaged_state_does_not_block_the_run(whole, left, isolated, how):
    run = copied(left(crossval.StateSaver, "remove"), isolated)
    spoil(run.path / "fold1.resume", how)
    (run.path / "fold1.safetensors").unlink()
    assert run_training(run) == "finished" and results(run) == whole
    assert "Starting the fold again: " in run.log()


@pytest.mark.parametrize("how", ["cut in half", "empty", "pickle"])
def test_damaged_weights_of_a_fold_without_predictions_are_trained_again(whole, left, isolated, how):
    run = copied(left(crossval.CrossValidation, "_answers"), isolated)
    spoil(run.path / "fold1.safetensors", how)
    assert run_training(run) == "finished" and results(run) == whole
    assert "Training this fold again: " in run.log()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'"open', b"a,b\n1,2\n"], ids=["empty", "binary", "open", "other"])
def test_a_damaged_table_does_not_block_the_run(config, whole, content):
    run = create_run(config, "r")
    assert run_training(run, lambda share, message: cancel(run) if message.startswith("fold 2 of") else None) == "stopped"
    for name in ("history.csv", "predictions.csv"):
        (run.path / name).write_bytes(content)
    assert run_training(run) == "finished"
    assert results(run) | {"history": b""} == whole | {"history": b""}, "the fold's weights answer again; its curves are gone"
    assert "history.csv could not be read; the curves of finished folds were in it" in run.log()


def kill(*args, **options):
    raise Killed
