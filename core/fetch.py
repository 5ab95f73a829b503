"""Fetch a data set: download, unpack, check, and only then give it its name."""

import csv
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.arrivals import arriving
from core.config import cache_dir, own_data_dir
from core.download import download
from core.errors import UserError
from core.readers import ESC50_TABLE, normalised
from core.unpack import unpack_zip

ESC10_COMMIT = "553c8f1743b9dba6b282e1323c3ca8fa76923448"
ESC10_MEGABYTES = 42
ESC10_LIST = Path(__file__).with_name("esc10.sha256")
ESC50_CLIPS = 2_000
BY_HAND = {
    "urbansound8k": "UrbanSound8K (about 6 GB) is given out after a form at https://urbansounddataset.weebly.com: "
                    "unpack it as data/UrbanSound8K, and `data check UrbanSound8K` will find it",
}
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Published:
    """A data set that can be fetched: the folder it gets, where its zip is (the environment variable names another place),
    ``expected(folder)``: every file that must be there and what must hold of it, and in words what that proves."""

    folder: str
    url: str
    variable: str
    expected: Callable[[Path], list[tuple[str, Callable[[Path], bool]]]]
    proven: str


def fetch(name: str, to: Path | None = None, url: str | None = None, on_progress: Progress | None = None) -> Path:
    """ESC-10 or ESC-50 in ``to`` (default :func:`own_data_dir`) under its name; every clip is as published, or none is kept.

    ESC-10 is compared with a list of SHA-256, ESC-50 with the table it brings. ``url`` (else ``EARSHOT_ESC10_URL`` or
    ``EARSHOT_ESC50_URL``) is another address of the zip, or a zip file here. ``on_progress(stage, done, total)`` with the
    stages ``download`` (bytes), ``unpack`` (files), ``check`` (clips). Raises :class:`UserError`.
    """
    wanted = normalised(name)
    if wanted in BY_HAND:
        raise UserError(f"{name} cannot be fetched by this command: {BY_HAND[wanted]}")
    if wanted not in FETCHED:
        raise UserError(f"there is no data set {name!r} to fetch; expected esc10, esc50 or urbansound8k")
    published, tell = FETCHED[wanted], on_progress or (lambda stage, done, total: None)
    target = (to or own_data_dir()) / published.folder
    if target.exists():
        _check(published, target, f"{target} is there already, but", "move it away and fetch again", tell)
        return target
    try:
        return _install(published, url or os.environ.get(published.variable) or published.url, target, tell)
    except OSError as error:
        raise UserError(f"{target} could not be written: {error.strerror or error}") from None


def _install(published: Published, url: str, target: Path, tell: Progress) -> Path:
    local = Path(url)
    downloads = cache_dir() / "downloads"
    archive = local if local.is_file() else download(url, downloads, lambda *count: tell("download", *count))
    try:
        with arriving(target) as folder:
            unpack_zip(archive, folder, lambda *count: tell("unpack", *count), name=url)
            _check(published, folder, f"what {url} holds is not {published.folder} as published:", "nothing was kept", tell)
    except UserError:
        _drop(archive, local)  # its content is wrong: the next call must download again
        raise
    _drop(archive, local)
    return target


def _drop(archive: Path, local: Path) -> None:
    """Remove the download, which stays after Ctrl-C or on a full disk; never the person's own file."""
    if archive != local:
        archive.unlink(missing_ok=True)


def _check(published: Published, folder: Path, before: str, after: str, tell: Progress) -> None:
    """:class:`UserError` naming the first file that is not as published."""
    wrong, expected = [], published.expected(folder)
    for done, (path, holds) in enumerate(expected, start=1):
        if not (folder / path).is_file():
            wrong.append(f"{path} is missing")
        elif not holds(folder / path):
            wrong.append(f"{path} differs")
        tell("check", done, len(expected))
    if wrong:
        raise UserError(f"{before} {len(wrong)} of {len(expected)} files are not as published (the first: {wrong[0]}); {after}")


def _listed(folder: Path) -> list[tuple[str, Callable[[Path], bool]]]:
    """ESC-10: every clip has the SHA-256 that it had at :data:`ESC10_COMMIT`."""
    rows = [line.split("  ", 1) for line in ESC10_LIST.read_text(encoding="utf-8").splitlines()]
    return [(path, partial(_has_digest, digest)) for digest, path in rows]


def _has_digest(digest: str, clip: Path) -> bool:
    return hashlib.sha256(clip.read_bytes()).hexdigest() == digest


def _in_its_table(folder: Path) -> list[tuple[str, Callable[[Path], bool]]]:
    """ESC-50: its table is whole, and every clip of it is there. (The sums within the zip guard the content.)"""
    try:
        with (folder / ESC50_TABLE).open(newline="", encoding="utf-8") as file:
            clips = [f"audio/{Path(row['filename']).name}" for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError):
        clips = []
    return [(ESC50_TABLE, lambda table: len(clips) == ESC50_CLIPS), *((clip, _has_bytes) for clip in clips)]


def _has_bytes(clip: Path) -> bool:
    return clip.stat().st_size > 0


FETCHED = {
    "esc10": Published("ESC-10", f"https://github.com/karolpiczak/ESC-10/archive/{ESC10_COMMIT}.zip", "EARSHOT_ESC10_URL",
                       _listed, "every clip is as published"),
    "esc50": Published("ESC-50", "https://github.com/karolpiczak/ESC-50/archive/refs/heads/master.zip", "EARSHOT_ESC50_URL",
                       _in_its_table, "every clip of its table is there"),
}
