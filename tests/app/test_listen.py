"""The page Listen inside, driven without a browser: sounds, models, what is said about both."""

import base64
import csv
import io
import json
import shutil
import time

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from streamlit.testing.v1 import AppTest

from app.components.shortcuts import PRESS
from app.state import dataset_named
from core.answers import answers_csv
from core.calibration import Calibration
from core.checkpoint import load_checkpoint, save_checkpoint
from core.config import ROOT, TrainConfig
from core.datasets import load_dataset
from core.manage import rename_run
from core.models import create_model
from core.runs import create_run, get_run
from tests.conftest import nothing_ahead, until

RATE, SECONDS = 8_000, 0.5
CLASSES = ("birds", "glass [x](y)", "rain")


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


def trained(data, model: str, *folds: str, seconds: float = SECONDS) -> str:
    config = TrainConfig(dataset=str(data.root), model=model, protocol="published", sample_rate=RATE,
                         clip_seconds=seconds)
    run = create_run(config, name=f"run-{model}")
    for number, fold in enumerate(folds):
        torch.manual_seed(number)
        net = create_model(model, len(CLASSES), config.num_samples, RATE)
        save_checkpoint(run.path / f"{'' if fold == 'final' else 'fold'}{fold}.safetensors", net, config, CLASSES)
    rows = [(clip.key, fold, clip.fold, "test", clip.label, 0.5, 0.25, 0.25) for fold in folds for clip in data.clips
            if str(clip.fold) == fold]
    pd.DataFrame(rows, columns=["path", "model_fold", "clip_fold", "split", "target", *CLASSES]).to_csv(
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


def drawn(app: AppTest, name: str = "inside") -> dict | None:
    """The view that a drawing of ours was given, None where there is no such drawing."""
    found = [element.proto for element in app.get("bidi_component") if element.proto.component_name == f"earshot_{name}"]
    assert len(found) <= 1
    return json.loads(found[0].json) if found else None


def heads(app: AppTest) -> list[int]:
    """How many heads of every layer are drawn."""
    return [len(layer["heads"]) for layer in drawn(app)["layers"]]


def test_without_a_trained_model_there_is_one_sentence_and_one_button(page):
    app = page()
    assert "There is no trained model yet" in texts(app)
    assert [button.label for button in app.button] == ["Train a model"] and drawn(app) is None


def test_a_clip_is_answered_at_once_with_its_true_class_and_every_figure(page, data):
    trained(data, "cnn_transformer_h2", "1", "2")
    app = page()
    assert "True class: birds" in texts(app) and not errors(app)
    view = drawn(app)
    assert heads(app) == [2, 2] and view["sound"]["looks"] and view["sound"]["span"] == [0, SECONDS]
    assert sorted(bar["label"] for bar in view["bars"]) == sorted(CLASSES)
    assert [bar["label"] for bar in view["bars"] if bar["truth"]] == ["birds"]
    assert drawn(app, "timeline") is None  # one window


def test_the_clip_before_and_the_next_one_by_button_or_arrow(page, data):
    trained(data, "cnn1d", "1")
    app = page(clip="03.wav")
    for label, clip in (("Next", "06.wav"), ("Next", "09.wav"), ("Next", "00.wav"), ("Previous", "09.wav")):
        next(button for button in app.button if button.label == label).click()
        checked(app.run())
        assert app.query_params["clip"] == clip
    for key in ("listen_previous", "listen_next"):
        assert app.button(key) and sum(key in pressed for pressed in PRESS.values()) == 1


def test_the_next_clip_is_answered_before_it_is_asked_for(page, data, monkeypatch, made_ready_at_once):
    from app import listening

    trained(data, "cnn_transformer_h2", "1")
    until(nothing_ahead, "the end of what other tests' pages began")
    heard, predicted, really, predict = [], [], listening.explain, listening.predict
    monkeypatch.setattr(listening, "explain", lambda *given: heard.append(given[1]) or really(*given))
    monkeypatch.setattr(listening, "predict", lambda *given: predicted.append(given[1]) or predict(*given))
    app = page(clip="03.wav")
    until(lambda: len(heard) == 2 and nothing_ahead(), "the answer for the next clip")
    assert not np.array_equal(*heard)
    monkeypatch.setattr("app.ahead.ahead", lambda *works: None)
    app.button("listen_next").click()
    checked(app.run())
    assert app.query_params["clip"] == "06.wav" and len(heard) == len(predicted) == 2


def test_the_link_restores_run_fold_and_clip_and_follows_the_choice(page, data):
    trained(data, "cnn1d", "1", "2")
    name = trained(data, "cnn_transformer_h2", "1", "2", "final")
    app = page(run=name, fold="2", clip="04.wav")
    assert {box.label: box.value for box in app.selectbox} == {
        "Model": name, "Trained on": "2", "Class": "glass [x](y)", "Clip": "04.wav"}
    next(box for box in app.selectbox if box.label == "Clip").set_value("07.wav")
    app.query_params.pop("dataset")  # as on another page, where it was chosen
    checked(app.run())
    assert app.query_params["clip"] == "07.wav" and app.query_params["fold"] == "2"
    assert app.query_params["dataset"] == str(data.root), "a copied address opens the data set of its clip"
    next(box for box in app.selectbox if box.label == "Model").set_value("run-cnn1d")
    checked(app.run())
    assert app.query_params["run"] == "run-cnn1d"


def test_a_run_is_found_by_its_former_name_and_one_that_is_not_there_is_said(page, data):
    trained(data, "cnn_transformer_h2", "1")
    get_run(trained(data, "cnn1d", "1")).write_status("finished", progress=1, message="")
    rename_run("run-cnn1d", "small")
    app = page(run="run-cnn1d")
    assert app.selectbox(key="listen_run").value == app.query_params["run"] == "small" and not errors(app)
    rename_run("small", "tiny")
    assert checked(app.run()).selectbox(key="listen_run").value == "tiny" and not errors(app)
    app = page(run="nosuch")
    assert errors(app) == [f"The run nosuch is not there; {app.selectbox(key='listen_run').value} answers now"]


def test_clips_of_one_name_are_told_apart(page, data):
    """Parts of one file, and files of one stem: a list that calls two alike opens the last of them."""
    table = data.root / "metadata.csv"
    rows = [line + "," for line in table.read_text().splitlines()[1:]]
    rows += ["03.wav,birds,2,r3,0.1", "06.wav,birds,1,r6,0.2"]
    table.write_text("\n".join(["path,label,fold,source,start", *rows]))
    trained(data, "cnn1d", "1")
    dataset_named.clear()
    options = page(clip="03.wav").selectbox(key="listen_clip").options
    assert len(set(options)) == len(options) == 6 and "00 · fold 1" in options


@pytest.mark.parametrize("fold", ["1", "2"])
def test_it_opens_on_a_clip_that_the_model_did_not_learn_from(page, data, fold):
    trained(data, "cnn1d", "1", "2")
    field = page(fold=fold).selectbox(key="listen_clip")
    assert field.options[field.index].endswith(f"· fold {fold}")


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
    assert "The model cnn1d has no attention" in texts(app)
    assert drawn(app)["layers"] == [] and not drawn(app)["sound"]["looks"]


def test_a_sound_dropped_on_home_is_answered_here(page, data):
    trained(data, "cnn_transformer_h2", "1")
    app = page(pending=("my [dog](x).wav", wav(SECONDS)))
    assert "Listening to my [dog](x).wav, 0.50 s" in texts(app) and heads(app) == [2, 2]
    assert "True class" not in texts(app) and "clip" not in app.query_params


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("notes.wav", b"these are words, not sound", "m4a, aac, mp4 or webm: save it as one of these"),
    ("empty.ogg", b"", "empty.ogg is empty"),
    ("cut.wav", wav(SECONDS)[:30], "cut.wav"),
])
def test_what_is_no_sound_is_one_sentence_and_no_answer(page, data, name, content, sentence):
    trained(data, "cnn1d", "1")
    app = page(pending=(name, content))
    assert len(errors(app)) == 1 and sentence in errors(app)[0] and drawn(app) is None


