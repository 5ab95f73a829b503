"""The estimate before a start: clips counted from the real splits, the pace from runs made here or from a trial."""

import json

import pytest

from core import costs
from core.config import TrainConfig
from core.errors import UserError
from core.files import write_json
from core.plan import make_plan
from core.runs import create_run
from tests.conftest import until

TINY = {"sample_rate": 8_000, "clip_seconds": 0.5, "model": "cnn1d", "batch_size": 8}


@pytest.fixture
def config(isolated, tiny_folder) -> TrainConfig:
    return TrainConfig(dataset=str(tiny_folder), epochs=10, **TINY)


def trained(config: TrainConfig, seconds: float, folds=(2, 3, 4, 5), epochs: int = 6):
    """A run that a process of this machine worked on, each epoch taking ``seconds``, the first ten times that."""
    run = create_run(config)
    rows = [f"{fold},{epoch},{split},1.0,0.5,0.001,{seconds * (10 if epoch == 1 else 1)}"
            for fold in folds for epoch in range(1, epochs + 1) for split in ("train", "validation")]
    (run.path / "history.csv").write_text("fold,epoch,split,loss,accuracy,learning_rate,seconds\n" + "\n".join(rows))
    run.write_status("finished", progress=1.0, message="")
    return run


@pytest.mark.parametrize("protocol, expected", [
    # 3 classes × 2 clips in each of five folds: 6 clips a fold; evaluated clips count a third
    ("assignment", 4 * (10 * (18 + 6 / 3) + (6 + 6) / 3)),
    ("published", 5 * (10 * 24 + 6 / 3)),
    ("split", 10 * (18 + 6 / 3) + (6 + 6) / 3),
])
def test_clips_heard_are_those_of_the_splits(config, protocol, expected):
    assert costs.clips_heard(make_plan(config.replace(protocol=protocol))) == pytest.approx(expected)


def test_a_final_model_hears_every_clip_in_every_epoch(config):
    without, with_final = (costs.clips_heard(make_plan(config.replace(final=final))) for final in (False, True))
    assert with_final - without == pytest.approx(10 * 30)


def test_the_pace_comes_from_the_newest_run_of_that_model_made_here(config):
    assert costs.seconds_per_clip(config) is None
    trained(config, seconds=2.0)
    assert costs.seconds_per_clip(config) == pytest.approx(2.0 / (18 + 6 / 3))  # not the slow first epoch
    assert costs.seconds_per_clip(config.replace(model="cnn_transformer_h4")) is None
    assert costs.seconds_per_clip(config.replace(clip_seconds=1.0)) is None
    assert costs.seconds_per_clip(config.replace(epochs=300, seed=7)) is not None


def test_a_run_that_shared_the_machine_does_not_set_the_price(config):
    for seconds in (9.0, 2.0, 2.2, 20.0):  # the newest beside other work; the oldest does not count any more
        trained(config, seconds=seconds)
    assert costs.seconds_per_clip(config) == pytest.approx(2.2 / (18 + 6 / 3))


def test_shipped_and_broken_runs_and_lost_data_tell_no_pace(config, tiny_folder):
    run = trained(config, seconds=2.0)
    write_json(run.path / "summary.json", {"accuracy": {"mean": 1.0}})
    (run.path / "status.json").unlink()
    assert run.shipped
    assert costs.seconds_per_clip(config) is None
    lost = trained(config.replace(dataset=str(tiny_folder / "gone")), seconds=2.0)
    (trained(config, seconds=2.0).path / "config.json").write_text("half a fi")
    assert costs.pace_of(lost) is None
    assert costs.seconds_per_clip(config) is None


def test_the_estimate_adds_up_runs_and_names_the_models_it_does_not_know(config):
    trained(config, seconds=2.0)
    plans = [make_plan(config.replace(seed=seed)) for seed in (0, 1)]
    cost = costs.estimate(plans)
    assert (cost.runs, cost.trainings, cost.unknown) == (2, 8, ())
    assert cost.seconds == pytest.approx(2 * (costs.START + costs.clips_heard(plans[0]) * 0.1))
    both = costs.estimate([*plans, *(make_plan(config.replace(model="cnn_transformer_h1", seed=s)) for s in (0, 1))])
    assert both.seconds is None
    assert [other.model for other in both.unknown] == ["cnn_transformer_h1"]
    assert both.trainings == 16


def test_a_trial_in_its_own_process_gives_a_pace_that_is_kept(config):
    def told() -> bool:
        known = costs.seconds_per_clip(config) is not None
        assert known or costs.start_trial(config), "the trial failed"
        return known

    until(told, "a pace from the trial")
    assert 0 < costs.seconds_per_clip(config) < 1
    assert list(json.loads((costs.cache_dir() / "pace.json").read_text())) == [costs._key(config)]


def test_a_trial_that_fails_is_not_tried_again_and_again(config, monkeypatch):
    monkeypatch.setattr(costs, "_trials", {})
    later = config.replace(seed=1)
    object.__setattr__(later, "epochs", "as many as it takes")  # as a later version might allow: this one's process ends at it
    until(lambda: not costs.start_trial(later), "the end of the trial")
    assert len(costs._trials) == 1
    assert not costs.start_trial(later)


def test_a_device_that_is_absent_is_said(config):
    with pytest.raises(UserError, match="device"):
        make_plan(config.replace(device="mps" if costs.describe_device()["kind"] != "mps" else "cuda"))
