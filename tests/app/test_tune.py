"""The page Tune: what is searched, its price, a study started, watched, cancelled, deleted; what it found, in words."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.charts import tuning as charts
from app.views import train_state, tune_choice
from app.views.tune_menu import MORE
from core import costs
from core.config import ROOT, TrainConfig, checkpoints_dir
from core.runs import create_run, list_runs
from core.search_space import SPACE, USUAL, concerns, narrowed
from core.studies import create_study, get_study, list_studies
from core.study_folder import Study
from core.study_storage import open_study
from tests.conftest import write_tiny
from tests.finished_studies import finished_study


@pytest.fixture
def launched(monkeypatch) -> list[str]:
    """Names of those whose process would have been started; the test's own process stands for it."""
    started: list[str] = []
    monkeypatch.setattr("core.runs.start_detached", lambda command, **places: started.append(command[-1]) or os.getpid())
    return started


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A tiny data set that no test changes; tables of 240 validation clips decide."""
    return write_tiny(tmp_path_factory.mktemp("data") / "tiny", takes="ABCDEFGHIJ")


@pytest.fixture
def config(isolated, tiny, monkeypatch, launched) -> TrainConfig:
    """On the tiny data set; every model's pace is known."""
    monkeypatch.setattr(costs, "seconds_per_clip", lambda config: 0.05)
    return config_on(tiny)


def config_on(folder: Path) -> TrainConfig:
    return TrainConfig(dataset=str(folder), model="cnn1d", epochs=4, sample_rate=4_000, clip_seconds=0.5)


def studied(config: TrainConfig, name: str, right: Sequence[float]) -> Study:
    """:func:`finished_study` here, copied from one that all tests share."""
    shared = Path(config.dataset).parent / f"{name}-{right}"
    if not shared.exists():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EARSHOT_CHECKPOINTS", str(shared))
            finished_study(config, name, right)
    shutil.copytree(shared, checkpoints_dir(), dirs_exist_ok=True)
    return get_study(name)


@pytest.fixture
def page(config) -> AppTest:
    return open_page(dataset=config.dataset)


def open_page(view: str = "tune", **query: str) -> AppTest:
    app = AppTest.from_file("../../app/main.py", default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(f"views/{view}.py").run()


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "text", "error", "info")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind)).replace("\\", "")


def button(app: AppTest, label: str):
    return next(b for b in app.button if b.label == label)


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def search(app: AppTest, *names: str) -> AppTest:
    """Search these settings and no others."""
    for name in (name for name in SPACE if concerns(name, "cnn1d")):
        app.checkbox(f"tune.on.{name}").set_value(name in names)
    return app.run()


def test_everything_that_can_be_searched_has_its_line(page):
    assert not page.exception
    for name in (name for name in SPACE if concerns(name, "cnn1d")):
        assert page.checkbox(f"tune.on.{name}").value is (name in USUAL)
        assert narrowed(name, page.text_input(f"tune.ends.{name}").value) == SPACE[name]
    page.selectbox("tune.model").set_value("conv_transformer").run()
    assert page.checkbox("tune.on.pooling").value and not page.exception


def test_the_price_is_said_before_the_start(page):
    assert "20 trials, 80 trainings, at most about" in said(page)
    page.number_input("tune.trials").set_value(7).run()
    assert "7 trials, 28 trainings, at most about" in said(page)
    assert "No study yet." in said(page)


WRONG = [
    ("tune.ends.learning_rate", "0.1", "Learning rate expects both ends of a range, such as 0.0001 to 0.01, found '0.1'"),
    ("tune.ends.learning_rate", "0.01 to 0.001", "a range from low to high, found 0.01 to 0.001"),
    ("tune.ends.learning_rate", "0.001 to 5", "Learning rate expects a value from"),
    ("tune.ends.batch_size", "16", "two choices or more, found 16"),
    ("tune.trials", 1, "Trials expects 2 to 10,000, found 1"),
    ("tune.epochs", 0, "Epochs expects a value from 1 to 100,000"),
    ("tune.seed", -1, "Seed expects a value from"),
    ("tune.name", "../elsewhere", "The name of the study expects up to 100 letters"),
    ("tune.name", "taken", "There is already a study called taken"),
]


