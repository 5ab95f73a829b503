"""Decode, mix to mono, resample and fit sound: the only file that knows the decoders.

A waveform is float32 ``(samples,)``, nominally in [-1, 1]. soundfile (libsndfile) decodes, soxr resamples. Whatever
cannot be used raises :class:`UserError` in one sentence, because files come from people.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from core.errors import UserError

AUDIO_EXTENSIONS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
ACCEPTED = "wav, flac, ogg or mp3"
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
MAX_FRAMES = 2**28  # decoded at once: 1 GB of samples, 93 minutes at 48 kHz
MAX_AMPLITUDE = 65_504.0  # the largest float16, in which clips are cached
BLOCK_SAMPLES = 2**20

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
    name = _name(source)
    with _opened(source) as file:
        rate = file.samplerate
        first, last = _frame_range(name, rate, start, end)
        try:
            if first:
                file.seek(min(first, file.frames))
            waveform = _decode(file, name, None if last is None else last - first)
        except (soundfile.SoundFileError, RuntimeError, ValueError, OSError) as error:
            raise UserError(f"{name} is damaged: decoding stopped with “{_reason(error)}”") from None
    if not waveform.size:
        what = f"has no sound after {start:g} s" if first else "is empty: it holds no samples"
        raise UserError(f"{name} {what}")
    peak = float(np.max(np.abs(waveform)))
    if not np.isfinite(peak):
        raise UserError(f"{name} holds samples that are not finite numbers (NaN or infinity), so it cannot be used")
    if peak > MAX_AMPLITUDE:
        raise UserError(f"{name} holds samples as large as {peak:.3g}; they should lie between -1 and 1: scale it down")
    return waveform, rate


def audio_info(source: AudioSource) -> AudioInfo:
    """Facts of the header, without decoding the sound. Raises :class:`UserError` as :func:`read_audio` does."""
    with _opened(source) as file:
        return AudioInfo(file.samplerate, file.channels, file.frames / file.samplerate, file.subtype)


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


def _name(source: AudioSource) -> str:
    if isinstance(source, Path | str):
        return Path(source).name
    return Path(str(getattr(source, "name", "") or "this sound")).name


def _opened(source: AudioSource) -> soundfile.SoundFile:
    """An open file at its first sample; :class:`UserError` where that cannot be."""
    name = _name(source)
    if isinstance(source, Path | str):
        if not Path(source).is_file():
            raise UserError(f"{name} is not there: expected a sound file at {source}")
        if not Path(source).stat().st_size:
            raise UserError(f"{name} is empty: the file has no bytes")
        target = str(source)
    else:
        data = source if isinstance(source, bytes) else source.read()
        if not data:
            raise UserError(f"{name} is empty: the file has no bytes")
        target = io.BytesIO(data)
    try:
        file = soundfile.SoundFile(target)
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError, OSError) as error:
        raise UserError(f"{name} is not a sound that can be read ({_reason(error)}); expected {ACCEPTED}") from None
    if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
        file.close()
        raise UserError(f"{name} says its sample rate is {file.samplerate:,} Hz; "
                        f"expected {LOWEST_RATE:,} to {HIGHEST_RATE:,} Hz")
    return file


def _reason(error: Exception) -> str:
    """libsndfile's own words without the path it repeats."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".") or type(error).__name__


def _frame_range(name: str, rate: int, start: float | None, end: float | None) -> tuple[int, int | None]:
    """First and last frame, from seconds; the last is None for the whole rest."""
    times = [time for time in (start, end) if time is not None]
    begin = start or 0.0
    if not all(np.isfinite(times)) or begin < 0 or (end is not None and end <= begin):
        raise UserError(f"{name}: expected a part with 0 <= start < end in seconds, found {start} to {end}")
    return round(begin * rate), None if end is None else round(end * rate)


def _decode(file: soundfile.SoundFile, name: str, wanted: int | None) -> np.ndarray:
    """Up to ``wanted`` mono frames, block by block: a header that promises too much allocates nothing."""
    blocks, total, size = [], 0, max(1, BLOCK_SAMPLES // file.channels)
    while wanted is None or total < wanted:
        block = file.read(size if wanted is None else min(size, wanted - total), dtype="float32", always_2d=True)
        if not len(block):
            break
        total += len(block)
        if total > MAX_FRAMES:
            minutes = MAX_FRAMES / file.samplerate / 60
            raise UserError(f"{name} is longer than {minutes:,.0f} minutes, the most that is read at once: cut it")
        with np.errstate(over="ignore", invalid="ignore"):
            blocks.append(block[:, 0] if file.channels == 1 else block.mean(axis=1))
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
