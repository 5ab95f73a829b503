"""Home: the data and whether its folds can be trusted, the best model and how it was measured, what runs, an upload."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.state import dataset_named
from app.views.home_data import leak_sentence
from core.config import TrainConfig
from core.datasets import load_dataset
from core.fetching import FAILED, FINISHED, RUNNING, STOPPED, Fetching
from core.files import write_json
from core.manage import delete_run
from core.runs import create_run, get_run
from tests.conftest import write_tiny
from tests.test_fetch import zipped


@pytest.fixture
def data(isolated, tiny_folder, monkeypatch) -> str:
    """The tiny data set's path; ``demo`` is tiny too, because making the real one takes seconds."""
    monkeypatch.setattr("core.demo.demo_folder", lambda: tiny_folder)
    dataset_named.clear()
    yield str(tiny_folder)
    dataset_named.clear()


def home(dataset: str | None = None) -> AppTest:
    app = AppTest.from_file("../../app/main.py", default_timeout=60)
    if dataset:
        app.query_params["dataset"] = dataset
    return app.run()


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "text", "error", "code", "metric")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind)).replace("\\", "")


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def finished(data: str, name: str, accuracy: float, dataset: str = "tiny", protocol: str = "assignment") -> None:
    run = create_run(TrainConfig(dataset=data, epochs=7), name=name)
    run.write_status("finished", progress=1.0, message="Finished")
    write_json(run.path / "summary.json", {
        "run": name, "dataset": dataset, "model": f"model of {name}", "protocol": protocol, "seed": 3, "epochs": 7,
        "folds": [{}] * 4, "accuracy": {"mean": accuracy, "std": 0.031, "ci95": [0, 1]}})


def test_a_browser_that_has_just_come_gets_the_rules_a_moment_before_the_page(data, monkeypatch):
    waited = []
    monkeypatch.setattr("app.components.frame.sleep", waited.append)
    monkeypatch.setattr("app.components.frame.HEAD_START", 0.1)
    app = home(data)
    app.run()
    assert waited == [0.1], "and whoever goes on gets all at once"


def test_the_data_card(data):
    app = home(data)
    assert not app.exception
    text = said(app)
    assert "tiny" in text
    assert "30 clips · 3 classes · 15 recordings" in text
    assert "5 folds, and no recording stands in two of them." in text
    assert "No model was trained on tiny yet." in text
    assert "Nothing is training." in text
    assert "CPU" in text or "GPU" in text or "NVIDIA" in text
    assert "Explore" in labels(app)


def test_folds_that_leak_and_folds_that_are_not_there(tmp_path):
    root = write_tiny(tmp_path / "leaky")
    clip = next((root / "001 - High").glob("1-101-A.wav"))
    shutil.copy(clip, clip.with_name("2-101-C.wav"))
    assert leak_sentence(load_dataset(root)) == (
        False, "1 recording stands in more than one fold; the protocol kfold keeps them together.")
    plain = tmp_path / "plain"
    for name in ("a", "b"):
        (plain / name).mkdir(parents=True)
        for number in ("one", "two", "three", "four"):
            shutil.copy(clip, plain / name / f"{number}.wav")
    good, sentence = leak_sentence(load_dataset(plain))
    assert not good and sentence.startswith("2 classes (a, b) each have fewer than 5 recordings (a: 4), so 5 folds cannot be")
    for name in ("a", "b"):
        shutil.copy(clip, plain / name / "five.wav")
    good, sentence = leak_sentence(load_dataset(plain))
    assert good and "No folds of its own" in sentence


def test_the_best_model_is_of_this_data_set_and_says_how_it_was_measured(data):
    finished(data, "good", 0.75)
    finished(data, "best", 0.843)
    finished(data, "elsewhere", 0.99, dataset="other")
    text = said(home(data))
    assert "model of best" in text
    assert "84.3 ± 3.1 %" in text
    assert "Mean of 4 models on test fold 1 · 7 epochs · best of 2 runs" in text


