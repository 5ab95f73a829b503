"""Decode, mix to mono, resample and fit sound: what the rest of Earshot knows of files.

A waveform is float32 ``(samples,)``, nominally in [-1, 1]. Files are opened by a child process
(:mod:`core.decoder_pool`), never by this one; soxr resamples. Whatever cannot be used raises :class:`UserError` in one
sentence, because files come from people.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soxr

from core import decoder_pool
from core.errors import UserError
from core.limits import longest_seconds, max_upload_mb

AUDIO_EXTENSIONS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".m4a", ".aac", ".mp4", ".webm")
UPLOAD_TYPES = [extension[1:] for extension in AUDIO_EXTENSIONS]  # what a person may drop; then the content decides
MAX_FRAMES = 2**28  # decoded at once: 1 GB of samples, 93 minutes at 48 kHz

AudioSource = Path | str | bytes | BinaryIO


@dataclass(frozen=True)
class AudioInfo:
    """What a file says about itself: Hz, channels, seconds, and the coding of its samples (``PCM_16``, ``VORBIS``)."""

    sample_rate: int
    channels: int
    seconds: float
    subtype: str


def read_audio(source: AudioSource, start: float | None = None, end: float | None = None) -> tuple[np.ndarray, int]:
    """The sound as mono float32 ``(samples,)`` and its own sample rate in Hz.

    ``start`` and ``end`` in seconds choose a part; an ``end`` past the sound is its end. Raises :class:`UserError`
    for what is no sound, is empty, is too long, or holds samples that are not finite numbers.
    """
    rate, samples = _asked(source, False, start, end)
    return np.frombuffer(samples, dtype=np.float32), rate


def audio_info(source: AudioSource) -> AudioInfo:
    """Facts of the header, without decoding the sound. Raises :class:`UserError` as :func:`read_audio` does."""
    return AudioInfo(*_asked(source, True)[0])


def resample(waveform: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """The waveform at ``to_rate`` Hz, ``round(samples * to_rate / from_rate)`` samples, at least one."""
    if from_rate == to_rate:
        return waveform
    num_samples = max(1, round(len(waveform) * to_rate / from_rate))
    resampled = soxr.resample(np.asarray(waveform, dtype=np.float32), from_rate, to_rate)[:num_samples]
    return np.pad(resampled, (0, num_samples - len(resampled)))


def fit_length(waveform: np.ndarray, num_samples: int) -> np.ndarray:
    """``num_samples`` samples: the middle of a longer waveform, or a shorter one with zeros at both sides."""
    excess = len(waveform) - num_samples
    if excess >= 0:
        return waveform[excess // 2 : excess // 2 + num_samples]
    return np.pad(waveform, (-excess // 2, -excess - -excess // 2))


def load_waveform(source: AudioSource, sample_rate: int, num_samples: int | None = None,
                  start: float | None = None, end: float | None = None) -> np.ndarray:
    """Decoded, at ``sample_rate`` Hz, and fitted to ``num_samples`` where that is given; float32."""
    waveform, own_rate = read_audio(source, start, end)
    waveform = resample(waveform, own_rate, sample_rate)
    return waveform if num_samples is None else fit_length(waveform, num_samples)


def rms_db(waveform: np.ndarray) -> float:
    """Loudness as root mean square in dB below full scale; ``-inf`` for digital silence."""
    return _db(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))) if len(waveform) else 0.0)


def peak_db(waveform: np.ndarray) -> float:
    """The largest sample in dB below full scale; ``-inf`` for digital silence."""
    return _db(np.max(np.abs(waveform), initial=0.0))


def silence_share(waveform: np.ndarray, sample_rate: int, threshold_db: float = -60.0,
                  window_ms: float = 20.0) -> float:
    """Share of the windows, 0 to 1, whose RMS lies below ``threshold_db``."""
    window = max(1, round(sample_rate * window_ms / 1000))
    whole = np.pad(waveform, (0, -len(waveform) % window)).reshape(-1, window)
    power = np.mean(np.square(whole, dtype=np.float64), axis=1)
    return float(np.mean(power < 10 ** (threshold_db / 10))) if len(power) else 1.0


def clipped_share(waveform: np.ndarray, level: float = 0.998, run: int = 3) -> float:
    """Share of the samples, 0 to 1, in runs of ``run`` or more that stay at full scale: the mark of overdriving."""
    at_limit = np.abs(waveform) >= level
    edges = np.flatnonzero(np.diff(at_limit, prepend=False, append=False))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= run].sum() / max(1, len(waveform)))


def _db(amplitude: float) -> float:
    return float(20 * np.log10(amplitude)) if amplitude > 0 else float("-inf")


def _asked(source: AudioSource, header: bool, start: float | None = None, end: float | None = None) -> tuple:
    """What a decoder child says about the source, and the bytes of its samples."""
    name, path, data = _name(source), None, None
    if isinstance(source, Path | str):
        path = Path(source).absolute()
        if not os.path.isfile(path):
            raise UserError(f"{name} is not there: expected a sound file at {_shown(str(source))}")
        size = path.stat().st_size
    else:
        data = source if isinstance(source, bytes) else source.read()
        size = len(data)
        if size > max_upload_mb() * 2**20:
            raise UserError(f"{name} has {size / 2**20:,.0f} MB, and a file given this way may have {max_upload_mb():,}; cut "
                            "out the part you care about, or let EARSHOT_MAX_UPLOAD_MB allow more")
    if not size:
        raise UserError(f"{name} is empty: the file has no bytes")
    question = {"name": name, "path": path and str(path), "header": header,
                "part": [start, end, MAX_FRAMES, longest_seconds()]}
    return decoder_pool.pool.ask(question, data)


def _name(source: AudioSource) -> str:
    if isinstance(source, Path | str):
        return _shown(Path(source).name)
    return _shown(Path(str(getattr(source, "name", "") or "this sound")).name)


def _shown(text: str) -> str:
    """A file's name for a sentence: on one line, and without marks that turn the writing around."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
