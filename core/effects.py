"""What may happen to one sound ``(samples,)`` on its device: a room, another tempo, another pitch, another level."""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

N_FFT, HOP = 512, 128  # of the phase vocoder
EARLIEST_SECONDS = 0.1  # the shortest reverberation drawn


def level(waveform: Tensor, rms: float) -> Tensor:
    """``(batch, samples)`` with a root mean square of ``rms`` each; digital silence stays silent, 0 changes nothing."""
    if not rms:
        return waveform
    return waveform * (rms / waveform.square().mean(dim=-1, keepdim=True).sqrt().clamp_min(1e-5))


def loudest(waveform: Tensor, count: int = 50) -> Tensor:
    """Root mean square of the loudest of ``count`` parts of every clip: ``(batch, samples)`` → ``(batch, 1)``, never 0."""
    size = max(1, waveform.shape[-1] // count)
    parts = waveform[..., : waveform.shape[-1] // size * size].unflatten(-1, (-1, size))
    return parts.square().mean(dim=-1).amax(dim=-1, keepdim=True).sqrt().clamp_min(1e-5)


def fill_silence(clip: Tensor) -> Tensor:
    """What lies between the first and the last sample that is louder than 60 dB below the peak, again and again."""
    heard = (clip.abs() > 1e-3 * clip.abs().max()).nonzero()
    if not len(heard):
        return clip
    active = clip[heard[0, 0] : heard[-1, 0] + 1]
    return active.repeat(-(-len(clip) // len(active)))[: len(clip)]


def equalize(clip: Tensor, gains_db: Tensor) -> Tensor:
    """The clip through a smooth filter: the gains stand at equal distances on a logarithmic frequency axis of six octaves
    up to half the sample rate, straight lines in between; constant below."""
    spectrum = torch.fft.rfft(clip)
    share = torch.arange(1, len(spectrum) + 1, device=clip.device) / len(spectrum)
    place = ((share.log2() / 6 + 1).clamp_min(0) * (len(gains_db) - 1)).clamp_max(len(gains_db) - 1 - 1e-4)
    left = place.long()
    gain = torch.lerp(gains_db[left], gains_db[left + 1], place - left)
    return torch.fft.irfft(spectrum * 10 ** (gain / 20), len(clip))


def pass_band(clip: Tensor, sample_rate: int, low_hz: float, high_hz: float) -> Tensor:
    """What is left of the clip between two frequencies: 3 dB less at each, then 24 dB per octave below and 48 above."""
    spectrum = torch.fft.rfft(clip)
    frequency = torch.linspace(0, sample_rate / 2, len(spectrum), device=clip.device)
    gain = ((1 + (low_hz / frequency.clamp_min(1e-3)) ** 8) * (1 + (frequency / high_hz) ** 16)).rsqrt()
    return torch.fft.irfft(spectrum * gain, len(clip))


def coloured_noise(octave_db: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """Noise with a root mean square of 1 whose spectrum falls by so many dB per octave: ``(n,)`` → ``(n, samples)``. The
    lowest 256th of it is flat: below that nobody hears it, and most of its power would be there."""
    noise = torch.randn((len(octave_db), samples), generator=generator, device=generator.device)
    if not octave_db.any():
        return noise
    spectrum = torch.fft.rfft(noise)
    place = torch.linspace(0, 1, spectrum.shape[1], device=noise.device).clamp_min(1 / 256)
    noise = torch.fft.irfft(spectrum * place ** (-octave_db[:, None] / (20 * math.log10(2))), samples)
    return noise / noise.square().mean(dim=1, keepdim=True).sqrt()


def play_in_room(clip: Tensor, sample_rate: int, generator: torch.Generator, longest_seconds: float, folder: str = ""
                 ) -> Tensor:
    """The clip convolved with an impulse response, at its own level and length: one of ``folder``, or a generated room,
    noise that decays by 60 dB within up to ``longest_seconds``. Raises :class:`UserError` for a folder without sounds."""
    if folder:
        responses = impulse_responses(folder, sample_rate)
        response = responses[int(_uniform(generator) * len(responses))].to(clip.device)
    else:
        seconds = EARLIEST_SECONDS + (longest_seconds - EARLIEST_SECONDS) * _uniform(generator)
        response = room(max(EARLIEST_SECONDS, seconds), sample_rate, generator)
    size = len(clip) + len(response) - 1
    wet = torch.fft.irfft(torch.fft.rfft(clip, size) * torch.fft.rfft(response, size), size)[: len(clip)]
    return wet * (clip.square().mean().sqrt() / wet.square().mean().sqrt().clamp_min(1e-9))


def room(seconds: float, sample_rate: int, generator: torch.Generator) -> Tensor:
    """An impulse response: the direct sound, then noise that has fallen by 60 dB after ``seconds``. ``(samples,)``"""
    time = torch.arange(max(2, round(seconds * sample_rate)), device=generator.device) / sample_rate
    noise = torch.randn(len(time), generator=generator, device=generator.device)
    tail = noise * 10 ** (-3 * time / seconds)
    response = tail * (0.5 / tail.square().sum().sqrt())  # a quarter of the energy of the direct sound, which is 1
    response[0] = 1.0
    return response


@lru_cache(maxsize=4)
def impulse_responses(folder: str, sample_rate: int) -> tuple[Tensor, ...]:
    """All sounds below a folder, sorted by path, with their loudest sample first."""
    from core.audio import read_audio, resample
    from core.readers import impulse_files

    found = []
    for file in impulse_files(folder):
        waveform, rate = read_audio(file)
        waveform = resample(waveform, rate, sample_rate)
        found.append(torch.from_numpy(waveform[abs(waveform).argmax() :].copy()))
    return tuple(found)


def stretch_time(clip: Tensor, rate: float) -> Tensor:
    """``rate`` times as fast at the same pitch, by a phase vocoder; cut, or filled with zeros, to its own length."""
    stretched = _vocoder(clip, rate)[: len(clip)]
    return F.pad(stretched, (0, len(clip) - len(stretched)))


def shift_pitch(clip: Tensor, semitones: float) -> Tensor:
    """Higher by ``semitones`` (lower where negative) at the same speed: stretched, then played faster."""
    slower = _vocoder(clip, 2 ** (-semitones / 12))
    return F.interpolate(slower[None, None], size=len(clip), mode="linear")[0, 0]


def _vocoder(clip: Tensor, rate: float) -> Tensor:
    """About ``samples / rate`` samples. torchaudio's phase vocoder, https://en.wikipedia.org/wiki/Phase_vocoder"""
    from core.torchaudio_guard import import_torchaudio

    window = torch.hann_window(N_FFT, device=clip.device)
    frames = torch.stft(clip, N_FFT, HOP, window=window, return_complex=True)
    advance = torch.linspace(0, torch.pi * HOP, N_FFT // 2 + 1, device=clip.device)[:, None]
    stretched = import_torchaudio().functional.phase_vocoder(frames, rate, advance)
    return torch.istft(stretched, N_FFT, HOP, window=window, length=max(1, round(len(clip) / rate)))


def _uniform(generator: torch.Generator) -> float:
    return torch.rand(1, generator=generator, device=generator.device).item()
