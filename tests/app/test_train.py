"""The page Train: what is wrong is said beside its field, what fits together has a price, runs start and are watched."""

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.views import train_cost, train_state
from core import costs, runs
from core.config import ROOT, TrainConfig, config_fields, read_json
from core.errors import UserError
from core.presets import PRESETS
from core.runs import create_run, list_runs, runs_stamp
from core.splits import PROTOCOLS
from tests.conftest import write_tiny

PAGE = "app/main.py"


@pytest.fixture
def launched(monkeypatch) -> list[str]:
    """Names of the runs whose process would have been started; the test's own process stands for it."""
    started: list[str] = []
    monkeypatch.setattr("core.runs.start_detached", lambda command, **places: started.append(command[-1]) or os.getpid())
    return started


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory) -> Path:
    """As everywhere, but one for all tests here: none changes it, and what the page knows of it need not be found out anew."""
    return write_tiny(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture
def known(isolated, launched, monkeypatch):
    """Every model's pace."""
    monkeypatch.setattr(costs, "seconds_per_clip", lambda config: 0.05)


@pytest.fixture
def page(known, tiny_folder):
    """The page on the tiny data set, every model's pace being known."""
    return open_page(dataset=str(tiny_folder))


def open_page(view: str = "train", **query: str) -> AppTest:
    app = AppTest.from_file("../../" + PAGE, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(f"views/{view}.py").run()


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "text", "error")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind)).replace("\\", "")


def button(app: AppTest, label: str):
    return next(b for b in app.button if b.label == label)


def labels(app: AppTest) -> list[str]:
    return [b.label.replace("\\", "") for b in app.button]


def field(app: AppTest, name: str):
    return next(w for kind in ("number_input", "selectbox", "toggle", "text_input") for w in app.get(kind)
                if w.key == train_state.key(name))


def progress(app: AppTest) -> str:
    return "\n".join(bar.proto.text for bar in app.get("progress")).replace("\\", "")


def only(app: AppTest, protocol: str) -> None:
    """Choose this protocol and no other."""
    for name in PROTOCOLS:
        app.checkbox(train_state.key(f"protocol.{name}")).set_value(name == protocol)
    app.run()


def test_every_setting_of_the_config_has_a_field(page):
    assert not page.exception
    for setting in config_fields():
        concerned = setting.metadata["models"] is None
        if setting.name not in train_state.ELSEWHERE and concerned:
            assert field(page, setting.name).value == setting.default


def test_settings_of_a_model_appear_with_it(page):
    with pytest.raises(StopIteration):
        field(page, "pooling")
    page.checkbox(train_state.key("model.conv_transformer")).check().run()
    field(page, "pooling").set_value("cls").run()
    assert not page.exception and page.session_state[train_state.key("pooling")] == "cls"
    page.checkbox(train_state.key("model.conv_transformer")).uncheck().run()
    page.checkbox(train_state.key("model.conv_transformer")).check().run()
    assert field(page, "pooling").value == "cls"


def test_augmentation_can_be_heard_before_training(page):
    page.toggle(train_state.key("hear")).set_value(True).run()
    assert not page.exception
    assert {"Before", "After"} <= {caption.value for caption in page.caption}
    effects = next(box for box in page.selectbox if box.label == "Effect")
    assert "Room" not in effects.options
    field(page, "reverb").set_value(0.5).run()
    assert "Room" in next(box for box in page.selectbox if box.label == "Effect").options


def test_classes_to_hear_are_called_what_they_are(isolated, launched):
    page = open_page(dataset=str(write_tiny(isolated / "tiny", ("001 - High", "002 - Low", "003 - white_*noise*"))))
    page.toggle(train_state.key("hear")).set_value(True).run()
    names = next(box for box in page.selectbox if box.label == "A clip of").options
    assert sorted(names) == ["high", "low", "white_*noise*"]


def test_the_price_is_said_before_the_start(page):
    assert "4 trainings, about" in said(page)
    only(page, "split")
    assert "1 training, about" in said(page)
    page.checkbox(train_state.key("model.cnn1d")).check()
    page.text_input(train_state.key("seeds")).set_value("0, 1, 2").run()
    assert "6 trainings in 6 runs, about" in said(page)
    assert "Start 6 runs" in labels(page)


WRONG = {
    "epochs": (0, "Epochs expects a value from 1 to 100,000"),
    "batch_size": (0, "Batch size expects a value from"),
    "learning_rate": (5.0, "Learning rate expects a value from"),
    "mixup": (-0.1, "Mixup expects a value from"),
    "clip_seconds": (900.0, "Clip length expects a value from"),
    "limit": (1, "Clips per class expects a value from"),
}


