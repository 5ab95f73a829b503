"""A few decoder children, started when first needed, shared by all threads, replaced when one dies.

What a child says about a file comes back; its crash or time-out becomes one sentence that names the file.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

from core.config import ROOT
from core.decoder import BLOCK, DATA, ERROR, QUESTION, READY, receive, send
from core.errors import NotNow, UserError
from core.limits import decode_seconds, decoder_mb

CHILDREN = 4
START_SECONDS = 60


class ChildDied(Exception):
    """The child ended in the middle of a question; ``late`` when that was for taking too long."""

    def __init__(self, late: bool):
        self.late = late


class Decoder:
    """One child process, for one question at a time."""

    def __init__(self, megabytes: int):
        self.megabytes, self._ready = megabytes, False
        command = [sys.executable, "-m", "core.decoder", str(megabytes)]
        try:
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
        except OSError as error:
            raise NotNow(f"sounds cannot be read now: the decoder's process could not be started ({error})") from None

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: dict, data: bytes | None, seconds: float) -> tuple[object, bytearray]:
        """What the child answers, and the bytes of the samples. Raises the child's :class:`UserError`, or
        :class:`ChildDied`."""
        if not self._ready:
            try:
                self._exchange(START_SECONDS, [])
            except ChildDied:
                self.close()
                raise NotNow("sounds cannot be read now: the decoder's process ends at once; its error is in the log, "
                             "and `python -m core.decoder 1024` shows it") from None
            self._ready = True
        frames = [(QUESTION, json.dumps(question).encode())] + ([] if data is None else [(DATA, data)])
        return self._exchange(seconds, frames)

    def close(self) -> None:
        """End the child, whatever it does."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was still to be written is for nobody
                stream.close()

    def _exchange(self, seconds: float, frames: list[tuple[bytes, bytes]]) -> tuple[object, bytearray]:
        """Send the frames and read the answer. Whoever is late is killed, which ends our waiting."""
        begun, watch = time.monotonic(), threading.Timer(seconds, self._process.kill)
        watch.daemon = True
        watch.start()
        samples = bytearray()
        try:
            for kind, content in frames:
                send(self._process.stdin, kind, content)
            self._process.stdin.flush()
            while True:
                kind, content = receive(self._process.stdout, writable=True)
                if kind == BLOCK and not samples:
                    samples = content
                elif kind == BLOCK:
                    samples += content
                elif kind == ERROR:
                    raise UserError(content.decode())
                else:
                    return None if kind == READY else json.loads(content), samples
        except (EOFError, OSError):
            raise ChildDied(late=time.monotonic() - begun >= seconds) from None
        finally:
            watch.cancel()


class DecoderPool:
    """At most ``CHILDREN`` children; who asks while all are busy waits."""

    def __init__(self):
        self._lock, self._places, self._idle = threading.Lock(), threading.BoundedSemaphore(CHILDREN), []

    def ask(self, question: dict, data: bytes | None = None) -> tuple[object, bytearray]:
        """The answer of a child; :class:`UserError` where it has none, dies or takes too long."""
        seconds = decode_seconds()
        with self._places:
            for last in (False, True):  # it may have died of something else: a second, fresh child decides
                child = self._fresh() if last else self._idle_one() or self._fresh()
                try:
                    answer = child.ask(question, data, seconds)
                except UserError:
                    self._keep(child)
                    raise
                except ChildDied as death:
                    child.close()
                    if death.late:
                        raise UserError(f"{question['name']} took more than {seconds:,} s to decode and was given up; convert "
                                        "it to wav, or let EARSHOT_DECODE_SECONDS allow more") from None
                    if last:
                        raise UserError(f"{question['name']} made the decoder crash, so it cannot be read; Earshot goes on "
                                        "without it") from None
                except BaseException:  # Ctrl-C in the middle of an answer: the rest of it must not reach the next file
                    child.close()
                    raise
                else:
                    self._keep(child)
                    return answer
        raise AssertionError("the second child's death was answered above")

    def start(self) -> None:
        """Start a child now, without waiting for it, so that the first sound need not."""
        if not self._idle:
            self._keep(self._fresh())

    def close(self) -> None:
        """End the idle children; those at work end with this process, and new ones are started when needed."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()

    def _fresh(self) -> Decoder:
        return Decoder(decoder_mb())

    def _idle_one(self) -> Decoder | None:
        """An idle child that lives and has the memory that is set now."""
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None or (child.alive and child.megabytes == decoder_mb()):
                return child
            child.close()

    def _keep(self, child: Decoder) -> None:
        if child.alive:
            with self._lock:
                self._idle.append(child)


def _anew() -> None:
    """In a forked process: the children belong to the process that started them."""
    global pool
    pool = DecoderPool()


pool = DecoderPool()
atexit.register(lambda: pool.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_anew)
