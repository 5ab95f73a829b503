"""The page Listen inside, driven without a browser: sounds, models, what is said about both."""

import io

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from streamlit.testing.v1 import AppTest

from app.state import dataset_named
from core.checkpoint import save_checkpoint
from core.config import ROOT, TrainConfig
from core.datasets import load_dataset
from core.models import create_model
from core.runs import create_run, get_run

RATE, SECONDS = 8_000, 0.5
CLASSES = ("birds", "glass [x](y)", "rain")
SENTENCE = "What this shows: where the class token looks. It is not by itself the reason for the answer."


@pytest.fixture
def data(isolated):
    """A table of 12 short clips in two folds, the data set of the session."""
    folder = isolated / "data" / "ESC-10"
    folder.mkdir()
    lines = ["path,label,fold,source"]
    for number in range(12):
        (folder / f"{number:02d}.wav").write_bytes(wav(SECONDS, seed=number))
        lines.append(f"{number:02d}.wav,{CLASSES[number % 3]},{number % 2 + 1},r{number}")
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return load_dataset(str(folder))


def wav(seconds: float, seed: int = 0, level: float = 0.3) -> bytes:
    buffer = io.BytesIO()
    waveform = level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    soundfile.write(buffer, np.clip(waveform, -1, 1), RATE, format="WAV")
    return buffer.getvalue()


def trained(data, model: str, *folds: str) -> str:
    config = TrainConfig(dataset=str(data.root), model=model, protocol="published", sample_rate=RATE,
                         clip_seconds=SECONDS)
    run = create_run(config, name=f"run-{model}")
    for number, fold in enumerate(folds):
        torch.manual_seed(number)
        net = create_model(model, len(CLASSES), config.num_samples, RATE)
        save_checkpoint(run.path / f"{'' if fold == 'final' else 'fold'}{fold}.safetensors", net, config, CLASSES)
    rows = [(clip.key, fold, clip.fold, "test", clip.label) for fold in folds for clip in data.clips
            if str(clip.fold) == fold]
    pd.DataFrame(rows, columns=["path", "model_fold", "clip_fold", "split", "target"]).to_csv(
        run.path / "predictions.csv", index=False)
    return run.name


@pytest.fixture
def page(data):
    def opened(pending=None, **query) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app" / "views" / "listen.py"), default_timeout=60)
        for name, value in ({"dataset": str(data.root)} | query).items():
            app.query_params[name] = value
        if pending:
            app.session_state["pending_upload"] = pending
        return checked(app.run())
    return opened


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.subheader, app.text)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def errors(app: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in app.error]


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_without_a_trained_model_there_is_one_sentence_and_one_button(page):
    app = page()
    assert "There is no trained model yet" in texts(app)
    assert [button.label for button in app.button] == ["Train a model"] and charts(app) == 0


def test_a_clip_is_answered_at_once_with_its_true_class_and_every_figure(page, data):
    trained(data, "cnn_transformer_h2", "1", "2")
    app = page()
    assert "True class: birds" in texts(app) and SENTENCE in texts(app) and not errors(app)
    assert charts(app) == 4  # bars, waveform with spectrogram, heads, matrix
    assert [metric.label for metric in app.metric] == ["Entropy", "Reach"]
    assert [control.label for control in app.get("button_group")] == ["Sound", "Layer", "Head"]


def test_the_link_restores_run_fold_and_clip_and_follows_the_choice(page, data):
    trained(data, "cnn1d", "1", "2")
    name = trained(data, "cnn_transformer_h2", "1", "2", "final")
    app = page(run=name, fold="2", clip="04.wav")
    assert {box.label: box.value for box in app.selectbox} == {
        "Model": name, "Trained on": "2", "Class": "glass [x](y)", "Clip": "04.wav"}
    next(box for box in app.selectbox if box.label == "Clip").set_value("07.wav")
    checked(app.run())
    assert app.query_params["clip"] == "07.wav" and app.query_params["fold"] == "2"
    next(box for box in app.selectbox if box.label == "Model").set_value("run-cnn1d")
    checked(app.run())
    assert app.query_params["run"] == "run-cnn1d"


def test_a_clip_that_is_not_there_is_said(page, data):
    trained(data, "cnn1d", "1")
    assert errors(page(clip="nowhere.wav")) == ["There is no clip nowhere.wav in ESC-10; choose one below."]


