"""Numbers read off an attention map, on maps whose answer is known."""

import numpy as np
import pytest

from core.attention_stats import (
    entropy_bits,
    even_entropy_bits,
    looking_row,
    over_place,
    over_time,
    over_time_pairs,
    reach_ms,
)
from core.models.tokens import TokenLayout


def time_tokens(count: int, seconds: float = 0.04, cls: bool = True) -> TokenLayout:
    start = np.arange(count) * seconds
    nan = np.full(count + cls, np.nan)
    head = [np.nan] * cls
    return TokenLayout(np.r_[head, start], np.r_[head, start + seconds], nan, nan.copy(), True, 0 if cls else None)


def test_entropy_is_zero_on_one_token_and_largest_when_even():
    layout = time_tokens(7)
    one = np.eye(8)
    even = np.full((8, 8), 1 / 8)
    assert entropy_bits(one, layout) == 0.0
    assert entropy_bits(even, layout) == pytest.approx(3.0) == pytest.approx(even_entropy_bits(layout))


def test_where_a_class_token_is_its_row_counts_and_else_the_mean_of_all_rows():
    weights = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]])
    assert looking_row(weights, time_tokens(2)).tolist() == [0.0, 1.0, 0.0]
    assert looking_row(weights, time_tokens(3, cls=False)) == pytest.approx(weights.mean(axis=0))


def test_reach_is_the_distance_to_what_is_attended_to():
    layout = time_tokens(5, seconds=0.1)
    staying, next_one = np.eye(6), np.roll(np.eye(6), 1, axis=1)
    next_one[5] = np.eye(6)[4]  # the last token looks back
    assert reach_ms(staying, layout) == pytest.approx(0.0, abs=1e-9)
    assert reach_ms(next_one, layout) == pytest.approx(100.0)


def test_attention_to_the_class_token_does_not_count_as_reach():
    layout = time_tokens(4, seconds=0.1)
    weights = np.zeros((5, 5))
    weights[:, 0] = 0.5
    weights[range(5), [1, 2, 3, 4, 3]] = 0.5
    assert reach_ms(weights, layout) == pytest.approx(100.0)
    weights[:] = 0
    weights[:, 0] = 1.0
    assert np.isnan(reach_ms(weights, layout))


def test_the_profile_leaves_out_the_class_token():
    weights = np.tile([0.4, 0.1, 0.2, 0.3], (4, 1))
    profile = over_time(weights, time_tokens(3))
    assert profile.weight == pytest.approx([0.1, 0.2, 0.3])
    assert profile.start == pytest.approx([0.0, 0.04, 0.08]) and profile.end == pytest.approx([0.04, 0.08, 0.12])


def test_patches_of_one_time_are_added_up_and_placed_on_their_bands():
    """Two bands × three times, row-major, behind a class token."""
    nan, times, lows = np.nan, np.tile([0.0, 0.1, 0.2], 2), np.repeat([0.0, 1000.0], 3)
    layout = TokenLayout(np.r_[nan, times], np.r_[nan, times + 0.1], np.r_[nan, lows], np.r_[nan, lows + 1000])
    weights = np.tile(np.array([0.1, 0.1, 0.2, 0.1, 0.0, 0.3, 0.2]), (7, 1))
    assert over_time(weights, layout).weight == pytest.approx([0.1, 0.5, 0.3])
    time_edges, band_edges, grid = over_place(weights, layout)
    assert time_edges == pytest.approx([0.0, 0.1, 0.2, 0.3]) and band_edges.tolist() == [0.0, 1000.0, 2000.0]
    assert grid == pytest.approx(np.array([[0.1, 0.2, 0.1], [0.0, 0.3, 0.2]]))


def test_tokens_without_bands_make_a_plane_of_one_row():
    time_edges, band_edges, grid = over_place(np.full((4, 4), 0.25), time_tokens(3))
    assert time_edges == pytest.approx([0.0, 0.04, 0.08, 0.12]) and not band_edges.size and grid.shape == (1, 3)


def test_the_matrix_by_time_has_the_class_token_apart_and_every_row_still_sums_to_one():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(6), size=6)
    matrix = over_time_pairs(weights, time_tokens(5))
    assert matrix.among == pytest.approx(weights[1:, 1:], abs=1e-6)
    assert matrix.of_cls == pytest.approx(weights[0, 1:]) and matrix.to_cls == pytest.approx(weights[1:, 0], abs=1e-6)
    assert matrix.cls_to_cls == pytest.approx(weights[0, 0])
    assert matrix.among.sum(axis=1) + matrix.to_cls == pytest.approx(np.ones(5), abs=1e-6)


def test_without_a_class_token_there_is_only_the_matrix():
    matrix = over_time_pairs(np.full((4, 4), 0.25), time_tokens(4, cls=False))
    assert matrix.of_cls is None and matrix.to_cls is None and matrix.cls_to_cls is None
    assert matrix.among == pytest.approx(np.full((4, 4), 0.25))