def test_a_wrong_value_is_said_beside_its_field_and_nothing_can_start(page):
    before = ()
    for name, (value, sentence) in WRONG.items():  # each put right together with the next wrong one
        field(page, name).set_value(value).run()
        assert f"{name} expects" not in said(page)
        assert said(page).count(sentence) == (2 if name == "epochs" else 3), "beside the field, in both cards of the price"
        assert button(page, "Start training").disabled and sentence in page.caption[-1].value, name
        assert not any(WRONG[other][1] in said(page) for other in before), f"{before} before {name}"
        field(page, name).set_value(TrainConfig.__dataclass_fields__[name].default)
        before = (*before, name)
    page.run()
    assert not any(sentence in said(page) for _, sentence in WRONG.values())
    assert not button(page, "Start training").disabled


def test_wrong_seeds_are_said_beside_their_field(page):
    for text in ("", "x", "1.5", "-1", "1, two"):
        page.text_input(train_state.key("seeds")).set_value(text).run()
        assert any("Seed" in c.value for c in page.caption if c.value.startswith(":red")), text
        assert button(page, "Start training").disabled, text


def test_seeds_are_read_and_counted_once():
    assert train_state.parse_seeds(" 3, 1 3,2") == [3, 1, 2]
    with pytest.raises(UserError, match="at least one"):
        train_state.parse_seeds(" , ")


def test_no_model_and_an_impossible_protocol_are_said(page):
    page.checkbox(train_state.key("model.cnn_transformer_h4")).uncheck().run()
    assert "Choose at least one model" in said(page)
    page.checkbox(train_state.key("model.cnn1d")).check().run()
    only(page, "kfold")
    field(page, "folds").set_value(40).run()
    assert "40 folds need at least 40 recordings in every class" in said(page)
    assert button(page, "Start training").disabled


def test_best_validation_needs_a_protocol_that_validates(page):
    field(page, "select").set_value("best_validation").run()
    assert "needs a validation fold" not in said(page)
    only(page, "published")
    assert "needs a validation fold" in said(page)


def presets(app: AppTest):
    return next(radio for radio in app.radio if radio.label == "Preset")


def test_presets_set_the_fields_and_a_change_leaves_them(page):
    assert presets(page).value == "standard"
    for name, preset in PRESETS.items():
        presets(page).set_value(name).run()
        assert field(page, "epochs").value == preset.values.get("epochs", 100)
        assert presets(page).value == name
    field(page, "epochs").set_value(11).run()
    assert presets(page).value is None


def test_a_preset_leaves_what_is_set_for_the_data(page):
    field(page, "clip_seconds").set_value(2.0).run()
    assert presets(page).value == "standard", "how long the clips are is no matter of a preset"
    presets(page).set_value("quick").run()
    assert field(page, "clip_seconds").value == 2.0 and field(page, "epochs").value == 10


def test_what_is_not_heard_of_the_clips_is_said_once_with_the_price(page):
    short = ("15 of 15 clips looked at are shorter than half the clip length of 5 s, and the rest is silence; a clip length of "
             "0.5 s holds all of them and costs less. Clip length stands under Clips and machine.")
    assert said(page).count(short) == 1
    field(page, "clip_seconds").set_value(0.5).run()
    assert "the clip length of" not in said(page) and "longer than" not in said(page)
    field(page, "clip_seconds").set_value(0.3).run()
    assert said(page).count("15 of 15 clips looked at are longer than 0.3 s: only their middle 0.3 s are heard") == 1
    field(page, "limit").set_value(5).run()
    assert said(page).count("15 of 15 clips are longer than 0.3 s") == 1, "of the clips that are trained on"


def test_each_preset_says_its_price_and_what_it_reached_where_that_is_known(page):
    captions = list(presets(page).proto.captions)
    prices = [caption.split("about ")[1].split(" here")[0] for caption in captions]
    assert len(set(prices)) == len({preset.values.get("epochs") for preset in PRESETS.values()})
    for name, caption in zip(PRESETS, captions, strict=True):
        reached = PRESETS[name].reached
        assert (str(reached) in caption.replace("\\", "")) if reached else "reached" not in caption
    page.checkbox(train_state.key("model.cnn_transformer_h4")).uncheck().run()
    assert not page.exception and "about" not in presets(page).proto.captions[0]


