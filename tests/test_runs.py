"""Run folders: named, listed, broken, alive or not, cancelled, resolved to weights."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from core import runs
from core.config import TrainConfig
from core.errors import UserError
from core.files import remove_leftovers, replacing, write_json
from core.processes import SystemLock, identity, is_alive
from core.run_folder import STARTING, Run, now
from core.runs import cancel, check_resumable, create_run, get_run, list_runs, resolve_checkpoint, resume
from core.turns import claim, hold, wait_for_turn
from tests.conftest import until


@pytest.fixture(autouse=True)
def _isolated(isolated):
    return isolated


def finished(name: str, accuracy: float, folds=("1",), shipped: bool = False) -> Run:
    run = create_run(TrainConfig(), name)
    write_json(run.path / "summary.json", {"accuracy": {"mean": accuracy}})
    run.write_status("finished", progress=1, message="Finished")
    for fold in folds:
        (run.path / ("final.safetensors" if fold == "final" else f"fold{fold}.safetensors")).touch()
    if shipped:
        (run.path / "status.json").unlink()
    return run


def test_a_new_run_is_queued_and_holds_all_that_repeats_it():
    run = create_run(TrainConfig(model="cnn1d", protocol="split", seed=7, epochs=3))
    assert run.name.startswith("cnn1d-split-s7-")
    assert (run.state, run.experiment, run.config) == ("queued", run.name, TrainConfig(
        model="cnn1d", protocol="split", seed=7, epochs=3))
    record = json.loads((run.path / "config.json").read_text())
    assert set(record) == {"config", "experiment", "versions", "data", "class_names", "created"}
    assert record["versions"]["torch"] and record["versions"]["python"]
    status = json.loads((run.path / "status.json").read_text())
    assert {"state", "progress", "pid", "pid_created", "host", "message", "updated"} <= set(status)
    assert run.history().empty and run.predictions() is None and run.summary is None and run.checkpoints() == {}


def test_names_are_unique_and_safe():
    names = {create_run(TrainConfig()).name for _ in range(3)}
    assert len(names) == 3
    create_run(TrainConfig(), "mine", "shared")
    assert get_run("mine").experiment == "shared"
    with pytest.raises(UserError, match="already a run called 'mine'"):
        create_run(TrainConfig(), "mine")
    for name in ("../up", "a/b", "", ".hidden", "a:b", "x" * 101, "naïve", "a b", "a.safetensors"):
        with pytest.raises(UserError, match="found"):
            create_run(TrainConfig(), name)
    assert not [path for path in (runs.checkpoints_dir()).iterdir() if path.name.startswith(".new")]


def test_broken_folders_never_break_the_list():
    whole = create_run(TrainConfig(), "whole")
    folder = runs.checkpoints_dir()
    for name, config, status in [("no-config", None, None), ("torn", '{"config": {"mo', None), ("list", "[]", None),
                                 ("future", '{"config": {"colour": 1}}', None), ("torn-status", None, '{"state'),
                                 ("odd-status", None, '{"state": "happy", "updated": "2026-01-01T00:00:00+00:00"}'),
                                 ("binary", "\x00\xff", None)]:
        (folder / name).mkdir()
        (folder / name / "history.csv").write_text("")
        if config:
            (folder / name / "config.json").write_text(config)
        if status:
            (folder / name / "status.json").write_text(status)
    (folder / "not-a-run").mkdir()
    (folder / "a-file").write_text("")
    listed = {run.name: run for run in list_runs()}
    assert set(listed) == {"whole", "no-config", "torn", "list", "future", "torn-status", "odd-status", "binary"}
    for name, run in listed.items():
        assert run.state == ("queued" if run == whole else "failed")
        assert run == whole or len(run.status.message) > 20
        assert run.experiment == name and run.checkpoints() == {} and run.log() == ""
    with pytest.raises(UserError):
        listed["torn"].config  # noqa: B018 - read for its error


def test_newest_first_and_near_names():
    for name in ("first", "second", "third"):
        create_run(TrainConfig(), name)
    assert [run.name for run in list_runs()] == ["third", "second", "first"]
    with pytest.raises(UserError, match="did you mean second"):
        get_run("secnd")
    with pytest.raises(UserError, match="no run called"):
        get_run("../checkpoints/first")


def test_running_without_its_process_is_interrupted():
    run = create_run(TrainConfig(), "r")
    run.write_status("running", progress=0.5, message="fold 1 of 2")
    assert run.state == "running"
    file = run.path / "status.json"
    mine = json.loads(file.read_text())
    for gone in ({"pid": 2**22 + 1}, {"pid_created": mine["pid_created"] - 100}, {"pid": dead_process()}):
        write_json(file, mine | gone)
        assert run.state == "interrupted" and run.status.progress == 0.5
    for state in ("stopped", "failed", "finished"):
        write_json(file, mine | {"state": state, "pid": 2**22 + 1})
        assert run.state == state


def test_a_zombie_is_not_alive():
    process = subprocess.Popen([sys.executable, "-c", ""])
    import psutil

    created = psutil.Process(process.pid).create_time()
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, "the end of the process")
    assert not is_alive(process.pid, created)
    process.wait()
    assert is_alive(os.getpid(), identity()["pid_created"])


def test_a_run_of_another_machine_counts_while_it_is_heard():
    run = create_run(TrainConfig(), "r")
    run.write_status("running", progress=0.5, message="")
    file = run.path / "status.json"
    elsewhere = json.loads(file.read_text()) | {"host": "elsewhere", "pid": 2**22 + 1}
    write_json(file, elsewhere)
    assert run.state == "running"
    write_json(file, elsewhere | {"updated": (now() - timedelta(hours=1)).isoformat()})
    assert run.state == "interrupted"


def test_queued_without_a_process_has_time_to_start_and_no_more():
    run = create_run(TrainConfig(), "r")
    file = run.path / "status.json"
    raw = json.loads(file.read_text())
    write_json(file, raw | {"updated": (now() - timedelta(seconds=STARTING + 1)).isoformat()})
    assert run.state == "interrupted"


def test_cancel_is_a_request_while_the_process_is_there_and_a_fact_when_it_is_gone():
    run = create_run(TrainConfig(), "r")
    run.write_status("running", progress=0.5, message="")
    cancel(run)
    assert run.state == "stopping"
    run.write_status("running", progress=0.6, message="")
    assert json.loads((run.path / "status.json").read_text())["state"] == "stopping"
    raw = json.loads((run.path / "status.json").read_text())
    write_json(run.path / "status.json", raw | {"pid": dead_process()})
    assert run.state == "stopped"
    other = create_run(TrainConfig(), "gone")
    other.write_status("running", progress=0.5, message="")
    raw = json.loads((other.path / "status.json").read_text())
    write_json(other.path / "status.json", raw | {"pid": dead_process()})
    cancel(other)
    assert json.loads((other.path / "status.json").read_text())["state"] == "stopped" and other.status.progress == 0.5


def test_what_may_be_resumed():
    run = create_run(TrainConfig(), "r")
    with pytest.raises(UserError, match="queued already"):
        check_resumable(run)
    for state in ("stopped", "failed"):
        run.write_status(state, progress=0.5, message="")
        check_resumable(run)
    run.write_status("finished", progress=1, message="")
    with pytest.raises(UserError, match="finished"):
        check_resumable(run)


def test_a_wrong_setting_of_the_machine_leaves_a_stopped_run_as_it_is(monkeypatch):
    run = create_run(TrainConfig(), "stopped")
    run.write_status("stopped", progress=0.5, message="")
    monkeypatch.setenv("EARSHOT_NICE", "much")
    with pytest.raises(UserError, match="EARSHOT_NICE expects a whole number"):
        resume(run)
    assert run.state == "stopped" and run.status.progress == 0.5


def test_checkpoints_by_run_fold_path_and_default(tmp_path):
    with pytest.raises(UserError, match="no trained model"):
        resolve_checkpoint()
    create_run(TrainConfig(), "empty")
    folds = finished("folds", 0.9, ("2", "10", "3"))
    final = finished("final", 0.7, ("1", "final"))
    assert list(folds.checkpoints()) == ["2", "3", "10"] and list(final.checkpoints()) == ["1", "final"]
    assert resolve_checkpoint("folds") == folds.path / "fold2.safetensors"
    assert resolve_checkpoint("folds:10") == folds.path / "fold10.safetensors"
    assert resolve_checkpoint("final") == final.path / "final.safetensors"
    assert resolve_checkpoint("final:1") == final.path / "fold1.safetensors"
    assert resolve_checkpoint(str(final.path / "fold1.safetensors")) == final.path / "fold1.safetensors"
    assert resolve_checkpoint(str(final.path)) == final.path / "final.safetensors"
    assert resolve_checkpoint() == folds.path / "fold2.safetensors"
    shipped = finished("shipped", 0.6, ("final",), shipped=True)
    assert shipped.state == "finished" and resolve_checkpoint() == shipped.path / "final.safetensors"
    for text, sentence in [("folds:7", "it has 2, 3, 10"), ("empty", "no trained weights yet"),
                           ("nowhere", "no run called"), (str(tmp_path / "x.safetensors"), "no checkpoint file")]:
        with pytest.raises(UserError, match=sentence):
            resolve_checkpoint(text)


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(file, {"a": float("nan")})
    with pytest.raises(KeyError), replacing(file) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert json.loads(file.read_text()) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.json"]


def test_what_a_killed_writer_left_goes_and_what_a_living_one_writes_stays(tmp_path):
    """A training that starts clears its folder while the page that started it may still be writing there."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here, dead = (tmp_path / f".status.json.{pid}-0a1b2c3d.tmp" for pid in (os.getppid(), ended.pid))
    by_itself, older = tmp_path / f".x.csv.{os.getpid()}-0a1b2c3d.tmp", tmp_path / ".x.csv.0a1b2c3d.tmp"
    for file in (here, dead, by_itself, older):
        file.touch()
    remove_leftovers(tmp_path)
    assert list(tmp_path.glob("*.tmp")) == [here]
    with replacing(tmp_path / "status.json") as temporary:
        temporary.touch()
        assert temporary.name.startswith(f".status.json.{os.getpid()}-")


