"""The flagship: small enough, any length and rate, and every token where it is drawn."""

import numpy as np
import pytest
import torch

from core.models import count_macs, create_model
from core.models.earshot import Earshot

RATE = 32_000
CLIP = 5 * RATE


def test_it_stays_small():
    model = create_model("earshot", 10, CLIP, RATE).eval()
    assert sum(p.numel() for p in model.parameters()) <= 1_500_000
    assert count_macs(model, CLIP) <= 150_000_000
    assert 2 <= len(model.encoder.blocks) <= 4


@pytest.mark.parametrize(("rate", "samples"), [(16_000, 16_000), (16_000, 44_321), (32_000, 160_000), (44_100, 100_001),
                                               (8_000, 400)])
def test_the_layout_agrees_with_the_tokens_at_any_length_and_rate(rate, samples):
    model = Earshot(3, rate).eval()
    with torch.no_grad():
        tokens = model.forward_features(torch.zeros(1, samples)).shape[1]
    layout = model.token_layouts(samples)[0]
    assert len(layout.start) == tokens + 1 and np.isnan(layout.start[0]) and layout.clip_time
    assert layout.start[1] == 0
    np.testing.assert_allclose(layout.start[2:], layout.end[1:-1])
    assert layout.end[-1] == pytest.approx(samples / rate, abs=0.08)


def test_a_token_hears_its_own_moment_and_is_drawn_there():
    """Only the samples of token n sound: the tokens that change lie evenly on both sides of it, and it changes most."""
    torch.manual_seed(0)
    model = Earshot(10, RATE).eval()
    layout = model.token_layouts(CLIP)[0]
    with torch.no_grad():
        silent = model.forward_features(torch.zeros(1, CLIP))
        for n in (4, 20, 37, 58):
            waveform = torch.zeros(1, CLIP)
            place = slice(round(layout.start[n + 1] * RATE), round(layout.end[n + 1] * RATE))
            waveform[:, place] = 0.3 * torch.randn(place.stop - place.start)
            change = (model.forward_features(waveform) - silent).norm(dim=2)[0].numpy()
            changed = np.flatnonzero(change > 1e-4)
            assert changed.min() >= n - 3 and changed.max() <= n + 3
            centre = (change * np.arange(len(change))).sum() / change.sum()
            assert centre == pytest.approx(n, abs=0.35)


def test_masks_fall_only_while_it_learns():
    torch.manual_seed(0)
    model = Earshot(10, RATE).eval()
    waveform = torch.randn(2, RATE) * 0.1
    with torch.no_grad():
        torch.testing.assert_close(model(waveform), model(waveform))
        model.train()
        assert not torch.equal(model(waveform), model(waveform))
