"""Made-up sounds that are none of the classes, for training: the model learns to be sure of no class there.

Outlier exposure, Hendrycks et al. 2019, https://arxiv.org/abs/1812.04606
"""

import math

import torch
from torch import Tensor

from core.augment import coin, uniform
from core.config import TrainConfig

VOWEL_HZ = ((250, 900), (800, 2_600), (2_300, 3_500))  # where the first three resonances of voices lie


def add_outliers(waveform: Tensor, targets: Tensor, config: TrainConfig, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Behind the batch ``(batch, samples)``, sounds that are none of the classes, with the same probability for every class
    as their target: ``outliers`` of the batch, at least one; ``bursts`` of them short, the others steady."""
    count, samples = max(1, round(config.outliers * len(waveform))), waveform.shape[1]
    strange = torch.stack([_outlier(samples, config, generator) for _ in range(count)])
    even = torch.full((count, targets.shape[1]), 1 / targets.shape[1], device=targets.device)
    return torch.cat([waveform, strange]), torch.cat([targets, even])


def _outlier(samples: int, config: TrainConfig, generator: torch.Generator) -> Tensor:
    if config.bursts and coin(config.bursts, generator):
        return _bursts(samples, config.sample_rate, generator)
    return _steady(samples, generator)


def _steady(samples: int, generator: torch.Generator) -> Tensor:
    """Noise of any colour, within any band; or up to three tones that may glide; at any level down to near silence."""
    noisy, tilt, low, width, level = uniform(5, generator).tolist()
    if noisy < 0.6:
        spectrum = torch.fft.rfft(torch.randn(samples, generator=generator, device=generator.device))
        place = torch.arange(1, len(spectrum) + 1, device=generator.device) / len(spectrum)
        band = (place >= 0.3 * max(0.0, low - 0.5)) & (place <= max(0.1, 2 * width))  # for half of them everything
        sound = torch.fft.irfft(spectrum * place ** (0.25 - 1.5 * tilt) * band, samples)
    else:
        time = torch.linspace(0, 1, samples, device=generator.device)
        first, glide, loud = uniform(9, generator).view(3, 3)
        cycles = samples * 0.25 * 2 ** (-6 * first[:, None])  # of 1/256 to 1/4 of the sample rate
        phase = 2 * math.pi * cycles * (time + (glide[:, None] - 0.5) * (tilt > 0.5) * time.square())
        sound = (loud[:, None] * phase.sin()).sum(0)
    return sound * (10 ** (-3 * level) * 0.3 / sound.square().mean().sqrt().clamp_min(1e-6))


def _bursts(samples: int, sample_rate: int, generator: torch.Generator) -> Tensor:
    """One to eight short events of 0.03 to 0.6 s in silence, close together like the syllables of a word or anywhere:
    made-up speech (voices, and bits of noise or tones between) or such bits alone. Their level is that of the whole clip,
    silence included, so a short event is far above full scale; the setting ``level`` brings it back."""
    many, near, place, level, speech = uniform(5, generator).tolist()
    sound = torch.zeros(samples, device=generator.device)
    pitch = 80 * 5 ** uniform(1, generator).item()  # of one speaker: a low voice to a child's, in Hz
    start = int(place * samples)
    for _ in range(1 + int(8 * many**2)):  # few more often than many
        long, gap, kind, loud = uniform(4, generator).tolist()
        length = min(samples, int(sample_rate * 0.03 * 20**long))
        voiced = speech < 0.6 and kind < 0.7
        event = _voice(length, sample_rate, pitch, generator) if voiced else _steady(length, generator)
        event = _swell(event, generator) * (10 ** (-loud) / event.square().mean().sqrt().clamp_min(1e-6))
        where = torch.arange(start, start + length, device=generator.device) % samples
        sound = sound.index_add(0, where, event)
        start += length + int(sample_rate * 0.15 * gap) if near < 0.6 else int(gap * samples)
    return sound * (10 ** (-2 * level) * 0.3 / sound.square().mean().sqrt().clamp_min(1e-6))


def _voice(samples: int, sample_rate: int, pitch: float, generator: torch.Generator) -> Tensor:
    """A voiced sound that glides in pitch and from one vowel into another: a saw through the three resonances of each, with
    some breath. Source and filter, Fant 1960, *Acoustic Theory of Speech Production*."""
    time = torch.linspace(0, 1, samples, device=generator.device)
    shift, glide, breath = uniform(3, generator).tolist()
    hertz = pitch * 2 ** (0.4 * (shift - 0.5) + (glide - 0.5) * time)
    saw = 2 * ((hertz / sample_rate).cumsum(0) % 1) - 1
    source = torch.fft.rfft(saw + 0.3 * breath * torch.randn(samples, generator=generator, device=generator.device))
    frequency = torch.linspace(0, sample_rate / 2, len(source), device=generator.device)
    low, high = torch.tensor(VOWEL_HZ, device=generator.device).float().T
    vowels = []
    for where, width in uniform(12, generator).view(2, 2, 3):
        middle, half = (low + (high - low) * where)[:, None], (40 + 80 * width)[:, None]
        vowels.append(torch.fft.irfft(source * (1 / (1 + ((frequency - middle) / half).square())).sum(0), samples))
    return torch.lerp(*vowels, time)


def _swell(event: Tensor, generator: torch.Generator) -> Tensor:
    """An event that begins and ends in silence: sudden or slow, at its loudest anywhere."""
    rise, fall = uniform(2, generator, 0.02, 1.0).square().tolist()
    time = torch.linspace(0, 1, len(event), device=event.device)
    return event * (time / rise).clamp(max=1) * ((1 - time) / fall).clamp(max=1)
