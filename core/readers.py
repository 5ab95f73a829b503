"""The layouts a data set may have on disk. A reader looks at names and tables, never at sound.

Each reader takes the data set's folder and returns a :class:`Dataset`, or raises :class:`UserError`; ``READERS`` maps
a layout to the test that recognises it and its reader, and the first that matches is used.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from core.audio import AUDIO_EXTENSIONS
from core.clips import Clip, Dataset, plain
from core.errors import UserError
from core.grouping import cut_from, joined_by_file, name_rule, sources_by_name
from core.tables import Row, number, read_table, relative_path

ESC10_CLASSES = ("dog", "rain", "sea_waves", "crying_baby", "clock_tick", "sneezing", "helicopter", "chainsaw",
                 "rooster", "crackling_fire")
ESC10_FOLDERS = dict(zip(("dogbark", "rain", "seawaves", "babycry", "clocktick", "personsneeze", "helicopter",
                          "chainsaw", "rooster", "firecrackling"), ESC10_CLASSES, strict=True))
ARCHIVE_FOLDER = re.compile(r"\d{3} - (.+)")
ARCHIVE_FILE = re.compile(r"(\d+)-([^-]+)-[A-Za-z]+")
ESC10_FILE = re.compile(r"(\d+-[^-]+-[A-Za-z]+)(?:-\d+)?")  # ESC-50 puts the class behind it
SMALLEST_SOUND = 1_000  # bytes: 62 ms of 16-bit sound at 8 kHz
TABLE = "metadata.csv"
TABLE_COLUMNS = ("path", "fold", "source", "start", "end")  # any other may hold the class
ESC50_TABLE = "meta/esc50.csv"
URBAN_TABLE = "metadata/UrbanSound8K.csv"
READY, SEGMENTS = "denoised_clips", "speech_segments"
PART_NUMBERS = "1 for test, 4 for validation, 2 for training"  # as the protocol split goes by them
FROM_NAMES = "fold and source are read from each file's name (fold-source-take)"


def normalised(name: str) -> str:
    """Letters and digits in lower case: how names are compared."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def archive_source(path: str) -> str | None:
    """The recording in a file's name of ESC-10 and ESC-50, ``fold-source-take``; None where it is named otherwise."""
    named = ESC10_FILE.fullmatch(PurePosixPath(path).stem)
    return ARCHIVE_FILE.match(named[1])[2] if named else None


def clip_identity(dataset_name: str, key: str) -> str:
    """What a clip is called whichever layout its data set lies in: ``fold-source-take`` in ESC-10, else its key."""
    named = ESC10_FILE.fullmatch(PurePosixPath(key).stem) if normalised(dataset_name) == "esc10" else None
    return named[1] if named else key


def audio_files(folder: Path) -> list[Path]:
    """Sound files under a folder by their endings, sorted; what is hidden, or has no name in UTF-8, is left out."""
    return sorted((Path(place, name) for place, name in _sounds(folder)), key=lambda path: path.as_posix())


def _sounds(folder: Path) -> Iterator[tuple[str, str]]:
    """The same as place and name, in no order."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX")) and is_text(name)]
        yield from ((place, name) for name in names
                    if name.lower().endswith(AUDIO_EXTENSIONS) and not name.startswith(".") and is_text(name))


def impulse_files(folder: str) -> list[Path]:
    """The impulse responses of rooms in a folder; :class:`UserError` where it holds none."""
    place = Path(folder).expanduser()
    files = audio_files(place) if os.path.isdir(place) else []
    if not files:
        raise UserError(f"the folder of impulse responses {folder} holds no sounds; give a folder with wav or flac files, or "
                        "leave it empty for generated rooms")
    return files


def is_text(name: str) -> bool:
    """Whether a file's name can be written down: one with bytes that are no UTF-8 fits into no table and no page."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def as_text(name: str) -> str:
    """A file's name as it can be written down, with ``�`` for what is no text; every other letter stays as it is."""
    return "".join("\N{REPLACEMENT CHARACTER}" if not is_text(letter) else letter for letter in name)


