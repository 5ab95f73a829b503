"""What a clip looks like: its outline over time, and its power over time and frequency. numpy only, for the screen.

Models own their front ends (:mod:`core.mel`); this one is for eyes, at the file's own sample rate.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.errors import UserError
from core.librosa_guard import import_librosa

SCALES = ("mel", "log", "linear")
FLOOR_DB = -120.0
LOWEST_HZ = 20.0  # where the logarithmic scale begins: the lower end of hearing
BLOCK_FRAMES = 512
MOST_JOINED = 64  # frames whose mean is one column of a picture


@dataclass(frozen=True)
class Spectrogram:
    """Power in ``bands`` of frequency by time.

    ``db`` float32 (bands, frames): 0 dB is the power of a sine at full scale, -120 dB the floor. ``times`` s, the
    centre of each frame; ``frequencies`` Hz, the centre of each band, rising. ``frame_seconds``: from one to the next.
    """

    db: np.ndarray
    times: np.ndarray
    frequencies: np.ndarray
    scale: str
    frame_seconds: float


def spectrogram(waveform: np.ndarray, sample_rate: int, *, scale: str = "mel", window_ms: float = 40.0,
                hop_ms: float = 10.0, n_mels: int = 128, f_max: float | None = None, start: float = 0.0,
                end: float | None = None, max_frames: int | None = None) -> Spectrogram:
    """Short-time power of a mono waveform ``(samples,)`` in ``n_mels`` bands that are even on ``scale``.

    Frame j is centred on ``j * hop_ms`` (zeros outside the sound); frames whose centre lies in ``start`` to ``end``
    seconds are given. More than ``max_frames`` of them are joined in equal groups by their mean power (where a group would
    have more than :data:`MOST_JOINED` frames, they lie further apart). A Hann window of
    ``window_ms`` is used. Raises :class:`UserError` for settings that make no spectrogram.
    """
    _check(waveform, sample_rate, scale, window_ms, hop_ms, n_mels)
    window_length = max(4, round(sample_rate * window_ms / 1000))
    hop_length = max(1, round(sample_rate * hop_ms / 1000))
    n_fft = max(4096, 1 << (window_length - 1).bit_length())  # padding: thin bands at low frequencies stay filled
    top = f_max or sample_rate / 2  # above half the sample rate there is nothing, and bands stay dark
    bank, frequencies = band_bank(sample_rate, n_fft, window_length, scale, n_mels, top)

    last_centre = len(waveform) if end is None else min(len(waveform), round(end * sample_rate))
    first = -(-max(0, round(start * sample_rate)) // hop_length)
    count = max(1, last_centre // hop_length - first + 1)
    group = -(-count // max_frames) if max_frames else 1
    if group > MOST_JOINED:  # of an hour in steps of a millisecond, one frame in many says as much
        return spectrogram(waveform, sample_rate, scale=scale, window_ms=window_ms, hop_ms=hop_ms * group / MOST_JOINED,
                           n_mels=n_mels, f_max=f_max, start=start, end=end, max_frames=max_frames)
    power = _power(waveform, first, count, hop_length, _hann(window_length), n_fft, bank, group)

    # a sine at full scale has power 1/2; the window's energy and the bins' width make the sum over bins a power
    power *= 2 * 2 / (n_fft * np.sum(np.square(_hann(window_length))))
    db = np.maximum(10 * np.log10(np.maximum(power, 1e-13)), FLOOR_DB).astype(np.float32)
    times = (first + group * np.arange(power.shape[1]) + (group - 1) / 2) * hop_length / sample_rate
    return Spectrogram(db, times, frequencies, scale, group * hop_length / sample_rate)


def envelope(waveform: np.ndarray, sample_rate: int, points: int = 2000, start: float = 0.0,
             end: float | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(times s, low, high)`` of a waveform's part, each at most ``points`` long: least and greatest sample per step.

    Where the part has no more than ``points`` samples they are given themselves: ``low`` equals ``high``.
    """
    first = min(max(0, round(start * sample_rate)), max(0, len(waveform) - 1))
    last = len(waveform) if end is None else min(len(waveform), max(first + 1, round(end * sample_rate)))
    part = waveform[first:last]
    step = max(1, -(-len(part) // points))
    edges = np.arange(0, len(part), step)
    low, high = np.minimum.reduceat(part, edges), np.maximum.reduceat(part, edges)
    middles = edges + (np.minimum(edges + step, len(part)) - edges - 1) / 2
    return (first + middles) / sample_rate, low, high


@lru_cache(maxsize=32)
def band_bank(sample_rate: int, n_fft: int, window_length: int, scale: str, bands: int,
              top: float) -> tuple[np.ndarray, np.ndarray]:
    """``(weights float32 (bands, n_fft // 2 + 1), centres Hz (bands,))``: triangles of height 1, even on the scale."""
    if scale == "mel":
        librosa = import_librosa("librosa.util.utils")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bands thinner than a bin stay dark, which is what they are
            weights = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=bands, fmin=0.0, fmax=top, norm=None)
        return weights.astype(np.float32), librosa.mel_frequencies(n_mels=bands + 2, fmin=0.0, fmax=top)[1:-1]
    spaced = np.geomspace(LOWEST_HZ, top, bands + 2) if scale == "log" else np.linspace(0, top, bands + 2)
    low, centres, high = spaced[:-2, None], spaced[1:-1, None], spaced[2:, None]
    resolution = 1.5 * sample_rate / window_length  # Hann's noise bandwidth: thinner bands would miss part of a tone
    bins = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    rising = 1 - (centres - bins) / np.maximum(centres - low, resolution)
    falling = 1 - (bins - centres) / np.maximum(high - centres, resolution)
    return np.clip(np.minimum(rising, falling), 0, 1).astype(np.float32), centres[:, 0]


def _check(waveform, sample_rate, scale, window_ms, hop_ms, n_mels) -> None:
    if scale not in SCALES:
        raise UserError(f"a spectrogram's scale is one of {', '.join(SCALES)}, found {scale!r}")
    if not (0 < hop_ms <= 10_000 and 0 < window_ms <= 2_000 and 1 <= n_mels <= 1024 and sample_rate > 0):
        raise UserError("a spectrogram expects a window of up to 2,000 ms, a hop of up to 10,000 ms and 1 to 1,024 "
                        f"bands, found {window_ms:g} ms, {hop_ms:g} ms and {n_mels}")
    if np.ndim(waveform) != 1 or not len(waveform):
        raise UserError("a spectrogram expects one channel with at least one sample, found none")


@lru_cache(maxsize=16)
def _hann(length: int) -> np.ndarray:
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
    window.flags.writeable = False
    return window


def _power(waveform, first, count, hop_length, window, n_fft, bank, group) -> np.ndarray:
    """Mean band power (bands, ceil(count / group)), block by block so that a long file needs little memory."""
    half = len(window) // 2
    begin = first * hop_length - half
    needed = (count - 1) * hop_length + len(window)
    padded = np.zeros(needed, dtype=np.float32)
    source = waveform[max(0, begin) : max(0, begin + needed)]
    padded[max(0, -begin) : max(0, -begin) + len(source)] = source
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(window))[::hop_length]
    power = np.empty((-(-count // group), len(bank)), dtype=np.float32)
    together = max(1, BLOCK_FRAMES // group)  # groups at once
    for block in range(0, len(power), together):
        spectrum = np.fft.rfft(frames[block * group : min(count, (block + together) * group)] * window, n=n_fft)
        bands = (np.square(spectrum.real) + np.square(spectrum.imag)) @ bank.T
        starts = np.arange(0, len(bands), group)
        sizes = np.minimum(group, len(bands) - starts)
        power[block : block + len(starts)] = np.add.reduceat(bands, starts, axis=0) / sizes[:, None]
    return np.ascontiguousarray(power.T)