def test_a_wrong_value_is_said_beside_its_field_and_nothing_starts(page, config, launched):
    create_study(config, [SPACE["mixup"]], 2, name="taken")
    for widget, value, sentence in WRONG:  # each put right together with the next wrong one
        field = (page.number_input if isinstance(value, int) else page.text_input)(widget)
        usual = field.value
        field.set_value(value).run()
        assert sentence in said(page) and button(page, "Start the study").disabled, value
        assert not [other for *_, other in WRONG if other != sentence and other in said(page)], value
        (page.number_input if isinstance(value, int) else page.text_input)(widget).set_value(usual)
    create_run(config, "a_run")
    page.text_input("tune.name").set_value("a_run").run()
    button(page, "Start the study").click().run()
    assert "There is already a run called 'a_run'" in said(page) and not launched
    assert page.text_input("tune.name").value == "a_run", "what was typed stays"


def test_a_space_that_makes_no_sense_is_said(page):
    for names, sentence in (((), "Choose at least one setting to search"),
                            (("reverb_seconds",), "matters only where reverb is above 0")):
        search(page, *names)
        assert sentence in said(page) and button(page, "Start the study").disabled
        search(page, "mixup")
        assert sentence not in said(page) and not button(page, "Start the study").disabled


def test_a_study_is_started_as_it_was_chosen(page, launched):
    search(page, "mixup", "learning_rate")
    page.text_input("tune.ends.learning_rate").set_value("0.001 to 0.003")
    for name, value in (("trials", 5), ("epochs", 3), ("seed", 4)):
        page.number_input(f"tune.{name}").set_value(value)
    page.run()
    button(page, "Start the study").click().run()
    (study,) = list_studies()
    assert not page.exception and launched == [study.name] and page.query_params["study"] == study.name
    assert [(entry.name, entry.ends) for entry in study.space] == [("learning_rate", "0.001:0.003"), ("mixup", "0:1")]
    assert (study.trials_wanted, study.config.epochs, study.config.seed) == (5, 3, 4)
    assert study.start_in_words == "the defaults" and study.storage is None
    assert "The first trial trains the starting point." in said(page) and "Cancel study" in labels(page)


def test_what_stands_on_train_is_where_the_search_starts(config):
    app = open_page("train", dataset=config.dataset)
    app.number_input(train_state.key("label_smoothing")).set_value(0.2)
    app.run()
    app.switch_page("views/tune.py").run()
    next(c for c in app.get("button_group") if c.key == "tune.from").set_value(tune_choice.AS_ON_TRAIN).run()
    assert app.session_state["tune.from"] == tune_choice.AS_ON_TRAIN
    assert app.session_state[train_state.key("label_smoothing")] == 0.2
    app.session_state[train_state.key("batch_size")] = 0
    assert "Batch size expects" in said(app.run()) and "batch_size" not in said(app)
    app.session_state[train_state.key("batch_size")] = 16
    app.run()
    button(app, "Start the study").click().run()
    (study,) = list_studies()
    assert study.config.label_smoothing == 0.2 and study.start_in_words == "the starting point"


def test_a_database_that_does_not_answer_is_said_and_nothing_is_lost(page, launched):
    for url in ("nonsense", "sqlite:////no/such/folder/trials.db", "postgresql://a:secret@127.0.0.1:1/x"):
        page.text_input("tune.storage").set_value(url).run()
        assert not page.error, "until it is asked"
        button(page, "Start the study").click().run()
        assert "does not answer" in page.error[0].value and "secret" not in page.error[0].value, url
        assert not launched and not list_studies() and page.text_input("tune.storage").value == url


def test_a_study_that_won_says_so_and_is_trained_with_one_click(config):
    study = studied(config, "won", [0.5, 0.8, 0.6, 0.4, 0.55, 0.7])
    app = open_page(study="won")
    assert not app.exception and not app.error
    assert "The search won: trial 1 reached 80.0 % of 120 validation clips, +30.0 points against" in said(app)
    assert "only fold 1 still tests them honestly" in said(app) and " instead of " in said(app)
    assert "PED-ANOVA" in said(app) or study.trials()["state"].eq("complete").sum() < charts.FEWEST
    assert len(app.get("plotly_chart")) >= 3

    app = open_page("train", like="won")
    assert "Filled in with the settings of won" in app.info[0].value
    for name, value in study.best["settings"].items():
        assert app.session_state[train_state.key(name)] == value
    button(app, "Start training").click().run()
    (run,) = list_runs()
    assert run.config == study.best_config and run.experiment == run.name