def test_an_upload_replaces_the_clip_and_taking_it_away_invites_again(page, data):
    trained(data, "cnn1d", "1")
    app = page()
    app.get("button_group")[0].set_value("Upload")
    checked(app.run())
    assert "Drop a sound here" in texts(app) and drawn(app) is None
    app.file_uploader[0].set_value(("own.wav", wav(SECONDS), "audio/wav"))
    checked(app.run())
    assert "Listening to own.wav" in texts(app) and drawn(app)
    app.file_uploader[0].set_value(None)
    checked(app.run())
    assert "Drop a sound here" in texts(app) and drawn(app) is None


def test_silence_is_said_instead_of_a_class(page, data):
    trained(data, "cnn_transformer_h2", "1")
    app = page(pending=("silent.wav", wav(SECONDS, level=0.0)))
    assert "digitally silent" in texts(app) and heads(app) == [2, 2]


def test_a_calibrated_model_says_none_of_these_and_still_shows_what_it_thought(page, data):
    run = get_run(trained(data, "cnn_transformer_h2", "1"))
    loaded = load_checkpoint(run.path / "fold1.safetensors")
    save_checkpoint(run.path / "fold1.safetensors", loaded.model, loaded.config, CLASSES, Calibration(1.0, 0.95))
    app = page(pending=("own.wav", wav(SECONDS)))
    assert "This sounds like none of the 3 classes: the nearest is " in texts(app) and heads(app) == [2, 2]
    assert [warning.icon for warning in app.warning] == [":material/question_mark:"]


