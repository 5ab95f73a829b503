"""The decoder child: ``python -m core.decoder MEGABYTES`` answers questions about files until its parent is gone.

Decoders are native code fed by strangers. Here one may crash, hang or eat memory, and only this process is lost;
:mod:`core.decoder_pool` is the other side. Both speak in frames: a letter, a length, that many bytes.
"""

import json
import os
import signal
import struct
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import BinaryIO

from core.errors import UserError

HEAD = struct.Struct("<cQ")
QUESTION, DATA = b"Q", b"F"  # to the child: JSON, then the file's bytes where there is no path
READY, INFO, BLOCK, DONE, ERROR = b"R", b"I", b"B", b"D", b"E"  # from it; BLOCK: float32 samples, DONE: the rate


def send(stream: BinaryIO, kind: bytes, content: bytes | memoryview = b"") -> None:
    stream.write(HEAD.pack(kind, len(content)))
    stream.write(content)


def receive(stream: BinaryIO, writable: bool = False) -> tuple[bytes, bytes | bytearray]:
    """The next frame. Raises EOFError when the other side is gone, MemoryError (past the frame) when it is too large."""
    kind, length = HEAD.unpack(_exactly(stream, HEAD.size))
    try:
        if writable:
            content = bytearray(length)
            if stream.readinto(content) < length:
                raise EOFError
            return kind, content
        return kind, _exactly(stream, length)
    except MemoryError:
        while length:
            length -= len(_exactly(stream, min(length, 2**16)))
        raise


def _exactly(stream: BinaryIO, length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def main(megabytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    questions, replies = _own_pipes()
    from core.formats import Part, header, mono_blocks

    asked: SimpleQueue = SimpleQueue()
    threading.Thread(target=_listen, args=(questions, asked), daemon=True).start()
    _limit_memory(megabytes)
    send(replies, READY)
    replies.flush()
    while True:
        question, data = asked.get()
        name = question["name"]
        target = question["path"] if data is None else data
        try:
            if isinstance(data, MemoryError):
                raise data
            part = Part(*question["part"])
            if question["header"]:
                send(replies, INFO, json.dumps(header(name, target, part)).encode())
            else:
                for block in mono_blocks(name, target, part):
                    if isinstance(block, int):
                        send(replies, DONE, json.dumps(block).encode())
                    else:
                        send(replies, BLOCK, memoryview(block).cast("B"))
        except UserError as error:
            send(replies, ERROR, str(error).encode())
        except MemoryError:
            send(replies, ERROR, f"{name} takes more than {megabytes:,} MB of memory to decode; convert it to wav, or let "
                                 "EARSHOT_DECODER_MB allow more".encode())
        replies.flush()
        del target, data


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Both pipes to the parent, out of reach of a decoder that prints: its output goes nowhere."""
    questions, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    return questions, replies


def _listen(questions: BinaryIO, asked: SimpleQueue) -> None:
    """Pass on what is asked. The pipe ends when the parent does, however it does, and then so do we, even if a decoder is
    busy."""
    while True:
        try:
            question, data = json.loads(receive(questions)[1]), None
            if question["path"] is None:
                data = receive(questions)[1]
        except MemoryError as error:
            data = error
        except (EOFError, OSError):
            os._exit(0)
        asked.put((question, data))


def _limit_memory(megabytes: int) -> None:
    """From here on so many more; where the system has no such limit, the limit of time must do."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open("/proc/self/statm", encoding="ascii") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        most = taken + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main(int(sys.argv[1]))