def class_folders(root: Path) -> list[Path]:
    """Folders directly under ``root`` that hold a sound file directly."""
    return sorted(folder for folder in root.iterdir()
                  if folder.is_dir() and not folder.name.startswith(".") and is_text(folder.name)
                  and any(name.lower().endswith(AUDIO_EXTENSIONS) and not name.startswith(".") for name in os.listdir(folder)))


def may_hold_sound(folder: Path) -> bool:
    """Whether a sound file directly in a folder has the size of a sound; a header alone has not."""
    with os.scandir(folder) as entries:
        return any(entry.name.lower().endswith(AUDIO_EXTENSIONS) and entry.stat().st_size >= SMALLEST_SOUND
                   for entry in entries)


def is_archive(folders: Sequence[Path]) -> bool:
    """Whether all class folders of a data set, and all sounds in them, are called as in ESC-10."""
    return bool(folders) and all(
        ARCHIVE_FOLDER.fullmatch(folder.name)
        and all(ARCHIVE_FILE.fullmatch(name.rpartition(".")[0]) for _, name in _sounds(folder)) for folder in folders)


def archive_name(root: Path, folders: Sequence[Path]) -> str:
    """The name that :func:`read_archive` gives: ``ESC-10`` where all classes are its own, else the folder's."""
    return "ESC-10" if set(map(_archive_label, folders)) <= set(ESC10_CLASSES) else plain(root.name)


def read_archive(root: Path) -> Dataset:
    """``001 - Dog bark/1-100032-A.ogg``: ESC-10 as published, and the demo sounds."""
    clips = []
    for folder in class_folders(root):
        label = _archive_label(folder)
        for file in audio_files(folder):
            fold, source = ARCHIVE_FILE.fullmatch(file.stem).groups()
            clips.append(Clip(file.relative_to(root).as_posix(), label, int(fold), plain(source)))
    found = {clip.label for clip in clips}
    if not found <= set(ESC10_CLASSES):
        return _dataset(root.name, root, clips, "ESC-10 archive", FROM_NAMES)
    class_names = tuple(name for name in ESC10_CLASSES if name in found)
    return Dataset("ESC-10", root, tuple(clips), class_names, "ESC-10 archive", FROM_NAMES, "CC BY 3.0")


def _archive_label(folder: Path) -> str:
    title = ARCHIVE_FOLDER.fullmatch(folder.name)[1]
    return plain(ESC10_FOLDERS.get(normalised(title), title.strip().lower().replace(" ", "_")))


def read_esc50(root: Path, esc10_only: bool = False) -> Dataset:
    """``meta/esc50.csv`` beside ``audio/``; or only the 400 clips of its ESC-10 subset."""
    rows = read_table(root / ESC50_TABLE, ("filename", "fold", "category", "src_file", "esc10"))
    clips = [Clip(relative_path("audio/" + row["filename"], row.where), _filled(row, "category"),
                  number(row["fold"], "fold", row.where, int), _filled(row, "src_file"))
             for row in rows if not esc10_only or row["esc10"].strip().lower() == "true"]
    rule = "fold and source are columns of the data set's own table"
    if esc10_only:
        names = tuple(name for name in ESC10_CLASSES if any(clip.label == name for clip in clips))
        return Dataset("ESC-10", root, tuple(clips), names, "ESC-50, its ESC-10 subset", rule, "CC BY 3.0")
    return _dataset("ESC-50", root, clips, "ESC-50", rule, "CC BY-NC 3.0")


def read_urbansound8k(root: Path) -> Dataset:
    """``metadata/UrbanSound8K.csv`` beside ``audio/fold1`` to ``fold10``."""
    rows = read_table(root / URBAN_TABLE, ("slice_file_name", "fsID", "fold", "class"))
    clips = [Clip(relative_path(f"audio/fold{row['fold']}/{row['slice_file_name']}", row.where), _filled(row, "class"),
                  number(row["fold"], "fold", row.where, int), _filled(row, "fsID")) for row in rows]
    rule = "fold and source (the Freesound recording) are columns of the data set's own table"
    return _dataset("UrbanSound8K", root, clips, "UrbanSound8K", rule, "CC BY-NC 3.0")


