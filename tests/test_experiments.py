"""Experiments: all runs or none, one standing of the whole, cancel and resume of the whole, names that are taken."""

import json
import os
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from core import costs, experiments, runs
from core.__main__ import main
from core.commands import train as train_command
from core.config import TrainConfig, checkpoints_dir
from core.errors import UserError
from core.experiments import ASSIGNMENT, combinations, create, in_short, list_experiments, runs_of, standing, taken
from core.plan import make_plan
from core.runs import create_run, list_runs
from core.wording import count

PACE = {"cnn1d": 0.01, "cnn_transformer_h4": 0.03}  # s per clip


@pytest.fixture(autouse=True)
def _here(isolated, tiny_model, monkeypatch):
    monkeypatch.setattr(costs, "seconds_per_clip", lambda config: PACE.get(config.model))


@pytest.fixture
def plans(tiny_folder):
    """Four runs of the tiny data set: two models, two protocols."""
    return plans_on(tiny_folder, ["cnn1d", "cnn_transformer_h4"], ["split", "assignment"])


@pytest.fixture
def launched(monkeypatch) -> list[str]:
    """Names of the runs whose process would have been started; the test's own process stands for it."""
    started: list[str] = []
    monkeypatch.setattr("core.runs.start_detached", lambda command, **places: started.append(command[-1]) or os.getpid())
    return started


def plans_on(folder, models, protocols, seeds=(0,), **settings):
    return [make_plan(config) for config in combinations(models, protocols, seeds, dataset=str(folder), **settings)]


def stands(run, state, progress, seconds=None):
    run.write_status(state, progress=progress, message="", seconds=seconds)


def test_the_whole_assignment_is_eight_runs_and_twenty_trainings(tiny_folder):
    configs = combinations(**ASSIGNMENT, seeds=[0], dataset=str(tiny_folder))
    assert [(config.model, config.protocol) for config in configs] == [
        (f"cnn{model}", protocol) for model in ("1d", "_transformer_h1", "_transformer_h2", "_transformer_h4")
        for protocol in ("split", "assignment")]
    assert sum(make_plan(config).trainings for config in configs) == 20


def test_each_combination_once_and_folds_only_where_they_are_heeded():
    configs = combinations(["cnn1d", "cnn1d"], ["split", "kfold"], ["1", "01", "2"], folds=3)
    assert [(c.protocol, c.seed, c.folds) for c in configs] == [
        ("split", 1, 5), ("split", 2, 5), ("kfold", 1, 3), ("kfold", 2, 3)]


@pytest.mark.parametrize(("models", "protocols", "seeds", "sentence"), [
    ([], ["split"], [0], "expected at least one model, found none"),
    (["cnn1d"], [], [0], "expected at least one protocol, found none"),
    (["cnn1d"], ["split"], [], "expected at least one seed, found none"),
    (["cnn1d"], ["split"], ["x"], "seed expects a whole number, found 'x'"),
    (["cnn1d"], ["loo"], [0], "protocol expects one of assignment"),
    (["cnn1d"], ["split", "assignment"], range(51), r"expected up to 100 runs at once, found 102 \(1 model × 2 protocols × 51"),
])
def test_what_cannot_be_combined_is_one_sentence(models, protocols, seeds, sentence):
    with pytest.raises(UserError, match=sentence):
        combinations(models, protocols, seeds)


def test_runs_made_together_share_a_name_and_know_what_they_cost(plans):
    made = create(plans, "mine")
    assert [run.name for run in made] == [f"{model}-{protocol}-s0-mine" for model in ("cnn1d", "cnn_transformer_h4")
                                          for protocol in ("split", "assignment")]
    assert runs_of("mine") == made and {run.state for run in made} == {"queued"}
    expected = [run.record["expected_seconds"] for run in made]
    assert expected == [round(costs.estimate([plan]).seconds, 1) for plan in plans] and expected[1] > expected[0]
    assert sum(expected) == pytest.approx(costs.estimate(plans).seconds, abs=0.5)


