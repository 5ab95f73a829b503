"""How the learning rate goes over a training."""

import pytest

from core.schedule import rate_share


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.9])
def test_the_learning_rate_rises_then_falls_to_nothing(warmup):
    rates = [rate_share(step, 100, warmup) for step in range(100)]
    top = rates.index(max(rates))
    assert max(rates) == 1.0 and min(rates) >= 0
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 0.03 and abs(top - warmup * 100) <= 1


def test_a_constant_learning_rate_only_rises():
    assert [rate_share(step, 10, 0.2, "constant") for step in range(10)] == [0.5] + 9 * [1.0]
