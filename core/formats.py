"""What a file of sound says and holds: the only module that knows the decoders. It runs in a child process.

soundfile (libsndfile) reads wav, flac, ogg, mp3 and aiff; PyAV (FFmpeg), where it is installed, reads what phones and
browsers record: m4a, aac, mp4, webm. The content decides, never the name. What cannot be used raises
:class:`UserError` in one sentence that begins with the name of the file, because files come from people.
"""

import io
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from core.errors import UserError

if TYPE_CHECKING:
    from core.formats_av import AvSound

ACCEPTED = "wav, flac, ogg, opus, mp3, aiff, m4a, aac, mp4 or webm"
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
MAX_AMPLITUDE = 65_504.0  # the largest float16, in which clips are cached
BLOCK_SAMPLES = 2**20
UNKNOWN_FRAMES = 2**62  # libsndfile says 2**63 - 1 for a stream whose header leaves the length open
FAULTS = (soundfile.SoundFileError, RuntimeError, TypeError, ValueError, OSError)


@dataclass(frozen=True)
class Part:
    """Which seconds of a sound are wanted, and the most frames that may come of it."""

    start: float | None = None
    end: float | None = None
    max_frames: int = 2**28
    max_seconds: float = float("inf")


def header(name: str, target: str | bytes, part: Part) -> tuple[int, int, float, str]:
    """Sample rate in Hz, channels, seconds, coding of the samples. The sound is decoded only when its header leaves the
    length open, and then up to ``part.max_seconds``."""
    with closing(open_sound(name, target)) as sound:
        frames = sound.frames
        if frames >= UNKNOWN_FRAMES:
            frames, most = 0, part.max_seconds * sound.rate
            try:
                for block in sound.blocks(0, None):
                    frames += len(block)
                    if frames > most:
                        break
            except FAULTS as error:
                raise _damaged(name, error) from None
        return sound.rate, sound.channels, frames / sound.rate, sound.subtype


def mono_blocks(name: str, target: str | bytes, part: Part) -> Iterator[np.ndarray | int]:
    """The part as blocks of mono float32 ``(samples,)``, then its sample rate in Hz.

    Block by block, so that a header that promises too much allocates nothing. Only the rate at the end says that all
    of it is good.
    """
    with closing(open_sound(name, target)) as sound:
        first, last = _frame_range(name, sound.rate, part)
        wanted, most = None if last is None else last - first, min(part.max_frames, part.max_seconds * sound.rate)
        total, peak = 0, np.float32(0)
        try:
            for block in sound.blocks(first, wanted):
                total += len(block)
                if total > most:
                    raise _too_long(name, sound.rate, most, part)
                with np.errstate(over="ignore", invalid="ignore"):
                    mono = np.ascontiguousarray(block[:, 0] if sound.channels == 1 else block.mean(axis=1))
                    peak = np.maximum(peak, np.maximum(mono.max(), -mono.min()))  # NaN stays NaN
                yield mono
        except FAULTS as error:
            raise _damaged(name, error) from None
        if not total:
            what = f"has no sound after {part.start:g} s" if first else "is empty: it holds no samples"
            raise UserError(f"{name} {what}")
        if not np.isfinite(peak):
            raise UserError(f"{name} holds samples that are not finite numbers (NaN or infinity), so it cannot be used")
        if peak > MAX_AMPLITUDE:
            raise UserError(f"{name} holds samples as large as {peak:.3g}; they should lie between -1 and 1: scale it down")
        yield sound.rate


def open_sound(name: str, target: str | bytes) -> "SoundfileSound | AvSound":
    """The sound in a file (by its path) or in a file's bytes; :class:`UserError` where there is none."""
    try:
        kind = _container(target)
        if kind:
            from core.formats_av import AvSound

            sound = AvSound(name, target, kind)
        else:
            sound = SoundfileSound(target)
    except FAULTS as error:
        raise UserError(f"{name} is not a sound that can be read ({_reason(error)}); expected {ACCEPTED}: save it as one of "
                        "these and try again") from None
    if not LOWEST_RATE <= sound.rate <= HIGHEST_RATE:
        sound.close()
        raise UserError(f"{name} says its sample rate is {sound.rate:,} Hz; "
                        f"expected {LOWEST_RATE:,} to {HIGHEST_RATE:,} Hz")
    return sound


class _Forward(soundfile.SoundFile):
    """Read from front to back. soundfile would seek to where it is after each block, which fails at the end of a stream
    that left its length open."""

    def seekable(self) -> bool:
        return False


class SoundfileSound:
    """An open file of libsndfile's: ``rate`` in Hz, ``channels``, ``frames`` as the header says, ``subtype``."""

    def __init__(self, target: str | bytes):
        if isinstance(target, str) and os.name != "nt":
            target = os.fsencode(target)  # soundfile refuses a str that is no Unicode, which a file's name may be
        elif isinstance(target, bytes):
            target = io.BytesIO(target)
        self._file = _Forward(target)
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self.frames, self.subtype = self._file.frames, self._file.subtype

    def blocks(self, first: int, wanted: int | None) -> Iterator[np.ndarray]:
        """Up to ``wanted`` frames from the frame ``first`` on, in blocks ``(frames, channels)`` float32."""
        first = min(first, self.frames)
        if first:
            self._file.seek(first)
        left, size = self.frames - first, max(1, BLOCK_SAMPLES // self.channels)
        if wanted is not None:
            left = min(left, wanted)
        while left > 0:
            block = self._file.read(min(size, left), dtype="float32", always_2d=True)
            if not len(block):
                return
            left -= len(block)
            yield block

    def close(self) -> None:
        self._file.close()


def _container(target: str | bytes) -> str:
    """``mp4``, ``webm`` or ``aac`` where the first bytes say that it is one of those, which soundfile cannot read."""
    if isinstance(target, bytes):
        head = target[:12]
    else:
        with open(target, "rb") as file:
            head = file.read(12)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide"):
        return "mp4"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm"
    return "aac" if len(head) > 6 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 else ""


def _damaged(name: str, error: Exception) -> UserError:
    return UserError(f"{name} is damaged: decoding stopped with “{_reason(error)}”")


def _reason(error: Exception) -> str:
    """The decoder's or the system's own words on one line, without the path they repeat."""
    words = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(words.split()).rstrip(".") or type(error).__name__


def _frame_range(name: str, rate: int, part: Part) -> tuple[int, int | None]:
    """First and last frame, from seconds; the last is None for the whole rest."""
    start, end = part.start, part.end
    times = [time for time in (start, end) if time is not None]
    begin = start or 0.0
    if not all(np.isfinite(times)) or begin < 0 or (end is not None and end <= begin):
        raise UserError(f"{name}: expected a part with 0 <= start < end in seconds, found {start} to {end}")
    return round(begin * rate), None if end is None else round(end * rate)


def _too_long(name: str, rate: int, most: float, part: Part) -> UserError:
    more = "" if part.max_frames < part.max_seconds * rate else ", or let EARSHOT_MAX_MINUTES allow more"
    return UserError(f"{name} is longer than {most / rate / 60:,.0f} minutes, the most that is read at once: cut it{more}")