def test_one_sample_is_answered_or_said_but_never_breaks(page, data):
    trained(data, "cnn_transformer_h2", "1")
    assert "digitally silent" in texts(page(pending=("one.wav", wav(1 / RATE))))


def test_a_clip_longer_than_the_window_is_drawn_over_time_and_offers_its_windows(page, data):
    trained(data, "cnn_transformer_h2", "1")
    app = page(pending=("long.wav", wav(1.2)))
    slider = app.select_slider[0]
    assert slider.label == "Look into" and slider.options == [
        "0.00 s to 0.50 s", "0.25 s to 0.75 s", "0.50 s to 1.00 s", "0.70 s to 1.20 s"]
    assert drawn(app, "timeline")["seconds"] == pytest.approx(1.2)
    slider.set_value(3)
    app = checked(app.run())
    assert drawn(app)["sound"]["span"] == drawn(app, "timeline")["window"] == [pytest.approx(0.7), pytest.approx(1.2)]
    assert drawn(app)["title"] == "In this window, 0.70 s to 1.20 s", "which is not the answer for the whole sound"


def test_the_next_model_looks_at_the_same_moment_whatever_its_window(page, data):
    trained(data, "cnn_transformer_h2", "1")
    trained(data, "cnn_transformer_h1", "1", seconds=0.25)
    app = page(pending=("long.wav", wav(1.2)), run="run-cnn_transformer_h2")
    app.select_slider[0].set_value(2)
    app = checked(app.run())
    assert drawn(app, "timeline")["window"] == [0.5, 1.0]
    app.selectbox(key="listen_run").set_value("run-cnn_transformer_h1")
    app = checked(app.run())
    start, end = drawn(app, "timeline")["window"]
    assert end - start == pytest.approx(0.25) and start < 0.75 < end


def test_a_sound_that_is_played_as_ogg_stays_the_same_to_its_player(page, data):
    """No two Ogg files of one sound are alike, and for another file a player stops and begins anew."""
    trained(data, "cnn1d", "1")
    app = page(("half a minute.wav", wav(25)))
    before = drawn(app, "player")["sound"]
    app.slider(key="listen_threshold").set_value(80)
    assert drawn(checked(app.run()), "player")["sound"] == before