def test_the_pace_of_a_preset_is_measured_where_it_is_not_known(isolated, tiny_folder, launched, monkeypatch):
    known, asked = {16_000}, []

    def pace(config):
        return 0.05 if config.sample_rate in known else None

    def trial(config) -> bool:
        asked.append(config)
        return True

    for place in (costs, train_cost):
        monkeypatch.setattr(place, "seconds_per_clip", pace)
    monkeypatch.setattr(train_cost, "start_trial", trial)
    app = open_page(dataset=str(tiny_folder))
    standard, sturdy = (list(presets(app).proto.captions)[list(PRESETS).index(name)] for name in ("standard", "sturdy"))
    assert "about" in standard and "about" not in sturdy and "4 trainings, about" in said(app), "what is known is said"
    assert {config.sample_rate for config in asked} == {PRESETS["sturdy"].values["sample_rate"]}
    known.add(32_000)
    app.run()
    assert all("about" in caption for caption in presets(app).proto.captions) and not app.exception


@pytest.mark.parametrize(("name", "runs"), [
    ("quick", ["esc10-quick-earshot-s0"]), ("sturdy", [f"earshot-sturdy-published-s{seed}" for seed in (0, 1, 2)]),
    ("wary", [f"earshot-wary-published-s{seed}" for seed in (0, 1)]), ("thorough", ["esc10-thorough-h4-s0"]),
    ("standard", [f"cnn_transformer_h4-assignment-s{seed}" for seed in (0, 1, 2)])])
def test_a_preset_reached_what_the_runs_kept_here_say(name, runs):
    kept = [read_json(ROOT / "checkpoints" / run / "summary.json") for run in runs]
    mean = sum(summary["accuracy"]["mean"] for summary in kept) / len(kept)
    assert PRESETS[name].reached.accuracy == f"{100 * mean:.1f} %"
    for run in runs:
        config = read_json(ROOT / "checkpoints" / run / "config.json")["config"]
        told = PRESETS[name].reached
        defaults = TrainConfig(dataset="ESC-10", model=told.model, protocol=told.protocol).to_dict()
        same = {key for key in config if key not in ("seed", "final")}
        assert {key: config[key] for key in same} == {key: (defaults | PRESETS[name].values)[key] for key in same}


def test_a_run_is_duplicated_as_a_new_launch(known, tiny_folder, launched):
    config = TrainConfig(dataset=str(tiny_folder), model="cnn1d", protocol="kfold", folds=3, seed=7, epochs=9,
                         learning_rate=0.01, mixup=0.0, select="last", final=True, limit=6, wandb="offline")
    run = create_run(config, "first", "shared")
    run.write_status("finished", progress=1, message="")
    app = open_page(like="first", run="first")
    assert not app.exception
    assert "Filled in with the settings of first" in app.info[0].value.replace("\\", "")
    assert "like" not in app.query_params
    button(app, "Start training").click().run()
    assert not app.exception and not app.info
    copy = next(each for each in list_runs() if each.name != "first")
    assert (copy.config, copy.experiment, launched) == (config, "shared", [copy.name])


def test_duplicating_what_cannot_be_repeated_is_said_and_the_rest_is_filled_in(known, tiny_folder):
    create_run(TrainConfig(dataset="gone", model="no_such", epochs=9), "lost").write_status(
        "stopped", progress=0, message="")
    page = open_page(dataset=str(tiny_folder), like="lost")
    assert not page.exception
    sentences = [error.value.replace("\\", "") for error in page.error]
    assert len(sentences) == 2 and all(s.startswith("lost cannot be repeated as it was: ") for s in sentences)
    assert field(page, "epochs").value == 9
    page.query_params["like"] = "nosuch"
    page.run()
    assert "There is no run called" in page.error[0].value


def test_a_run_that_is_renamed_or_deleted_here_stays_in_view(known, tiny_folder):
    for name in ("one", "two"):
        create_run(TrainConfig(dataset=str(tiny_folder)), name).write_status("stopped", progress=0, message="")
    page = open_page(dataset=str(tiny_folder), run="one")
    page.text_input("name_one").set_value("uno").run()
    assert page.query_params["run"] == "uno" and "Resume" in labels(page)
    page.query_params["run"] = "one"
    page.run()
    assert not page.error and page.text_input("name_uno").value == "uno", "its old name leads there"
    page.button("delete_uno").click().run()
    assert [run.name for run in list_runs()] == ["two"] and "uno is in the bin" in said(page)
    page.button("undo").click().run()
    assert {run.name for run in list_runs()} == {"uno", "two"} and page.query_params["run"] == "uno"