def test_it_says_whether_the_model_learned_from_the_clip(page, data):
    trained(data, "cnn1d", "1", "2", "final")
    seen_by = {fold: texts(page(fold=fold, clip="00.wav")) for fold in ("1", "2", "final")}  # a clip of fold 1
    assert "did not train on this clip; it was in the fold that tested it" in seen_by["1"]
    for fold in ("2", "final"):
        assert "was in this model's training data" in seen_by[fold]
        assert "The model of fold 1 never heard it" in seen_by[fold]


def test_a_model_without_attention_says_so_and_shows_the_rest(page, data):
    trained(data, "cnn1d", "1")
    app = page()
    assert "The model cnn1d has no attention" in texts(app) and charts(app) == 2 and SENTENCE not in texts(app)


def test_a_sound_dropped_on_home_is_answered_here(page, data):
    trained(data, "cnn_transformer_h2", "1")
    app = page(pending=("my [dog](x).wav", wav(SECONDS)))
    assert "Listening to my [dog](x).wav, 0.50 s" in texts(app) and charts(app) == 4
    assert "True class" not in texts(app) and "clip" not in app.query_params


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("notes.wav", b"these are words, not sound", "notes.wav is not a sound that can be read"),
    ("empty.ogg", b"", "empty.ogg is empty"),
    ("cut.wav", wav(SECONDS)[:30], "cut.wav"),
])
def test_what_is_no_sound_is_one_sentence_and_no_answer(page, data, name, content, sentence):
    trained(data, "cnn1d", "1")
    app = page(pending=(name, content))
    assert len(errors(app)) == 1 and sentence in errors(app)[0] and charts(app) == 0


def test_an_upload_replaces_the_clip_and_taking_it_away_invites_again(page, data):
    trained(data, "cnn1d", "1")
    app = page()
    app.get("button_group")[0].set_value("Upload")
    checked(app.run())
    assert "Drop a sound here" in texts(app) and charts(app) == 0
    app.file_uploader[0].set_value(("own.wav", wav(SECONDS), "audio/wav"))
    checked(app.run())
    assert "Listening to own.wav" in texts(app) and charts(app) == 2
    app.file_uploader[0].set_value(None)
    checked(app.run())
    assert "Drop a sound here" in texts(app) and charts(app) == 0


def test_silence_is_said_instead_of_a_class(page, data):
    trained(data, "cnn_transformer_h2", "1")
    app = page(pending=("silent.wav", wav(SECONDS, level=0.0)))
    assert "digitally silent" in texts(app) and charts(app) == 4


def test_one_sample_is_answered_or_said_but_never_breaks(page, data):
    trained(data, "cnn_transformer_h2", "1")
    assert "digitally silent" in texts(page(pending=("one.wav", wav(1 / RATE))))


def test_a_clip_longer_than_the_window_offers_its_windows(page, data):
    trained(data, "cnn_transformer_h2", "1")
    app = page(pending=("long.wav", wav(1.2)))
    box = next(box for box in app.selectbox if box.label == "Look into")
    assert box.options == ["0.00 to 0.50 s", "0.25 to 0.75 s", "0.50 to 1.00 s", "0.70 to 1.20 s"]
    assert charts(app) == 5
    box.set_value(3)
    assert charts(checked(app.run())) == 5


def test_half_a_checkpoint_is_one_sentence(page, data):
    name = trained(data, "cnn1d", "1")
    from core.config import checkpoints_dir

    file = checkpoints_dir() / name / "fold1.safetensors"
    file.write_bytes(file.read_bytes()[:2000])
    assert len(errors(page())) == 1


def test_the_true_class_of_a_table_is_of_the_column_the_run_learned(page, data):
    table = data.root / "metadata.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    words = [f"{line},{'yes' if number % 2 else 'no'}" for number, line in enumerate(lines[1:])]
    table.write_text("\n".join([f"{lines[0]},word", *words]), encoding="utf-8")
    dataset_named.clear()
    name = trained(data, "cnn1d", "1")
    assert "True class: birds" in texts(page(clip="00.wav", run=name, label="word"))
    file = get_run(name).path / "config.json"
    file.write_text(file.read_text().replace('"label": "label"', '"label": "word"'))
    assert "True class: no" in texts(page(clip="00.wav", run=name))
    assert "True class: no" in texts(page(clip="00.wav", run=name, label="word"))