def test_without_a_name_several_get_one_from_the_time_and_one_stays_alone(plans):
    several, (single,) = create(plans), create(plans[:1])
    assert {run.experiment for run in several} == {several[0].experiment} and several[0].experiment.startswith("experiment-")
    assert single.experiment == single.name
    assert [experiment.name for experiment in list_experiments()] == [several[0].experiment]


def test_when_one_run_cannot_be_made_none_is(plans):
    bad = replace(plans[0], config=plans[0].config.replace(seed=5))
    create_run(bad.config, "other")
    before = {path.name for path in checkpoints_dir().iterdir()}
    real, made = runs._settle, []

    def third_fails(*args, **options):
        made.append(args)
        if len(made) == 3:
            raise OSError(28, "No space left on device")
        return real(*args, **options)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(UserError):
        patch.setattr(runs, "_settle", third_fails)
        create(plans, "mine")
    assert len(made) == 3 and taken("mine") == []
    assert {path.name for path in checkpoints_dir().iterdir()} - {".experiments.lock"} == before


@pytest.mark.parametrize("name", ["../elsewhere", "a b", ".hidden", "x" * 101])
def test_a_bad_name_makes_nothing(plans, name):
    with pytest.raises(UserError, match="name of the experiment expects"):
        create(plans, name)
    assert list_runs() == []


def test_a_name_that_is_taken_is_said_and_joined_only_on_purpose(plans):
    first = create(plans[:2], "mine")
    with pytest.raises(UserError, match="already an experiment called 'mine', with 2 runs; choose another name"):
        create(plans, "mine")
    assert runs_of("mine") == first
    joined = create(plans, "mine", add=True)
    assert runs_of("mine") == first + joined and len({run.name for run in first + joined}) == 6


def test_somebody_else_who_makes_runs_is_waited_for(plans, monkeypatch):
    monkeypatch.setattr(experiments, "PATIENCE", 0.0)
    other = experiments.SystemLock(checkpoints_dir() / ".experiments.lock")
    assert other.try_acquire()
    with pytest.raises(UserError, match="somebody else is making runs"):
        create(plans, "mine")
    other.release()
    assert len(create(plans, "mine")) == 4


def test_names_that_come_near_are_named(plans):
    create(plans, "esc10-assignment")
    with pytest.raises(UserError, match=r"no experiment called 'esc10-asignment' in .*; did you mean esc10-assignment\?"):
        runs_of("esc10-asignment")


def test_progress_counts_each_run_by_what_it_costs(plans):
    made = create(plans, "mine")
    cost = [run.record["expected_seconds"] for run in made]
    stands(made[0], "finished", 1.0, 10.0)
    stands(made[1], "running", 0.5, 20.0)
    whole = standing(made)
    done = cost[0] + 0.5 * cost[1]
    assert whole.progress == pytest.approx(done / sum(cost))
    assert (whole.state, whole.active, whole.finished, whole.unfinished) == ("running", True, 1, 0)
    assert whole.seconds_left == pytest.approx((sum(cost) - done) * 30 / done), "at the pace of the 30 s that were worked"


def test_before_anything_is_done_the_estimate_tells_the_time_left(plans):
    made = create(plans, "mine")
    assert standing(made).seconds_left == pytest.approx(sum(run.record["expected_seconds"] for run in made))


def test_without_a_known_pace_models_and_epochs_weigh(tiny_folder):
    made = create(plans_on(tiny_folder, ["cnn1d", "cnn_transformer_h1"], ["split", "assignment"]), "mine")
    assert "expected_seconds" not in made[2].record
    stands(made[3], "finished", 1.0)
    whole = standing(made)
    macs = [experiments.CATALOG[name].macs for name in ("cnn1d", "cnn_transformer_h1")]
    assert whole.progress == pytest.approx(4 * macs[1] / (5 * sum(macs))) and whole.seconds_left is None


