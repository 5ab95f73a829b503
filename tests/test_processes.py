"""Real processes: launched, queued, cancelled, interrupted, killed with SIGKILL, resumed."""

import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from core.__main__ import main
from core.config import ROOT, TrainConfig, checkpoints_dir
from core.errors import UserError
from core.files import write_json
from core.processes import AUTOGROUP, start_detached
from core.run_folder import STARTING, Run
from core.runs import LAUNCHED, cancel, create_run, launch, resume
from core.turns import claim, hold, wait_for_turn
from core.work_folder import now
from core.worker import work
from tests.conftest import DEADLINE, until, write_tiny
from tests.test_tuning import made, outcome

LONG = 100_000  # epochs, far more than a test waits for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL and SIGINT are POSIX")


@pytest.fixture(autouse=True)
def _none_is_left(isolated, warm_start, monkeypatch):
    """Processes start quickly, and none outlives its test."""
    monkeypatch.setattr("core.runs.start_detached", warm_start)
    yield
    for folder in checkpoints_dir().iterdir():
        if folder.is_dir() and (pid := Run(folder.name, folder).status.pid) not in (None, os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture(scope="module")
def decoded(tmp_path_factory) -> tuple[Path, Path]:
    """The clips of all these trainings, and a cache that keeps them decoded: each process would start decoders of its own."""
    return write_tiny(tmp_path_factory.mktemp("data") / "tiny"), tmp_path_factory.mktemp("cache")


@pytest.fixture
def config(decoded, monkeypatch) -> TrainConfig:
    folder, cache = decoded
    monkeypatch.setenv("EARSHOT_CACHE", str(cache))
    return TrainConfig(dataset=str(folder), model="cnn1d", protocol="kfold", folds=2, epochs=2, batch_size=8,
                       sample_rate=8_000, clip_seconds=0.5)


def wait_for_state(run: Run, *states: str) -> str:
    def reached():
        state = run.state
        assert state in states or state not in ("failed", "interrupted"), f"{run.status.message}\n{run.log()}"
        return state if state in states else None

    return until(reached, f"{run.name} {' or '.join(states)}")


def results(run: Run) -> dict[str, bytes]:
    files = {file.name: file.read_bytes() for file in run.path.glob("*.safetensors")}
    history = run.history().drop(columns="seconds").to_csv().encode()
    return files | {"history": history, "predictions": (run.path / "predictions.csv").read_bytes()}


def test_killed_at_any_moment_and_resumed_it_ends_as_if_nothing_had_happened(config):
    config = config.replace(epochs=30, final=True)
    whole = create_run(config, "whole")
    launch(whole)
    wait_for_state(whole, "finished")

    killed = create_run(config, "killed")  # only now: while it might still be launched, the other would let it go first
    launch(killed)
    for moment in (lambda: (killed.path / "fold1.resume").exists(), lambda: "2" in killed.checkpoints()):
        until(lambda moment=moment: moment() or killed.state == "finished", "the moment to kill")
        if killed.state == "finished":
            break
        os.kill(killed.status.pid, signal.SIGKILL)
        assert wait_for_state(killed, "interrupted") == "interrupted"
        resume(killed)
    wait_for_state(killed, "finished")
    assert "Resuming fold1 after epoch" in killed.log()
    assert results(killed) == results(whole)
    assert {file.name for file in killed.path.iterdir()} == {file.name for file in whole.path.iterdir()}


def test_a_study_that_is_killed_goes_on(config):
    config = config.replace(protocol="assignment", folds=5, epochs=4)
    whole = made(config, "whole", trials=2)
    launch(whole)
    until(lambda: whole.state == "finished", "the undisturbed one is finished")
    cut = made(config, "cut", trials=2)
    pid = launch(cut)
    until(lambda: cut.journal.exists() and b'"intermediate_value"' in cut.journal.read_bytes(), "a trial is at work")
    os.kill(pid, signal.SIGKILL)
    until(lambda: not cut.status.active, "it is seen")
    assert cut.state == "interrupted"
    resume(cut)
    until(lambda: cut.state == "finished", "it went on to its end")
    assert outcome(cut) == outcome(whole)


def test_one_trains_the_others_wait_and_the_oldest_goes_first(config):
    first, second, third = (create_run(config.replace(epochs=epochs), name)
                            for name, epochs in [("first", LONG), ("second", 1), ("third", 1)])
    for run in (first, second, third):
        launch(run)
    until(lambda: first.state == "running" and second.status.pid and third.status.pid, "first runs, the others wait")
    until(lambda: "older run" in third.status.message, "third knows that it is behind")
    assert {second.state, third.state} == {"queued"}

    started = time.monotonic()
    cancel(second)
    assert second.state == "stopped", "a run that only waited is stopped at once"
    until(lambda: not second.cancel_file.exists(), "its process gave way")
    cancel(first)
    assert first.state == "stopping"
    wait_for_state(first, "stopped")
    assert time.monotonic() - started < 10
    wait_for_state(third, "finished")
    assert json.loads((first.path / "status.json").read_text())["state"] == "stopped"

    resume(second)
    wait_for_state(second, "finished")
    with pytest.raises(UserError, match="finished"):
        resume(second)


def test_a_launched_run_outlives_the_process_that_launched_it(config):
    run = create_run(config, "r")
    code = f"from core.runs import get_run, launch; print(launch(get_run({run.name!r})))"
    pid = int(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout)
    assert psutil.Process(pid).pid == os.getsid(pid), "a session of its own: closing a terminal does not reach it"
    wait_for_state(run, "finished")
    assert run.status.pid == pid and "Finished" in run.log()


def test_a_waiting_run_whose_process_is_killed_blocks_nobody(config):
    first, dead, last = (create_run(config.replace(epochs=epochs), name)
                         for name, epochs in [("first", LONG), ("dead", 1), ("last", 1)])
    for run in (first, dead, last):
        launch(run)
    until(lambda: first.state == "running" and dead.status.pid and last.status.pid, "all three are there")
    for run in (dead, first):
        os.kill(run.status.pid, signal.SIGKILL)
    wait_for_state(last, "finished")
    assert dead.state == first.state == "interrupted"


def test_killed_before_it_has_spoken_it_is_interrupted_at_once(config):
    run = create_run(config, "r")
    os.kill(launch(run), signal.SIGKILL)
    started = time.monotonic()
    until(lambda: run.state == "interrupted", "it is seen")
    assert time.monotonic() - started < STARTING, "its process is asked for, not waited for"
    resume(run)
    wait_for_state(run, "finished")
    assert not run.launched_file.exists()


def test_a_process_that_speaks_before_it_was_noted_leaves_no_note(config, monkeypatch):
    run = create_run(config, "r")
    monkeypatch.setattr("core.runs.start_detached", lambda *_, **__: claim(run) or os.getpid())
    launch(run)
    assert run.status.pid == os.getpid() and not run.launched_file.exists()


def test_what_a_process_said_last_counts_when_it_ends_while_somebody_looks(monkeypatch, config):
    run = create_run(config, "r")
    run.write_status("running", progress=0.5, message="")

    def ends_now(pid, created) -> bool:
        file = run.path / "status.json"
        write_json(file, json.loads(file.read_text()) | {"state": "finished"})
        return False

    monkeypatch.setattr("core.work_folder.is_alive", ends_now)
    assert run.state == "finished"


def test_runs_made_at_once_keep_their_order_however_long_that_took(config):
    first, second = create_run(config, "first"), create_run(config, "second")
    file = first.path / "status.json"
    long_ago = json.loads(file.read_text()) | {"updated": (now() - timedelta(seconds=2 * STARTING)).isoformat()}
    write_json(file, long_ago)
    assert first.state == "interrupted", "it seems forgotten"
    for run in (first, second):
        claim(run)
    assert first.status.queued_at == long_ago["queued_at"] < second.status.queued_at
    with wait_for_turn(first, lambda message: pytest.fail(message)):
        pass


def test_resumed_twice_the_first_process_keeps_the_run(config, monkeypatch):
    """The second one gives way, but not before it has written that the run is just starting."""
    monkeypatch.setattr("core.turns.POLL", 0.01)
    first, second = create_run(config, "first"), create_run(config, "second")
    claim(first)  # an older run that waits
    claim(second)

    def on_wait(message: str) -> None:
        if second.status.message != "Starting":
            second.write_status("queued", progress=0, message="Starting", started=False)
            first.write_status("finished", progress=1, message="")

    with wait_for_turn(second, on_wait):
        assert (second.state, second.status.pid) == ("queued", os.getpid())


def test_resumed_twice_and_cancelled_no_process_goes_on(config, monkeypatch):
    """The second one waits for the first to let the run go, and must not take that for its turn."""
    run, did = create_run(config, "r"), []
    monkeypatch.setenv(LAUNCHED, "r")
    monkeypatch.setattr("core.crossval.run_training", lambda run, *_: did.append(run.state) or "finished")
    run.write_status("stopped", progress=0.5, message="")
    assert work(run) == "stopped" and run.state == "stopped" and not did
    run.write_status("queued", progress=0.5, message="Starting", started=False)  # as Resume does
    work(run)
    assert did == ["running"], "from its turn on, so that a cancel is seen as stopping as long as it is there"


def test_what_make_stress_takes_from_the_browser_tests_is_there(isolated, monkeypatch):
    """It is a command of its own, and minutes long: nothing else would notice."""
    pytest.importorskip("playwright")
    monkeypatch.syspath_prepend(ROOT / "tests" / "stress")
    server = importlib.import_module("servers").new_server("one")
    assert server.url.startswith("http://127.0.0.1:") and server.begin is start_detached


def stubborn(run: Run, *_) -> str:
    """A training that looks at nothing, as in the middle of a batch that takes minutes."""
    (run.path / "begun").touch()
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        time.sleep(0.01)  # busy with what looks at nothing
    return "finished"


def test_cancel_interrupts_a_training_that_does_not_stop_by_itself(config, monkeypatch):
    monkeypatch.setattr("core.worker.LOOK", 0.05)
    monkeypatch.setattr("core.worker.PATIENCE", (0.05,))
    monkeypatch.setattr("core.crossval.run_training", stubborn)
    run = create_run(config, "r")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as `core train` sets it
    asker = threading.Thread(target=lambda: until((run.path / "begun").exists, "it trains") and cancel(run))
    asker.start()
    try:
        assert work(run) == "stopped"
    finally:
        signal.signal(signal.SIGTERM, before)
        asker.join()
    assert (run.state, run.cancel_file.exists()) == ("stopped", False)


def test_cancel_ends_a_process_that_nothing_interrupts(config):
    run = create_run(config, "r")
    code = ("import sys, time, types, core.worker\n"
            "def stubborn(run, *_):\n"
            "    (run.path / 'begun').touch()\n"
            f"    time.sleep({DEADLINE})  # it is ended long before, or the test fails\n"
            "sys.modules['core.crossval'] = types.SimpleNamespace(run_training=stubborn)\n"
            "core.worker.LOOK, core.worker.AT_LAST = 0.05, 0.1\n"
            f"from core.runs import get_run; core.worker.work(get_run({run.name!r}))")
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ | {LAUNCHED: run.name})
    until(lambda: (run.path / "begun").exists(), "it trains")
    cancel(run)
    assert process.wait(DEADLINE) == 130 and run.state == "stopped"
    with hold(run):
        assert json.loads((run.path / "status.json").read_text())["state"] == "stopped"


