"""Made-up sounds that are none of any data set's classes: to choose when a model should say so, and to see whether it does.

``NOISES`` choose the threshold; ``MUSIC`` is kept apart to test it.
"""

from collections.abc import Callable, Iterator

import numpy as np

EACH, SECONDS, RATE = 40, 5.0, 44_100  # how many of a kind are heard where many are
Random = np.random.Generator


def several(kind: str, first_seed: int = 0, seconds: float = SECONDS) -> Iterator[tuple[np.ndarray, int]]:
    """``EACH`` sounds of a kind with their rate; of silence, which has no variants, one."""
    for seed in range(first_seed, first_seed + (1 if kind == "silence" else EACH)):
        yield sound_of_none(kind, seconds, RATE, seed), RATE


def sound_of_none(kind: str, seconds: float, sample_rate: int, seed: int) -> np.ndarray:
    """float32 ``(samples,)``, peak 0.5 (silence: zeros); the same for the same seed."""
    random = np.random.default_rng([seed, *kind.encode()])
    waveform = (NOISES | MUSIC)[kind](random, round(seconds * sample_rate), sample_rate)
    peak = np.abs(waveform).max()
    return (waveform * (0.5 / peak if peak else 0.0)).astype(np.float32)


def _coloured(tilt: float) -> Callable[[Random, int, int], np.ndarray]:
    """Noise whose power falls by ``3 * tilt`` dB an octave."""
    def make(random: Random, samples: int, sample_rate: int) -> np.ndarray:
        spectrum = np.fft.rfft(random.standard_normal(samples))
        spectrum[1:] *= np.arange(1, len(spectrum)) ** (-tilt / 2)
        spectrum[0] = 0
        return np.fft.irfft(spectrum, samples)

    return make


def _tone(random: Random, samples: int, sample_rate: int) -> np.ndarray:
    """A test tone of one frequency."""
    return np.sin(2 * np.pi * random.uniform(100, 4_000) * np.arange(samples) / sample_rate)


def _sweep(random: Random, samples: int, sample_rate: int) -> np.ndarray:
    """A sine that rises, or falls, over the whole clip."""
    low, high = random.uniform(80, 300), random.uniform(2_000, 6_000)
    frequency = np.geomspace(*(low, high) if random.random() < 0.5 else (high, low), samples)
    return np.sin(2 * np.pi * np.cumsum(frequency) / sample_rate)


def _near_silence(random: Random, samples: int, sample_rate: int) -> np.ndarray:
    return np.zeros(samples)


def _tune(random: Random, samples: int, sample_rate: int) -> np.ndarray:
    """A melody over chords: plucked notes with overtones, a new one about three times a second."""
    scale = 110 * 2 ** (random.integers(12) / 12) * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    waveform, onset = np.zeros(samples), 0.0
    while onset < samples / sample_rate:
        first = round(onset * sample_rate)
        since = np.arange(min(samples - first, 2 * sample_rate)) / sample_rate
        for note in random.choice(scale, size=random.integers(1, 4), replace=False) * random.choice([1, 2, 4]):
            ring = np.exp(-since / random.uniform(0.2, 0.6))
            tone = sum(np.sin(2 * np.pi * note * k * since) / k**1.5 for k in range(1, 7))
            waveform[first : first + len(since)] += ring * tone
        onset += random.choice([0.25, 0.25, 0.5])
    return waveform


def _pad(random: Random, samples: int, sample_rate: int) -> np.ndarray:
    """A held chord of slightly detuned saw-like voices that swell."""
    time = np.arange(samples) / sample_rate
    root = random.uniform(110, 220)
    voices = [root * ratio * random.uniform(0.997, 1.003) for ratio in (1, 1.2599, 1.4983, 2) for _ in range(2)]
    chord = sum(np.sin(2 * np.pi * voice * k * time + random.uniform(0, 6.28)) / k for voice in voices for k in range(1, 9))
    return chord * (0.6 + 0.4 * np.sin(2 * np.pi * random.uniform(0.1, 0.4) * time))


NOISES = {"silence": _near_silence, "white noise": _coloured(0.0), "pink noise": _coloured(1.0), "brown noise": _coloured(2.0),
          "test tone": _tone, "sweep": _sweep}
MUSIC = {"plucked tune": _tune, "held chords": _pad}