@pytest.mark.parametrize(("states", "expected"), [
    (("finished", "running", "queued", "queued"), "running"),
    (("finished", "stopped", "queued", "failed"), "queued"),
    (("finished", "stopped", "failed", "finished"), "failed"),
    (("finished", "stopped", "stopped", "finished"), "stopped"),
    (("finished",) * 4, "finished"),
])
def test_the_state_of_the_whole(plans, states, expected):
    made = create(plans, "mine")
    for run, state in zip(made, states, strict=True):
        stands(run, state, 1.0 if state == "finished" else 0.2)
    assert standing(made).state == expected
    assert (standing(made).progress == 1.0) == (expected == "finished")


def test_a_broken_run_is_counted_and_hides_nothing(plans):
    made = create(plans, "mine")
    (made[0].path / "config.json").write_text('{"config": {"colour": 1}, "experiment": "mine"}')
    stands(made[1], "running", 0.5)
    assert standing(runs_of("mine")).state == "running" and len(runs_of("mine")) == 4


def test_cancel_reaches_all_that_work_or_wait_and_leaves_what_is_done(plans):
    made = create(plans, "mine")
    stands(made[0], "finished", 1.0)
    stands(made[1], "running", 0.3)
    experiments.cancel(made)
    assert [run.cancel_file.exists() for run in made] == [False, True, True, True]
    assert standing(made).state == "stopping"


def test_resume_goes_on_with_what_is_unfinished_only(plans, launched):
    made = create(plans, "mine")
    for run, state in zip(made, ("finished", "stopped", "failed", "running"), strict=True):
        stands(run, state, 0.4)
    experiments.resume(made)
    assert launched == [made[1].name, made[2].name]
    with pytest.raises(UserError, match="at work already; there is nothing to resume"):
        experiments.resume(made)
    for run in made:
        stands(run, "finished", 1.0)
    with pytest.raises(UserError, match="every run of this experiment is finished"):
        experiments.resume(made)


def test_one_run_that_cannot_go_on_does_not_hold_up_the_others(plans, launched):
    made = create(plans, "mine")
    for run in made:
        stands(run, "stopped", 0.4)
    (made[0].path / "config.json").write_text('{"config": {"colour": 1}, "experiment": "mine"}')
    with pytest.raises(UserError, match=f"{made[0].name} cannot be resumed"):
        experiments.resume(made)
    assert launched == [run.name for run in made[1:]]


def test_a_process_that_does_not_start_leaves_nothing_waiting(plans, monkeypatch):
    started = []

    def second_fails(command, **places):
        started.append(command[-1])
        if len(started) == 2:
            raise OSError("too many processes")
        return os.getpid()

    monkeypatch.setattr("core.runs.start_detached", second_fails)
    made = create(plans, "mine")
    with pytest.raises(UserError, match="did not start"):
        experiments.launch(made)
    assert [run.state for run in made] == ["queued", "failed", "stopped", "stopped"]


def test_a_setting_that_its_process_would_end_at_is_said_where_it_is_launched(plans, monkeypatch, launched):
    monkeypatch.setenv("EARSHOT_NICE", "much")
    made = create(plans[:1], "mine")
    with pytest.raises(UserError, match="did not start: EARSHOT_NICE expects a whole number"):
        experiments.launch(made)
    assert made[0].state == "failed" and "EARSHOT_NICE expects" in made[0].status.message
    assert not launched


def test_the_cost_in_words(plans):
    assert in_short(costs.Cost(8, 20, 1260.0)) == "20 trainings in 8 runs, about 21 min here"
    assert in_short(costs.Cost(1, 1, None)) == "1 training"
    assert (count(1, "run"), count(1200, "run")) == ("1 run", "1,200 runs")


TINY = ["--set", "sample_rate=8000", "--set", "clip_seconds=0.5", "--epochs", "1", "--set", "batch_size=8"]


@pytest.fixture
def command(tiny_folder, monkeypatch):
    """``python -m core train`` on the tiny data set, in this process."""
    monkeypatch.setattr(train_command.signal, "signal", lambda *args: None)
    return lambda *arguments: main(["train", "--dataset", str(tiny_folder), *arguments, *TINY])


