"""What takes room on the disk: the runs, the bin, and the cache, of which all can be made again is cleared on request."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.config import cache_dir, checkpoints_dir
from core.processes import is_there
from core.runs import list_runs
from core.studies import list_studies

JUST_WRITTEN = 300.0  # s in which a download may still be written or unpacked by another process
DEMO = "Demo sounds"
KINDS = {
    "Decoded clips": ("waveforms/*", "every clip once, as trainings read it"),
    "Downloads": ("downloads/*", "what a cut line left of a data set; the next download begins anew"),
    DEMO: ("demo-*", "generated again when they are wanted"),
    "Facts of clips": ("facts/*.json", "loudness, silence and hashes of every clip"),
    "Attention heads": ("heads/*.json", "how far the heads of a model follow the same moments, for a report"),
}


@dataclass(frozen=True)
class CachePart:
    """One kind of what the cache holds; ``entries`` can each be made again."""

    name: str
    sentence: str
    entries: tuple[Path, ...]
    size: int  # bytes


@dataclass(frozen=True)
class Cleared:
    """``freed`` bytes; ``kept`` are the entries that somebody is writing or has open."""

    freed: int
    kept: tuple[Path, ...]


def size_of(path: Path) -> int:
    """Bytes of a file or of everything in a folder; what vanishes meanwhile counts nothing, links are not followed."""
    with suppress(OSError):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            return status.st_size
        if stat.S_ISDIR(status.st_mode):
            return sum(size_of(inner) for inner in list(path.iterdir()))
    return 0


def cache_parts() -> list[CachePart]:
    """What can be cleared, by kind. Anything else in the cache's folder is left alone and not counted."""
    parts = []
    for name, (pattern, sentence) in KINDS.items():
        entries = tuple(sorted(_found(pattern)))
        parts.append(CachePart(name, sentence, entries, sum(map(size_of, entries))))
    return parts


def clear_cache() -> Cleared:
    """Remove what can be made again, but nothing that another process is building or (on Windows) has open.

    Elsewhere a training that reads decoded clips keeps them until it ends: the file only loses its name. The demo sounds
    stay as long as any run or study waits or trains: it may be about to decode them.
    """
    freed, kept, training = 0, [], any(each.status.active for each in [*list_runs(), *list_studies()])
    for part in cache_parts():
        for entry in part.entries:
            size = size_of(entry)
            awaited = training and part.name == DEMO
            if not awaited and not _is_in_work(entry) and _remove(entry):
                freed += size
            else:
                kept.append(entry)
    return Cleared(freed, tuple(kept))


def free_bytes(folder: Path) -> int:
    """Room on the disk on which a folder lies, or will lie once it is made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def places() -> dict[str, Path]:
    """Where runs and cache lie."""
    return {"runs": checkpoints_dir().resolve(), "cache": cache_dir().resolve()}


def _found(pattern: str) -> Iterator[Path]:
    """The entries of a kind, those under construction too: they are named ``.<name>.<pid>.<random>``."""
    parent, _, name = pattern.rpartition("/")
    folder = cache_dir() / parent
    yield from folder.glob(name)
    if not name.startswith("*."):
        yield from (path for path in folder.glob(f".{name}") if _builder(path) is not None)


def _builder(path: Path) -> int | None:
    """The process that builds or built an entry under a temporary name."""
    parts = path.name.rsplit(".", 2)
    return int(parts[1]) if path.name.startswith(".") and len(parts) == 3 and parts[1].isdigit() else None


def _is_in_work(entry: Path) -> bool:
    if (pid := _builder(entry)) is not None:
        return is_there(pid)
    if entry.parent.name != "downloads":
        return False
    try:
        return time.time() - entry.stat().st_mtime < JUST_WRITTEN
    except OSError:
        return False


def _remove(entry: Path) -> bool:
    """Whether the entry is gone. It is renamed first: who opens it meanwhile finds all of it or nothing."""
    aside = entry.with_name(f".{entry.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        entry.rename(aside)  # refused on Windows as long as a file in it is open
        shutil.rmtree(aside) if aside.is_dir() else aside.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return not entry.exists() and not aside.exists()
    return True
