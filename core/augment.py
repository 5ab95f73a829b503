"""What is done to a training batch, on its device, so that every epoch hears other clips.

Everything random comes from one ``torch.Generator``, so a resumed training hears what the uninterrupted one heard. To add
an effect: write its function, add its settings to :class:`core.config.TrainConfig` and one line to :data:`EFFECTS`; the
form, the command line and "Hear it" in Train follow.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import TrainConfig
from core.effects import (
    coloured_noise,
    equalize,
    fill_silence,
    level,
    loudest,
    pass_band,
    play_in_room,
    shift_pitch,
    stretch_time,
)


def augment(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """Every effect that is on, drawn anew for every clip. ``(batch, samples)`` → the same shape."""
    for effect in EFFECTS.values():
        waveform = effect(waveform, config, generator)
    return waveform


def time_shift(waveform: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Rotates each clip by up to ``share`` of its length; what leaves at the end comes back at the start."""
    shifts = (uniform(len(waveform), generator) * share * waveform.shape[1]).long().tolist()
    return torch.stack([clip.roll(shift) for clip, shift in zip(waveform, shifts, strict=True)])


def change_speed(waveform: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Plays each clip (1 + share)^u times as fast, u uniform in [-1, 1], as a tape would: pitch and time change together.

    The length stays: a slowed clip loses its end, a hastened one begins again. Linear interpolation between samples.
    """
    if not share:
        return waveform
    samples = waveform.shape[1]
    speeds = ((1 + share) ** uniform(len(waveform), generator, -1, 1)).tolist()
    clips = [F.interpolate(clip[None, None], size=max(1, round(samples / speed)), mode="linear")[0, 0]
             for clip, speed in zip(waveform, speeds, strict=True)]
    return torch.stack([clip.repeat(math.ceil(samples / len(clip)))[:samples] for clip in clips])


def fill(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips is repeated where it would be silent at its ends, so that no class is told by its silence."""
    return _some(waveform, config.fill, generator, fill_silence)


def equalizer(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips sounds as through another microphone."""
    return _some(waveform, config.equalize, generator, lambda clip: equalize(
        clip, config.equalize_db * uniform(4, generator, -1, 1)))


def narrow_band(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips keeps what lies between a frequency of 50 to 400 Hz and one of 3 to 16 kHz."""
    def change(clip: Tensor) -> Tensor:
        low, high = uniform(2, generator).tolist()
        return pass_band(clip, config.sample_rate, 50 * 8**low, 3_000 * (16 / 3) ** high)

    return _some(waveform, config.narrow, generator, change)


def reverb(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips sounds as in a room; which one is drawn anew for each."""
    return _some(waveform, config.reverb, generator, lambda clip: play_in_room(
        clip, config.sample_rate, generator, config.reverb_seconds, config.reverb_folder))


def stretch(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips is faster or slower at the same pitch."""
    return _some(waveform, config.stretch, generator, lambda clip: stretch_time(
        clip, 1 + config.stretch_range * uniform(1, generator, -1, 1).item()))


def pitch(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips is higher or lower at the same speed."""
    return _some(waveform, config.pitch, generator, lambda clip: shift_pitch(
        clip, config.pitch_semitones * uniform(1, generator, -1, 1).item()))


def gain(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips is louder or softer by up to ``gain_db``."""
    factor = 10 ** (config.gain_db * uniform(len(waveform), generator, -1, 1) / 20)
    if config.gain < 1:
        factor = torch.where(uniform(len(waveform), generator) < config.gain, factor, 1.0)
    return waveform * factor[:, None]


def polarity(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips is turned upside down."""
    flip = 1 - 2 * (uniform(len(waveform), generator) < config.polarity).float()
    return waveform * flip[:, None]


def noise(waveform: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """A share of the clips gets noise, ``noise_db`` to 40 dB below the clip's own level, white or darker."""
    if not config.noise:
        return waveform
    chosen = (uniform(len(waveform), generator) < config.noise).nonzero()[:, 0]
    tilt = torch.zeros(len(chosen), device=waveform.device)
    if config.noise_tilt:
        tilt = config.noise_tilt * uniform(len(chosen), generator)
    added = coloured_noise(tilt, waveform.shape[1], generator)
    below = uniform(len(chosen), generator, config.noise_db, 40)
    loud = waveform[chosen].square().mean(dim=1).sqrt() * 10 ** (-below / 20)
    return waveform.index_add(0, chosen, loud[:, None] * added)


EFFECTS: dict[str, Callable[[Tensor, TrainConfig, torch.Generator], Tensor]] = {  # in the order in which they are done
    "fill": fill,
    "time_shift": lambda waveform, config, generator: time_shift(waveform, config.time_shift, generator),
    "speed": lambda waveform, config, generator: change_speed(waveform, config.speed, generator),
    "reverb": reverb,
    "stretch": stretch,
    "pitch": pitch,
    "equalize": equalizer,
    "narrow": narrow_band,
    "level": lambda waveform, config, generator: level(waveform, config.level),
    "gain": gain,
    "polarity": polarity,
    "noise": noise,
}
CHANCES = ("fill", "reverb", "stretch", "pitch", "equalize", "narrow", "gain", "polarity", "noise")  # set how often


def mixup(waveform: Tensor, targets: Tensor, generator: torch.Generator, equal_loudness: bool = False
          ) -> tuple[Tensor, Tensor]:
    """Adds a second clip of the batch to each, in a random ratio at equal expected energy, and shares the label.

    ``targets`` are probabilities ``(batch, num_classes)``. With ``equal_loudness`` the ratio is that of what is heard: the
    louder clip is turned down first. Zhang et al. 2018, https://arxiv.org/abs/1710.09412; the energy rule and the loudness
    are those of between-class learning, Tokozume et al. 2018, https://arxiv.org/abs/1711.10282
    """
    batch = len(waveform)
    partner = torch.randperm(batch, generator=generator, device=waveform.device)
    ratio = uniform(batch, generator)[:, None]
    share = ratio
    if equal_loudness:
        loud = loudest(waveform)
        mine, other = ratio * loud[partner], (1 - ratio) * loud
        share = mine / (mine + other)
    mixed = (share * waveform + (1 - share) * waveform[partner]) / (share.square() + (1 - share).square()).sqrt()
    return mixed, ratio * targets + (1 - ratio) * targets[partner]


def _some(waveform: Tensor, chance: float, generator: torch.Generator, change: Callable[[Tensor], Tensor]) -> Tensor:
    """``change`` on a share of the clips, one by one."""
    if not chance:
        return waveform
    chosen = (uniform(len(waveform), generator) < chance).tolist()
    return torch.stack([change(clip) if hit else clip for clip, hit in zip(waveform, chosen, strict=True)])


def coin(probability: float, generator: torch.Generator) -> bool:
    """True with this probability."""
    return bool(uniform(1, generator).item() < probability)


def uniform(count: int, generator: torch.Generator, low: float = 0.0, high: float = 1.0) -> Tensor:
    """``(count,)`` random numbers between two bounds, on the generator's device."""
    return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)
