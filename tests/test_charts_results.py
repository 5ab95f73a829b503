"""Figures of results as pure functions: what they draw is what the table says, and names from outside stay text."""

import numpy as np
import pandas as pd
import pytest

from app.charts.folds import folds_figure, runs_figure
from app.charts.palette import class_colours, label
from app.charts.results import answer_figure, confusion_figure, per_class_figure, roc_figure
from core.classwise import confusion_table, per_class, roc_curves

NASTY = ["<b>dog</b>", "<a href='https://evil'>rain</a>", "%{x} waves"]


def predictions(classes=("dog", "rain", "waves"), clips=60, seed=0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    probs = random.dirichlet(np.ones(len(classes)), clips)
    rows = [[f"{i}.ogg", 1, 1, "test", classes[i % len(classes)], *probs[i]] for i in range(clips)]
    return pd.DataFrame(rows, columns=["path", "model_fold", "clip_fold", "split", "target", *classes])


def counts_of(classes=("dog", "rain", "waves")) -> pd.DataFrame:
    return confusion_table(predictions(classes), classes)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("share", [False, True])
def test_confusion_figure_shows_the_counts_true_class_on_rows(dark, share):
    counts = counts_of()
    light, full, points = confusion_figure(counts, share=share, dark=dark).data
    percent = 100 * counts.to_numpy() / counts.to_numpy().sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.where(np.isnan(light.z), full.z, light.z), percent)
    said = np.where(np.isnan(light.z), full.text, light.text)
    expected = percent if share else counts.to_numpy()
    assert [[text or "0" for text in row] for row in said] == [[f"{v:.0f}" for v in row] for row in expected]
    assert not np.array(light.text)[np.isnan(light.z)].any()  # no number is written twice
    assert points.hovertext[1].startswith("dog heard as <b>rain</b>")


def test_every_cell_can_be_clicked_and_says_which_it_is():
    counts = counts_of()
    figure = confusion_figure(counts, chosen=("waves", "dog"))
    points = figure.data[-1]
    assert points.type == "scatter"  # a click on a heatmap does not come back from Streamlit
    assert {(y, x) for x, y in zip(points.x, points.y, strict=True)} == {(y, x) for y in range(3) for x in range(3)}
    said = dict(zip(zip(points.y, points.x, strict=True), points.hovertext, strict=True))
    assert said[2, 0].startswith("waves heard as <b>dog</b>")
    frame = figure.layout.shapes[0]
    assert (frame.y0, frame.y1, frame.x0, frame.x1) == (1.5, 2.5, -0.5, 0.5)
    assert not confusion_figure(counts, chosen=("gone", "dog")).layout.shapes


def test_confusion_of_a_class_without_clips_and_of_many_classes():
    counts = counts_of()
    counts.loc["rain"] = 0
    assert (confusion_figure(counts, share=True).data[0].z[1] == 0).all()
    many = [f"class {i}" for i in range(50)]
    figure = confusion_figure(counts_of(many))
    assert figure.data[0].text is None and len(figure.data[-1].x) == 2500
    assert list(figure.layout.yaxis.ticktext) == many and figure.layout.height > 50 * 13, "every row has its name"
    assert figure.layout.xaxis.title.text == "Predicted class (1 of 3 is named)" and len(figure.layout.xaxis.ticktext) == 17
    assert confusion_figure(counts_of(["x" * 16, "b"])).layout.margin.l > figure.layout.margin.l > 80, "none over the title"


def test_per_class_bars_have_the_colours_of_their_classes_and_survive_undefined_values():
    counts = counts_of()
    counts["rain"] = 0  # never predicted: precision undefined
    figure = per_class_figure(per_class(counts), list(counts.index), dark=True)
    bars = figure.data[0]
    assert list(bars.marker.color) == list(class_colours(list(counts.index), True).values())
    assert "precision undefined" in bars.hovertext[1] and "recall 0.0 %" in bars.hovertext[1]


def test_roc_figure_names_every_curve_with_its_area():
    table = predictions()
    curves = roc_curves(table, ["dog", "rain", "waves"])
    figure = roc_figure(curves, ["dog", "rain", "waves"])
    assert {trace.name for trace in figure.data[1:]} == {f"{curve.name}  {curve.area:.3f}" for curve in curves}
    assert figure.layout.showlegend


def test_of_many_classes_the_roc_curves_are_faint_and_only_the_means_are_named(monkeypatch):
    monkeypatch.setattr("app.charts.results.FEW", 2)
    names = ["dog", "rain", "waves"]
    _, *lines = roc_figure(roc_curves(predictions(), names), names).data
    assert {line.meta for line in lines if line.opacity == 0.5} == {*names} and len(lines) == 5
    assert {line.meta for line in lines if line.showlegend} == {"macro", "micro"}


def test_folds_stand_beside_each_other_with_their_mean():
    folds = pd.DataFrame({"metric": ["accuracy"] * 4, "split": ["test", "test", "validation", "validation"],
                          "fold": [2, 3, 2, 3], "value": [0.7, 0.8, 0.5, 0.6]})
    figure = folds_figure(folds)
    dots = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    assert list(dots["test"].y) == [70, 80] and max(dots["validation"].x) < min(dots["test"].x)
    assert sorted(trace.y[0] for trace in figure.data if trace.mode == "lines") == pytest.approx([55, 75])


def test_runs_share_one_axis_and_undefined_parts_are_left_out():
    runs = [{"name": "a", "folds": [0.7, 0.8], "mean": 0.75, "ci95": [0.6, 0.9]},
            {"name": "b", "folds": [None], "mean": None, "ci95": None}]
    figure = runs_figure(runs)
    assert [note.text for note in figure.layout.annotations] == ["a", "b"]
    tick = max(trace.marker.size for trace in figure.data if trace.marker.symbol == "line-ns")
    assert figure.layout.annotations[0].yshift - 8 > 0.7 * tick, "no tick strikes through a name"
    assert figure.layout.xaxis.range == (57, 93)


def test_the_true_class_is_among_the_answers_shown():
    probs = pd.Series({f"class {i}": (10 - i) / 55 for i in range(10)})
    figure = answer_figure(probs, "class 9")
    assert figure.layout.yaxis.ticktext[-1] == "<b>class 9</b>  ✓"
    assert list(figure.data[0].x) == sorted(figure.data[0].x, reverse=True)


def test_names_from_outside_are_text_not_markup():
    table = predictions(NASTY)
    counts = confusion_table(table, NASTY)
    figures = [confusion_figure(counts), per_class_figure(per_class(counts), NASTY),
               roc_figure(roc_curves(table, NASTY), NASTY),
               answer_figure(table[NASTY].mean(), NASTY[0]),
               runs_figure([{"name": NASTY[0], "folds": [0.5, 0.6], "mean": 0.55, "ci95": None}])]
    for figure in figures:
        drawn = figure.to_json()
        assert "\\u003ca href" not in drawn and "<a href" not in drawn
        assert "<b>dog" not in drawn and "\\u003cb\\u003edog" not in drawn
        templates = [trace.hovertemplate or "" for trace in figure.data]
        assert not any("%{x} waves" in template for template in templates)


def test_of_a_long_name_its_beginning_and_its_end_are_shown():
    assert label("earshot-assignment-s1") == "earshot-as…nt-s1" and label("crackling_fire_1") == "crackling_fire_1"
    assert label("earshot-assignment-s1") != label("earshot-assignment-s2")
