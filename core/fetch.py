"""Fetch a data set: download, unpack, check, and only then give it its name."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from core.arrivals import arriving
from core.config import cache_dir, own_data_dir
from core.download import download
from core.errors import UserError
from core.readers import normalised
from core.unpack import unpack_zip

ESC10_COMMIT = "553c8f1743b9dba6b282e1323c3ca8fa76923448"
ESC10_URL = f"https://github.com/karolpiczak/ESC-10/archive/{ESC10_COMMIT}.zip"
ESC10_MEGABYTES = 42
ESC10_LIST = Path(__file__).with_name("esc10.sha256")
BY_HAND = {
    "esc50": "ESC-50 (about 600 MB) is at https://github.com/karolpiczak/ESC-50: download its zip in a browser, unpack "
             "it as data/ESC-50, and `data check ESC-50` will find it",
    "urbansound8k": "UrbanSound8K (about 6 GB) is given out after a form at https://urbansounddataset.weebly.com: "
                    "unpack it as data/UrbanSound8K, and `data check UrbanSound8K` will find it",
}
Progress = Callable[[str, int, int | None], None]


def fetch(name: str, to: Path | None = None, url: str | None = None, on_progress: Progress | None = None) -> Path:
    """ESC-10 in ``to`` (default :func:`own_data_dir`) as a folder ``ESC-10``; every clip is the published one, or none is kept.

    ``url`` (else ``EARSHOT_ESC10_URL``) is another address of the zip, or a zip file here. ``on_progress(stage, done,
    total)`` with the stages ``download`` (bytes), ``unpack`` (files), ``check`` (clips). Raises :class:`UserError`.
    """
    wanted = normalised(name)
    if wanted in BY_HAND:
        raise UserError(f"{name} cannot be fetched by this command: {BY_HAND[wanted]}")
    if wanted != "esc10":
        raise UserError(f"there is no data set {name!r} to fetch; expected esc10, esc50 or urbansound8k")
    tell = on_progress or (lambda stage, done, total: None)
    target = (to or own_data_dir()) / "ESC-10"
    if target.exists():
        _check(target, f"{target} is there already, but", "move it away and fetch again", tell)
        return target
    try:
        return _install(url or os.environ.get("EARSHOT_ESC10_URL") or ESC10_URL, target, tell)
    except OSError as error:
        raise UserError(f"{target} could not be written: {error.strerror or error}") from None


def _install(url: str, target: Path, tell: Progress) -> Path:
    local = Path(url)
    downloads = cache_dir() / "downloads"
    archive = local if local.is_file() else download(url, downloads, lambda *count: tell("download", *count))
    try:
        with arriving(target) as folder:
            unpack_zip(archive, folder, lambda *count: tell("unpack", *count), name=url)
            _check(folder, f"what {url} holds is not ESC-10 as published:", "nothing was kept", tell)
    except UserError:
        _drop(archive, local)  # its content is wrong: the next call must download again
        raise
    _drop(archive, local)
    return target


def _drop(archive: Path, local: Path) -> None:
    """Remove the download, which stays after Ctrl-C or on a full disk; never the person's own file."""
    if archive != local:
        archive.unlink(missing_ok=True)


def _check(folder: Path, before: str, after: str, tell: Progress) -> None:
    """Compare every clip of the list with its SHA-256; :class:`UserError` naming the first that differs."""
    lines = ESC10_LIST.read_text(encoding="utf-8").splitlines()
    wrong = []
    for done, line in enumerate(lines, start=1):
        expected, path = line.split("  ", 1)
        clip = folder / path
        if not clip.is_file():
            wrong.append(f"{path} is missing")
        elif hashlib.sha256(clip.read_bytes()).hexdigest() != expected:
            wrong.append(f"{path} differs")
        tell("check", done, len(lines))
    if wrong:
        raise UserError(f"{before} {len(wrong)} of {len(lines)} clips are not as published (the first: {wrong[0]}); "
                        f"{after}")
