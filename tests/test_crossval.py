"""A whole run in this process: its files, its promises about test folds, and what happens when it is cut short."""

import csv
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from torch.nn import functional

from core import crossval, tracking
from core.baseline import guess_in
from core.clips import Clip
from core.config import ROOT, TrainConfig
from core.copies import copies_heard
from core.crossval import run_training
from core.devices import describe_device
from core.errors import UserError
from core.facts import ClipFacts
from core.files import write_json
from core.lengths import LOOKED_AT, lengths_told, seconds_of_all, seconds_of_some
from core.metrics import summarise
from core.plan import make_plan
from core.run_folder import HISTORY_COLUMNS, Run
from core.runs import cancel, create_run
from core.splits import Split
from core.summary import recompute
from core.training import FoldState
from tests.conftest import write_tiny


class Killed(BaseException):
    """What nothing in the run catches, as nothing catches SIGKILL."""


pytestmark = pytest.mark.usefixtures("isolated", "tiny_model")


@pytest.fixture
def config(tiny_folder) -> TrainConfig:
    return config_on(tiny_folder)


def config_on(folder: Path) -> TrainConfig:
    return TrainConfig(dataset=str(folder), model="cnn1d", protocol="kfold", folds=2, epochs=2, batch_size=8,
                       sample_rate=8_000, clip_seconds=0.5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_model) -> Run:
    """A run of two folds and a final model that nothing disturbed. Its clips may not be changed."""
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARSHOT_CHECKPOINTS", str(place / "checkpoints"))
        return trained(config_on(write_tiny(place / "tiny")).replace(final=True), "whole")


def trained(config: TrainConfig, name: str) -> Run:
    run = create_run(config, name)
    assert run_training(run) == "finished"
    return run


def results(run: Run) -> dict[str, bytes]:
    """What must be equal between an uninterrupted run and one that was cut short."""
    files = {file.name: file.read_bytes() for file in run.path.glob("*.safetensors")}
    history = run.history().drop(columns="seconds").to_csv().encode()
    return files | {"history": history, "predictions": (run.path / "predictions.csv").read_bytes()}


