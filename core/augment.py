"""What is done to a training batch, on its device, so that every epoch hears other clips.

Everything random comes from one ``torch.Generator``, so a resumed training hears what the uninterrupted one heard.
"""

import math

import torch
from torch import Tensor

from core.config import TrainConfig


def augment(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """Time shift, speed, gain, polarity and noise, drawn anew for every clip. ``(batch, samples)`` → the same shape."""
    waveform = time_shift(waveform, config.time_shift, generator)
    if config.speed:
        waveform = change_speed(waveform, config.speed, generator)
    batch = len(waveform)
    gain = 10 ** (config.gain_db * _uniform(batch, generator, -1, 1) / 20)
    flip = 1 - 2 * (_uniform(batch, generator) < config.polarity).float()
    waveform = waveform * (gain * flip)[:, None]
    return add_noise(waveform, config.noise, generator) if config.noise else waveform


def time_shift(waveform: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Rotates each clip by up to ``share`` of its length; what leaves at the end comes back at the start."""
    batch, samples = waveform.shape
    shift = (_uniform(batch, generator) * share * samples).long()
    index = (torch.arange(samples, device=waveform.device) - shift[:, None]) % samples
    return waveform.gather(1, index)


def change_speed(waveform: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Plays each clip (1 + share)^u times as fast, u uniform in [-1, 1], as a tape would: pitch and time change together.

    The length stays: a slowed clip loses its end, a hastened one begins again. Linear interpolation between samples.
    """
    batch, samples = waveform.shape
    speed = (1 + share) ** _uniform(batch, generator, -1, 1)
    place = torch.arange(samples, device=waveform.device) * speed[:, None]
    left = place.long()
    part = place - left
    return torch.lerp(waveform.gather(1, left % samples), waveform.gather(1, (left + 1) % samples), part)


def add_noise(waveform: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """White noise 15 to 40 dB below the clip's own level, on a share of the clips."""
    batch, _ = waveform.shape
    decibel = -_uniform(batch, generator, 15, 40)
    chosen = (_uniform(batch, generator) < probability).float()
    level = waveform.square().mean(dim=1).sqrt() * 10 ** (decibel / 20) * chosen
    noise = torch.randn(waveform.shape, generator=generator, device=waveform.device)
    return waveform + level[:, None] * noise


def mixup(waveform: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Adds a second clip of the batch to each, in a random ratio at equal expected energy, and shares the label.

    ``targets`` are probabilities ``(batch, num_classes)``. Zhang et al. 2018, https://arxiv.org/abs/1710.09412; the energy
    rule is that of between-class learning, Tokozume et al. 2018, https://arxiv.org/abs/1711.10282
    """
    batch = len(waveform)
    partner = torch.randperm(batch, generator=generator, device=waveform.device)
    ratio = _uniform(batch, generator)[:, None]
    mixed = (ratio * waveform + (1 - ratio) * waveform[partner]) / (ratio.square() + (1 - ratio).square()).sqrt()
    return mixed, ratio * targets + (1 - ratio) * targets[partner]


def coin(probability: float, generator: torch.Generator) -> bool:
    """True with this probability."""
    return bool(_uniform(1, generator).item() < probability)


def _uniform(count: int, generator: torch.Generator, low: float = 0.0, high: float = 1.0) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)


def warmup_cosine(step: int, steps: int, warmup: float) -> float:
    """Share of the highest learning rate at update ``step`` of ``steps``: a straight rise, then half a cosine to 0."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))
