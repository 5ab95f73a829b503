"""What is done to a training batch, on its device, so that every epoch hears other clips.

Everything random comes from one ``torch.Generator``, so a resumed training hears what the uninterrupted one heard.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import TrainConfig


def augment(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """Time shift, speed, gain, polarity and noise, drawn anew for every clip. ``(batch, samples)`` → the same shape."""
    waveform = change_speed(time_shift(waveform, config.time_shift, generator), config.speed, generator)
    batch = len(waveform)
    gain = 10 ** (config.gain_db * _uniform(batch, generator, -1, 1) / 20)
    flip = 1 - 2 * (_uniform(batch, generator) < config.polarity).float()
    waveform = waveform * (gain * flip)[:, None]
    return add_noise(waveform, config.noise, generator) if config.noise else waveform


def time_shift(waveform: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Rotates each clip by up to ``share`` of its length; what leaves at the end comes back at the start."""
    shifts = (_uniform(len(waveform), generator) * share * waveform.shape[1]).long().tolist()
    return torch.stack([clip.roll(shift) for clip, shift in zip(waveform, shifts, strict=True)])


def change_speed(waveform: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Plays each clip (1 + share)^u times as fast, u uniform in [-1, 1], as a tape would: pitch and time change together.

    The length stays: a slowed clip loses its end, a hastened one begins again. Linear interpolation between samples.
    """
    if not share:
        return waveform
    samples = waveform.shape[1]
    speeds = ((1 + share) ** _uniform(len(waveform), generator, -1, 1)).tolist()
    clips = [F.interpolate(clip[None, None], size=max(1, round(samples / speed)), mode="linear")[0, 0]
             for clip, speed in zip(waveform, speeds, strict=True)]
    return torch.stack([clip.repeat(math.ceil(samples / len(clip)))[:samples] for clip in clips])


def add_noise(waveform: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """White noise 15 to 40 dB below the clip's own level, on a share of the clips."""
    chosen = (_uniform(len(waveform), generator) < probability).nonzero()[:, 0]
    noise = torch.randn((len(chosen), waveform.shape[1]), generator=generator, device=waveform.device)
    level = waveform[chosen].square().mean(dim=1).sqrt() * 10 ** (-_uniform(len(chosen), generator, 15, 40) / 20)
    return waveform.index_add(0, chosen, level[:, None] * noise)


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
