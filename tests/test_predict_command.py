"""``python -m core predict``: its JSON, its attention file, its errors."""

import csv
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from core.__main__ import main
from core.checkpoint import save_checkpoint
from core.config import TrainConfig
from core.models import create_model
from core.runs import create_run

RATE, SECONDS = 4_000, 0.5
NAMES = ("dog", "rain", "sea waves")


@pytest.fixture(autouse=True)
def _runs(isolated):
    """Two runs with untrained weights, one of them without attention."""
    for model in ("cnn_transformer_h2", "cnn1d"):
        torch.manual_seed(0)
        config = TrainConfig(model=model, sample_rate=RATE, clip_seconds=SECONDS)
        run = create_run(config, name=model)
        for weights in ("fold1", "fold2"):
            net = create_model(model, len(NAMES), config.num_samples, RATE)
            save_checkpoint(run.path / f"{weights}.safetensors", net, config, NAMES)


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, 0.3 * np.random.default_rng(0).standard_normal(6_000), 8_000)
    return path


def predicted(capsys, *arguments: object) -> tuple[int, list, str]:
    code = main(["predict", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, json.loads(out) if "--json" in arguments else out, err


def test_json_has_every_class_best_first_and_nothing_else_on_standard_output(capsys, clip):
    code, answers, err = predicted(capsys, clip, "--checkpoint", "cnn_transformer_h2", "--json")
    assert code == 0 and err == "" and len(answers) == 1
    answer = answers[0]
    assert set(answer) == {"path", "seconds", "predictions", "unknown", "model"}
    assert answer["path"] == str(clip) and answer["seconds"] == 0.75 and answer["unknown"] is False
    assert answer["model"] == "cnn_transformer_h2"
    probs = [entry["probability"] for entry in answer["predictions"]]
    assert sorted(entry["label"] for entry in answer["predictions"]) == sorted(NAMES)
    assert probs == sorted(probs, reverse=True) and sum(probs) == pytest.approx(1)


def test_for_people_the_best_class_stands_beside_the_clip(capsys, clip):
    _, answers, _ = predicted(capsys, clip, "--checkpoint", "cnn1d", "--json")
    code, out, _ = predicted(capsys, clip, "--checkpoint", "cnn1d")
    best = answers[0]["predictions"][0]
    assert code == 0 and out.splitlines()[0].endswith(f"0.75 s  cnn1d: {best['label']}")
    assert f"{best['probability']:.1%}" in out and len(out.splitlines()) == 1 + len(NAMES)


def test_an_empty_name_is_no_folder_and_a_run_without_weights_is_said(capsys, clip):
    assert main(["predict", ""]) == 2 and "found an empty name" in capsys.readouterr().err
    numbers = create_run(TrainConfig(), name="numbers")
    (numbers.path / "summary.json").write_text("{}")
    assert main(["predict", str(clip), "--checkpoint", "numbers"]) == 2
    assert "numbers is kept without its weights" in capsys.readouterr().err


def test_the_folds_of_a_run_answer_differently_and_a_path_works_too(capsys, clip):
    from core.config import checkpoints_dir

    one, two = (predicted(capsys, clip, "--checkpoint", f"cnn_transformer_h2:{k}", "--json")[1] for k in (1, 2))
    path = checkpoints_dir() / "cnn_transformer_h2" / "fold2.safetensors"
    assert one != two == predicted(capsys, clip, "--checkpoint", path, "--json")[1]


def test_what_cannot_be_read_is_said_and_the_others_are_answered(capsys, clip, tmp_path):
    text, missing = tmp_path / "text.wav", tmp_path / "missing.ogg"
    text.write_text("these are words")
    code, answers, err = predicted(capsys, text, clip, missing, "--checkpoint", "cnn1d", "--json")
    assert code == 2 and [set(answer) == {"path", "error"} for answer in answers] == [True, False, True]
    assert answers[1]["predictions"] and "text.wav" in answers[0]["error"] and "missing.ogg" in answers[2]["error"]
    assert [line.startswith("error: ") for line in err.splitlines()] == [True, True] and "Traceback" not in err


def test_silence_is_unknown(capsys, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(4_000), 8_000)
    _, answers, _ = predicted(capsys, tmp_path / "silent.wav", "--checkpoint", "cnn1d", "--json")
    assert answers[0]["unknown"] is True and len(answers[0]["predictions"]) == len(NAMES)


def test_the_attention_file_has_what_the_interface_promises(capsys, clip, tmp_path):
    file = tmp_path / "attention.npz"
    code, _, _ = predicted(capsys, clip, "--checkpoint", "cnn_transformer_h2", "--json", "--attention", file)
    arrays = np.load(file)
    assert code == 0 and list(tmp_path.glob("*.tmp")) == []
    for layer in ("layer1", "layer2"):
        heads, queries, keys = arrays[layer].shape
        assert heads == 2 and queries == keys
        assert arrays[layer].sum(axis=2) == pytest.approx(np.ones((heads, queries)), abs=1e-5)
        for name in ("start", "end", "low", "high"):
            assert arrays[f"{layer}_{name}"].shape == (keys,)
        start, end = arrays[f"{layer}_start"], arrays[f"{layer}_end"]
        assert np.isnan(start[0]) and np.isnan(end[0]) and (end[1:] > start[1:]).all()
        assert np.isnan(arrays[f"{layer}_low"]).all()
        assert start[1] >= arrays["window"][0] - 1e-9 and end[-1] <= arrays["window"][1] + 1e-9
    assert arrays["clip_time"] == True  # noqa: E712 - a numpy truth
    assert arrays["log_mel"].shape == (64, len(arrays["log_mel_time"]))
    assert arrays["window"][1] - arrays["window"][0] == pytest.approx(SECONDS) and 0 <= arrays["window"][0] <= 0.25


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["--checkpoint", "cnn1d", "--attention", "a.npz"], "cnn1d has no attention"),
    (["--checkpoint", "cnn_transformer_h2", "--attention", "nowhere/a.npz"], "found no folder nowhere"),
    (["--checkpoint", "nobody"], "no run called 'nobody'"),
    (["--checkpoint", "cnn1d:7"], "no weights of fold '7'"),
    ([], "no trained model yet"),
])
def test_mistakes_are_one_line_and_status_two(capsys, clip, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    code = main(["predict", str(clip), *arguments])
    out, err = capsys.readouterr()
    assert code == 2 and err.startswith("error: ") and sentence in err and err.count("\n") == 1 and out == ""


def test_attention_is_for_one_clip(capsys, clip):
    code, _, err = predicted(capsys, clip, clip, "--checkpoint", "cnn_transformer_h2", "--attention", "a.npz")
    assert code == 2 and "one clip, found 2" in err


def test_half_a_checkpoint_is_one_sentence(capsys, clip, tmp_path):
    from core.config import checkpoints_dir

    whole = (checkpoints_dir() / "cnn1d" / "fold1.safetensors").read_bytes()
    (tmp_path / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    code, _, err = predicted(capsys, clip, "--checkpoint", tmp_path / "half.safetensors")
    assert code == 2 and err.count("\n") == 1 and "half.safetensors" in err


@pytest.fixture
def folder(tmp_path, clip):
    """Sounds at two depths among other files, one of them text."""
    (tmp_path / "many" / "deep").mkdir(parents=True)
    for name in ("b.wav", "deep/a.WAV", "a <b>.wav"):
        (tmp_path / "many" / name).write_bytes(clip.read_bytes())
    (tmp_path / "many" / "c.wav").write_text("these are words")
    (tmp_path / "many" / "readme.txt").write_text("no sound")
    return tmp_path / "many"


def test_a_folder_is_all_its_sounds_sorted_and_the_table_has_every_one(capsys, folder, clip, tmp_path):
    file = tmp_path / "answers.csv"
    code, answers, err = predicted(capsys, folder, clip, "--checkpoint", "cnn1d", "--json", "--csv", file)
    names = [str(folder / name) for name in ("a <b>.wav", "b.wav", "c.wav", "deep/a.WAV")] + [str(clip)]
    assert code == 2 and [answer["path"] for answer in answers] == names and err.count("error: ") == 1
    with file.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert list(rows[0]) == ["path", "seconds", "label", "probability", "unknown", "error", *NAMES]
    for row, answer in zip(rows, answers, strict=True):
        assert row["path"] == answer["path"] and row["error"] == answer.get("error", "")
        if not row["error"]:
            best = answer["predictions"][0]
            assert row["label"] == best["label"] and float(row["probability"]) == pytest.approx(best["probability"], abs=1e-6)
            assert row["seconds"] == "0.750000" and row["unknown"] == "false"
            assert sum(float(row[name]) for name in NAMES) == pytest.approx(1, abs=1e-5)
    assert rows[2]["label"] == "" and "c.wav" in rows[2]["error"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no text")
def test_a_name_that_cannot_be_written_down_costs_no_answer(capsys, clip, tmp_path):
    (tmp_path / "many").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "many") + b"/b\xff.wav")).write_bytes(clip.read_bytes())
    clip = clip.rename(clip.with_name("10.30\u202fAM.wav"))  # as macOS writes it: odd, but text, and a script finds it again
    file = tmp_path / "answers.csv"
    code, answers, _ = predicted(capsys, tmp_path / "many", clip, "--checkpoint", "cnn1d", "--json", "--csv", file)
    with file.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert code == 0 and [row["path"] for row in rows] == [answer["path"] for answer in answers]
    assert rows[1]["path"] == str(clip)
    assert rows[0]["path"].endswith("b\N{REPLACEMENT CHARACTER}.wav") and rows[0]["label"] == rows[1]["label"]


