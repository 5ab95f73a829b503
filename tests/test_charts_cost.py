"""Accuracy against cost: every contender stands where its numbers are, and is named."""

import numpy as np
import pytest

from app.charts.cost import COSTS, cost_figure
from core.contenders import contenders
from tests.finished_runs import finished


@pytest.fixture
def field():
    return contenders([finished("cnn1d", 0.9, macs=2_000_000), finished("cnn_transformer_h2", 0.8, macs=90_000_000),
                       finished("cnn_transformer_h4", 0.7, macs=90_000_000, protocol="split")])


def test_a_cost_that_nobody_knows_is_said():
    figure = cost_figure(contenders([finished(seconds=0)]), "training time")
    assert not figure.data and [note.text for note in figure.layout.annotations] == ["Training time: not known for these"]


@pytest.mark.parametrize("dark", [False, True])
def test_points_intervals_and_names(field, dark):
    figure = cost_figure(field, "compute", dark=dark)
    points = [trace for trace in figure.data if trace.mode == "markers" and trace.x[0] is not None]
    assert [trace.y[0] for trace in points] == pytest.approx([90, 80, 70])
    assert figure.layout.xaxis.type == "log" and points[0].x[0] == pytest.approx(2e6)
    assert points[1].x[0] == points[2].x[0] == 9e7, "each stands where its number is, its name apart from the others"
    assert len({note.ay for note in figure.layout.annotations}) == 3
    lines = [trace.y for trace in figure.data if trace.mode == "lines"]
    assert lines[0] == pytest.approx([100 * end for end in (field[0].scores["accuracy"].low, field[0].scores["accuracy"].high)])
    assert [note.text for note in figure.layout.annotations] == ["cnn1d", "cnn_transformer_h2", "cnn_transformer_h4"]
    assert [trace.name for trace in figure.data if trace.showlegend] == ["published", "split"]
    assert "2 M" in points[0].hovertemplate and "90.0 %" in points[0].hovertemplate


def test_what_sets_two_of_a_model_apart_is_on_a_line_of_its_own():
    field = contenders([finished("cnn1d", 0.9, settings={"epochs": 3}), finished("cnn1d", 0.8, settings={"epochs": 30})])
    assert [note.text for note in cost_figure(field, "size").layout.annotations] == ["cnn1d<br>epochs 3", "cnn1d<br>epochs 30"]


@pytest.mark.parametrize("what", COSTS)
def test_one_contender_and_none(field, what):
    assert len(cost_figure(field[:1], what).layout.annotations) == 1
    assert not cost_figure([], what).data
    low, high = cost_figure(field, what).layout.xaxis.range
    assert np.isfinite([low, high]).all() and low < high


def test_training_costs_three_answers_for_every_clip_of_every_epoch(field):
    """Three epochs; five models of 80 clips, one of 240, four of 240."""
    assert field[0].training_macs == 3 * 2e6 * 5 * 80 * 3
    assert field[2].training_macs == 3 * 9e7 * 240 * 3
    (assigned,) = contenders([finished("cnn1d", 0.9, macs=10, protocol="assignment")])
    assert assigned.training_macs == 3 * 10 * 4 * 240 * 3
    assert "7.2 G" in cost_figure(field, "training compute").data[1].hovertemplate