def test_a_lock_is_one_process_s_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("core.turns.ENDING", 0.1)
    one, two = SystemLock(tmp_path / "lock"), SystemLock(tmp_path / "lock")
    assert one.try_acquire() and not two.try_acquire()
    one.release()
    with two:
        assert two.try_acquire() and not one.try_acquire()
    assert one.try_acquire()
    run = create_run(TrainConfig(), "r")
    with hold(run), pytest.raises(UserError, match="another process works on r"):
        hold(run)


def test_a_lock_of_a_process_that_is_just_ending_is_waited_for(monkeypatch):
    """Its first thread is gone and so it counts as dead, the others still give back its memory."""
    run, free, asked = create_run(TrainConfig(), "r"), SystemLock.try_acquire, []
    monkeypatch.setattr(SystemLock, "try_acquire", lambda lock: bool(asked.append(lock) or len(asked) > 2) and free(lock))
    with hold(run):
        assert len(asked) == 3


def test_turns_go_to_the_oldest_that_is_alive():
    dead, older, newer = (create_run(TrainConfig(), name) for name in ("dead", "older", "newer"))
    for run in (dead, older, newer):
        claim(run)
    raw = json.loads((dead.path / "status.json").read_text())
    write_json(dead.path / "status.json", raw | {"pid": dead_process()})
    said = []

    def on_wait(message: str) -> None:
        said.append(message)
        if len(said) == 1:
            cancel(older)

    with wait_for_turn(newer, on_wait):
        assert said == ["Waiting for what trains now, then for 1 older run"]
    assert wait_for_turn(older) is None, "a cancelled run gets no turn"


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_side_experiment_is_never_the_best(isolated):
    """It told fewer classes apart, so its higher accuracy is of an easier task."""
    from core.files import write_json
    from core.runs import knows_every_class, resolve_checkpoint

    for name, accuracy, left_out in (("whole", 0.8, ""), ("side", 0.95, "dog,rain")):
        run = create_run(TrainConfig(leave_out=left_out), name)
        write_json(run.path / "summary.json", {"accuracy": {"mean": accuracy}})
        (run.path / "final.safetensors").touch()
        assert knows_every_class(run) == (name == "whole")
    assert resolve_checkpoint().parent.name == "whole"