def read_class_folders(root: Path) -> Dataset:
    """One folder per class; sources are guessed from file names."""
    found = [(file.relative_to(root).as_posix(), folder.name) for folder in class_folders(root)
             for file in audio_files(folder)]
    sources = sources_by_name([path for path, _ in found])
    clips = [Clip(path, plain(label), None, plain(sources[path])) for path, label in found]
    return _dataset(root.name, root, clips, "class folders", name_rule(sources))


def is_speech(root: Path) -> bool:
    return all((root / part).is_dir() and class_folders(root / part) for part in (READY, SEGMENTS))


def read_speech(root: Path) -> Dataset:
    """``denoised_clips/<class>/`` are ready clips; ``speech_segments/<class>/`` are what training clips are built from.

    A segment whose name begins with a ready clip's belongs to that clip's recording.
    """
    found = [(file.relative_to(root).as_posix(), folder.name, part == SEGMENTS) for part in (READY, SEGMENTS)
             for folder in class_folders(root / part) for file in audio_files(folder)]
    cut = cut_from(found)
    sources = sources_by_name([path for path, _, _ in found if path not in cut])
    clips = [Clip(path, plain(label), None, plain(sources[cut.get(path, path)]), segment=segment)
             for path, label, segment in found]
    rule = f"a segment belongs to the ready clip that its name begins with; {name_rule(sources)}"
    return _dataset(root.name, root, clips, "ready clips and segments", rule)


def read_metadata(table: Path, label: str = "label") -> Dataset:
    """A table with ``path`` and the label's column, and optionally ``fold``, ``source``, ``start``, ``end``."""
    rows = read_table(table, ("path", label), TABLE_COLUMNS)
    columns = rows[0].keys() if rows else ()
    others = [name for name in columns if name.strip() and name not in ("path", "fold", "start", "end")]
    paths = [relative_path(row["path"], row.where) for row in rows]  # one file is one path, however it is spelt
    by_name = {} if "source" in columns else sources_by_name(paths)
    clips = []
    for row, path in zip(rows, paths, strict=True):
        start, end = (number(row[key], key, row.where) if row.get(key, "").strip() else None
                      for key in ("start", "end"))
        if end is not None and end <= (start or 0):
            raise UserError(f"{row.where}: the clip ends at {end:g} s, which is not after its start at {start or 0:g} s")
        fold = _fold(row) if "fold" in columns else None
        source = _filled(row, "source") if "source" in columns else plain(by_name[path])
        extra = tuple(sys.intern(plain(row[name].strip())) for name in others)  # few values, in many rows
        clips.append(Clip(path, _filled(row, label), fold, source, start, end, extra=extra))
    joined = joined_by_file((clip.path, clip.source) for clip in clips)
    clips = [replace(clip, source=joined[clip.source]) for clip in clips]
    shared = "; those that share a file count as one" * any(source != one for source, one in joined.items())
    rule = f"source is a column of {table.name}{shared}" if "source" in columns else name_rule(by_name)
    dataset = _dataset(table.parent.name, table.parent, clips, "table", rule)
    return replace(dataset, columns=tuple(plain(name.strip()) for name in others))


def _fold(row: Row) -> int:
    try:
        return number(row["fold"], "fold", row.where, int)
    except UserError as error:
        raise UserError(f"{error}; number the folds from 1, or the parts of a data set as the protocol split goes by them: "
                        f"{PART_NUMBERS}") from None


def _filled(row: Row, column: str) -> str:
    """What a row has in a column that every clip needs: its class, its recording."""
    text = row[column].strip()
    if not text:
        raise UserError(f"{row.where}: the column {column!r} is empty; every clip needs its class and, where the table has a "
                        "column for it, the recording it was cut from")
    return plain(text)


def _dataset(name: str, root: Path, clips: list[Clip], layout: str, rule: str, licence: str = "") -> Dataset:
    return Dataset(plain(name), root, tuple(clips), tuple(sorted({clip.label for clip in clips})), layout, rule, licence)


READERS = {
    "ESC-50": (lambda root: (root / ESC50_TABLE).is_file(), read_esc50),
    "UrbanSound8K": (lambda root: (root / URBAN_TABLE).is_file(), read_urbansound8k),
    "ESC-10 archive": (lambda root: is_archive(class_folders(root)), read_archive),
    "ready clips and segments": (is_speech, read_speech),
    "class folders": (lambda root: bool(class_folders(root)), read_class_folders),
}