def test_a_study_that_found_nothing_says_so(config):
    studied(config, "lost", [0.8, 0.5, 0.6])
    app = open_page(study="lost")
    assert "The search did not win: none of 2 other finished trials did better than" in said(app)
    assert "Train with the settings it started from" in labels(app)


def test_a_small_gain_is_no_victory(config):
    studied(config, "small", [0.5, 0.54])
    app = open_page(study="small")
    assert "The search did not win reliably" in said(app) and "which chance explains as well" in said(app)
    assert "Train with these settings" in labels(app)


def test_the_page_opens_on_the_study_at_work_else_on_the_newest(page, config):
    studied(config, "first", [0.5, 0.6])
    studied(config, "second", [0.5, 0.6])
    page.run()
    assert page.selectbox("tune.open").value == "second"
    get_study("first").write_status("running", progress=0.4, message="trial 2 of 2 · epoch 1 of 4")
    page.run()
    assert page.selectbox("tune.open").value == "first" and "trial 2 of 2" in page.get("progress")[0].proto.text
    page.selectbox("tune.open").set_value("second").run()
    assert page.query_params["study"] == "second"
    page.query_params["study"] = "nosuch"
    page.run()
    assert "There is no study called 'nosuch'" in page.error[0].value.replace("\\", "")


def test_cancel_resume_and_more_trials(config, launched):
    study = studied(config, "s", [0.5, 0.6])
    study.write_status("running", progress=0.5, message="trial 1 of 2")
    app = open_page(study="s")
    button(app, "Cancel study").click().run()
    assert study.cancel_file.exists() and "stopping" in said(app)
    study.write_status("stopped", progress=0.5, message="Stopped; it can be resumed")
    study.cancel_file.unlink()
    app.run()
    button(app, "Resume").click().run()
    assert launched == ["s"] and study.state == "queued"
    study.write_status("finished", progress=1, message="Finished")
    app.run()
    app.number_input("more_s").set_value(2).run()
    app.button("go_on_s").click().run()
    assert "going on expects more than these" in said(app) and launched == ["s"]
    app.number_input("more_s").set_value(5).run()
    app.button("go_on_s").click().run()
    assert study.trials_wanted == 5 and launched == ["s", "s"]
    assert app.number_input("more_s").value == 5 + MORE, "what is offered next is not refused"


def test_a_study_is_deleted_and_comes_back(config):
    studied(config, "s", [0.5, 0.6])
    app = open_page(study="s")
    app.button("delete_study_s").click().run()
    assert list_studies() == [] and "s is in the bin" in said(app) and "study" not in app.query_params
    app.button("undo_study").click().run()
    assert [study.name for study in list_studies()] == ["s"] and app.query_params["study"] == "s"
    assert list_runs() == [] and not app.exception


def test_what_cannot_be_read_is_said_and_leaves_the_rest(config):
    study = studied(config, "s", [0.5, 0.6])
    for file, text, sentence in (("trials.csv", "trial,state\n0,complete\n", "has no column 'validation_accuracy'"),
                                 ("answers.csv", 'path,fold\n"', "cannot be read as a table"),
                                 ("journal.log", "{no json\n", "The journal of the study cannot be read"),
                                 ("study.json", "{", "could not be read as JSON")):
        whole = (study.path / file).read_text()
        (study.path / file).write_text(text)
        app = open_page(study="s")
        assert not app.exception and any(sentence in error.value.replace("\\", "") for error in app.error), file
        assert "Start the study" in labels(app), file
        if file == "journal.log":
            assert "The search" in said(app), "what it found does not need the journal"
        (study.path / file).write_text(whole)


