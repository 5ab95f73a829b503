"""Sounds that are none of the classes: what they are made of, and what a model learns from them."""

import numpy as np
import pytest
import torch

from core import outliers
from core.cache import open_cache
from core.config import TrainConfig
from core.librosa_guard import import_librosa
from core.outliers import add_outliers

RATE = 16_000
STEADY = TrainConfig(outliers=0.2)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def outlier(config: TrainConfig, seed: int, samples: int = 8_000) -> torch.Tensor:
    return add_outliers(torch.zeros(1, samples), torch.eye(1, 4), config, generator(seed))[0][1]


def test_outliers_stand_behind_the_batch_and_belong_to_no_class():
    waveform, targets = torch.randn(20, 8_000), torch.eye(4)[torch.arange(20) % 4]
    sounds, shares = add_outliers(waveform, targets, STEADY, generator())
    assert sounds.shape == (24, 8_000) and torch.isfinite(sounds).all()
    torch.testing.assert_close(sounds[:20], waveform)
    torch.testing.assert_close(shares, torch.cat([targets, torch.full((4, 4), 0.25)]))
    again, _ = add_outliers(waveform, targets, STEADY, generator())
    torch.testing.assert_close(sounds, again)
    assert len(add_outliers(waveform[:2], targets[:2], STEADY, generator())[0]) == 3, "at least one"


def test_steady_outliers_are_noise_and_tones_of_any_level():
    sounds = [outlier(STEADY, seed) for seed in range(40)]
    levels = [float(sound.square().mean().sqrt()) for sound in sounds]
    assert min(levels) < 0.003 < 0.1 < max(levels) <= 0.31
    spread = [float(torch.fft.rfft(sound).abs().square().clamp_min(1e-12).log().std()) for sound in sounds]
    assert min(spread) < 2 < 10 < max(spread), "some are noise, some are tones"


def silent_share(sound: torch.Tensor) -> float:
    return float((sound == 0).float().mean())


def test_bursts_are_short_events_in_silence_at_any_place():
    sounds = [outlier(STEADY.replace(bursts=1.0), seed, 5 * RATE) for seed in range(40)]
    assert all(torch.isfinite(sound).all() and sound.abs().max() > 0 for sound in sounds)
    assert min(map(silent_share, sounds)) > 0.2 and np.median(list(map(silent_share, sounds))) > 0.7
    loudest = [int(sound.abs().argmax()) / len(sound) for sound in sounds]
    assert min(loudest) < 0.2 and max(loudest) > 0.8


def test_without_bursts_nothing_is_drawn_for_them():
    """Runs that were trained before there were any come out the same, to the byte."""
    for seed in range(6):
        assert torch.equal(outlier(STEADY, seed), outliers._steady(8_000, generator(seed)))


def test_some_bursts_are_voices_and_all_are_of_the_level_of_the_clip(monkeypatch):
    voices, voice = [], outliers._voice
    monkeypatch.setattr(outliers, "_voice", lambda *given: voices.append(given) or voice(*given))
    sounds = [outlier(STEADY.replace(bursts=1.0), seed, 5 * RATE) for seed in range(40)]
    assert len(voices) > 20 and all(80 <= pitch <= 400 for _, _, pitch, _ in voices)
    levels = [float(sound.square().mean().sqrt()) for sound in sounds]
    assert 0.003 <= min(levels) < 0.01 < 0.1 < max(levels) <= 0.3001


def test_the_share_of_bursts_is_what_was_asked_for():
    config = STEADY.replace(bursts=0.5, sample_rate=4_000)
    half = [silent_share(outlier(config, seed, 5 * 4_000)) > 0.05 for seed in range(200)]
    assert 0.4 < np.mean(half) < 0.6


@pytest.mark.parametrize("pitch", (100.0, 200.0, 320.0))
def test_a_made_up_voice_has_the_pitch_that_was_asked_for_and_lies_where_voices_do(pitch):
    for seed in range(4):
        voice = outliers._voice(RATE // 2, RATE, pitch, generator(seed)).numpy()
        heard = import_librosa().yin(voice, fmin=50, fmax=600, sr=RATE, frame_length=2_048)
        assert abs(np.log2(np.median(heard) / pitch)) < 0.5, "it glides by up to 0.7 octaves around the pitch"
        power = np.abs(np.fft.rfft(voice)) ** 2
        below = np.fft.rfftfreq(len(voice), 1 / RATE) < 4_000
        assert power[below].sum() > 0.98 * power.sum()


def test_clips_shorter_than_an_event_get_bursts_too():
    sound = outlier(STEADY.replace(bursts=1.0, sample_rate=4_000), 3, samples=20)
    assert sound.shape == (20,) and torch.isfinite(sound).all()


def test_a_model_that_met_outliers_is_sure_of_nothing_when_it_hears_noise(tiny_dataset):
    """The same training with and without: what it says of noise of another seed, and of its own clips."""
    from core.models import create_model
    from core.splits import Split
    from core.training import fit_fold, predict_logits

    cache = open_cache(tiny_dataset, 8_000, 0.5)
    classes = np.flatnonzero(tiny_dataset.targets < 2)  # high and low; noise is none of them
    sure = {}
    for share in (0.0, 0.3):
        torch.manual_seed(0)
        config = TrainConfig(model="cnn1d", sample_rate=8_000, clip_seconds=0.5, epochs=15, batch_size=10, outliers=share,
                             learning_rate=3e-3, average=0.0, device="cpu")  # the same numbers everywhere
        model = create_model("cnn1d", 2, 4_000, 8_000)
        fit_fold(model, cache.waveforms, tiny_dataset.targets, Split(0, tuple(classes), (), ()), config, num_classes=2)
        noise = 0.1 * np.random.default_rng(1).standard_normal((20, 4_000))
        probs = [torch.from_numpy(predict_logits(model, sounds, range(len(sounds)))).softmax(1).amax(1).mean().item()
                 for sounds in (noise, cache.waveforms[classes])]
        sure[share] = probs
    assert sure[0.3][0] < sure[0.0][0] - 0.1
    assert sure[0.3][1] > 0.85, "it is as sure of what it knows"
