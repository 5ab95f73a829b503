"""Unpack a zip from outside without letting it write where, or more than, it should."""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.errors import UserError

MAX_FILES = 10_000
MAX_BYTES = 4 * 2**30
MAX_RATIO = 100  # unpacked to packed, where it matters: sound hardly shrinks
RATIO_MATTERS = 2**20
BLOCK = 2**20
LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")  # what systems add to a zip by themselves
Progress = Callable[[int, int], None]


def unpack_zip(archive: Path | BinaryIO, folder: Path, on_progress: Progress | None = None, name: str = "") -> None:
    """All files of ``archive`` into ``folder``, without the folders that everything in it may lie in.

    ``name`` is what an open archive is called in errors. Raises :class:`UserError`, before anything is written, for a
    path that is absolute or leads outside, a link, a locked entry, too many or too large files; and for a damaged archive.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            paths = {entry: _safe_path(entry) for entry in opened.infolist() if not entry.is_dir()}
            entries = [entry for entry, path in paths.items() if not set(path.parts) & set(LITTER)]
            paths = _without_common_folders([paths[entry] for entry in entries])
            _check_sizes(entries)
            for done, (entry, path) in enumerate(zip(entries, paths, strict=True), start=1):
                target = folder.joinpath(*path.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(opened, entry, target)
                if on_progress:
                    on_progress(done, len(entries))
    # all that zipfile raises for a broken or hostile archive, and names that are a file here and a folder there
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, RuntimeError, ValueError,
            FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise UserError(f"{name or Path(archive).name} is not a zip file that can be unpacked: {error}") from None


def _safe_path(entry: zipfile.ZipInfo) -> PurePosixPath:
    path = PurePosixPath(entry.filename)
    outside = path.is_absolute() or ".." in path.parts or "\\" in entry.orig_filename or ":" in entry.filename
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if outside or not path.name:
        raise UserError(f"the archive has an entry that would be written elsewhere ({entry.filename!r}); "
                        "nothing was unpacked")
    if kind not in (0, stat.S_IFREG):
        raise UserError(f"the archive has an entry that is a link or no plain file ({entry.filename!r}); "
                        "nothing was unpacked")
    if entry.flag_bits & 1:
        raise UserError(f"the archive is locked with a password ({entry.filename!r}); nothing was unpacked")
    return path


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES or total > MAX_BYTES:
        raise UserError(f"the archive holds {len(entries):,} files of {total / 1e9:.1f} GB; expected at most "
                        f"{MAX_FILES:,} files of {MAX_BYTES / 1e9:.1f} GB")
    for entry in entries:
        if entry.file_size > RATIO_MATTERS and entry.file_size > MAX_RATIO * entry.compress_size:
            raise UserError(f"the archive has an entry that grows more than {MAX_RATIO} times ({entry.filename!r}); "
                            "that is no sound")


def _without_common_folders(paths: list[PurePosixPath]) -> list[PurePosixPath]:
    """The paths without what all begin with: the first folder, and further ones as long as some file keeps a folder."""
    needed = 1
    while len({path.parts[0] for path in paths}) == 1 and all(len(path.parts) > 1 for path in paths) \
            and any(len(path.parts) > needed for path in paths):
        paths, needed = [PurePosixPath(*path.parts[1:]) for path in paths], 2
    return paths


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """One file; zipfile stops at the size announced and checks the sum, so a lying entry raises."""
    with target.open("xb") as file:
        for block in _blocks(opened, entry):
            file.write(block)


def _blocks(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of an entry. What a decompressor says of damaged bytes (bz2 an OSError, as a full disk does) is about
    the archive."""
    try:
        with opened.open(entry) as packed:
            while block := packed.read(BLOCK):
                yield block
    except (zlib.error, lzma.LZMAError, OSError) as error:
        raise zipfile.BadZipFile(f"{entry.filename} is damaged ({error})") from None