def test_home_shows_the_study_at_work_and_opens_it(config):
    study = studied(config, "s", [0.5, 0.6])
    study.write_status("running", progress=0.5, message="trial 2 of 2")
    app = open_page("home", dataset=config.dataset)
    assert not app.exception and "trial 2 of 2" in app.get("progress")[0].proto.text
    button(app, "Open").click().run()
    assert app.session_state["tune.open"] == "s" and "Cancel study" in labels(app)


def test_a_failed_study_shows_its_message_as_text(config):
    study = studied(config, "s", [0.5, 0.6])
    study.write_status("failed", progress=0.1, message="**bold** [link](x)")
    app = open_page(study="s")
    assert app.error[0].value.replace("\\", "") == "**bold** [link](x)" and "**bold**" not in app.error[0].value
    assert "Resume" in labels(app)


def test_a_study_of_a_data_set_that_is_gone_is_shown_and_said_on_train(config, tmp_path):
    gone = write_tiny(tmp_path / "tiny", takes="ABCDEFGHIJ")
    finished_study(config_on(gone), "s", [0.5, 0.9])
    shutil.rmtree(gone)
    app = open_page(study="s", dataset="demo")
    assert not app.exception and "The search won" in said(app)
    app = open_page("train", like="s", dataset="demo")
    assert any("s cannot be repeated as it was" in error.value.replace("\\", "") for error in app.error)


def test_a_study_without_a_best_set_cannot_be_trained(config):
    create_study(config, [SPACE["mixup"]], 2, name="empty").write_status("stopped", progress=0, message="Stopped")
    assert "No trial was trained to its end" in said(open_page(study="empty"))
    assert "empty has no best set yet" in open_page("train", like="empty").error[0].value


def test_the_figures_say_what_the_trials_say(config):
    study = studied(config, "s", [0.5, 0.8, 0.6, 0.4, 0.55, 0.7, 0.65, 0.75])
    opened, trials = open_study(study, write=False), study.trials()
    complete = trials[trials["state"] == "complete"]
    for dark in (False, True):
        best, every = charts.history_figure(opened, 0, dark=dark).data
        assert list(every.x) == list(complete["trial"])
        assert list(every.y) == pytest.approx(list(100 * complete["validation_accuracy"]), abs=0.01)
        assert max(best.y) == best.y[-1] == pytest.approx(80)
        lines = {line.meta: line for line in charts.epochs_figure(opened, 0, epochs=4, dark=dark).data}
        assert len(lines) == len(trials) and list(lines["trial 0"].y) == pytest.approx([12.5, 25, 37.5, 50], abs=0.5)
        assert any("stopped early" in name for name in lines) is bool((trials["state"] == "pruned").any())
        parallel = charts.parallel_figure(opened, [entry.name for entry in study.space], dark=dark)
        assert len(parallel.data) == len(complete) and "Learning rate" in parallel.layout.xaxis.ticktext
        assert parallel.layout.xaxis.ticktext[0] == "Accuracy (%)"
        centred = {note.xanchor for note in parallel.layout.annotations if note.y in (0, 1)}
        assert centred == {"center"}, "a phone has no other room"
        bars = charts.importance_figure(opened, dark=dark)
        assert sum(bars.data[0].x) == pytest.approx(100) and set(bars.data[0].y) == {"Learning rate", "Batch size", "Mixup"}


def test_importances_wait_for_trials_enough(config):
    opened = open_study(studied(config, "s", [0.5, 0.8, 0.6]), write=False)
    assert charts.importance_figure(opened) is None
    assert charts.most_important(opened, ["mixup", "batch_size", "noise"]) == ["mixup", "batch_size"]


def test_the_study_that_comes_with_earshot_is_shown(isolated, monkeypatch):
    if not (ROOT / "checkpoints" / "esc10-tune-cnn1d").exists():
        pytest.skip("no study is kept here yet")
    shutil.copytree(ROOT / "checkpoints" / "esc10-tune-cnn1d", isolated / "checkpoints" / "esc10-tune-cnn1d")
    (study,) = list_studies()
    assert study.shipped and study.state == "finished" and study.trials_ended >= 20 and list_runs() == []
    app = open_page(study=study.name, dataset="demo")
    assert not app.exception and not app.error and study.best["sentence"] in said(app)
