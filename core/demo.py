"""The demo data set: generated on first use into the cache, so that everything works before any data is there.

Files are named as ESC-10's (``<class>/<fold>-<source>-<take>.flac``) and no source lies in two folds.
"""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import soundfile

from core.config import cache_dir
from core.demo_sounds import SAMPLE_RATE, SOUNDS, VERSION, demo_clip
from core.errors import UserError

FOLDS, TAKES = 5, (3, 2, 2, 1)  # sources of a class in every fold, by their number of clips


def demo_folder() -> Path:
    """The folder of the demo sounds; generated on the first call, in a few seconds."""
    folder = cache_dir() / f"demo-{VERSION}"
    if folder.is_dir():
        return folder
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        temporary.mkdir(parents=True)
        jobs = list(_clips(temporary))
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            list(pool.map(lambda job: _write(*job), jobs))
        if not folder.exists():
            _rename(temporary, folder)
    except (OSError, soundfile.SoundFileError) as error:
        raise UserError(f"the demo sounds could not be written to {folder.parent} ({error}); set EARSHOT_CACHE to a "
                        "folder with space") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _clips(root: Path) -> Iterator[tuple[str, int, int, Path]]:
    """Class, source, take and file of every clip; the folders are made."""
    for number, kind in enumerate(SOUNDS, start=1):
        folder = root / f"{number:03d} - {kind.capitalize()}"
        folder.mkdir()
        for fold in range(1, FOLDS + 1):
            for position, takes in enumerate(TAKES):
                source = 1000 * number + 10 * fold + position
                for take in range(takes):
                    yield kind, source, take, folder / f"{fold}-{source}-{'ABC'[take]}.flac"


def _write(kind: str, source: int, take: int, path: Path) -> None:
    soundfile.write(path, demo_clip(kind, source, take), SAMPLE_RATE, subtype="PCM_16", format="FLAC")


def _rename(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.exists():  # otherwise another process was faster, and its sounds are the same
            raise
