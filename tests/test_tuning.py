"""A study in this process: nothing of fold 1, the same when it is cut short, and every mistake one sentence."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from core import study_storage, tuning
from core.__main__ import main
from core.config import TrainConfig
from core.crossval import run_training
from core.errors import UserError
from core.objective import Objective, without_test
from core.plan import make_plan
from core.runs import cancel, create_run, get_run, list_runs, resume
from core.search_space import SPACE, narrowed, whole_space
from core.studies import create_study, get_study, list_studies, want_more
from core.study_folder import ENDED, Study, base_config
from core.study_storage import open_study
from core.tuning import run_study
from core.verdict import verdict_of
from core.worker import work
from tests.conftest import write_tiny

NAMES = ("learning_rate", "batch_size", "mixup")
TRIALS = 4


class Killed(BaseException):
    """What nothing in the study catches, as nothing catches SIGKILL."""


@pytest.fixture(autouse=True)
def _quick(isolated, tiny_model, monkeypatch):
    make_quick(monkeypatch)


def make_quick(monkeypatch) -> None:
    """Pruning and Optuna's TPE begin early enough to take part in a handful of trials."""
    monkeypatch.setattr(tuning, "AT_RANDOM", 2)
    monkeypatch.setattr(tuning, "BEFORE_PRUNING", 2)


@pytest.fixture
def config(tiny_folder) -> TrainConfig:
    return config_on(tiny_folder)


def config_on(folder) -> TrainConfig:
    return TrainConfig(dataset=str(folder), model="cnn1d", epochs=2, batch_size=8, sample_rate=4_000, clip_seconds=0.5)


@pytest.fixture(scope="module")
def kept(tmp_path_factory, tiny_model) -> Path:
    """A folder with two studies that nothing disturbed, ``short`` of two trials and ``whole`` of ``TRIALS``, on the clips of
    ``tiny_folder``."""
    place = tmp_path_factory.mktemp("kept")
    config = config_on(write_tiny(place / "tiny"))
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        patch.setenv("EARSHOT_CHECKPOINTS", str(place / "checkpoints"))
        searched(config, "short", trials=2)
        searched(config, "whole")
    return place / "checkpoints"


@pytest.fixture(scope="module")
def whole(kept) -> bytes:
    return outcome(Study("whole", kept / "whole"))


@pytest.fixture
def short(kept, isolated) -> Study:
    """A copy of the study ``short``, for this test alone."""
    return copied(kept, "short", isolated)


def copied(kept: Path, name: str, isolated: Path) -> Study:
    return Study(name, shutil.copytree(kept / name, isolated / "checkpoints" / name))


def made(config: TrainConfig, name: str = "s", trials: int = TRIALS, **options) -> Study:
    space = [narrowed("batch_size", "8,16") if n == "batch_size" else SPACE[n] for n in NAMES]
    return create_study(config, space, trials, name=name, **options)


def searched(config: TrainConfig, name: str = "s", trials: int = TRIALS, **options) -> Study:
    study = made(config, name, trials, **options)
    assert run_study(study) == "finished"
    return study


def outcome(study: Study) -> bytes:
    """All that must be equal between two studies that are one: trials that count, in order, without numbers and times."""
    trials = study.trials()
    trials = trials[trials["state"].isin(ENDED)].drop(columns=["trial", "seconds", "why"])
    trials[["epochs", "batch_size"]] = trials[["epochs", "batch_size"]].astype(int)  # no gap is left in them
    answers = study.answers()
    return trials.to_csv(index=False).encode() + answers.to_csv(index=False, header=False).encode()


