"""A sound of up to an hour, heard from end to end: decoded, resampled and answered piece by piece.

What :func:`core.predict.predict` gives for a waveform, this gives for a file, without ever holding all of it: at the
model's rate an hour is 230 MB, at 44.1 kHz 635. Pieces overlap by more than the resampler's filter, so the windows are
the ones that the whole waveform would have.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.audio import AudioInfo, audio_info, read_audio, resample
from core.errors import UserError
from core.limits import longest_seconds, max_minutes
from core.predict import SLACK, Explanation, Prediction, Window, answered, explain, hear_windows, shifted, window_offsets
from core.spectrogram import envelope

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint

PIECE_SECONDS, MARGIN_SECONDS = 300, 1  # whole seconds: whole samples at every rate
PIECE_SAMPLES = 2**24
OUTLINE_POINTS = 2_000

SoundSource = Path | str | bytes
OnProgress = Callable[[float, float], None]


@dataclass(frozen=True)
class Recording:
    """The answer for a whole sound, and its outline: times s, low, high, each about ``OUTLINE_POINTS`` long."""

    prediction: Prediction
    outline: tuple[np.ndarray, np.ndarray, np.ndarray]


def sound_info(source: SoundSource, name: str = "this sound") -> AudioInfo:
    """Facts of the header of a file, or of a file's bytes that a person knows as ``name``.

    Raises :class:`UserError` for what is no sound, and for one that is longer than can be answered: a small file can
    unpack into days.
    """
    info = audio_info(_opened(source, name))
    if info.seconds > longest_seconds():
        raise UserError(f"this sound is {info.seconds / 60:,.0f} minutes long and at most {max_minutes()} can be answered "
                        "at once; cut out the part you care about, or let EARSHOT_MAX_MINUTES allow more")
    return info


def listen_through(checkpoint: "Checkpoint", source: SoundSource, name: str = "this sound",
                   on_progress: OnProgress | None = None,
                   copy: Callable[[np.ndarray], None] | None = None) -> Recording:
    """The answer for every window of a sound file, and for all of it.

    ``on_progress(seconds heard, seconds in all)`` is called after every piece; what it raises ends the work.
    ``copy`` is given every piece of the waveform at the model's rate, in their order. Raises :class:`UserError` as
    :func:`core.predict.predict` does.
    """
    info = sound_info(source, name)
    length, rate = checkpoint.config.num_samples, checkpoint.config.sample_rate
    hop = length // 2
    kept, first, total, seconds = np.zeros(0, dtype=np.float32), 0, 0, 0.0  # kept: what later windows need, from `first` on
    offsets, windows, outlines, lowest, highest = [], [], [], np.inf, -np.inf
    for piece, own in _pieces(_opened(source, name), info, rate):
        points = max(1, round(OUTLINE_POINTS * len(piece) / max(1.0, info.seconds * rate)))
        times, low, high = envelope(piece, rate, points)
        if copy:
            copy(piece)
        outlines.append((times + total / rate, low, high))
        lowest, highest = min(lowest, low.min()), max(highest, high.max())
        kept, total, seconds = np.concatenate([kept, piece]), total + len(piece), seconds + own
        ready = range(len(offsets) * hop, total - length, hop) if total - length > SLACK * length else range(0)
        windows += hear_windows(checkpoint, kept, ready, first, lambda done, ready=ready: on_progress and on_progress(
            (ready[0] + done * hop) / rate, info.seconds))
        offsets += ready
        if offsets:  # from the last window on: the very last one may begin before a whole hop has gone by
            kept, first = kept[offsets[-1] - first :].copy(), offsets[-1]
    rest = window_offsets(total, length)[len(offsets) :]
    windows += hear_windows(checkpoint, kept, rest, first)
    if on_progress:
        on_progress(info.seconds, info.seconds)
    outline = tuple(np.concatenate(part) for part in zip(*outlines, strict=True))
    return Recording(answered(checkpoint, windows, seconds, bool(lowest == highest)), outline)


def read_clip(source: SoundSource, name: str = "this sound", start: float = 0.0,
              end: float | None = None) -> tuple[np.ndarray, int]:
    """``(waveform, sample_rate)`` of a sound or of a part of it; seconds before its beginning and after its end are
    left out. The length is asked of the header first. Raises :class:`UserError` as :func:`sound_info` does."""
    sound_info(source, name)
    return read_audio(_opened(source, name), start=max(0.0, start), end=end)


def explain_stretch(checkpoint: "Checkpoint", waveform: np.ndarray, sample_rate: int, window: Window) -> Explanation:
    """What stood behind one window of a long sound, from the stretch it covers; times are seconds of the whole sound."""
    return shifted(explain(checkpoint, waveform, sample_rate), max(0.0, window.start))


def _pieces(source: Path | str | BytesIO, info: AudioInfo, rate: int) -> Iterator[tuple[np.ndarray, float]]:
    """The sound at ``rate`` Hz, one stretch after the other, each with its length in seconds."""
    seconds = max(10, min(PIECE_SECONDS, PIECE_SAMPLES // info.sample_rate))
    for start in range(0, max(1, int(np.ceil(info.seconds))), seconds):
        before = min(start, MARGIN_SECONDS)
        waveform, own_rate = read_audio(_rewound(source), start=start - before or None,
                                        end=start + seconds + MARGIN_SECONDS if info.seconds > seconds else None)
        piece, own = resample(waveform, own_rate, rate)[before * rate :], len(waveform) / own_rate - before
        if info.seconds <= seconds:
            yield piece, own
            return
        if len(piece):
            yield piece[: seconds * rate], min(own, seconds)
        if own < seconds:  # the sound ended, whatever the header said
            return


def _opened(source: SoundSource, name: str) -> Path | str | BytesIO:
    if not isinstance(source, bytes):
        return source
    stream = BytesIO(source)
    stream.name = name
    return stream


def _rewound(source: Path | str | BytesIO) -> Path | str | BytesIO:
    if isinstance(source, BytesIO):
        source.seek(0)
    return source
