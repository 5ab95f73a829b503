"""What a training batch goes through."""

import pytest
import torch

from core.augment import augment, change_speed, mixup, noise, time_shift
from core.config import TrainConfig

QUIET = dict(time_shift=0.0, speed=0.0, gain_db=0.0, polarity=0.0, noise=0.0, mixup=0.0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(clips=8, samples=1_000):
    return torch.randn(clips, samples, generator=generator(9))


def test_everything_off_changes_nothing():
    waveform = batch()
    assert torch.equal(augment(waveform, TrainConfig(**QUIET), generator()), waveform)


def test_one_seed_one_result_and_another_seed_another():
    waveform, config = batch(), TrainConfig(noise=0.5)
    assert torch.equal(augment(waveform, config, generator(1)), augment(waveform, config, generator(1)))
    assert not torch.equal(augment(waveform, config, generator(1)), augment(waveform, config, generator(2)))


def test_time_shift_rotates_every_clip_by_its_own_amount():
    waveform = torch.arange(100.0).repeat(6, 1)
    shifted = time_shift(waveform, 1.0, generator())
    starts = shifted[:, 0].long()
    for row, start in zip(shifted, starts, strict=True):
        assert torch.equal(row, torch.arange(100.0).roll(-int(start)))
    assert len(starts.unique()) > 3


def test_time_shift_keeps_to_its_share():
    shift = (-time_shift(torch.arange(1_000.0).repeat(200, 1), 0.1, generator())[:, 0]) % 1_000
    assert shift.max() <= 100 and shift.max() > 80


def test_speed_moves_pitch_within_its_range():
    time = torch.arange(16_000) / 16_000
    faster = change_speed(torch.sin(2 * torch.pi * 1_000 * time).repeat(60, 1), 0.25, generator())
    peak = torch.fft.rfft(faster * torch.hann_window(16_000)).abs().argmax(dim=1)  # bins of 1 Hz
    assert 795 <= peak.min() < 850 and 1_180 < peak.max() <= 1_255


def test_gain_stays_in_range_and_uses_it():
    waveform = batch(500)
    louder = augment(waveform, TrainConfig(**{**QUIET, "gain_db": 6.0}), generator())
    decibel = 20 * torch.log10(louder.norm(dim=1) / waveform.norm(dim=1))
    assert -6.001 <= decibel.min() < -5 and 5 < decibel.max() <= 6.001


def test_polarity_flips_its_share_of_the_clips():
    waveform = batch(2_000, 4)
    ratio = (augment(waveform, TrainConfig(**{**QUIET, "polarity": 0.3}), generator()) / waveform)[:, 0]
    assert set(ratio.unique().tolist()) == {-1.0, 1.0}
    assert 0.25 < (ratio < 0).float().mean() < 0.35


@pytest.mark.parametrize("closest", [15, 5])
@pytest.mark.parametrize("tilt", [0, 6])
def test_noise_is_so_far_below_the_clip_on_its_share_of_the_clips(closest, tilt):
    waveform = batch(400, 1_000) * torch.linspace(0.01, 1, 400)[:, None]
    added = noise(waveform, TrainConfig(noise=0.5, noise_db=closest, noise_tilt=tilt), generator()) - waveform
    snr = 20 * torch.log10(waveform.norm(dim=1) / added.norm(dim=1))
    noisy = snr[torch.isfinite(snr)]
    assert 0.4 < len(noisy) / 400 < 0.6
    assert closest - 1 < noisy.min() < closest + 3 and 37 < noisy.max() < 41


def test_silence_stays_silence():
    assert not augment(torch.zeros(2, 50), TrainConfig(noise=1.0), generator()).any()


def test_mixup_shares_label_and_keeps_energy():
    waveform, targets = batch(64, 4_000), torch.eye(64)
    mixed, shared = mixup(waveform, targets, generator())
    torch.testing.assert_close(shared.sum(dim=1), torch.ones(64))
    own = shared.diagonal()
    for i in range(64):
        partner = int(shared[i].clone().index_fill_(0, torch.tensor(i), -1).argmax())
        if own[i] < 1:
            r = own[i]
            expected = (r * waveform[i] + (1 - r) * waveform[partner]) / (r**2 + (1 - r) ** 2).sqrt()
            torch.testing.assert_close(mixed[i], expected)
    assert 0.9 < mixed.square().mean() / waveform.square().mean() < 1.1