def test_what_an_idle_page_watches_changes_with_every_run_and_state(isolated):
    seen = {runs_stamp()}
    run = create_run(TrainConfig(), "r")
    seen.add(runs_stamp())
    run.write_status("running", progress=0.5, message="")
    seen.add(runs_stamp())
    run.path.rename(run.path.with_name("s"))
    seen.add(runs_stamp())
    assert len(seen) == 4 and runs_stamp() in seen


def test_starting_makes_runs_of_one_experiment_and_opens_it(page, launched):
    page.checkbox(train_state.key("model.cnn1d")).check()
    field(page, "epochs").set_value(3).run()
    button(page, "Start 2 runs").click().run()
    assert not page.exception
    made = list_runs()
    assert sorted(run.config.model for run in made) == ["cnn1d", "cnn_transformer_h4"]
    assert {run.config.epochs for run in made} == {3}
    assert len({run.experiment for run in made}) == 1
    assert sorted(launched) == sorted(run.name for run in made)
    assert page.query_params["experiment"] == made[0].experiment and "run" not in page.query_params
    assert f"Started {made[0].experiment}. [See how it trains](#jump-runs)" in said(page)
    assert "0 of 2 runs finished · 0%" in progress(page)
    assert {"cnn1d · assignment", "cnn_transformer_h4 · assignment"} <= {label.strip("*") for label in labels(page)}


def test_a_double_click_starts_one_run_and_the_whole_page_is_drawn(page, launched, monkeypatch):
    drawn = []
    monkeypatch.setattr("app.components.redrawing.rerun", lambda *parts: drawn.append(parts))
    button(page, "Start training").click().run()
    assert drawn == [()], "else the run appears only when the page looks again, seconds later"
    button(page, "Start training").click().run()
    assert len(list_runs()) == len(launched) == 1 and not page.error


def test_a_model_whose_library_is_missing_is_never_chosen(isolated, tiny_folder, monkeypatch, launched):
    monkeypatch.setattr(costs, "seconds_per_clip", lambda config: 0.05)
    for place in ("train_choice", "train_state"):
        monkeypatch.setattr(f"app.views.{place}.missing_requirement",
                            lambda name: "needs transformers" if name == "ast_finetune" else None)
    create_run(TrainConfig(dataset=str(tiny_folder), model="ast_finetune"), "tuned").write_status(
        "finished", progress=1, message="")
    app = open_page(like="tuned", run="tuned")
    assert not app.exception and "Choose at least one model" in said(app)
    app.checkbox(train_state.key("model.cnn1d")).check().run()
    assert not button(app, "Start training").disabled


def test_a_bad_experiment_name_is_said_beside_its_field_and_nothing_can_start(page):
    for name in ("../elsewhere", "my exp", "x" * 101):
        page.text_input(train_state.key("own.name")).set_value(name).run()
        assert "The name of the experiment expects up to 100 letters" in said(page), name
        assert button(page, "Start training").disabled, name
    page.text_input(train_state.key("own.name")).set_value("mine").run()
    assert "The name of the experiment expects" not in said(page) and not button(page, "Start training").disabled


def test_cancel_and_resume(known, tiny_folder, launched):
    run = create_run(TrainConfig(dataset=str(tiny_folder), epochs=5))
    run.write_status("running", progress=0.4, message="fold 2 of 4 · epoch 3 of 5")  # in the name of this process
    app = open_page(run=run.name)
    assert "fold 2 of 4" in str(app.get("progress")[0].proto).replace("\\", "")
    assert "Cancel run" in labels(app)
    assert "Resume" not in labels(app)
    button(app, "Cancel run").click().run()
    assert run.cancel_file.exists()
    assert "stopping" in said(app)
    run.write_status("stopped", progress=0.4, message="Stopped; it can be resumed")
    run.cancel_file.unlink()
    app.run()
    button(app, "Resume").click().run()
    assert launched == [run.name]
    assert run.state == "queued"


def test_a_failed_run_shows_its_message_as_text_and_its_log(known, tiny_folder):
    run = create_run(TrainConfig(dataset=str(tiny_folder)))
    run.write_status("failed", progress=0.1, message="**bold** <b>not</b> [link](x)")
    run.write_line("what happened")
    page = open_page(dataset=str(tiny_folder), run=run.name)
    assert page.error[0].value.replace("\\", "") == "**bold** <b>not</b> [link](x)"
    assert "**bold**" not in page.error[0].value
    assert "Resume" in labels(page)