@pytest.fixture
def untrained(monkeypatch):
    """Nothing is trained: every run is finished as soon as its turn comes."""
    monkeypatch.setattr(train_command, "carried_out", lambda each, told, quiet: stands(each, "finished", 1.0) or 0)


def test_the_assignment_on_the_command_line(command, untrained, capsys):
    assert command("--assignment", "--seed", "3", "--experiment", "mine") == 0
    assert capsys.readouterr().out.startswith("experiment mine: 20 trainings in 8 runs")
    assert {(run.config.model, run.config.protocol) for run in runs_of("mine")} == {
        (model, protocol) for model in ASSIGNMENT["models"] for protocol in ASSIGNMENT["protocols"]}
    assert command("--assignment", "--seed", "3", "--experiment", "mine") == 2
    assert "is the same run; choose another name, go on with what is unfinished by --resume mine" in capsys.readouterr().err
    assert command("--assignment", "--model", "cnn1d") == 2
    assert "leave out --model and --protocol" in capsys.readouterr().err
    assert len(list_runs()) == 8


def test_a_script_adds_other_runs_to_an_experiment_and_it_is_said(command, untrained, capsys):
    assert command("--model", "cnn1d", "--protocol", "split", "--experiment", "mine") == 0
    assert capsys.readouterr().out == ""
    assert command("--model", "cnn1d", "--protocol", "assignment", "--experiment", "mine") == 0
    assert re.search("4 trainings, about .+ here, beside the 1 run it has", capsys.readouterr().out)
    assert command("--model", "cnn1d", "--protocol", "split", "--experiment", "mine") == 2
    assert "--add" in capsys.readouterr().err and len(runs_of("mine")) == 2
    assert command("--model", "cnn1d", "--protocol", "split", "--experiment", "mine", "--add") == 0
    assert len(runs_of("mine")) == 3


def test_a_whole_experiment_is_resumed_by_its_name(command, capsys):
    assert command("--model", "cnn1d", "--protocol", "split", "--seed", "1", "--seed", "2", "--seed", "3",
                   "--experiment", "mine", "--json") == 0
    entries = json.loads(capsys.readouterr().out)
    done, stopped, failed = runs_of("mine")
    for run, state in ((stopped, "stopped"), (failed, "failed")):
        for file in ("summary.json", "predictions.csv", "history.csv", "fold4.safetensors"):
            (run.path / file).unlink()
        stands(run, state, 0.1)
    before = (done.path / "summary.json").stat().st_mtime_ns
    assert main(["train", "--resume", "mine", "--json"]) == 0
    assert [entry["run"] for entry in json.loads(capsys.readouterr().out)] == [stopped.name, failed.name]
    assert [run.state for run in runs_of("mine")] == ["finished"] * 3
    assert (done.path / "summary.json").stat().st_mtime_ns == before
    assert main(["runs", "--json"]) == 0
    same = sorted(json.loads(capsys.readouterr().out), key=str)
    assert same == sorted(entries, key=str), "the same numbers as without a stop"
    assert main(["train", "--resume", "mine"]) == 2
    assert "every run of this experiment is finished" in capsys.readouterr().err


def test_the_runs_of_an_experiment_are_one_group_at_weights_and_biases(plans, monkeypatch):
    from core.tracking import Tracker

    begun = []  # test_crossval.py asks the real one, which takes a second to import
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **options: begun.append(options), Settings=dict))
    for run in create([replace(plan, config=plan.config.replace(wandb="offline")) for plan in plans], "mine"):
        tracker = Tracker(run, print)
        tracker.start_fold(2)
        tracker.start_fold(3)
    assert {options["group"] for options in begun} == {"mine"}
    assert len({options["id"] for options in begun}) == len(begun) == 8


def test_a_run_of_its_own_stays_out_of_the_list():
    create_run(TrainConfig(), "alone")
    create_run(TrainConfig(), "given", "shared")
    assert [experiment.name for experiment in list_experiments()] == ["shared"]