def test_the_answer_says_which_windows_it_is_made_of(page, data):
    trained(data, "cnn_transformer_h2", "1")
    assert "The whole sound, on average over 4 windows of 0.5 s" in texts(page(pending=("long.wav", wav(1.2))))
    waveform, rate = soundfile.read(io.BytesIO(wav(1.2)))
    waveform[round(0.5 * rate) :] *= 0.1
    quiet = io.BytesIO()
    soundfile.write(quiet, waveform, rate, format="WAV")
    assert "on average over the 2 loudest of 4 windows of 0.5 s" in texts(page(pending=("bang.wav", quiet.getvalue())))


def test_the_threshold_decides_what_is_an_event_and_events_make_a_table(page, data):
    trained(data, "cnn_transformer_h2", "1")
    app = page(pending=("long.wav", wav(1.2)))
    counts = []
    for percent in (5, 95):
        app.slider[0].set_value(percent)
        app = checked(app.run())
        counts.append(len(drawn(app, "timeline")["events"]))
        tables = [len(table.value) for table in app.dataframe]
        assert tables == ([counts[-1]] if counts[-1] else []) and drawn(app) is not None
    assert counts[0] >= 3 and counts[1] == 0 and "No event at this threshold" in texts(app)


def test_a_sound_of_minutes_is_heard_in_the_background_and_played_from_a_small_copy(page, data, monkeypatch):
    trained(data, "cnn_transformer_h2", "1")
    content = wav(70)
    app = page(pending=("minutes.wav", content))
    deadline = time.monotonic() + 60
    while drawn(app, "timeline") is None and time.monotonic() < deadline:
        app = checked(app.run())
    view = drawn(app, "timeline")
    assert view["seconds"] == pytest.approx(70) and heads(app) == [2, 2]
    assert len(base64.b64decode(view["edges"])) // 4 == 280
    options = app.select_slider[0].options
    assert (options[0], options[-1]) == ("0:00.0 to 0:00.5", "1:09.5 to 1:10.0"), "one way to write a time in one sound"
    app.select_slider[0].set_value(100)
    app = checked(app.run())
    assert drawn(app)["sound"]["span"] == [pytest.approx(25, abs=1e-3), pytest.approx(25.5, abs=1e-3)]


def weights_of(name: str, fold: str = "1"):
    return get_run(name).path / f"fold{fold}.safetensors"


@pytest.mark.parametrize("harm", ["half", "pickle", "another model"])
def test_weights_that_are_no_good_are_one_sentence_and_another_model_still_answers(page, data, harm):
    import pickle

    from safetensors import safe_open
    from safetensors.torch import save_file

    trained(data, "cnn_transformer_h2", "1")
    file = weights_of(trained(data, "cnn1d", "1"))
    if harm == "half":
        file.write_bytes(file.read_bytes()[:2000])
    elif harm == "pickle":
        file.write_bytes(pickle.dumps(list(range(1000))))
    else:
        with safe_open(weights_of("run-cnn_transformer_h2"), "pt") as other, safe_open(file, "pt") as own:
            tensors, metadata = {key: other.get_tensor(key) for key in other.keys()}, own.metadata()  # noqa: SIM118
        save_file(tensors, file, metadata)
    app = page(run="run-cnn1d")
    assert len(errors(app)) == 1 and "fold1.safetensors" in errors(app)[0] and drawn(app) is None
    next(box for box in app.selectbox if box.label == "Model").set_value("run-cnn_transformer_h2")
    assert heads(checked(app.run())) == [2, 2] and not errors(app)


def test_a_run_deleted_while_its_page_is_open_leaves_the_others(page, data):
    name = trained(data, "cnn1d", "1")
    trained(data, "cnn_transformer_h2", "1")
    app = page(run=name)
    shutil.rmtree(get_run(name).path)
    app = checked(app.run())
    assert errors(app) == [f"The run {name} is no longer there; run-cnn_transformer_h2 answers now"]
    assert drawn(app) is not None and app.query_params["run"] == "run-cnn_transformer_h2"
    shutil.rmtree(get_run("run-cnn_transformer_h2").path)
    assert "There is no trained model yet" in texts(checked(app.run()))


@pytest.mark.parametrize(("name", "shown"), [
    ("../../x.wav", "x.wav"), (r"..\..\y.wav", "y.wav"), ("<b>bold</b> *z*.wav", "b> *z*.wav"),
    ("a\u202egpj.wav", "a\ufffdgpj.wav")])
