"""Files that are either the old one or the new one, whenever the power goes: temporary name, flush, rename."""

import errno
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import UserError
from core.processes import is_there

FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def why_not_written(error: OSError, folder: Path) -> str | None:
    """Half a sentence on why nothing can be written to ``folder`` and what to do; None where that was not the error."""
    if error.errno in FULL:
        return f"the disk is full, so {folder} cannot be written: free some space"
    if error.errno in CLOSED:
        return f"{folder} may not be written ({os.strerror(error.errno)}): allow it"
    return None


@contextmanager
def or_said(path: Path) -> Iterator[None]:
    """What keeps the file at ``path`` from being written, inside, as one sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(why_not_written(error, path.parent)
                        or f"{path} could not be written: {error.strerror or error}") from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write to the path this yields; when the block ends well, that file stands at ``path``, on the disk.

    The temporary file lies in the same folder and begins with a dot; it is removed when the block raises.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:  # whatever it was, also Ctrl-C: half a file does not stay behind; it is raised again
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """``text`` as UTF-8 with ``\\n`` line ends, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value) -> None:
    """``value`` as indented JSON, atomically. NaN and infinity are refused: they are not JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files whose writer was killed; a page may be writing just now. For a folder to which this process
    does not write meanwhile."""
    for path in Path(folder).glob("*.tmp"):
        writer = path.name.rsplit(".", 2)[-2].partition("-")[0]
        if writer == str(os.getpid()) or not (writer.isdecimal() and is_there(int(writer))):
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the system lets a folder be opened (Windows does not)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
