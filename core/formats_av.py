"""m4a, aac, mp4 and webm through PyAV (FFmpeg), an optional package: ``requirements-formats.txt``.

FFmpeg is told which of three demuxers to use. Left to guess, it takes any text for a playlist, which opens other files.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from core.errors import UserError

DEMUXERS = {"mp4": "mov,mp4,m4a,3gp,3g2,mj2", "webm": "matroska,webm", "aac": "aac"}
KINDS = {"mp4": "m4a or mp4", "webm": "webm", "aac": "aac"}
RUN_UP = 1.0  # s decoded before the wanted part, so that a coder that looks back has settled


class AvSound:
    """The first sound track of a container: ``rate`` in Hz, ``channels``, ``frames`` as it says, ``subtype``."""

    def __init__(self, name: str, target: str | bytes, kind: str):
        try:
            import av
        except ImportError:
            raise UserError(f"{name} is {KINDS[kind]}, which takes one more package to read: pip install -r "
                            "requirements-formats.txt, then try again; or convert it to wav, flac, ogg or mp3") from None
        self._av, self._file = av, io.BytesIO(target) if isinstance(target, bytes) else open(target, "rb")  # noqa: SIM115
        self._container = None
        try:
            with self._words():
                self._container = av.open(self._file, format=DEMUXERS[kind], metadata_errors="replace")
                if not self._container.streams.audio:
                    raise UserError(f"{name} holds no sound track")
                self._stream = self._container.streams.audio[0]
                context = self._stream.codec_context
                if context is None or not context.sample_rate:
                    raise UserError(f"{name} holds a sound track in a coding that cannot be read")
                context.thread_count = 1
                self.rate, self.channels, self.subtype = context.sample_rate, context.channels, context.name.upper()
                self.frames = round(self._seconds() * self.rate)
        except BaseException:  # whatever it was, also Ctrl-C: the file does not stay open; it is raised again
            self.close()
            raise

    def blocks(self, first: int, wanted: int | None) -> Iterator[np.ndarray]:
        """Up to ``wanted`` frames from the frame ``first`` on, in blocks ``(frames, channels)`` float32."""
        with self._words():
            position = self._seek(first)
            resampler = self._av.AudioResampler(format="fltp")  # to planes of float32, at the same rate
            last = None if wanted is None else first + wanted
            for frame in self._container.decode(self._stream):
                if position is None:  # after a jump, the first frame says where it is
                    position = round(float((frame.pts or 0) * frame.time_base) * self.rate) - self._begin
                for part in resampler.resample(frame):
                    block = part.to_ndarray().T
                    low, high = max(0, first - position), len(block) if last is None else last - position
                    position += len(block)
                    if low < min(high, len(block)):
                        yield block[low:high]
                if last is not None and position >= last:
                    return

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._file.close()

    @property
    def _begin(self) -> int:
        """The frame at which the track's own clock starts."""
        return round(float((self._stream.start_time or 0) * self._stream.time_base) * self.rate)

    def _seek(self, first: int) -> int | None:
        """Go to the frame ``first`` or before it; the frame one is at then, or None where the next one has to tell."""
        early = first - round(RUN_UP * self.rate)
        if early <= 0:
            return 0
        self._container.seek(round((early + self._begin) / self.rate / float(self._stream.time_base)), stream=self._stream)
        return None

    def _seconds(self) -> float:
        """The length that the track or the container gives, else, as in a browser's recording, that of its packets."""
        if self._stream.duration:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration:
            return self._container.duration / self._av.time_base
        ends = [packet.pts + (packet.duration or 0) for packet in self._container.demux(self._stream) if packet.pts is not None]
        self._container.seek(0)
        return float(max(ends) * self._stream.time_base) if ends else 0.0

    @contextmanager
    def _words(self) -> Iterator[None]:
        """FFmpeg's errors as a ValueError with its words."""
        try:
            yield
        except self._av.FFmpegError as error:
            raise ValueError(error.strerror or str(error)) from None