def test_the_folder_holds_what_is_promised(kept, isolated):
    study = copied(kept, "whole", isolated)
    config = study.config
    trials, answers, best = study.trials(), study.answers(), study.best
    assert study.state == "finished" and study.status.progress == 1
    assert list(trials["trial"]) == list(range(TRIALS)) and set(trials["state"]) <= set(ENDED)
    complete = trials[trials["state"] == "complete"]
    assert list(answers.columns[3:]) == [str(n) for n in complete["trial"]]
    for _, row in complete.iterrows():  # what the trial is worth is what its answers are
        shares = [(part[str(row["trial"])] == part["target"]).mean() for _, part in answers.groupby("fold")]
        assert np.mean(shares) == pytest.approx(row["validation_accuracy"], abs=1e-6)
    first = trials.iloc[0]
    assert first["why"] == "the starting point" and first["state"] == "complete"
    assert first["learning_rate"] == config.learning_rate and first["mixup"] == config.mixup
    assert best["validation_accuracy"] == complete["validation_accuracy"].max()
    assert TrainConfig.from_dict(best["config"]) == study.config.replace(**best["settings"])
    assert best["sentence"] and best["won"] in (True, False) and verdict_of(study).won is best["won"]
    assert [each.name for each in list_studies()] == ["whole"] and list_runs() == []


def test_classes_that_look_like_numbers_keep_their_names_and_the_verdict(tmp_path, isolated):
    study = searched(config_on(write_tiny(tmp_path / "digits", ("01", "02", "3"))), trials=2)
    trials, answers = study.trials(), study.answers()
    assert set(answers["target"]) == {"01", "02", "3"} and set(answers["0"]) <= {"01", "02", "3"}
    for number, told in zip(trials["trial"], trials["validation_accuracy"], strict=True):
        if trials["state"][number] == "complete":
            shares = [(part[str(number)] == part["target"]).mean() for _, part in answers.groupby("fold")]
            assert np.mean(shares) == pytest.approx(told, abs=1e-6)


def test_answers_that_a_spreadsheet_spoilt_are_written_again(short):
    study, file = short, short.path / "answers.csv"
    file.write_text(file.read_text().replace(",", ";"))
    with pytest.raises(UserError, match="resuming the study writes it again"):
        study.answers()
    want_more(study, 3)
    assert run_study(study) == "finished" and len(study.answers()) == 24


def test_bad_trials_are_stopped_early_and_the_starting_point_never(config):
    class Worsening(Objective):
        calls = 0

        def train(self, config, on_batch, on_epoch):
            Worsening.calls += 1
            value = 0.9 if Worsening.calls <= tuning.BEFORE_PRUNING else 0.1
            for epoch in range(1, config.epochs + 1):
                on_epoch(epoch, value)
            return value, {split.model_fold: np.zeros(len(split.validation), int) for split in self.splits}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "Objective", Worsening)
        study = searched(config, trials=6)
    states = list(study.trials()["state"])
    assert states == ["complete"] * tuning.BEFORE_PRUNING + ["pruned"] * (6 - tuning.BEFORE_PRUNING)
    assert set(study.trials()["epochs"][tuning.BEFORE_PRUNING:]) == {1}


def test_fold_1_is_never_read(config, tiny_folder, whole):
    """Poisoned labels, poisoned sounds, and files that cannot be read at all: the same study, to the byte."""
    for file in tiny_folder.glob("*/1-*"):
        file.write_bytes(b"no sound at all")
    noise = np.random.default_rng(1).uniform(-1, 1, 4000)
    classes = sorted(tiny_folder.iterdir())
    for place, file in enumerate(sorted(tiny_folder.glob("*/1-*"))):  # each goes to the next class, as loud noise
        if file.name.endswith("A.wav"):
            file.unlink()
            soundfile.write(classes[(place + 1) % len(classes)] / f"1-99{place}-A.wav", noise, 8_000)
    after = searched(config, "poisoned")
    assert outcome(after) == whole
    assert not any("/1-" in path for path in after.answers()["path"])
    assert "unreadable" not in after.log()