def test_a_child_ends_with_the_process_that_started_it():
    code = ("from core.processes import end_with_parent; import time\n"
            "end_with_parent(); print('there', flush=True); time.sleep(99)")  # it is ended long before, or the test fails
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"there\n" and child.poll() is None
    child.stdin.close()  # as the system does for a process that is killed
    assert child.wait(DEADLINE) == 1
    child.stdout.close()


def test_two_processes_do_not_work_on_one_run(config):
    run = create_run(config.replace(epochs=LONG), "r")
    launch(run)
    wait_for_state(run, "running")
    launched = run.status.pid
    launch(run)
    until(lambda: "another process works on r already" in run.log(), "the second one is refused")
    until(lambda: run.state == "running" and run.status.pid == launched, "the first goes on")
    cancel(run)
    wait_for_state(run, "stopped")


def test_a_run_that_fails_says_so(config, tiny_folder):
    run = create_run(config.replace(dataset=str(tiny_folder)), "r")
    for file in tiny_folder.rglob("*.wav"):
        file.write_text("no sound")
    launch(run)
    assert wait_for_state(run, "failed") == "failed"
    assert "no readable clip is left" in run.status.message and "Traceback" not in run.log()


def two_runs_of(config: TrainConfig) -> list[str]:
    return ["train", "--dataset", config.dataset, "--model", "cnn1d", "--protocol", "kfold", "--folds", "2", "--epochs",
            str(LONG), "--set", "sample_rate=8000", "--set", "clip_seconds=0.5", "--seed", "0", "--seed", "1"]


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_the_systems_word_to_end_keep_what_is_done_and_end_with_130(config, tiny_model, capsys, word):
    def tell() -> None:
        until(lambda: list(checkpoints_dir().glob("*/fold1.resume")), "there is something to save")
        os.kill(os.getpid(), word)

    def unminded(*_) -> None:
        raise SystemExit("the command does not mind SIGTERM")

    # tests in the background of a shell ignore Ctrl-C
    before = signal.signal(word, unminded if word == signal.SIGTERM else signal.default_int_handler)
    teller = threading.Thread(target=tell)
    teller.start()
    try:
        assert main(two_runs_of(config)) == 130
    finally:
        teller.join()
        signal.signal(word, before)
    output, errors = capsys.readouterr()
    assert output.splitlines()[0].endswith("4 trainings in 2 runs")
    assert len(output.splitlines()) == 1 and "--resume" in errors and "Traceback" not in errors
    runs = [Run(folder.name, folder) for folder in sorted(checkpoints_dir().glob("cnn1d-kfold-s?-*"))]
    assert [run.state for run in runs] == ["stopped", "stopped"]
    assert (runs[0].path / "fold1.resume").exists() and len(runs[0].history()) > 0


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system does not schedule sessions as groups")
@pytest.mark.parametrize("own_session", [True, False])
def test_a_training_gives_way_as_a_group_and_leaves_the_group_of_others_alone(own_session):
    # The machine's first session has no group, and then the file is empty: a test run in there finds no value to compare.
    code = """from core.processes import AUTOGROUP, give_way; import os
before = os.nice(0), AUTOGROUP.read_text()
give_way()
print(os.nice(0) == min(19, before[0] + 7), AUTOGROUP.read_text() == before[1], *AUTOGROUP.read_text().split()[-1:])"""
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
                            env=os.environ | {"EARSHOT_NICE": "7"}, start_new_session=own_session).stdout.split()
    assert answer[:2] == ["True", str(not own_session)] and (answer[2:] == ["7"] or not own_session)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep memory")
def test_a_training_keeps_the_memory_that_its_batches_free():
    code = """from core.processes import keep_memory; import numpy, resource
def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    numpy.ones(10_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
given_back = pages(), pages()
keep_memory()
print(*given_back, pages(), pages())"""
    pages = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    *new, again = map(int, pages)
    assert min(new) > 20 and again < min(new) / 10, "three times every page is new, be they large, the fourth time none"


@pytest.mark.parametrize("wrong", ["20", "-1", "much"])
def test_what_is_no_nice_value_is_said_before_a_run_is_made(wrong, monkeypatch, capsys):
    monkeypatch.setenv("EARSHOT_NICE", wrong)
    assert main(["train", "--dataset", "demo"]) == 2
    assert f"EARSHOT_NICE expects a whole number from 0 (a training does not give way) to 19, found '{wrong}'" in (
        capsys.readouterr().err)
    assert not list(checkpoints_dir().glob("*/config.json"))