def test_interrupted_finished_broken_and_unknown_runs(known, tiny_folder):
    gone = create_run(TrainConfig(dataset=str(tiny_folder)), name="gone")
    gone.write_status("running", progress=0.1, message="")
    text = (gone.path / "status.json").read_text()
    (gone.path / "status.json").write_text(text.replace('"pid": ', '"pid": 9999'))
    page = open_page(dataset=str(tiny_folder), run="gone")
    assert "interrupted" in said(page)
    assert "Resume" in labels(page)
    broken = create_run(TrainConfig(), name="broken")
    (broken.path / "config.json").write_text("{")
    page.query_params["run"] = "broken"
    page.run()
    assert not page.exception
    assert "could not be read" in said(page)
    page.query_params["run"] = "nosuch"
    page.run()
    assert "There is no run called" in said(page)
    assert runs.get_run("gone")


def test_curves_that_cannot_be_read_are_said_and_leave_the_form(known, tiny_folder):
    run = create_run(TrainConfig(dataset=str(tiny_folder)), name="torn")
    run.write_status("stopped", progress=0.4, message="Stopped; it can be resumed")
    for text, error in (("fold,epoch\n1,2\n", "has no column"), ('fold,epoch\n"1,2\n', "cannot be read as a table")):
        (run.path / "history.csv").write_text(text)
        page = open_page(dataset=str(tiny_folder), run="torn")
        assert not page.exception
        told = page.error[0].value.replace("\\", "")
        assert "history.csv" in told and error in told
        assert {"Start training", "Resume"} <= {*labels(page)}, text
        assert "Log" in [expander.label for expander in page.expander], text


def test_what_goes_wrong_within_a_part_of_the_page_is_said_there(known, tiny_folder, monkeypatch):
    def broken(*args):
        raise UserError("the disk is full; make room")

    monkeypatch.setattr("core.costs.seconds_per_clip", broken)
    page = open_page(dataset=str(tiny_folder))
    assert not page.exception
    assert page.error[0].value.replace("\\", "") == "The disk is full; make room"


def chooser(app: AppTest):
    return next(box for box in app.selectbox if box.label == "Data set")


def column(app: AppTest):
    return next((text for text in app.text_input if text.label == "Label column"), None)


def test_a_data_set_that_cannot_be_opened_is_said_beside_its_field_and_the_old_one_stays(page, isolated, tiny_folder):
    (isolated / "data" / "single").mkdir()
    (isolated / "data" / "single" / "metadata.csv").write_text("path,label\na.wav,only\nb.wav,only\n")
    page.run()
    chooser(page).set_value("single").run()
    assert not page.exception
    assert "single has only one class" in said(page)
    assert button(page, "Start training").disabled
    assert page.session_state["earshot_dataset"] == str(tiny_folder)
    chooser(page).set_value("tiny").run()
    assert "only one class" not in said(page)
    assert "30 clips · 3 classes" in said(page)
    assert not button(page, "Start training").disabled


@pytest.mark.parametrize("view", ["train", "tune"])
def test_every_one_of_several_choices_of_data_in_a_row_is_heeded(voices, tiny_folder, launched, monkeypatch, view):
    monkeypatch.setattr(costs, "seconds_per_clip", lambda config: 0.05)
    write_tiny(voices.parent / "tones")
    page = open_page(view, dataset="voices", label="speaker")
    for name in ("tones", "demo", "tones"):
        chooser(page).set_value(name).run()
        assert chooser(page).value == page.session_state["earshot_dataset"] == name and not page.exception
    chooser(page).set_value("voices").run()
    for label in ("speaker", "word", "speaker"):
        column(page).set_value(label).run()
        assert column(page).value == page.session_state["earshot_label"] == label and not page.exception
    assert not [caption for caption in page.caption if caption.value.startswith(":red")]


def test_a_table_whose_classes_stand_in_another_column(page, voices, launched):
    page.run()
    assert column(page) is None
    chooser(page).set_value("voices").run()
    assert "speaker" in next(c.value for c in page.caption if c.value.startswith(":red"))
    assert button(page, "Start training").disabled
    column(page).set_value("speaker").run()
    assert "20 clips · 2 classes" in said(page)
    button(page, "Start training").click().run()
    assert not page.exception
    assert [(run.config.dataset, run.config.label) for run in list_runs()] == [("voices", "speaker")]
    column(page).set_value("nothing").run()
    assert "nothing" in next(c.value for c in page.caption if c.value.startswith(":red"))
    assert page.session_state["earshot_label"] == "speaker"
    page.switch_page("views/results.py").run()
    page.switch_page("views/train.py").run().run()
    assert column(page).value == "speaker" and not [c for c in page.caption if c.value.startswith(":red")]