@pytest.mark.parametrize("protocol", ["assignment", "published", "split", "kfold"])
def test_the_folder_holds_what_is_promised(config, protocol):
    config = config.replace(protocol=protocol, epochs=1)
    run = trained(config, "r")
    splits, clips = make_plan(config).splits, make_plan(config).dataset.clips
    names = list(make_plan(config).dataset.class_names)
    assert list(run.checkpoints()) == [str(split.model_fold) for split in splits]
    assert not list(run.path.glob("*.resume")) and not list(run.path.glob("*.tmp"))

    predictions = pd.read_csv(run.path / "predictions.csv")
    assert list(predictions) == ["path", "model_fold", "clip_fold", "split", "target", *names]
    np.testing.assert_allclose(predictions[names].sum(axis=1), 1, atol=1e-7)
    for split in splits:
        for part in ("test", "validation"):
            rows = predictions[(predictions.model_fold == split.model_fold) & (predictions.split == part)]
            assert list(rows.path) == [clips[i].path for i in getattr(split, part)]
            assert list(rows.target) == [clips[i].label for i in getattr(split, part)]

    with open(run.path / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    assert tuple(history[0]) == HISTORY_COLUMNS
    kinds = ["train", "validation"] if splits[0].validation else ["train"]
    assert [(row["fold"], row["split"]) for row in history] == [
        (str(split.model_fold), kind) for split in splits for kind in kinds]

    summary = json.loads((run.path / "summary.json").read_text())
    assert list(summary) == ["run", "experiment", "model", "dataset", "protocol", "seed", "epochs", "clips",
                             "parameters_trainable", "parameters_frozen", "macs", "seconds", "class_names", "test_copies",
                             "validation_copies", "folds", "accuracy", "macro_f1", "roc_auc", "validation", "ensemble",
                             "confusion_matrix"]
    assert (summary["run"], summary["clips"], summary["class_names"]) == ("r", 30, names)
    assert summary["macs"] > 0 and summary["parameters_trainable"] > 0 and summary["seconds"] > 0
    again = summarise(run.predictions(), names, protocol, {clip.key: clip.source for clip in clips})
    assert {key: summary[key] for key in again} == json.loads(json.dumps(again)), "recomputed from the file alone"
    record = json.loads((run.path / "config.json").read_text())
    assert record["class_names"] == names and len(record["data"]) == 64
    assert record["class_clips"] == dict.fromkeys(names, 10)
    assert summary["test_copies"] == summary["validation_copies"] == 0 and "sound exactly" not in run.log()
    assert run.device == describe_device()["name"] and f"device: {run.device}" in (run.path / "log.txt").read_text()
    assert run.status.state == "finished" and run.status.progress == 1


def test_copies_of_what_a_model_trained_on_are_counted_said_and_kept(config, tiny_folder):
    high = tiny_folder / "001 - High"
    (high / "2-999-A.wav").write_bytes((high / "1-101-A.wav").read_bytes())
    for fold in (1, 2):  # silence is no copy of silence
        soundfile.write(high / f"{fold}-99{fold}-B.wav", np.zeros(4_000), 8_000)
    published = trained(config.replace(protocol="published", epochs=1), "published")
    assert (published.summary["test_copies"], published.summary["validation_copies"]) == (2, 0)
    log = published.log()
    assert "2 of 33 test clips sound exactly like a clip that the model was trained on" in log
    assert log.index("sound exactly") < log.index("Training cnn1d"), "it is known before the training"
    recompute(published)
    assert published.summary["test_copies"] == 2
    assignment = trained(config.replace(protocol="assignment", epochs=1), "assignment")
    assert (assignment.summary["test_copies"], assignment.summary["validation_copies"]) == (1, 0)
    assert "1 of 7 test clips sounds exactly like" in assignment.log()


def test_a_copy_is_the_same_sound_on_the_training_side_of_a_split_that_answers_for_it():
    facts = [ClipFacts(sound=sound, peak_db=peak) for sound, peak in [
        ("a", -3), ("b", -3), ("a", -3), ("c", -3), ("z", float("-inf")), ("z", float("-inf")), ("", -3), ("", -3)]]
    splits = [Split(1, (0, 1, 4, 6), (3,), (2, 5, 7), segments=(3,)), Split(2, (1, 4, 6), (0,), (2, 5, 7))]
    assert copies_heard(splits, facts, dynamic=False) == {"test_copies": 1, "validation_copies": 0}
    assert copies_heard(splits, facts, dynamic=True) == {"test_copies": 1, "validation_copies": 1}
    assert copies_heard(splits[1:], facts, dynamic=True) == {"test_copies": 0, "validation_copies": 0}


@pytest.mark.parametrize("seconds, sentences", [
    ([12.0] * 40, ["40 of 40 clips are longer than 5 s: only their middle 5 s are heard; a clip length of 12 s hears all of "
                   "them"]),
    ([5.0] * 39 + [6.24], ["1 of 40 clips is longer than 5 s: only its middle 5 s are heard; a clip length of 6.3 s hears all "
                           "of them"]),
    ([900.0] * 2, ["2 of 2 clips are longer than 5 s: only their middle 5 s are heard; a metadata.csv with the columns start "
                   "and end makes clips of their parts"]),
    ([1.0] * 30 + [4.0] * 10, ["30 of 40 clips are shorter than half the clip length of 5 s, and the rest is silence; a clip "
                               "length of 4 s holds all of them and costs less"]),
    ([0.1] * 3, ["3 of 3 clips are shorter than half the clip length of 5 s, and the rest is silence; a clip length of 0.25 s "
                 "holds all of them and costs less"]),
    ([1.0] * 99 + [9.0], ["99 of 100 clips are shorter than half the clip length of 5 s, and the rest is silence; a shorter "
                          "clip length costs less, and hears only the middle of the longest"]),
    ([5.001] * 40, []), ([5.24] * 40, []), ([5.0] * 398 + [7.0, 7.24], []), ([1.0] * 20 + [4.0] * 20, []), ([], []),
])
def test_clips_that_do_not_suit_the_clip_length_are_told_of(seconds, sentences):
    facts = [*(ClipFacts(seconds=each) for each in seconds), ClipFacts(error="it cannot be read"), ClipFacts(seconds=99.0)]
    clips = [Clip(f"{index}.wav", "a", None, str(index)) for index in range(len(facts) - 1)]
    clips.append(Clip("raw.wav", "a", None, "raw", segment=True))
    assert lengths_told(seconds_of_all(clips, facts, segments=False), 5.0) == sentences


def test_before_a_training_the_headers_of_some_clips_tell_how_long_they_are(tiny_dataset):
    clip = tiny_dataset.clips[0]
    few = [clip, dataclasses.replace(clip, start=0.1, end=0.3), dataclasses.replace(clip, path="gone.wav"),
           dataclasses.replace(clip, segment=True)]
    assert len(seconds_of_some(tiny_dataset, segments=False)) == 15 <= LOOKED_AT, "every second one of thirty"
    assert seconds_of_some(dataclasses.replace(tiny_dataset, clips=few), segments=False) == pytest.approx([0.5, 0.2])
    assert len(seconds_of_some(dataclasses.replace(tiny_dataset, clips=few), segments=True)) == 3
    told, = lengths_told([0.5, 0.5], 0.3, " looked at")
    assert told.startswith("2 of 2 clips looked at are longer than 0.3 s")


def test_the_log_says_what_is_not_heard_and_the_record_how_many_clips_a_class_has(config, tiny_folder):
    for file in list((tiny_folder / "002 - Low").glob("[3-5]-*")):
        file.unlink()
    run = trained(config.replace(clip_seconds=0.25, epochs=1), "short")
    assert "24 of 24 clips are longer than 0.25 s: only their middle 0.25 s are heard" in run.log()
    (run.path / "summary.json").unlink()  # as before it is finished
    assert guess_in(run).in_words == "always the commonest class: 42 %"
    write_json(run.path / "config.json", {name: value for name, value in run.record.items() if name != "class_clips"})
    assert guess_in(run).in_words == "guessing: 33 %", "a run that was made before they were noted"


@pytest.mark.parametrize("protocol", ["published", "kfold"])
def test_nothing_of_a_test_fold_is_looked_at_before_training_ends(config, protocol, monkeypatch):
    """Other labels and other sounds in the tested fold: the model and its history are the same to the byte."""
    config = config.replace(protocol=protocol)
    clean = trained(config, "clean")
    fold = make_plan(config).splits[0].model_fold

    def poisoned_plan(config):
        plan = make_plan(config)
        tested = set(plan.splits[0].test)
        names = plan.dataset.class_names
        clips = tuple(dataclasses.replace(clip, label=names[(names.index(clip.label) + 1) % 3]) if i in tested else clip
                      for i, clip in enumerate(plan.dataset.clips))
        return dataclasses.replace(plan, dataset=dataclasses.replace(plan.dataset, clips=clips))

    def poisoned_cache(dataset, *args, **kwargs):
        cache = crossval_open_cache(dataset, *args, **kwargs)
        waveforms = np.array(cache.waveforms)
        waveforms[list(make_plan(config).splits[0].test)] = np.nan
        return dataclasses.replace(cache, waveforms=waveforms)

    crossval_open_cache = crossval.open_cache
    monkeypatch.setattr(crossval, "make_plan", poisoned_plan)
    monkeypatch.setattr(crossval, "open_cache", poisoned_cache)
    poisoned = create_run(config, "poisoned")
    with pytest.raises(UserError, match="no number"):
        run_training(poisoned)  # the test itself, after training, hears the poison
    assert poisoned.checkpoints()[str(fold)].read_bytes() == clean.checkpoints()[str(fold)].read_bytes()
    for run in (clean, poisoned):
        assert set(run.history().split) == {"train"}
    histories = [run.history().drop(columns="seconds").query("fold == @fold_name", local_dict={"fold_name": str(fold)})
                 for run in (clean, poisoned)]
    assert histories[0].equals(histories[1])


def test_two_runs_with_one_seed_are_equal_and_another_seed_differs(whole):
    again, other = trained(whole.config, "again"), trained(whole.config.replace(seed=2, final=False), "other")
    assert results(again) == results(whole)
    assert again.checkpoints()["1"].read_bytes() != other.checkpoints()["1"].read_bytes()


# where a run is killed: (what is called, how many times before it happens, whether it is done first)
KILLS = {
    "before the weights of fold 1": ("save_checkpoint", 0, False),
    "after the weights of fold 1": ("save_checkpoint", 0, True),
    "before the weights of fold 2": ("save_checkpoint", 1, False),
    "after the predictions of fold 1": ("write_predictions", 0, True),
    "between an epoch's history and its state": ("save_fold_state", 0, False),
    "after a saved state": ("save_fold_state", 0, True),
    "before the final model": ("save_checkpoint", 2, False),
    "after the final model": ("save_checkpoint", 2, True),
    "before the summary": ("write_summary", 0, False),
}


@pytest.mark.parametrize("kill", KILLS)
def test_killed_between_any_two_steps_the_result_is_the_same(whole, kill, monkeypatch):
    run = create_run(whole.config, "killed")
    with monkeypatch.context() as patch:
        place, calls, after = KILLS[kill]
        owner, name = (crossval.RunTable, "write") if place == "write_predictions" else (crossval, place)
        original, seen = getattr(owner, name), []

        def deadly(*args, **kwargs):
            if place == "write_predictions" and args[0].file.name != "predictions.csv":
                return original(*args, **kwargs)
            seen.append(1)
            if len(seen) <= calls:
                return original(*args, **kwargs)
            if after:
                original(*args, **kwargs)
            raise Killed

        patch.setattr(owner, name, deadly)
        with pytest.raises(Killed):
            run_training(run)
    assert run_training(run) == "finished"
    assert results(run) == results(whole)
    assert {file.name for file in run.path.iterdir()} == {file.name for file in whole.path.iterdir()}


def test_finished_folds_are_not_trained_again(config):
    run = trained(config, "r")
    weights = run.checkpoints()["1"].stat().st_mtime_ns
    run.checkpoints()["2"].unlink()
    run_training(run)
    assert run.checkpoints()["1"].stat().st_mtime_ns == weights and set(run.checkpoints()) == {"1", "2"}


def test_cancel_stops_at_the_next_batch_and_resume_goes_on(whole):
    run = create_run(whole.config, "cancelled")

    def on_progress(share: float, message: str) -> None:
        if message.startswith("fold 2 of 2"):
            cancel(run)

    assert run_training(run, on_progress) == "stopped"
    status = run.status
    assert status.state == "stopped" and 0.33 < status.progress < 1 and list(run.checkpoints()) == ["1"]
    assert set(run.predictions().model_fold) == {1}
    seconds, here = status.seconds, run.device
    write_json(run.record_file, run.record | {"device": "NVIDIA H100"})  # it began elsewhere
    assert run_training(run) == "finished" and results(run) == results(whole)
    assert run.device == f"NVIDIA H100, {here}"
    assert run.summary["seconds"] > seconds > 0


def test_cancel_while_decoding(config):
    run = create_run(config, "r")
    assert run_training(run, lambda share, message: cancel(run)) == "stopped"
    assert run.checkpoints() == {}


def test_a_torn_state_means_that_fold_starts_again(whole):
    run = create_run(whole.config, "r")
    (run.path / "fold1.resume").write_bytes(b"\x10\x00torn")
    (run.path / "history.csv").write_text("fold,epoch,split,loss,accuracy,learning_rate,seconds\n1,1,train,0.5,0.")
    run_training(run)
    assert results(run) == results(whole) and "Starting the fold again" in run.log()


def test_other_clips_are_not_mixed_into_a_run_that_began(config, tiny_folder):
    run = trained(config, "r")
    run.checkpoints()["2"].unlink()
    first, *_, last = sorted(tiny_folder.rglob("*.wav"))
    first.write_bytes(last.read_bytes())
    with pytest.raises(UserError, match="have changed since r began"):
        run_training(run)
    assert run.state == "failed" and "changed" in run.status.message


@pytest.mark.parametrize("protocol, column", [("published", "fold"), ("kfold", "source")])
def test_a_run_does_not_go_on_when_a_clip_changed_sides(config, tiny_folder, protocol, column):
    """Cancelled in the middle of a fold; then the table says otherwise about one clip. Put back, the run goes on."""
    table, clips = tiny_folder / "metadata.csv", make_plan(config).dataset.clips
    rows = pd.DataFrame([(clip.path, clip.label, clip.fold, clip.source) for clip in clips],
                        columns=["path", "label", "fold", "source"])
    rows.to_csv(table, index=False)
    config = config.replace(protocol=protocol)
    whole, run = trained(config, "whole"), create_run(config, "r")
    assert run_training(run, lambda share, message: cancel(run) if message.startswith("fold 2 of") else None) == "stopped"
    before = results(run)

    changed = rows.copy()
    if column == "fold":
        changed.loc[rows.source == rows.source[0], "fold"] = 5
    else:
        changed.loc[0, "source"] = "another recording"
    changed.to_csv(table, index=False)
    with pytest.raises(UserError, match="recordings or folds of tiny have changed since r began"):
        run_training(run)
    assert run.state == "failed" and results(run) == before

    rows.to_csv(table, index=False)
    assert run_training(run) == "finished" and results(run) == results(whole)


def test_a_run_that_began_before_splits_were_noted_goes_on(config):
    run = trained(config, "r")
    run.checkpoints()["2"].unlink()
    record = json.loads((run.path / "config.json").read_text())
    assert len(record.pop("splits")) == 64
    (run.path / "config.json").write_text(json.dumps(record))
    assert run_training(run) == "finished" and "splits" in run.record


def test_unreadable_clips_are_left_out_and_named_in_the_log(config, tiny_folder):
    broken = sorted(tiny_folder.rglob("*.wav"))[3]
    broken.write_text("this is no sound")
    run = trained(config.replace(protocol="published", epochs=1), "r")
    assert run.summary["clips"] == 29 and broken.name in run.log()
    assert broken.name not in " ".join(run.predictions().path)
    assert run.status.message == "Finished; 1 of 30 clips cannot be read and is left out (the log names them)"


def test_a_class_without_a_readable_clip_to_train_on_is_refused(config, tiny_folder):
    for file in (tiny_folder / "002 - Low").glob("[2-5]-*.wav"):
        file.write_bytes(b"")
    run = create_run(config.replace(protocol="published", epochs=1), "r")
    with pytest.raises(UserError, match=r"no readable clip is left of class .*[Ll]ow to train on in the split of fold 1"):
        run_training(run)
    assert run.state == "failed" and run.log().count("Left out, unreadable") == 8


def test_best_validation_needs_a_validation_fold(config):
    with pytest.raises(UserError, match="select=best_validation needs a validation fold"):
        make_plan(config.replace(select="best_validation"))
    make_plan(config.replace(select="best_validation", protocol="split"))


def test_a_fault_of_ours_is_a_sentence_and_its_details_are_in_the_log(config, monkeypatch):
    def broken(*args):
        raise RuntimeError("a fault\nof ours")

    run = create_run(config, "r")
    monkeypatch.setattr(crossval, "save_checkpoint", broken)
    with pytest.raises(RuntimeError, match="a fault"):
        run_training(run)
    assert (run.status.state, run.status.message) == ("failed", "RuntimeError: a fault")
    assert "Traceback" in run.log()


def test_a_loss_that_is_no_number_fails_with_a_sentence(config, monkeypatch):
    run = create_run(config, "r")
    original = functional.cross_entropy
    monkeypatch.setattr(functional, "cross_entropy", lambda *args, **kwargs: original(*args, **kwargs) * float("inf"))
    with pytest.raises(UserError, match="no longer a number"):
        run_training(run)
    assert run.status.state == "failed" and "learning rate" in run.status.message


def test_the_state_to_resume_from_is_saved_at_the_last_epoch_at_the_latest(config, monkeypatch):
    saved = []
    original = crossval.save_fold_state

    def noted(file, state: FoldState):
        saved.append((file.name, state.epoch))
        original(file, state)

    monkeypatch.setattr(crossval, "save_fold_state", noted)
    trained(config, "r")
    assert ("fold1.resume", 2) in saved and ("fold2.resume", 2) in saved


def test_wandb_keeps_a_run_per_fold_offline_in_the_folder(config):
    run = trained(config.replace(wandb="offline", epochs=1), "r")
    kept = sorted(run.path.glob("wandb/offline-run-*-r-fold*"))
    assert [path.name.rsplit("-", 1)[1] for path in kept] == ["fold1", "fold2"]
    assert "Weights & Biases is off" not in run.log()


def test_wandb_never_stops_a_training(config, monkeypatch):
    import wandb

    def broken(*args, **kwargs):
        raise RuntimeError("no service")

    monkeypatch.setattr(wandb, "init", broken)
    monkeypatch.setattr(tracking.Tracker, "_has_key", lambda self: False)
    run = trained(config.replace(wandb="online", epochs=1), "r")
    assert run.log().count("Weights & Biases") == 2 and "no service" in run.log()


def test_the_training_path_imports_without_screens_and_trackers():
    code = ("import sys, core.crossval, core.training, core.commands.train\n"
            "print([m for m in ('streamlit', 'wandb', 'librosa', 'transformers', 'torchaudio') if m in sys.modules])")
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr
