"""Whether a model has met a clip before, as its run recorded it."""

import pandas as pd
import pytest

from core.config import TrainConfig
from core.datasets import load_dataset
from core.readers import clip_identity
from core.runs import create_run
from core.seen import clip_use, first_unheard, unheard_folds
from tests.conftest import write_tiny


def _write_predictions(run, rows, class_names):
    table = pd.DataFrame(rows, columns=["path", "model_fold", "clip_fold", "split", "target"])
    table.assign(**dict.fromkeys(class_names, 1 / len(class_names))).to_csv(run.path / "predictions.csv", index=False)


@pytest.fixture
def tested_run(isolated, tiny_dataset):
    """A published run whose folds 1 and 2 have ended and whose weights of fold 3 stand without recorded answers."""
    run = create_run(TrainConfig(dataset=str(tiny_dataset.root), protocol="published", limit=8), name="tested")
    rows = [(clip.key, fold, clip.fold, "test", clip.label) for fold in (1, 2) for clip in tiny_dataset.clips
            if clip.fold == fold]
    _write_predictions(run, rows, tiny_dataset.class_names)
    for name in ("fold1", "fold2", "fold3", "final"):
        (run.path / f"{name}.safetensors").touch()
    return run


def test_a_clip_is_test_for_its_own_fold_and_training_for_the_others(tested_run, tiny_dataset):
    clip = next(clip for clip in tiny_dataset.clips if clip.fold == 1)
    assert clip_use(tested_run, "1", tiny_dataset, clip) == "test"
    assert clip_use(tested_run, "2", tiny_dataset, clip) == "training"
    assert clip_use(tested_run, "final", tiny_dataset, clip) == "training"
    assert unheard_folds(tested_run, clip) == ["1"]


def test_the_first_clip_that_a_model_did_not_learn_from(tested_run, tiny_dataset):
    clips = [clip for clip in tiny_dataset.clips if clip.label == "high"]
    assert first_unheard(tested_run, "2", tiny_dataset, clips) == next(clip for clip in clips if clip.fold == 2) != clips[0]
    for fold in ("3", "final"):
        assert first_unheard(tested_run, fold, tiny_dataset, clips) is None
    (tested_run.path / "predictions.csv").unlink()
    assert first_unheard(tested_run, "2", tiny_dataset, clips) is None


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


def test_an_equal_path_in_another_data_set_is_not_taken_for_the_clip(tested_run, tiny_dataset, tmp_path):
    for folder in ("other", "elsewhere/tiny"):  # another name, and the same name at another place
        other = load_dataset(str(write_tiny(tmp_path / folder)))
        clip = next(clip for clip in other.clips if clip.fold == 1)
        assert clip.key in {own.key for own in tiny_dataset.clips}
        assert clip_use(tested_run, "1", other, clip) == "elsewhere"


def test_without_the_data_set_the_recorded_answers_still_tell(tested_run, tiny_dataset):
    clip = next(clip for clip in tiny_dataset.clips if clip.fold == 1)
    tiny_dataset.root.rename(tiny_dataset.root.with_name("gone"))
    assert clip_use(tested_run, "1", tiny_dataset, clip) == "test"
    assert clip_use(tested_run, "2", tiny_dataset, clip) == "unknown"


def test_clips_of_esc10_are_the_same_in_both_of_its_layouts(isolated, monkeypatch):
    """Trained on the published archive; on this machine ESC-10 is only found inside ESC-50."""
    monkeypatch.setattr("core.datasets.data_dirs", lambda: [isolated / "data"])
    place = isolated / "data" / "ESC-10"
    archive = load_dataset(str(write_tiny(place, classes=("001 - Dog bark", "002 - Rain"))))
    run = create_run(TrainConfig(dataset="ESC-10", protocol="published"), name="shipped")
    rows = [(clip.key, clip.fold, clip.fold, "test", clip.label) for clip in archive.clips]
    _write_predictions(run, rows, archive.class_names)
    for fold in range(1, 6):
        (run.path / f"fold{fold}.safetensors").touch()
    place.rename(isolated / "gone")

    table = ["filename,fold,target,category,esc10,src_file,take"]
    for clip in archive.clips:
        target = {"dog": 0, "rain": 10}[clip.label]
        table.append(f"{clip.name}-{target}.wav,{clip.fold},{target},{clip.label},True,{clip.source},{clip.name[-1]}")
    (isolated / "data" / "ESC-50" / "meta").mkdir(parents=True)
    (isolated / "data" / "ESC-50" / "meta" / "esc50.csv").write_text("\n".join(table))
    dataset = load_dataset("ESC-10")
    clip = next(clip for clip in dataset.clips if clip.fold == 1)
    assert dataset.root.name == "ESC-50" and clip.key.startswith("audio/") and clip.key.endswith(".wav")
    assert clip_use(run, "1", dataset, clip) == "test"
    assert clip_use(run, "2", dataset, clip) == "training" and unheard_folds(run, clip) == ["1"]
    everything = load_dataset("ESC-50")
    assert clip_use(run, "1", everything, everything.clips[0]) == "elsewhere"


def test_only_esc10_has_names_that_stand_for_the_clip():
    names = ("001 - Dog bark/1-10-A.ogg", "audio/1-10-A-0.wav")
    assert {clip_identity(dataset, name) for name in names for dataset in ("ESC-10", "esc10")} == {"1-10-A"}
    assert [clip_identity("sounds", name) for name in names] == list(names)
    assert clip_identity("ESC-10", "a/long.wav#t=0,5") == "a/long.wav#t=0,5"