def test_no_index_leads_to_a_test_clip(config):
    plan = make_plan(base_config(config))
    dataset, splits = without_test(plan)
    assert {clip.fold for clip in dataset.clips} == {2, 3, 4, 5}
    for kept, split in zip(splits, plan.splits, strict=True):
        assert kept.test == ()
        for part in ("train", "validation"):
            assert [dataset.clips[i] for i in getattr(kept, part)] == [plan.dataset.clips[i] for i in getattr(split, part)]


def test_a_trial_is_what_a_run_would_be(short):
    """The same settings as a run of the protocol `assignment`: the same answers on the validation folds."""
    run = create_run(short.config.replace(protocol="assignment"), "r")
    assert run_training(run) == "finished"
    rows = run.predictions()
    rows = rows[rows["split"] == "validation"].set_index("path")
    names = list(run.record["class_names"])
    answers = short.answers().set_index("path")
    assert (rows[names].idxmax(axis=1).loc[answers.index] == answers["0"]).all()


@pytest.mark.parametrize("moment", ["training", "before its end is written", "after its answers are written"])
def test_a_study_that_was_killed_comes_out_the_same(config, monkeypatch, moment, whole):
    study = made(config, "cut")
    with monkeypatch.context() as patch:
        calls = 0

        def killing(original):
            def call(*args, **options):
                nonlocal calls
                calls += 1
                if calls == (6 if moment == "training" else 2):
                    raise Killed
                return original(*args, **options)
            return call

        if moment == "training":
            patch.setattr(Objective, "_answers", killing(Objective._answers))
        elif moment == "before its end is written":
            patch.setattr(tuning.Search, "_keep_answers", killing(tuning.Search._keep_answers))
        else:
            patch.setattr(tuning.Search, "_keep_tables", killing(tuning.Search._keep_tables))
        patch.setattr(tuning.Search, "_tell", _dies_silently(tuning.Search._tell))
        with pytest.raises(Killed):
            run_study(study)
    with open(study.journal, "ab") as journal:
        journal.write(b'{"op_code": 8, "wor')  # the line that was being written
    assert run_study(study) == "finished"
    assert outcome(study) == whole


def _dies_silently(tell):
    """A killed process tells nobody anything."""
    def told(self, trial, state, *args, **options):
        if state == "FAIL":
            raise Killed
        return tell(self, trial, state, *args, **options)
    return told


def test_cancel_keeps_what_is_done_and_resume_goes_on(config, whole):
    study = made(config, "cut")
    said = []

    def after_two(share: float, message: str) -> None:
        if "trial 3" in message:
            cancel(study)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.progress.EVERY", 0.0)
        assert work(study, after_two) == "stopped"
        assert study.state == "stopped" and len(study.trials()) >= 2 and study.best
        before = study.status.progress
        assert work(study, lambda share, message: said.append((share, message))) == "finished"
    assert outcome(study) == whole
    trials = [(share, message.split(" · ")[0]) for share, message in said if message.startswith("trial")]
    assert trials[0][1] == f"trial 3 of {TRIALS}" and trials[-1][1] == f"trial {TRIALS} of {TRIALS}", "it counts on"
    assert min(share for share, _ in said) >= 2 / TRIALS and before >= 2 / TRIALS


def test_a_finished_study_goes_on_to_more_trials(short, whole):
    with pytest.raises(UserError, match="was asked for 2 trials"):
        want_more(short, 2)
    want_more(short, TRIALS)
    assert short.state == "stopped" and run_study(short) == "finished"
    assert outcome(short) == whole


def test_a_database_gives_the_same_study_and_a_name_is_taken_once(config, isolated, short):
    url = f"sqlite:///{isolated}/trials.db"
    study = searched(config, "kept", trials=2, storage=url)
    assert (isolated / "trials.db").exists() and not study.journal.exists()
    assert outcome(study) == outcome(short)
    assert len(open_study(study, write=False).trials) == 2
    with pytest.raises(UserError, match="there is already a study called 'kept'"):
        made(config, "kept")
    shutil.rmtree(study.path)
    with pytest.raises(UserError, match=r"already holds a study called 'kept', of cnn1d on .*; choose another name"):
        made(config, "kept", storage=url)
    create_run(config, "r")
    with pytest.raises(UserError, match="there is already a run called 'r'"):
        made(config, "r")
    assert [each.name for each in list_studies()] == ["short"]