def test_the_best_model_is_one_for_the_classes_of_the_chosen_column(voices):
    dataset_named.clear()
    finished("voices", "words", 0.9, dataset="voices")
    file = get_run("words").path / "summary.json"
    write_json(file, json.loads(file.read_text()) | {"class_names": ["two", "one"]})
    app = AppTest.from_file("../../app/main.py", default_timeout=60)
    app.query_params.update({"dataset": "voices", "label": "word"})
    assert "model of words" in said(app.run())
    app.query_params.update({"dataset": "voices", "label": "speaker"})
    text = said(app.run())
    assert "model of words" not in text and "No model was trained on voices with these classes yet." in text


def test_what_could_not_be_brought_back_from_the_bin_is_said(data, monkeypatch):
    finished(data, "good", 0.8)
    delete_run("good")
    finished(data, "good", 0.7)
    monkeypatch.setattr("app.views.disk._table", lambda columns, key, *alt: [0] if key == "disk_bin" else [])
    app = home(data)
    app.session_state["disk_open"] = True
    app.run()
    app.button("disk_restore").click().run()
    assert ["good" in error.value for error in app.error] == [True]
    assert not app.run().error, "it is said once"


def test_a_best_run_without_weights_leaves_listening_to_the_next(data):
    finished(data, "best", 0.9)
    finished(data, "good", 0.8)
    assert "Listen inside" not in labels(home(data)), "neither has weights"
    (get_run("good").path / "final.safetensors").touch()
    app = home(data)
    assert "Only its numbers are kept here; in Listen inside good answers." in said(app) and "Listen inside" in labels(app)


def test_a_summary_that_somebody_edited_leaves_the_page_whole(data):
    finished(data, "good", 0.8125)
    finished(data, "best", 0.9)
    file = get_run("best").path / "summary.json"
    file.write_text(json.dumps({name: value for name, value in json.loads(file.read_text()).items() if name != "protocol"}))
    text = said(home(data))
    assert "81.3 ± 3.1 %" in text and "Nothing is training." in text, "halves are rounded as on every page"


def test_what_runs_is_shown_with_its_progress(data):
    run = create_run(TrainConfig(dataset=data), name="at-work")
    run.write_status("running", progress=0.37, message="fold 2 of 4 · epoch 37 of 100 · 6 min left")
    create_run(TrainConfig(dataset=data), name="later")
    app = home(data)
    assert "at-work" in said(app)
    assert "1 more waiting" in said(app)
    assert "Open" in labels(app)


@pytest.fixture
def alone(data, own_data, isolated, monkeypatch) -> Path:
    """No data set anywhere but the demo sounds; the folder that uploads go to."""
    monkeypatch.setattr("core.datasets.data_dirs", lambda: [isolated / "data", own_data])
    return own_data


def test_with_no_data_there_are_three_ways_to_begin(alone):
    app = home()
    assert not app.exception
    assert "demo" in said(app) and "30 clips · 3 classes" in said(app)
    assert {"Download ESC-10 (42 MB)", "Use my folder", "Try the demo sounds"} <= set(labels(app))
    press(app, "Use my folder")
    assert app.text_input("data_folder").value == ""
    app = home()
    press(app, "Try the demo sounds")
    assert not app.exception and "Explore" in [title.value for title in app.title]


def press(app: AppTest, label: str) -> AppTest:
    return next(b for b in app.button if b.label == label).click().run()


def folder(app: AppTest, path) -> AppTest:
    """Open Change and type a folder."""
    press(app, "Change" if "Change" in labels(app) else "Use my folder")
    app.segmented_control("data_way").set_value("My folder").run()
    return app.text_input("data_folder").set_value(str(path)).run()


def test_a_folder_is_looked_at_before_it_is_used(alone, tmp_path):
    app = folder(home(), tmp_path / "nothing")
    assert "There is no folder" in said(app) and "Use it" not in labels(app)
    root = write_tiny(tmp_path / "my *own*", ("one", "two"), takes="A")
    (root / "one" / "words.wav").write_bytes(b"words")
    app.text_input("data_folder").set_value(str(root)).run()
    text = said(app)
    assert "Class folders · 11 clips · 2 classes" in text and "1 of all 11 files looked at cannot be read" in text
    assert app.dataframe[0].value.values.tolist() == [["one", 6, 6], ["two", 5, 5]]
    assert "demo" in said(app), "it is not used yet"
    press(app, "Use it")
    assert not app.exception and "11 clips · 2 classes · 11 recordings" in said(app) and "Use it" not in labels(app)
    assert "my *own*" in said(app)
    app.switch_page("views/train.py").run()
    assert not app.exception and "11 recordings" in said(app)


