"""Home: the data and whether its folds can be trusted, the best model and how it was measured, what runs, an upload."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from app.state import dataset_named
from app.views.home_data import leak_sentence
from core.config import TrainConfig
from core.datasets import load_dataset
from core.files import write_json
from core.runs import create_run
from tests.conftest import write_tiny


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
        shutil.copy(clip, plain / name / "one.wav")
        shutil.copy(clip, plain / name / "two.wav")
    assert leak_sentence(load_dataset(plain))[0]
    assert "No folds of its own" in leak_sentence(load_dataset(plain))[1]


def test_the_best_model_is_of_this_data_set_and_says_how_it_was_measured(data):
    finished(data, "good", 0.75)
    finished(data, "best", 0.843)
    finished(data, "elsewhere", 0.99, dataset="other")
    text = said(home(data))
    assert "model of best" in text
    assert "84.3 ± 3.1 %" in text
    assert "Mean of 4 models on test fold 1 · 7 epochs · best of 2 runs" in text


def test_what_runs_is_shown_with_its_progress(data):
    run = create_run(TrainConfig(dataset=data), name="at-work")
    run.write_status("running", progress=0.37, message="fold 2 of 4 · epoch 37 of 100 · 6 min left")
    create_run(TrainConfig(dataset=data), name="later")
    app = home(data)
    assert "at-work" in said(app)
    assert "1 more waiting" in said(app)
    assert "Open" in labels(app)


def test_with_no_data_the_demo_sounds_are_there_and_the_way_to_esc10_is_told(data, isolated, monkeypatch):
    monkeypatch.setattr("core.datasets.data_dirs", lambda: [isolated / "data"])
    app = home()
    assert not app.exception
    assert "demo" in said(app)
    assert "python -m core data fetch esc10" in said(app)
    assert "30 clips · 3 classes" in said(app)


def test_another_folder_is_taken_and_a_wrong_one_is_said(data, tmp_path):
    app = home("demo")
    app.text_input("home_folder").set_value(str(tmp_path / "nothing")).run()
    next(b for b in app.button if b.label == "Use it").click().run()
    assert "there is no data set called" in said(app)
    app.text_input("home_folder").set_value(data).run()
    next(b for b in app.button if b.label == "Use it").click().run()
    assert "30 clips · 3 classes" in said(app)


def test_a_data_set_that_is_gone_is_said_and_the_demo_takes_its_place(data, tmp_path):
    app = home(str(tmp_path / "gone"))
    assert not app.exception
    assert "there is no data set called" in said(app)
    assert "demo" in said(app)


def test_a_dropped_sound_goes_to_listen_inside(data):
    app = home(data)
    app.file_uploader("home_upload").upload("bark.wav", b"RIFF not a sound", "audio/wav").run()
    assert app.session_state["pending_upload"][0] == "bark.wav" or "bark" in said(app)


def test_a_table_is_opened_by_the_column_that_holds_its_classes(data, voices):
    app = home(data)
    app.text_input("home_folder").set_value(str(voices)).run()
    next(b for b in app.button if b.label == "Use it").click().run()
    assert "speaker" in "".join(error.value for error in app.error)
    app.text_input("home_label").set_value("speaker").run()
    next(b for b in app.button if b.label == "Use it").click().run()
    assert not app.error
    assert "20 clips · 2 classes" in said(app)
    app.switch_page("views/explore.py").run()
    assert not app.exception
    assert {"Ada", "Max"} <= set(next(box for box in app.multiselect if box.label == "Class").options)