def test_a_strange_name_of_an_upload_is_text_and_names_no_place(page, data, name, shown, isolated):
    trained(data, "cnn1d", "1")
    before = set(isolated.rglob("*"))
    app = page(pending=(name, wav(SECONDS)))
    assert f"Listening to {shown}, 0.50 s" in texts(app) and drawn(app)
    assert set(isolated.rglob("*")) - before <= set((isolated / "cache").rglob("*"))


def answered(app: AppTest) -> AppTest:
    """Run until all files were answered."""
    deadline = time.monotonic() + 60
    while "listen_many_job" in app.session_state and app.session_state["listen_many_job"].running:
        assert time.monotonic() < deadline
        app.session_state["listen_many_job"].wait(0.2)
    return checked(app.run())


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return checked(app.run())


def test_many_files_make_a_table_with_a_sentence_for_those_that_cannot_be_read(page, data):
    trained(data, "cnn_transformer_h2", "1")
    app = page()
    app.get("button_group")[0].set_value("Many sounds")
    checked(app.run())
    assert "Drop several sounds here" in texts(app)
    app.file_uploader[0].set_value([("b.wav", wav(SECONDS), "audio/wav"), ("notes.wav", b"words", "audio/wav"),
                                    ("../../<i>a.wav", wav(1.2, seed=3), "audio/wav"), ("empty.wav", b"", "audio/wav")])
    app = answered(press(checked(app.run()), "Answer 4 sounds"))
    table = app.dataframe[0].value
    assert list(table.columns) == ["File", "Answer", "Probability %", "Seconds", "Problem"] and len(table) == 4
    assert table["Seconds"].tolist()[::2] == [0.5, 1.2] and table["Answer"].isna().tolist() == [False, True, False, True]
    assert "not a sound that can be read" in table["Problem"][1] and "empty" in table["Problem"][3]
    assert "4 of 4 sounds" in texts(app) and "2 of them could not be read" in texts(app)


def test_what_is_none_of_the_classes_has_no_probability_and_silence_its_sentence_in_the_file(page, data, monkeypatch):
    run = get_run(trained(data, "cnn1d", "1"))
    loaded = load_checkpoint(run.path / "fold1.safetensors")
    save_checkpoint(run.path / "fold1.safetensors", loaded.model, loaded.config, CLASSES, Calibration(1.0, 0.95))
    app = page()
    app.get("button_group")[0].set_value("Many sounds")
    checked(app.run())
    app.file_uploader[0].set_value([("a.wav", wav(SECONDS), "audio/wav"), ("b.wav", wav(SECONDS, level=0.0), "audio/wav")])
    written = []
    monkeypatch.setattr("app.views.listen_many.answers_csv", lambda *given: written.append(answers_csv(*given)) or written[-1])
    app = answered(press(checked(app.run()), "Answer 2 sounds"))
    table = app.dataframe[0].value
    assert table["Answer"].tolist() == ["none of these", "nothing to hear"] and table["Probability %"].isna().all()
    strange, silent = csv.DictReader(io.StringIO(written[-1]))
    assert strange["unknown"] == "true" and strange["label"] in CLASSES and not strange["error"]
    assert not silent["label"] and silent["error"].startswith("This clip is digitally silent")


def test_a_folder_of_this_machine_is_answered_and_a_wrong_one_is_said(page, data):
    trained(data, "cnn1d", "1")
    app = page()
    app.get("button_group")[0].set_value("Many sounds")
    checked(app.run())
    app.get("button_group")[1].set_value("A folder on this machine")
    checked(app.run())
    app.text_input[0].set_value("/nowhere/at all")
    assert errors(checked(app.run())) == ["There is no folder /nowhere/at all on this machine"]
    app.text_input[0].set_value(str(data.root))
    app = answered(press(checked(app.run()), "Answer 12 sounds"))
    assert app.dataframe[0].value["File"].tolist() == [f"{number:02d}.wav" for number in range(12)]


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