def test_what_counts_as_one_recording_is_chosen_with_a_preview(alone, tmp_path):
    root = write_tiny(tmp_path / "pets", ("cat", "dog"), takes="A")
    for number, path in enumerate(sorted(root.rglob("*.wav"))):
        path.rename(path.with_name(f"{path.parent.name}{number}.wav"))
    app = folder(home(), root)
    assert "2 recordings; the largest: cat (5 clips), dog (5 clips)." in said(app)
    assert "each have fewer than 5 recordings" in said(app)
    rule = app.segmented_control(f"folder_rule_{root}")
    rule.set_value("file").run()
    assert "10 recordings, one clip each." in said(app) and "fewer than 5" not in said(app)
    rule.set_value("").run()
    app.text_input(f"folder_expression_{root}").set_value("(").run()
    assert "is no regular expression" in said(app) and next(b for b in app.button if b.label == "Use it").disabled
    app.text_input(f"folder_expression_{root}").set_value(r"(cat|dog\d)").run()
    assert "6 recordings; the largest: cat (5 clips)" in said(app)
    press(app, "Use it")
    assert "10 clips · 2 classes · 6 recordings" in said(app)
    press(app, "Change")
    app.switch_page("views/train.py").run()
    assert "6 recordings" in said(app), "the rule holds for a training too"
    app.switch_page("views/explore.py").run()
    assert not app.exception


def test_a_zip_is_unpacked_and_offered(alone, tmp_path):
    root = write_tiny(tmp_path / "made", ("one", "two"), folds=1)
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.wav")}
    app = press(home(), "Use my folder")
    app.segmented_control("data_way").set_value("Upload a zip").run()
    app.file_uploader("data_zip_0").upload("bad.zip", zipped({"words.txt": b"words"}), "application/zip").run()
    assert "holds no classes of sound files" in said(app) and list(alone.iterdir()) == []
    app.run()
    assert "holds no classes of sound files" in said(app), "said until another one is chosen"
    app.file_uploader("data_zip_0").upload("../../mine.zip", zipped(files), "application/zip").run()
    assert not app.exception and not app.error
    assert [path.name for path in alone.iterdir()] == ["mine"] and app.selectbox("data_name").value == "mine"
    assert "4 clips · 2 classes" in said(app)
    press(app, "Use it")
    assert "4 clips · 2 classes" in said(app) and "mine" in said(app)


def test_a_download_is_watched_cancelled_and_gone_on_with(alone, monkeypatch):
    state, asked = [None], []
    monkeypatch.setattr("app.data.download.fetch_state", lambda: state[0])
    monkeypatch.setattr("app.data.download.start_fetch", lambda: asked.append("start"))
    monkeypatch.setattr("app.data.download.stop_fetch", lambda: asked.append("stop"))
    app = home()
    state[0] = Fetching(RUNNING, done=12_300_000, total=42_000_000)
    press(app, "Download ESC-10 (42 MB)")
    assert asked == ["start"] and not any("Download ESC-10" in label for label in labels(app))
    assert "12.3 of 42.0 MB" in app.get("progress")[0].proto.text.replace("\\", "")
    press(app, "Cancel the download")
    assert asked == ["start", "stop"]
    state[0] = Fetching(STOPPED, done=12_300_000, total=42_000_000)
    app.run()
    assert "Go on with the download (12.3 of 42.0 MB)" in labels(app) and "Cancel the download" not in labels(app)
    state[0] = Fetching(FAILED, problem="the download stopped after 12.3 MB")
    app.run()
    assert "The download stopped after 12.3 MB" in said(app) and "Download ESC-10 (42 MB)" in labels(app)
    state[0] = Fetching(RUNNING, "check", 3, 4)
    app.run()
    (alone.parent / "data" / "ESC-10").parent.mkdir(exist_ok=True)
    write_tiny(alone.parent / "data" / "ESC-10", ("001 - Dog bark", "002 - Rain"))
    state[0] = Fetching(FINISHED, "check", 4, 4)
    app.run()
    assert not app.exception and "20 clips · 2 classes" in said(app), "what was fetched is the data set now"