def test_events_of_one_clip_are_a_table_and_the_threshold_is_minded(capsys, clip, tmp_path):
    file = tmp_path / "events.csv"
    for threshold, some in (("0.01", True), ("0.999", False)):
        code, _, _ = predicted(capsys, clip, "--checkpoint", "cnn1d", "--events", file, "--threshold", threshold)
        rows = list(csv.DictReader(file.open(encoding="utf-8")))
        assert code == 0 and bool(rows) == some
    code, _, err = predicted(capsys, clip, "--checkpoint", "cnn1d", "--events", file, "--threshold", "50")
    assert code == 2 and "between 0 and 1, found 50" in err
    code, _, err = predicted(capsys, clip, clip, "--checkpoint", "cnn1d", "--events", file)
    assert code == 2 and "--events expects one clip, found 2" in err
    code, _, err = predicted(capsys, clip, "--checkpoint", "cnn1d", "--threshold", "0.4")
    assert code == 2 and "give --events FILE.csv as well" in err


def test_a_folder_without_a_sound_and_a_table_that_cannot_be_written_are_said(capsys, clip, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = predicted(capsys, tmp_path / "empty", "--checkpoint", "cnn1d")
    assert code == 2 and "has no sound in it or below" in err and err.count("\n") == 1
    for option in ("--csv", "--events", "--attention"):
        code, out, err = predicted(capsys, clip, "--checkpoint", "cnn_transformer_h2", option, tmp_path / "nowhere" / "a.csv")
        assert code == 2 and not out and f"{option} expects a file in a folder that is there" in err and err.count("\n") == 1
        code, out, err = predicted(capsys, clip, "--checkpoint", "cnn_transformer_h2", option, tmp_path / "empty")
        assert code == 2 and not out and f"{option} expects a file, found the folder" in err


def test_a_pickle_called_safetensors_and_weights_of_another_model_are_one_sentence(capsys, clip, tmp_path):
    import pickle

    from safetensors import safe_open
    from safetensors.torch import save_file

    from core.config import checkpoints_dir

    (tmp_path / "pickle.safetensors").write_bytes(pickle.dumps({"weights": list(range(1000))}))
    with safe_open(checkpoints_dir() / "cnn1d" / "fold1.safetensors", framework="pt") as file:
        metadata = file.metadata()
    with safe_open(checkpoints_dir() / "cnn_transformer_h2" / "fold1.safetensors", framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, tmp_path / "other.safetensors", metadata)
    for name, words in (("pickle", "is a pickle"), ("other", "do not fit the model cnn1d")):
        code, _, err = predicted(capsys, clip, "--checkpoint", tmp_path / f"{name}.safetensors")
        assert code == 2 and err.count("\n") == 1 and words in err
