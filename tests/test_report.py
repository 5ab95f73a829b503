"""The report: everything is in it, it asks the network for nothing, and text from outside stays text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from core.__main__ import main
from core.config import TrainConfig
from core.errors import UserError
from core.report import make_report, runs_named
from core.report.blocks import Heading, Items, Text, table
from core.report.html import page as html_page
from core.report.markdown import page as markdown_page
from tests.app.fabricated_runs import fabricate_run
from tests.finished_runs import finished, flipped, summary_of
from tests.finished_studies import finished_study

GOOD = [i % 10 != 0 for i in range(100)]
NASTY = '<script src="https://x.test/a.js">|*_`'


class Outside(HTMLParser):
    """Collects everything of a page that could make a browser ask for something, and the tags it has."""

    def __init__(self):
        super().__init__()
        self.asks, self.tags, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag in ("script", "link", "iframe", "object", "embed", "img", "base", "form"):
            self.asks.append(tag)
        self.asks += [f"{name}={value}" for name, value in attributes if name.startswith("on") or (
            name in ("src", "href", "xlink:href", "srcset", "data", "action", "background", "poster")
            and not value.startswith("#"))]
        self.asks += [value for name, value in attributes if name == "style" and "url(" in value]

    def handle_data(self, data):
        self.text += data


def read(page: str) -> Outside:
    parser = Outside()
    parser.feed(page)
    return parser


@pytest.fixture(scope="module")
def report():
    far = flipped(GOOD, [i for i in range(100) if i % 10 in (1, 2, 3, 4)])
    return make_report([finished("cnn1d", GOOD), finished("cnn1d", GOOD, seed=1), finished("cnn_transformer_h4", far),
                        finished("cnn1d", GOOD, protocol="assignment"),
                        finished("cnn_transformer_h4", GOOD, protocol="assignment", macs=9_000_000)], "whole")


def test_everything_is_in_it(report):
    text = report.written("html")
    parser = read(text)
    for heading in ("In short", "Comparison", "Analysis", "Hyper-parameters", "Every run", "How this was measured",
                    "Any two under published", "Which model is best?", "What these tests mean"):
        assert heading in parser.text
    assert "cnn1d is best here: 90.0 % of the 100 test clips right" in parser.text
    assert "cnn1d is better" in parser.text and "t-test over folds" in parser.text
    drawn = re.findall(r'aria-label="(accuracy by epoch|loss by epoch|Confusion matrix|ROC curve|F1, precision)', text)
    assert len(drawn) == 5 * 5, "five drawings of each of five runs"
    assert "Test accuracy (%) against compute" in parser.text and "over 2 seeds" in parser.text
    assert "python -m core train --dataset demo --model cnn1d --protocol published --seed 1 --epochs 3" in parser.text
    assert len(text) < 2_000_000


def test_it_asks_the_network_for_nothing(report):
    text = report.written("html")
    assert read(text).asks == [] and "default-src 'none'" in text.replace("&#x27;", "'")
    assert not re.search(r"https?:|url\(|@import|//[a-z]", text)


@pytest.mark.parametrize("kind", ["html", "md"])
def test_text_from_outside_stays_text(kind):
    classes = (NASTY, "b & c", "x\ny")
    runs = [finished(model, name=NASTY, classes=classes, dataset=NASTY) for model in ("cnn1d", "cnn_transformer_h2")]
    text = make_report(runs, NASTY).written(kind)
    assert "<script" not in text
    if kind == "html":
        assert read(text).asks == [] and NASTY in read(text).text
    else:
        assert "https://x" not in text, "GitHub would make a link of it"
        assert all(line.count(" | ") == lines[0].count(" | ") for lines in tables(text) for line in lines)


def tables(text: str) -> list[list[str]]:
    return [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]


def test_markdown_has_tables_in_the_place_of_drawings(report):
    text = report.written("md")
    assert "<svg" not in text and "\n# " not in text[2:] and text.startswith("# whole\n")
    assert {*re.findall(r"<(/?\w+)", text)} <= {"details", "/details", "summary", "/summary", "br"}
    assert "| after the last epoch | accuracy | loss |" in text and "Confusion matrix" in text and "| 90.0 %<br>" in text
    assert markdown_page("t", "", [Items(("84.1 % is", "1. is", "- is"))]).endswith("- 84.1 % is\n- 1\\. is\n- \\- is\n")


def test_a_small_line_in_a_cell_and_numbers_to_the_right():
    page = html_page("t", "s", [Heading("A b"), Text("x"), table(("n", "m"), [("1,000\n90 to 91 %", "word"), ("–", "2")])])
    assert '<td class="n">1,000<br><small>90 to 91 %</small></td><td>word</td>' in page
    assert '<a href="#a-b">' in page and 'id="a-b"' in page


HONEST = "Every test and validation number comes from clips that the model was not trained on."


def test_copies_of_trained_clips_take_the_place_of_the_promise(report):
    assert HONEST in read(report.written("html")).text
    clean, copied = finished("cnn1d", GOOD), finished("cnn_transformer_h2", GOOD)
    copied.metrics.update(test_copies=8, validation_copies=0)
    told = "8 of 100 test clips sound exactly like a clip that the model was trained on"
    alone = make_report([copied]).written("html")
    assert HONEST not in read(alone).text and read(alone).text.count(told) == 2, "at the top and at the run"
    both = read(make_report([clean, copied]).written("html")).text
    assert HONEST not in both and "In 1 of them clips sound exactly like" in both and both.count(told) == 1
    clean.metrics.update(test_copies=0, validation_copies=0)
    assert HONEST in read(make_report([clean]).written("html")).text


@pytest.mark.parametrize("right, verdict", [([False] * 2 + [True] * 18, "not shown to be better"),
                                            ([True] * 16 + [False] * 4, "no better"), ([True] * 2 + [False] * 18, "no better"),
                                            ([True] * 200, "")])
def test_an_accuracy_that_always_answering_the_commonest_class_reaches_is_told_so(right, verdict):
    run = finished("cnn1d", right)
    common = [index % 5 for index in range(len(right))]  # four in five clips are of the first class
    targets = [run.class_names[max(0, index - 3)] for index in common]
    table = run.predictions.assign(target=targets)
    table[list(run.class_names)] = [[float((name == target) == good) for name in run.class_names]
                                    for target, good in zip(targets, right, strict=True)]
    run = replace(run, predictions=table, metrics=run.metrics | summary_of(table, run.class_names, run.protocol, {}))
    text = read(make_report([run]).written("html")).text
    assert "always the commonest class: 80 %" in text
    assert ("Always answering" in text) is bool(verdict)
    assert not verdict or f"Always answering bark would be right on 80.0 %: this accuracy is {verdict}." in text


def test_of_equal_classes_nothing_is_said_of_the_commonest(report):
    text = read(make_report([finished("cnn1d", 0.2)]).written("html")).text
    assert "guessing: 25 %" in text and "Always answering" not in text and "commonest" not in text


def test_two_data_sets_are_compared_apart():
    text = make_report([finished(), finished(dataset="other"), finished("cnn_transformer_h2", dataset="other")]).written("html")
    assert "Comparison: sounds" in text and "Comparison: other" in text
    with pytest.raises(UserError, match="at least one"):
        make_report([])


def test_a_search_for_settings_is_told_where_it_was_of_the_same_model_and_data(isolated, tiny_folder):
    config = TrainConfig(dataset=str(tiny_folder), model="cnn1d", epochs=4, sample_rate=4_000, clip_seconds=0.5)
    finished_study(config, "won", [0.5, 0.8, 0.6, 0.4])
    own = make_report([finished("cnn1d", settings={"dataset": str(tiny_folder)})]).written("html")
    assert all(part in read(own).text for part in ("(study won). The search", "trial 1 reached", " instead of "))
    for other in (finished("cnn_transformer_h2", settings={"dataset": str(tiny_folder)}), finished("cnn1d")):
        assert "study won" not in make_report([other]).written("html")


@pytest.fixture
def runs(isolated, tiny_dataset):
    for name, model in (("one", "cnn1d"), ("two", "cnn_transformer_h4")):
        fabricate_run(isolated / "checkpoints", tiny_dataset, name=name, model=model, epochs=4)
    return isolated / "checkpoints"


def test_the_command_writes_an_experiment_or_runs(runs, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["report", "design"]) == 0
    assert capsys.readouterr().out.startswith("report-design.html: 2 runs, 0.")
    assert "<title>design</title>" in (tmp_path / "report-design.html").read_text(encoding="utf-8")
    assert main(["report", "two", "one", "two", "--out", "deep/er.md"]) == 0
    text = (tmp_path / "deep/er.md").read_text(encoding="utf-8")
    assert text.startswith("# Comparison of 2 runs\n") and [run.name for run in runs_named(["design"])] == ["one", "two"]
    assert main(["report", "one", "--format", "md", "--out", "odd.html"]) == 0
    assert (tmp_path / "odd.html").read_text(encoding="utf-8").startswith("# one\n")


@pytest.mark.parametrize("names, sentence", [
    (["design"], "error: half is stopped at 40% and late is stopped at 40%, and only finished runs can be compared: `python -m "
                 "core train --resume half` goes on with the first, or leave them out\n"),
    (["desing"], "error: there is neither an experiment nor a run called 'desing' in .*; did you mean design?"),
])
def test_what_cannot_be_reported_is_one_sentence(runs, tiny_dataset, tmp_path, capsys, monkeypatch, names, sentence):
    for seed, name in enumerate(("half", "late")):
        fabricate_run(runs, tiny_dataset, name=name, state="stopped", epochs=4, seed=seed)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*.html"))
    assert main(["report", *names]) == 2
    error = capsys.readouterr().err
    assert re.match(sentence.replace("(", r"\(") if ".*" in sentence else re.escape(sentence), error), error
    assert sorted(tmp_path.rglob("*.html")) == before
    assert main(["report", "one", "--out", str(tmp_path)]) == 2 and "found the folder" in capsys.readouterr().err
    assert main(["report", "one", "--out", "r.pdf"]) == 2 and not (tmp_path / "r.pdf").exists()
    assert "ends in .html or .md, found r.pdf" in capsys.readouterr().err