def test_a_data_set_that_is_gone_is_said_and_the_usual_one_takes_its_place(alone, tmp_path):
    gone, usual = str(tmp_path / "gone"), alone.parent / "data" / "ESC-10"
    app = home(gone)
    assert not app.exception
    assert "There is no data set called" in said(app) and "30 clips · 3 classes" in said(app)
    write_tiny(usual, ("001 - Dog bark", "002 - Rain"))
    assert "20 clips · 2 classes" in said(home(gone))
    (usual / "001 - Dog bark").rename(tmp_path / "moved")
    dataset_named.clear()
    assert "30 clips · 3 classes" in said(home(gone)), "where it cannot be read, the sounds that are made here"


def test_a_dropped_sound_goes_to_listen_inside(data):
    app = home(data)
    app.file_uploader("home_upload").upload("bark.wav", b"RIFF not a sound", "audio/wav").run()
    assert app.session_state["pending_upload"][0] == "bark.wav" or "bark" in said(app)


def test_a_table_is_opened_by_the_column_that_holds_its_classes(data, voices):
    app = folder(home(data), voices)
    assert app.selectbox(f"folder_label_{voices}").options == ["speaker", "word"]
    app.selectbox(f"folder_label_{voices}").select("word").run()
    assert "one" in app.dataframe[0].value["Class"].tolist()
    app.selectbox(f"folder_label_{voices}").select("speaker").run()
    press(app, "Use it")
    assert not app.error
    assert "20 clips · 2 classes" in said(app)
    app.switch_page("views/explore.py").run()
    assert not app.exception
    assert {"Ada", "Max"} <= set(next(box for box in app.multiselect if box.label == "Class").options)


def test_names_from_outside_are_shown_letter_by_letter(data, tmp_path):
    root = write_tiny(tmp_path / "<i>a *b* `c`", ("*star* <b>", "$x$ :red[r]"), takes="A")
    app = home(str(root))
    assert app.metric[0].value == "\\<i\\>a \\*b\\* \\`c\\`"
    app.switch_page("views/explore.py").run()
    assert not app.exception
    raw = "\n".join(str(e.value) for kind in ("markdown", "caption") for e in app.get(kind))
    assert "<b>" not in raw and "*star*" not in raw and ":red[" not in raw


def test_what_was_overlooked_is_told_on_the_card_and_mended_by_a_column(data, tmp_path):
    """Twenty clips of four speakers, whose names say nothing."""
    root = write_tiny(tmp_path / "said", ("001 - One", "002 - Two"))
    rows = [f"{path.relative_to(root).as_posix()},{path.parent.name[-3:]},s{number % 5},{number}"
            for number, path in enumerate(sorted(root.rglob("*.wav")))]
    (root / "metadata.csv").write_text("\n".join(["path,label,speaker,take", *rows]))
    app = home(str(root))
    assert "The table has a column speaker (5 values) that is not used; if clips of one speaker should stay" in said(app)
    press(app, "Change")
    app.segmented_control("data_way").set_value("My folder").run()
    app.text_input("data_folder").set_value(str(root)).run()
    app.segmented_control(f"folder_rule_{root}").set_value("column").run()
    column = app.selectbox(f"folder_column_{root}")
    assert column.options == ["speaker", "take"] and column.value == "speaker"
    assert "5 recordings; the largest: s0 (4 clips)" in said(app)
    assert "Clips with one value in the column speaker of the table count as one recording" in said(app)
    press(app, "Use it")
    assert not app.exception and "20 clips · 2 classes · 5 recordings" in said(app) and "that is not used" not in said(app)
    press(app, "Change")
    app.segmented_control("data_way").set_value("My folder").run()
    app.switch_page("views/explore.py").run()
    assert not app.exception