@pytest.mark.parametrize("url, sentence", [
    ("nonsense", "the storage 'nonsense' does not answer"),
    ("sqlite:////no/such/folder/trials.db", "unable to open database file"),
    ("sqlite://", "give the path of a file"),
    ("postgresql://ada:secret@127.0.0.1:1/trials", r"postgresql://ada:\*\*\*@127.0.0.1:1/trials does not answer: "),
])
def test_a_storage_that_does_not_answer_is_said_and_nothing_is_made(config, url, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        made(config, storage=url)
    assert "secret" not in str(caught.value) and list_studies() == []


def test_a_study_of_something_else_in_the_journal_is_refused(config, short):
    study = made(config.replace(batch_size=4), "s")
    text = short.journal.read_text().replace('"study_name":"short"', '"study_name":"s"')
    study.journal.write_text(text)
    with pytest.raises(UserError, match="holds a study of that name of cnn1d"):
        run_study(study)
    assert study.state == "failed" and study.journal.read_text() == text


def test_other_clips_than_before_are_refused(config, tiny_folder):
    study = searched(config, trials=2)
    want_more(study, 3)
    next(tiny_folder.glob("*/2-*-A.wav")).unlink()
    with pytest.raises(UserError, match="the clips or folds of tiny have changed since s began"):
        run_study(study)
    assert len(study.trials()) == 2 and study.best


def test_other_folds_than_before_are_refused(config, voices):
    """Clips that changed places keep the fingerprint and the folds' sizes, but the answers so far are of other clips."""
    study = searched(config.replace(dataset=str(voices), label="word"), trials=2)
    want_more(study, 3)
    table = (voices / "metadata.csv").read_text().splitlines()
    moved = {"2": "3", "3": "2"}
    rows = [line.split(",") for line in table]
    (voices / "metadata.csv").write_text("\n".join(",".join([*row[:3], moved.get(row[3], row[3]), row[4]]) for row in rows))
    with pytest.raises(UserError, match="the clips or folds of voices have changed since s began"):
        run_study(study)
    assert len(study.trials()) == 2 and study.best


def test_a_journal_that_is_damaged_is_said(short):
    lines = short.journal.read_text().splitlines()
    short.journal.write_text("\n".join(["{no json", *lines[1:]]) + "\n")
    with pytest.raises(UserError, match="the journal of the study cannot be read"):
        open_study(short, write=False)


@pytest.mark.parametrize("trials", [1, 0, 10_001])
def test_too_few_or_too_many_trials_are_said(config, trials):
    with pytest.raises(UserError, match=r"expects 2 to 10,000 trials"):
        made(config, trials=trials)


def test_settings_that_cannot_be_trained_with_are_a_bad_trial(config):
    """A loss that is no number ends the trial, not the study."""
    space = [narrowed("learning_rate", "0.5:1"), narrowed("mixup")]
    study = create_study(config.replace(gradient_clip=0, learning_rate=1e-3), space, 3, name="s")
    with pytest.MonkeyPatch.context() as patch:
        real = Objective.train

        def diverging(self, config, on_batch, on_epoch):
            if config.learning_rate > 0.1:
                raise tuning.Diverged("the loss of fold 2 is no longer a number")
            return real(self, config, on_batch, on_epoch)

        patch.setattr(Objective, "train", diverging)
        assert run_study(study) == "finished"
    assert list(study.trials()["state"]) == ["complete", "pruned", "pruned"]
    assert "no longer a number" in study.trials()["why"][1]


def test_a_study_without_a_folder_or_with_half_of_one(config, isolated):
    with pytest.raises(UserError, match="no study called 'x'"):
        get_study("x")
    made(config, "nearly")
    with pytest.raises(UserError, match="did you mean nearly"):
        get_study("nearl")
    broken = isolated / "checkpoints" / "broken"
    broken.mkdir()
    (broken / "study.json").write_text("{")
    assert get_study("broken").state == "failed" and get_study("broken").problem
    with pytest.raises(UserError, match="cannot be resumed"):
        resume(get_study("broken"))
    with pytest.raises(UserError):
        get_run("nearly")


def test_a_shipped_study_is_finished_without_a_status(short):
    for name in ("status.json", "log.txt", ".lock"):
        (short.path / name).unlink(missing_ok=True)
    assert short.shipped and short.state == "finished"
    assert len(open_study(short, write=False).trials) == 2 and not (short.path / "journal.log.lock").exists()


def test_looking_at_a_study_writes_nothing(short):
    before = {file.name: file.stat().st_mtime_ns for file in short.path.iterdir()}
    open_study(short, write=False)
    verdict_of(short)
    assert {file.name: file.stat().st_mtime_ns for file in short.path.iterdir()} == before


def test_a_host_that_is_silent_is_not_waited_for(config, monkeypatch):
    def silent(address, timeout):
        assert timeout <= 10
        raise TimeoutError("timed out")

    monkeypatch.setattr(study_storage.socket, "create_connection", silent)
    with pytest.raises(UserError, match=r"does not answer: .*timed out"):
        made(config, storage="postgresql://10.255.255.1/trials")


def test_the_command_line_searches_lists_cancels_and_goes_on(config, capsys):
    own = [f"--set={name}={getattr(config, name)}" for name in ("sample_rate", "clip_seconds", "batch_size")]
    begin = ["tune", "--dataset", config.dataset, "--model", "cnn1d", "--epochs", "2", "--trials", "2", "--name", "s", *own]
    assert main([*begin, "--search", "learning_rate=0.001:0.01", "--search", "mixup", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "finished" and told["best"]["config"]["model"] == "cnn1d"
    assert [entry.words for entry in get_study("s").space] == ["0.001 to 0.01, by ratios", "0 to 1, in steps of 0.25"]

    assert main(["tune", "--list"]) == 0
    listed = capsys.readouterr().out
    assert "s" in listed.split() and "finished" in listed and "2 of 2" in listed
    assert main(["tune", "--list", "--json"]) == 0
    assert [entry["study"] for entry in json.loads(capsys.readouterr().out)] == ["s"]

    assert main(["tune", "--resume", "s", "--trials", "3"]) == 0
    assert len(get_study("s").trials()) == 3
    capsys.readouterr()
    assert main(["tune", "--resume", "s"]) == 2
    assert "s is finished; there is nothing to resume" in capsys.readouterr().err
    assert main(["tune", "--resume", "s", "--epochs", "9"]) == 2
    assert "leave out --epochs" in capsys.readouterr().err
    assert main(["tune", "--cancel", "s"]) == 2
    assert "s is finished; there is nothing to cancel" in capsys.readouterr().err
    assert main([*begin, "--search", "pooling"]) == 2
    assert "pooling concerns only conv_transformer" in capsys.readouterr().err
    assert main(["runs"]) == 0
    assert "no runs yet" in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_waiting_study_is_cancelled_from_the_command_line(config, capsys, as_json):
    study = made(config)
    assert main(["tune", "--cancel", "s", *as_json]) == 0
    told = capsys.readouterr().out
    assert study.cancel_file.exists()
    assert json.loads(told)["study"] == "s" if as_json else "s is asked to stop" in told


def test_the_whole_space_trains(config):
    study = create_study(config.replace(epochs=1), whole_space("cnn1d"), 2, name="s")
    assert run_study(study) == "finished"
    assert {entry.name for entry in whole_space("cnn1d")} <= set(study.trials().columns)
    assert isinstance(study.trials(), pd.DataFrame)
