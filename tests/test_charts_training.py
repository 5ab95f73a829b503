"""Curves of a run that trains: folds thin, the mean thick, axes that stand still while the curves grow."""

import pandas as pd
import pytest

from app.charts.palette import split_colour, whole_ticks
from app.charts.training import POINTS, learning_curves, mean_of_furthest
from core.baseline import Guess, guess_at_test, guess_of


def history(epochs: dict[str, int], splits=("train", "validation")) -> pd.DataFrame:
    """``epochs`` done per fold; accuracy grows by a hundredth an epoch, fold 2 is ten points above the others."""
    return pd.DataFrame([
        {"fold": fold, "epoch": epoch, "split": split, "loss": 2 / epoch, "learning_rate": 1e-3, "seconds": 1.0,
         "accuracy": 0.01 * (epoch % 80) + 0.1 * (fold == "2")}
        for fold, done in epochs.items() for epoch in range(1, done + 1) for split in splits])


def lines(figure, split: str) -> list:
    return [line for line in figure.data if line.line.color == split_colour(split)]


def test_every_fold_is_thin_and_the_mean_is_thick():
    figure = learning_curves(history({"2": 5, "3": 5}), "accuracy", epochs=10)
    for split in ("train", "validation"):
        *folds, mean = lines(figure, split)
        assert [fold.name for fold in folds] == [f"{split} 2", f"{split} 3"]
        assert all(fold.line.width < mean.line.width for fold in folds)
        assert list(mean.y) == pytest.approx([6, 7, 8, 9, 10])  # per cent, half way between the two
        assert list(mean.x) == [1, 2, 3, 4, 5]
        assert "mean of 2 folds" in mean.hovertemplate
    assert [line.name for line in figure.data if line.showlegend is not False] == ["train", "validation"]


def test_the_mean_does_not_jump_while_a_later_fold_is_on_its_way():
    alone = lines(learning_curves(history({"1": 8}), "accuracy", epochs=8), "train")[-1]
    joined = lines(learning_curves(history({"1": 8, "2": 3}), "accuracy", epochs=8), "train")[-1]
    assert list(alone.y) == list(joined.y)


def test_the_mean_is_over_the_folds_that_are_furthest():
    short, long, longer = pd.Series([9.0]), pd.Series([1.0, 2.0]), pd.Series([3.0, 4.0])
    mean, count = mean_of_furthest([short, long, longer])
    assert list(mean) == [2.0, 3.0]
    assert count == 2


def test_the_axes_stand_still_while_the_curves_grow():
    first, last = (learning_curves(history({"1": done}), "accuracy", epochs=40) for done in (1, 40))
    assert first.layout.xaxis.range == last.layout.xaxis.range
    assert first.layout.yaxis.range == last.layout.yaxis.range
    assert first.layout.uirevision == last.layout.uirevision


@pytest.mark.parametrize(("last", "step"), [(0, 1), (3, 1), (10, 1), (24, 5), (60, 10), (100, 10), (100_000, 10_000)])
def test_what_is_counted_has_at_most_ten_ticks_and_none_between_two_numbers(last, step):
    assert whole_ticks(last)["dtick"] == step
    figure = learning_curves(history({"1": 1}), "loss", epochs=max(1, last))
    assert figure.layout.xaxis.dtick == step


def test_one_epoch_is_seen_as_a_point():
    figure = learning_curves(history({"1": 1}), "loss", epochs=10)
    assert all("markers" in line.mode for line in figure.data)


def test_a_protocol_without_validation_and_a_final_model_are_drawn_too():
    figure = learning_curves(history({"1": 4, "final": 4}, splits=("train",)), "loss", epochs=4)
    assert [line.name for line in figure.data] == ["train"]
    assert list(figure.data[0].y) == pytest.approx([2, 1, 2 / 3, 0.5])


def test_only_a_final_model_gives_an_empty_figure():
    assert not learning_curves(history({"final": 3}, splits=("train",)), "loss", epochs=4).data


def test_guessing_is_marked_for_accuracy_only():
    for metric, marked in (("accuracy", True), ("loss", False)):
        figure = learning_curves(history({"1": 2}), metric, epochs=4, guess=Guess(0.1))
        assert bool(figure.layout.shapes) is marked
    text = learning_curves(history({"1": 2}), "accuracy", epochs=4, guess=Guess(0.1)).layout.annotations[0].text
    assert text == "guessing: 10 %"


def test_where_one_class_is_commoner_its_share_is_marked():
    figure = learning_curves(history({"1": 2}), "accuracy", epochs=4, guess=guess_of(["a", "b", "c"], [6, 90, 8]))
    assert figure.layout.annotations[0].text == "always the commonest class: 87 %"
    assert figure.layout.shapes[0].y0 == pytest.approx(100 * 90 / 104)


def test_the_best_guess():
    assert guess_of(["a", "b"], [40, 40]) == guess_of(["a", "b"], []) == guess_of(["a", "b"], [0, 0]) == Guess(0.5)
    assert guess_of(["a", "b"], [1000, 1001]) == Guess(0.5), "what is not seen is not said"
    assert guess_of(["a", "b"], [1, 3]) == Guess(0.75, "b") and guess_of([], []) is None
    assert guess_at_test(["a", "b"], {"confusion_matrix": [[0, 6], [0, 2]]}) == Guess(0.75, "a"), "rows are the true classes"
    assert guess_at_test(["a", "b"], {}) == Guess(0.5)


def test_a_very_long_history_is_thinned_but_keeps_its_end():
    figure = learning_curves(history({"1": 3000, "2": 3000}), "loss", epochs=3000)
    for line in figure.data:
        assert len(line.x) <= POINTS
        assert line.x[-1] == 3000


@pytest.mark.parametrize("dark", [False, True])
def test_both_themes_use_their_own_colours(dark):
    figure = learning_curves(history({"1": 2}), "loss", epochs=4, dark=dark)
    assert {line.line.color for line in figure.data} == {split_colour(s, dark) for s in ("train", "validation")}
