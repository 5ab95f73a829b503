"""The Results page on imagined runs of a small data set of real files, driven without a browser."""

import json
import shutil
import wave
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.state import dataset_named
from app.views.results_analysis import written
from app.views.results_data import dataset_of, load_results
from core.config import TrainConfig
from core.datasets import load_dataset
from core.disk import size_of
from core.manage import delete_run, delete_study, deleted_runs, rename_run, restore_run, write_note
from core.runs import get_run as load
from core.runs import list_runs
from core.search_space import SPACE
from core.studies import create_study, get_study
from tests.app.fabricated_runs import fabricate_run
from tests.finished_runs import summary_of

CLASSES = ("birds", "glass [x](y)", "rain")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """A table of 30 short clips in five folds, two clips per recording, in a data folder; no test changes it."""
    folder = tmp_path_factory.mktemp("data") / "sounds"
    folder.mkdir()
    lines = ["path,label,fold,source"]
    for index in range(30):
        name = f"{index:02d}.wav"
        with wave.open(str(folder / name), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes((3000 * np.sin(np.arange(800) * (1 + index) / 40)).astype("<i2").tobytes())
        lines.append(f"{name},{CLASSES[index % 3]},{index // 6 + 1},r{index // 2}")
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return load_dataset(str(folder))


@pytest.fixture
def data(sounds, tmp_path, monkeypatch):
    """The clips of ``sounds`` are here, and no run is."""
    monkeypatch.setenv("EARSHOT_DATA", str(sounds.root.parent))
    monkeypatch.setenv("EARSHOT_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "checkpoints").mkdir()
    return sounds


@pytest.fixture
def page(data, tmp_path):
    """Opens the page with a query, e.g. ``page(run="a")``."""
    def opened(**query):
        app = AppTest.from_file("../../app/main.py", default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page("views/results.py").run()
        assert not app.exception, app.exception
        return app
    return opened


def make(data, tmp_path, name, **settings):
    """A run of its own for this test, copied from one that all tests share: its files have the same times then, and what the
    page made of them for one test it still knows in the next."""
    told = sorted(({"seed": 0} | settings).items())
    shared = tmp_path.parent / "runs" / "-".join([data.name, name, *(f"{key}-{value}" for key, value in told)])
    if not shared.exists():
        fabricate_run(shared, data, name=name, **settings)
    return shutil.copytree(shared / name, tmp_path / "checkpoints" / name)


def good_and_bad(data, tmp_path):
    make(data, tmp_path, "good", model="cnn_transformer_h4", protocol="published", skill=4, seed=1, epochs=20)
    make(data, tmp_path, "bad", model="cnn1d", protocol="published", skill=0.0, seed=2)


def texts(app) -> str:
    return "\n".join(element.value for kind in (app.text, app.caption, app.markdown, app.info, app.error, app.header)
                     for element in kind).replace("\\", "")


def test_without_runs_one_sentence_and_one_button(page):
    app = page()
    assert "No model has been trained here yet" in texts(app)
    assert [button.label for button in app.button] == ["Train a model"]


def test_a_run_shows_its_numbers_and_every_block_has_its_table(data, tmp_path, page):
    record = make(data, tmp_path, "one", protocol="published") / "config.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"device": "NVIDIA H100"}))
    app = page(run="one")
    assert "cnn_transformer_h4 · protocol published · sounds · seed 0 · 30 epochs · NVIDIA H100" in texts(app)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert set(metrics) == {"Test accuracy", "Test macro F1", "Test ROC-AUC", "Training time", "Trainable parameters"}
    assert metrics["Trainable parameters"] == "213,578"
    assert next(metric.help for metric in app.metric).startswith("Mean over 5 folds on 30 test clips of 15 recordings; ± is")
    accuracy = load("one").summary["accuracy"]["mean"]
    assert metrics["Test accuracy"] == f"{100 * accuracy + 1e-9:.1f} %"
    runs = next(table.value for table in app.dataframe if "interval" in table.value)
    assert list(runs["accuracy"]) == [pytest.approx(100 * accuracy, abs=0.051)]
    blocks = [element.value for element in app.subheader]
    assert blocks == ["Comparison", "Confusion matrix", "Clips behind a cell", "Classes", "ROC curves", "Folds",
                      "Learning curves"]
    assert len(app.get("download_button")) == len(blocks) + 2, "a table of every block, and the report in two formats"
    assert app.query_params["run"] == "one"


def test_the_training_time_is_that_of_the_tested_models_in_table_and_card(data, tmp_path, page):
    path = make(data, tmp_path, "one", protocol="published")
    history = pd.read_csv(path / "history.csv").assign(seconds=32.5)  # 5 folds of 30 epochs
    last = history[history["fold"] == 1].assign(fold="final", seconds=60)
    pd.concat([history, last]).to_csv(path / "history.csv", index=False)
    app = page(run="one")
    card = next(metric for metric in app.metric if metric.label == "Training time")
    table = next(table.value for table in app.dataframe if "time" in table.value)
    assert card.value == table["time"][0] == "1 h 21 min"
    assert card.help.replace("\\", "") == "Of the models that were tested; the final model, on all clips, took 30 min more."
    (path / "predictions.csv").write_text("half a fi", encoding="utf-8")
    app = page(run="one")
    assert next(metric for metric in app.metric if metric.label == "Training time").value == card.value


def test_assignment_shows_validation_beside_test_and_the_models_together(data, tmp_path, page):
    make(data, tmp_path, "four", protocol="assignment")
    app = page(run="four")
    assert "Validation accuracy" in [metric.label for metric in app.metric]
    assert "The 4 models together" in texts(app)
    assert app.selectbox(key="results_voice_four").options == [
        "all models, added up", "the models together (mean)", *(f"the model without fold {k}" for k in (2, 3, 4, 5))]


def test_compared_runs_are_summed_up_by_what_the_test_supports(data, tmp_path, page):
    good_and_bad(data, tmp_path)
    app = page(run="good")
    assert app.multiselect(key="results_compared").value == ["good", "bad"]
    assert "cnn_transformer_h4 is best here" in texts(app) and "reliably better than cnn1d" in texts(app)
    assert "McNemar's exact test on 30 clips" in texts(app) and "t-test over 5 folds" in texts(app)
    app.multiselect(key="results_compared").set_value(["good"]).run()
    assert "best here" not in texts(app)


def test_a_run_that_may_be_missing_from_an_experiment_is_named(data, tmp_path, page):
    for number, name in enumerate(("one", "two", "three")):
        path = make(data, tmp_path, name, protocol="published", seed=number)
    assert "Perhaps of this experiment" not in texts(page(experiment="design"))
    (path / "config.json").write_text("half a fi", encoding="utf-8")
    assert "Perhaps of this experiment too: three, whose config.json cannot be read." in texts(page(experiment="design"))
    assert "Perhaps of this experiment" not in texts(page(run="one"))


def test_one_row_per_model_and_protocol_with_validation_beside_test(data, tmp_path, page):
    for number, (model, protocol) in enumerate([("cnn1d", "assignment"), ("cnn1d", "split"), ("cnn_transformer_h4", "split")]):
        make(data, tmp_path, f"run{number}", model=model, protocol=protocol, skill=3)
    make(data, tmp_path, "again", model="cnn1d", protocol="assignment", skill=3, seed=1)
    make(data, tmp_path, "half", model="cnn1d", protocol="split", state="stopped", seed=2)
    app = page(experiment="design", run="run0")
    assert app.query_params["experiment"] == "design" and app.selectbox(key="results_experiment").value == "design"
    table = next(table.value for table in app.dataframe if "contender" in table.value)
    assert sorted(table["contender"]) == ["cnn1d · assignment", "cnn1d · split", "cnn_transformer_h4 · split", "half"]
    drawn = next(chart.proto.spec for chart in app.get("plotly_chart") if "95 % interval" in chart.proto.spec)
    assert "one model: " in drawn and "one fold" not in drawn
    own = table.set_index("contender").loc["cnn1d · assignment"]
    means = [load(name).summary["validation"]["accuracy"]["mean"] for name in ("run0", "again")]
    assert own["seeds"] == "0, 1" and own["validation"] == pytest.approx(100 * np.mean(means), abs=0.051)
    assert own["macs"] == 61 and table.set_index("contender").loc["half", "state"] == "stopped"
    assert "Without half: only finished runs are reported." in texts(app)
    app.multiselect(key="results_compared").set_value(["run0"]).run()
    assert "experiment" not in app.query_params and app.selectbox(key="results_experiment").value is None
    app.selectbox(key="results_experiment").set_value("design").run()
    assert len(app.multiselect(key="results_compared").value) == 5 and app.query_params["experiment"] == "design"


def test_a_wrong_experiment_is_said_in_one_sentence(data, tmp_path, page):
    make(data, tmp_path, "one", protocol="published")
    app = page(experiment="desing")
    assert [error.value.replace("\\", "") for error in app.error] == [
        f"There is no experiment called 'desing' in {tmp_path}/checkpoints; did you mean design?"]
    assert app.header[0].value == "one" and app.query_params["experiment"] == "design", "the one run of it is compared"


def test_an_experiment_opens_on_the_runs_that_most_others_can_be_held_against(data, tmp_path, page):
    for number, name in enumerate(("one", "two")):
        make(data, tmp_path, name, protocol="published", seed=number, skill=0.6)
    fewer = make(data, tmp_path, "fewer", protocol="published", seed=2, skill=4.0)
    record = json.loads((fewer / "config.json").read_text())
    (fewer / "config.json").write_text(json.dumps(record | {"class_names": record["class_names"][:2]}))
    assert page(experiment="design").header[0].value in ("one", "two")


def test_the_costs_to_compare_by_fit_beside_each_other_on_a_phone(data, tmp_path, page):
    for number, model in enumerate(("cnn1d", "cnn_transformer_h4")):
        make(data, tmp_path, model, model=model, protocol="published", seed=number)
    group = next(group for group in page(run="cnn1d").get("button_group") if group.key == "results_cost")
    assert len("".join(group.options)) <= 32, "in 390 px"


def test_an_experiment_can_be_compared_again_after_another_page(data, tmp_path, page):
    for number, name in enumerate(("one", "two", "three")):
        path = make(data, tmp_path, name, protocol="published", seed=number)
    record = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(record | {"experiment": "else"}))
    app = page(experiment="design")
    wanted = {"one", "two"}
    for _ in range(2):
        assert {*app.multiselect(key="results_compared").value} == wanted and app.query_params["experiment"] == "design"
        app.switch_page("views/home.py").run()
        app.query_params["experiment"] = "design"
        app.switch_page("views/results.py").run()
    assert {*app.multiselect(key="results_compared").value} == wanted


def test_a_study_comes_back_from_the_bin_and_the_run_that_was_looked_at_still_is(data, tmp_path, page, monkeypatch):
    make(data, tmp_path, "one", protocol="published")
    study = create_study(TrainConfig(dataset="sounds", model="cnn1d"), [SPACE["mixup"]], 2, name="search")
    study.write_status("stopped", progress=0, message="")
    delete_study("search")
    monkeypatch.setattr("app.views.disk._table", lambda columns, key, alt: [0] if key == "disk_bin" else [])
    app = page(run="one")
    app.session_state["disk_open"] = True
    app.run()
    app.button("disk_restore").click().run()
    assert get_study("search") and app.header[0].value == "one" and not app.error


def test_why_is_told_with_figures_and_tests(data, tmp_path, page):
    good_and_bad(data, tmp_path)
    app = page(run="good")
    assert "Attention helps here" not in texts(app), "folded until it is asked for"
    app = page(run="good", why="shown")
    assert "Attention helps here: cnn_transformer_h4 is reliably better than cnn1d" in texts(app)
    figures = [table.value for table in app.dataframe if "attends to" in table.value]
    assert list(figures[0]["model"]) == ["cnn_transformer_h4", "cnn1d"]
    assert "Do they learn by heart? No clip is held out to validate" in texts(app).replace("**", "")


def test_the_report_is_written_from_what_is_compared(data, tmp_path):
    good_and_bad(data, tmp_path)
    results = [load_results(load(name)) for name in ("good", "bad")]
    text = written(results, "mine", "html").decode()
    assert "<title>mine</title>" in text and "cnn_transformer_h4 is best here" in text and "http:" not in text
    assert written(results, "mine", "md").decode().startswith("# mine")


def test_runs_of_other_clips_are_not_compared(data, tmp_path, page):
    make(data, tmp_path, "one", protocol="published")
    make(replace(data, name="noises"), tmp_path, "other", protocol="published", seed=1)
    app = page(run="one")
    app.multiselect(key="results_compared").set_value(["one", "other"]).run()
    assert not app.exception
    assert "Not compared, because numbers compare only within one data set and the same classes of it: other." in texts(app)
    assert "state" not in app.dataframe[0].value, "all are finished, which needs no column"


def test_a_run_whose_protocol_no_other_has_is_said_to_stand_alone(data, tmp_path, page):
    make(data, tmp_path, "one", protocol="published")
    make(data, tmp_path, "other", protocol="split", seed=1)
    app = page(run="one")
    app.multiselect(key="results_compared").set_value(["one", "other"]).run()
    assert ("Compared with no other, because none has the same protocol: cnn_transformer_h4 · published, "
            "cnn_transformer_h4 · split.") in texts(app)


def test_of_two_runs_that_differ_in_nothing_the_chosen_one_is_compared(data, tmp_path, page):
    make(data, tmp_path, "first", protocol="split")
    make(data, tmp_path, "gpu", protocol="split", skill=3)
    app = page(run="first")
    told = app.metric[0].help.replace("\\", "")
    assert told.startswith("One model on 6 test clips of 3 recordings. Wilson's"), "no mean and no ± of one"
    for chosen, other in (("first", "gpu"), ("gpu", "first")):
        app.selectbox(key="results_run").set_value(chosen).run()
        assert not app.exception and app.header[0].value == chosen
        table = next(table.value for table in app.dataframe if "contender" in table.value)
        accuracy = load(chosen).summary["accuracy"]["mean"]
        assert list(table["accuracy"]) == [pytest.approx(100 * accuracy, abs=0.051)]
        assert f"settings and seed are those of another run that is compared: {other} (as {chosen})." in texts(app)


def test_a_cell_lists_its_clips_and_the_link_restores_it(data, tmp_path, page):
    path = make(data, tmp_path, "weak", protocol="published", skill=1)
    app = page(run="weak")
    cell = app.selectbox(key="results_cell_weak")
    assert cell.options[0].startswith("mistakes") or cell.options[0].startswith("all mistakes")
    wrong = next(option for option in cell.options if "heard as" in option)
    cell.set_value(wrong_pair(wrong)).run()
    assert not app.exception
    assert app.query_params["cell"] == list(wrong_pair(wrong))
    again = page(run="weak", cell=list(wrong_pair(wrong)))
    assert again.selectbox(key="results_cell_weak").value == wrong_pair(wrong)
    listed = next(table.value for table in again.dataframe if "Clip" in table.value)
    assert len(listed) == int(wrong.rsplit(" ", 1)[1])
    assert path.exists() and any("heard as" in element.value for element in again.text)


def wrong_pair(option: str) -> tuple[str, str]:
    true, rest = option.split(" heard as ")
    return true, rest.rsplit(" · ", 1)[0]


def test_an_unfinished_run_shows_its_curves_and_says_so(data, tmp_path, page):
    make(data, tmp_path, "half", state="stopped")
    app = page(run="half")
    assert "This run is stopped. No test fold has been answered yet" in texts(app)
    assert [element.value for element in app.subheader] == ["Comparison", "Learning curves"]


def test_copies_and_a_common_class_are_told_above_the_numbers(data, tmp_path, page):
    path = make(data, tmp_path, "r", protocol="published", skill=0.2)
    assert not page(run="r").warning, "a run of equal classes, made before copies were counted"
    table = pd.read_csv(path / "predictions.csv")
    table["target"] = [CLASSES[0] if index % 3 else CLASSES[1] for index in range(len(table))]
    table[list(CLASSES)] = [1.0, 0.0, 0.0]
    table.to_csv(path / "predictions.csv", index=False)
    summary = json.loads((path / "summary.json").read_text())
    summary |= {"test_copies": 4, "validation_copies": 0} | summary_of(table, CLASSES, "published", {})
    (path / "summary.json").write_text(json.dumps(summary))
    first, second = (element.value.replace("\\", "") for element in page(run="r").warning)
    assert first.startswith("4 of 30 test clips sound exactly like a clip that the model was trained on")
    assert second == "Always answering birds would be right on 66.7 %: this accuracy is no better."


def test_folds_that_have_ended_are_shown_while_the_run_goes_on(data, tmp_path, page):
    path = make(data, tmp_path, "going", protocol="published")
    (path / "summary.json").unlink()
    (path / "status.json").write_text((path / "status.json").read_text().replace("finished", "stopped"))
    lines = (path / "predictions.csv").read_text().splitlines()
    (path / "predictions.csv").write_text("\n".join(lines[:13]))
    app = page(run="going")
    assert "This run is stopped. The numbers below are of the 2 folds tested so far." in texts(app)
    assert "Confusion matrix" in [element.value for element in app.subheader]


def test_without_the_clips_everything_but_playing_works(data, tmp_path, page, monkeypatch):
    make(data, tmp_path, "weak", protocol="published", skill=1)
    monkeypatch.setenv("EARSHOT_DATA", str(tmp_path))
    dataset_named.clear()
    app = page(run="weak")
    assert "The clips of sounds are not on this machine" in texts(app)
    assert not app.error and len(app.metric) == 5


def test_a_wrong_link_is_said_in_one_sentence(data, tmp_path, page):
    make(data, tmp_path, "one", protocol="published")
    assert "There is no run called nowhere here; choose one" in texts(page(run="nowhere"))


def test_a_link_to_a_deleted_run_says_where_it_is(data, tmp_path, page):
    for number, name in enumerate(("one", "two", "three")):
        make(data, tmp_path, name, protocol="published", seed=number)
    delete_run("three")
    app = page(run="three")
    assert [error.value.replace("\\", "") for error in app.error] == [
        "three is in the bin; restore it in Disk and bin at the foot of this page, or choose one of the runs below. "
        "Shown now: two."]
    assert app.header[0].value == app.query_params["run"] == "two"


def test_a_run_that_comes_in_the_place_of_one_that_is_gone_is_told_to_until_another_is_chosen(data, tmp_path, page):
    for number, name in enumerate(("one", "two", "three")):
        make(data, tmp_path, name, protocol="published", seed=number)
    opened = page(run="three", experiment="design")
    delete_run("three")
    link = page(run="three", experiment="design")  # what the address of the run's page was
    for app in (opened.run(), link):
        shown = app.header[0].value
        assert shown != "three" and "three is in the bin" in app.error[0].value and shown in app.error[0].value
        warned = [f"three is not here; this is {shown}."]
        assert [warning.value.replace("\\", "") for warning in app.run().warning] == warned, "the next drawing says it too"
        app.selectbox(key="results_run").set_value({"one": "two", "two": "one"}[shown]).run()
        assert not app.warning and not app.error
    back = page(run="three")
    (deleted,) = deleted_runs()
    restore_run(deleted)
    assert not back.run().warning
    rename_run("one", "eins")
    assert page(run="one", experiment="design").header[0].value == "eins"


def test_a_second_run_that_is_not_there_is_said(data, tmp_path, page):
    for number, name in enumerate(("one", "two")):
        make(data, tmp_path, name, protocol="published", seed=number)
    make(data, tmp_path, "half", state="stopped")
    for asked, said in (("nope", "There is no run called nope here; choose"), ("half", "half has no answers to test clips")):
        app = page(run="one", against=asked)
        assert said in texts(app) and len(app.error) == 1 and "against" not in app.query_params
        assert app.header[0].value == "one"


@pytest.mark.parametrize("file, blocks, changes", [
    ("summary.json", 7, {
        "could not be read as JSON": lambda text: "{",
        "'folds' is not what a training": lambda text: text.replace('"folds": [', '"folds": "five", "x": [')}),
    ("summary.json", 7, {
        "do not speak of the same classes": lambda text: text.replace('"rain"', '"snow"', 1)}),
    ("predictions.csv", 2, {
        "where a number is expected": lambda text: text.replace(",0.", ",much", 1),
        "has no column split": lambda text: text.replace(",split,", ",part,", 1),
        "line 31 has": lambda text: text[:-9],
        "'birds' in the column 'target'": lambda text: text.replace("birds,", "cow,", 1)}),
    ("predictions.csv", 7, {
        "do not speak of the same classes": lambda text: text[: len(text) // 2].rsplit("\n", 1)[0]}),
    ("history.csv", 7, {
        "where a number is expected": lambda text: text.replace(",train,", ",train,much", 1),
        "cannot be read as a table": lambda text: "",
        "bring the file back, or train the run again": lambda text: text.replace(",loss,", ",lost,", 1)}),
    ("config.json", 7, {"is no config of a run": lambda text: "[]"}),
    ("about.json", 7, {"": lambda text: "{"}),
])
def test_a_broken_file_is_one_sentence_and_the_rest_goes_on(data, tmp_path, page, file, blocks, changes):
    """The page is drawn with one thing wrong in the file; with anything else wrong in it, it has the same to draw."""
    path = make(data, tmp_path, "one", protocol="published")
    (path / "about.json").write_text('{"note": "what I saw"}')
    text, drawn = (path / file).read_text(encoding="utf-8"), None
    for sentence, change in changes.items():
        (path / file).write_text(change(text), encoding="utf-8")
        result = load_results(load("one"))
        assert len(result.problems) == bool(sentence) and all(sentence in problem for problem in result.problems), sentence
        if drawn is None:
            app, drawn = page(run="one"), result
            assert [error.value.replace("\\", "") for error in app.error] == result.problems
        else:
            assert without_problems(result) == without_problems(drawn), sentence
    assert len([element for element in app.subheader if element.value not in ("Cache", "Bin")]) == blocks
    if file != "summary.json":
        assert len(app.metric) == 5, "what the summary tells is shown all the same"


def without_problems(result) -> dict:
    """All that the page has of a run, tables as text."""
    told = {field.name: getattr(result, field.name) for field in fields(result) if field.name not in ("problems", "stamp")}
    return told | {name: told[name] if told[name] is None else told[name].to_csv() for name in ("predictions", "history")}


def test_a_run_that_vanishes_while_its_page_is_open(data, tmp_path, page):
    first = make(data, tmp_path, "two", protocol="published", seed=1)
    make(data, tmp_path, "one", protocol="published")
    app = page(run="two")
    first.rename(tmp_path / "elsewhere")
    app.run()
    assert not app.exception
    assert "There is no run called two here any more; choose one of those below. Shown now: one." in texts(app)
    assert app.header[0].value == "one"


def test_a_class_name_is_shown_as_text(data, tmp_path, page):
    make(data, tmp_path, "weak", protocol="published", skill=1)
    app = page(run="weak", cell=["glass [x](y)", "glass [x](y)"])
    for element in [*app.markdown, *app.caption]:
        assert "[x](y)" not in element.value


def test_the_clips_of_a_table_with_its_classes_in_another_column_can_be_played(data, tmp_path, page, monkeypatch):
    table = shutil.copytree(data.root, tmp_path / "data" / "sounds") / "metadata.csv"
    monkeypatch.setenv("EARSHOT_DATA", str(tmp_path / "data"))
    table.write_text(table.read_text(encoding="utf-8").replace("path,label", "path,speaker", 1), encoding="utf-8")
    path = make(data, tmp_path, "weak", protocol="published", skill=1)
    (path / "summary.json").unlink()  # its numbers are then made here, from the sources of the data set
    config = json.loads((path / "config.json").read_text())
    config["config"]["label"] = "speaker"
    (path / "config.json").write_text(json.dumps(config))
    app = page(run="weak")
    assert "are not on this machine" not in texts(app)
    result = load_results(load("weak"))
    assert dataset_of(result).class_names == CLASSES
    assert not result.problems


def test_a_run_is_renamed_noted_deleted_and_brought_back(data, tmp_path, page):
    make(data, tmp_path, "two", protocol="published", seed=1)
    make(data, tmp_path, "one", protocol="published")
    app = page(run="two")
    app.text_area("note_two").set_value("**best** <b>so far</b>").run()
    assert "**best** <b>so far</b>" in [text.value for text in app.text], "shown as text"
    app.text_input("name_two").set_value("a b").run()
    assert "expects up to 100 letters" in texts(app) and app.header[0].value == "two"
    app.text_input("name_two").set_value("best").run()
    assert app.header[0].value == "best" and app.query_params["run"] == "best"
    assert [toast.value for toast in app.toast] == ["Renamed to best"] and not app.run().toast
    assert app.multiselect(key="results_compared").value == ["best", "one"]
    assert page(run="two").header[0].value == "best", "a link to the old name still leads there"
    app.button("delete_best").click().run()
    assert app.header[0].value == "one" and "best is in the bin" in texts(app) and not app.error
    app.button("undo").click().run()
    assert app.header[0].value == "best" and not [button for button in app.button if button.key == "undo"]


def test_a_run_at_work_can_be_noted_but_not_renamed_or_deleted(data, tmp_path, page):
    make(data, tmp_path, "one", protocol="published")
    load("one").write_status("running", progress=0.5, message="")  # in the name of this process
    app = page(run="one")
    assert app.text_input("name_one").disabled and app.button("delete_one").disabled
    assert "It is running: it can be renamed or deleted when it has ended" in texts(app)
    app.text_area("note_one").set_value("while it runs").run()
    assert load("one").note == "while it runs"
    write_note("one", "written elsewhere")
    assert app.run().text_area("note_one").value == "written elsewhere"


def test_the_last_run_deleted_can_still_be_brought_back(data, tmp_path, page):
    make(data, tmp_path, "one", protocol="published")
    app = page(run="one")
    app.button("delete_one").click().run()
    assert not app.exception and "No model has been trained here yet" in texts(app) and "one is in the bin" in texts(app)
    app.button("undo").click().run()
    assert app.header[0].value == "one"


def test_two_runs_side_by_side(data, tmp_path, page):
    good_and_bad(data, tmp_path)
    app = page(run="good", against="bad")
    settings = next(table.value for table in app.dataframe if "setting" in table.value)
    assert settings.values.tolist() == [["Model", "cnn_transformer_h4", "cnn1d"], ["Seed", "1", "2"], ["Epochs", "20", "30"]]
    clips = next(table.value for table in app.dataframe if "second" in table.value and "clip" in table.value)
    only_one = (clips["first"] == clips["true"]) ^ (clips["second"] == clips["true"])
    assert len(clips) and only_one.all()
    said = texts(app)
    assert "Over the 5 folds good is on average" in said and "more than the folds scatter, p" in said
    assert "percentage points more. good beats bad on these 30 clips, p" in said
    assert f"Only the first is right on {(clips['first'] == clips['true']).sum()}," in said
    app.selectbox("results_second_good").set_value("good").run()
    assert "Choose two different runs" in texts(app)


def test_two_runs_that_are_right_equally_often_are_equally_good(data, tmp_path, page):
    for number, name in enumerate(("one", "two")):
        path = make(data, tmp_path, name, protocol="published", seed=number)
        answers = pd.read_csv(path / "predictions.csv")
        answers[list(CLASSES)] = np.eye(3)[answers["target"].map(CLASSES.index)]
        wrong = answers.groupby("model_fold").head(1).index[2 * number:2 * number + 2]  # in two folds, other ones in each run
        answers.loc[wrong, list(CLASSES)] = np.roll(answers.loc[wrong, list(CLASSES)], 1, axis=1)
        answers.to_csv(path / "predictions.csv", index=False)
        record = json.loads((path / "summary.json").read_text())
        sources = {clip.key: clip.source for clip in data.clips}
        record |= summary_of(answers, data.class_names, "published", sources)
        (path / "summary.json").write_text(json.dumps(record))
    assert "Over the 5 folds one and two are on average equally good (95 % of" in texts(page(run="one", against="two"))


def test_the_link_of_two_runs_holds_both_of_them_by_their_former_names_too(data, tmp_path, page):
    for number, name in enumerate(("one", "two", "three")):
        make(data, tmp_path, name, protocol="published", seed=number)
    app = page(run="one", against="three")
    app.selectbox("results_first_one").set_value("two").run()
    link = {"run": "one", "first": "two", "against": "three"}
    assert {name: app.query_params[name] for name in link} == link
    rename_run("two", "zwei")
    rename_run("three", "drei")
    again = page(**link)
    assert [again.selectbox(f"results_{place}_one").value for place in ("first", "second")] == ["zwei", "drei"]
    again.selectbox(key="results_run").set_value("drei").run()
    assert again.selectbox("results_first_drei").value == "drei" and "first" not in again.query_params


def test_the_browsers_back_is_heeded(data, tmp_path, page):
    for number, name in enumerate(("one", "two", "three")):
        make(data, tmp_path, name, protocol="published", seed=number)
    app = page(run="one", against="three")
    for key, value, shown in (("results_second_one", "two", "against"), ("results_first_one", "three", "first"),
                              ("results_run", "two", "run")):
        before = dict(app.query_params)
        was = app.selectbox(key).value
        app.selectbox(key).set_value(value).run()
        assert app.query_params[shown] == value
        app.query_params = before
        app.run()
        assert app.selectbox(key).value == was and app.query_params == before, key
    app.query_params.pop("against")
    app.run()
    assert not app.get("expander")[0].proto.expanded and "against" not in app.query_params


def test_back_to_another_experiment_brings_its_run_too(data, tmp_path, page):
    for name, experiment in (("one", "design"), ("two", "design"), ("other", "else")):
        path = make(data, tmp_path, name, protocol="published", seed=len(name))
        record = json.loads((path / "config.json").read_text())
        (path / "config.json").write_text(json.dumps(record | {"experiment": experiment}))
    app = page(run="one", experiment="design")
    before = dict(app.query_params)
    app.selectbox("results_experiment").set_value("else").run()
    assert app.header[0].value == "other" and app.query_params["run"] == "other"
    app.query_params = before
    app.run()
    assert app.header[0].value == "one" and {*app.multiselect("results_compared").value} == {"one", "two"}
    assert app.query_params == before


@pytest.mark.parametrize("title, link", [("Two runs side by side", "against"), ("Which model is best, and why", "why")])
def test_every_press_on_a_panel_that_is_in_the_link_is_heeded(data, tmp_path, page, title, link):
    for number, model in enumerate(("cnn1d", "cnn_transformer_h4")):
        make(data, tmp_path, model, model=model, protocol="published", seed=number)
    app = page(run="cnn1d")
    panel = next(panel for panel in app.expander if panel.label == title).proto
    for opened in (True, False, True):
        values = app._tree.get_widget_states()
        values.widgets.add(id=panel.id, bool_value=opened)  # AppTest has no press for it
        app._run(values)
        panel = next(panel for panel in app.expander if panel.label == title).proto
        assert panel.expanded == opened == (link in app.query_params)


def test_several_runs_are_deleted_restored_and_gone_for_good(data, tmp_path, page, monkeypatch):
    for number, name in enumerate(("one", "two", "three")):
        make(data, tmp_path, name, protocol="published", seed=number)
    others = [place for place, run in enumerate(sorted(list_runs(), key=lambda run: -size_of(run.path))) if run.name != "three"]
    selected = {"disk_runs": others, "disk_bin": [0]}  # a table cannot be clicked here
    monkeypatch.setattr("app.views.disk._table", lambda columns, key, alt: [
        row for row in selected[key] if row < len(columns["Run"])])
    app = page(run="three")
    app.session_state["disk_open"] = True
    app.run()
    names = [button.label for button in app.button]
    assert "Delete 2 runs" in names and "Restore" not in names
    app.button("disk_delete").click().run()
    assert not app.exception and "2 runs are in the bin" in texts(app)
    assert app.header[0].value == "three", "the run that was looked at still is"
    app.button("disk_restore").click().run()
    assert len(list_runs()) == 2 and "is in the bin" in texts(app)
    app.button("disk_for_good").click().run()
    assert not app.exception and not deleted_runs() and len(list_runs()) == 2


def test_the_cache_is_measured_and_cleared(data, tmp_path, page):
    make(data, tmp_path, "one", protocol="published")
    clips = tmp_path / "cache" / "waveforms" / "x" / "waveforms.npy"
    clips.parent.mkdir(parents=True)
    clips.write_bytes(bytes(2_500_000))
    app = page()
    app.session_state["disk_open"] = True
    app.run()
    assert "2.5 MB in" in texts(app)
    app.button("disk_clear").click().run()
    assert not clips.exists() and "2.5 MB freed." in texts(app)
