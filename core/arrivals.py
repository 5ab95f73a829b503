"""Data sets that arrive here, fetched or uploaded: each gets a folder of its own, whole or not at all."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.config import own_data_dir
from core.datasets import available_datasets, label_columns, load_dataset
from core.errors import UserError
from core.readers import normalised
from core.unpack import Progress, unpack_zip

LONGEST_NAME = 60
TEMPORARY = ".arriving-"
LEFT_BEHIND = 86_400.0  # s after which a folder that a killed process left is nobody's


@contextmanager
def arriving(target: Path) -> Iterator[Path]:
    """A folder of the same name to fill, which stands at ``target`` when the block ends well and is gone when not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(target.parent)
    place = target.with_name(f"{TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}")
    try:
        (place / target.name).mkdir(parents=True)
        yield place / target.name
        (place / target.name).rename(target)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def install_zip(archive: BinaryIO, name: str, on_progress: Progress | None = None) -> str:
    """Unpack the data set of an uploaded zip into a folder of :func:`own_data_dir`; the name it is found by afterwards.

    ``name`` is the file's name as it came. ``on_progress(files done, files)``. Raises :class:`UserError` where it is no
    zip, would write elsewhere, grows too large, or holds no data set; then nothing of it is kept.
    """
    target = own_data_dir() / free_name(name)
    try:
        with arriving(target) as folder:
            unpack_zip(archive, folder, on_progress, name=PurePosixPath(name.replace("\\", "/")).name)
            try:
                columns = label_columns(folder)
                load_dataset(folder, label=columns[0] if columns else "label")
            except UserError as error:
                raise UserError(str(error).replace(f"{folder.resolve().parent}{os.sep}", "")
                                + "; nothing of the zip was kept") from None
    except OSError as error:
        raise UserError(f"{target.name} could not be unpacked into {target.parent}: {error.strerror or error}; "
                        "nothing of the zip was kept") from None
    return target.name


def free_name(name: str) -> str:
    """A folder name from a file's: letters, digits, spaces, ``-``, ``_``; numbered where a data set is called so."""
    stem = PurePosixPath(name.replace("\\", "/")).name.removesuffix(".zip").removesuffix(".ZIP")
    plain = "".join(letter if letter.isalnum() or letter in " -_" else "-" for letter in stem)
    plain = plain[:LONGEST_NAME].strip(" -_") or "upload"
    own = own_data_dir()
    taken = {normalised(known) for known in available_datasets()}
    taken |= {normalised(folder.name) for folder in own.iterdir()} if own.is_dir() else set()
    number, free = 1, plain
    while normalised(free) in taken or not normalised(free):
        number += 1
        free = f"{plain} {number}"
    return free


def _remove_left_behind(parent: Path) -> None:
    for folder in parent.glob(f"{TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > LEFT_BEHIND:
                shutil.rmtree(folder, ignore_errors=True)
