"""Whether a model has met a clip before, as its run recorded it."""

import pandas as pd
import pytest

from core.config import TrainConfig
from core.datasets import load_dataset
from core.runs import create_run
from core.seen import clip_use, unheard_folds
from tests.conftest import write_tiny


@pytest.fixture
def tested_run(isolated, tiny_dataset):
    """A published run whose folds 1 and 2 have ended and whose weights of fold 3 stand without recorded answers."""
    run = create_run(TrainConfig(dataset=str(tiny_dataset.root), protocol="published", limit=8), name="tested")
    rows = [(clip.key, fold, clip.fold, "test", clip.label) for fold in (1, 2) for clip in tiny_dataset.clips
            if clip.fold == fold]
    pd.DataFrame(rows, columns=["path", "model_fold", "clip_fold", "split", "target"]).to_csv(
        run.path / "predictions.csv", index=False)
    for name in ("fold1", "fold2", "fold3", "final"):
        (run.path / f"{name}.safetensors").touch()
    return run


def test_a_clip_is_test_for_its_own_fold_and_training_for_the_others(tested_run, tiny_dataset):
    clip = next(clip for clip in tiny_dataset.clips if clip.fold == 1)
    assert clip_use(tested_run, "1", tiny_dataset, clip) == "test"
    assert clip_use(tested_run, "2", tiny_dataset, clip) == "training"
    assert clip_use(tested_run, "final", tiny_dataset, clip) == "training"
    assert unheard_folds(tested_run, clip) == ["1"]


def test_nothing_is_claimed_for_a_fold_without_recorded_answers(tested_run, tiny_dataset):
    assert clip_use(tested_run, "3", tiny_dataset, tiny_dataset.clips[0]) == "unknown"
    (tested_run.path / "predictions.csv").unlink()
    assert clip_use(tested_run, "1", tiny_dataset, tiny_dataset.clips[0]) == "unknown"
    assert unheard_folds(tested_run, tiny_dataset.clips[0]) == []


def test_a_clip_of_another_data_set_and_one_that_was_left_out_are_elsewhere(tested_run, tiny_dataset, tmp_path):
    other = load_dataset(str(write_tiny(tmp_path / "other")))
    assert clip_use(tested_run, "2", other, other.clips[0]) == "elsewhere"
    used = {clip.key for clip in load_dataset(str(tiny_dataset.root), limit=8).clips}
    left_out = next(clip for clip in tiny_dataset.clips if clip.key not in used and clip.fold > 2)
    assert clip_use(tested_run, "2", tiny_dataset, left_out) == "elsewhere"
    assert clip_use(tested_run, "final", tiny_dataset, left_out) == "elsewhere"


def test_a_validation_clip_is_named_as_such(tested_run, tiny_dataset):
    table = pd.read_csv(tested_run.path / "predictions.csv")
    table.assign(split="validation").to_csv(tested_run.path / "predictions.csv", index=False)
    clip = next(clip for clip in tiny_dataset.clips if clip.fold == 2)
    assert clip_use(tested_run, "2", tiny_dataset, clip) == "validation"
