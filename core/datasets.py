"""Find and open a data set by name or path. Reads names and tables only, so it is cheap to call on every page.

Names are looked up in :func:`core.config.data_dirs`, ignoring case and punctuation; ``demo`` is generated.
"""

import dataclasses
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from core.clips import Clip, Dataset, plain
from core.config import TrainConfig, data_dirs
from core.errors import UserError
from core.grouping import AUTO, regrouped
from core.readers import (
    ESC50_TABLE,
    READERS,
    TABLE,
    TABLE_COLUMNS,
    URBAN_TABLE,
    archive_name,
    class_folders,
    is_archive,
    may_hold_sound,
    normalised,
    read_archive,
    read_esc50,
    read_metadata,
)
from core.tables import column_names

__all__ = ["Clip", "Dataset", "available_datasets", "configured_dataset", "default_dataset",
           "folder_path", "is_table", "label_columns", "load_dataset"]

DEMO = "demo"
LAYOUTS = ("a folder per class, a metadata.csv with the columns path and label, or the layout of ESC-10, ESC-50 or "
           "UrbanSound8K")


def load_dataset(name_or_path: str | Path, *, label: str = "label", limit: int | None = None,
                 sources: str = AUTO) -> Dataset:
    """The data set of that name or in that folder; ``label`` chooses a table's column, ``limit`` clips per class,
    ``sources`` the rule by which recordings are told apart (:func:`core.grouping.regrouped`).

    Raises :class:`UserError` for an unknown name, a folder without classes, a single class or a faulty table.
    """
    try:
        dataset = _opened(str(name_or_path), label)
    except (OSError, RuntimeError) as error:  # a name too long, a folder we may not read, ~ of nobody
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{shortened(str(name_or_path))!r} could not be opened: {reason}") from None
    if not dataset.clips:
        raise UserError(f"{dataset.name} has no clips: expected {LAYOUTS}")
    if len(dataset.class_names) < 2:
        raise UserError(f"{dataset.name} has only one class, {dataset.class_names[0]!r}; two or more are needed")
    if len(set(keys := [clip.key for clip in dataset.clips])) < len(keys):
        twice, times = Counter(keys).most_common(1)[0]
        raise UserError(f"{dataset.name} lists {plain(twice)!r} {times} times; a clip counts once, so leave one of these rows")
    dataset = regrouped(dataset, sources)
    return dataset if limit is None else _limited(dataset, limit)


def configured_dataset(config: TrainConfig) -> Dataset:
    """The clips that a run's settings name. Raises :class:`UserError` as :func:`load_dataset` does, and for a class left
    out that is none, or too many of them."""
    dataset = load_dataset(config.dataset, label=config.label, limit=config.limit, sources=config.sources)
    return without_classes(dataset, [name.strip() for name in config.leave_out.split(",") if name.strip()])


def without_classes(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """The data set without the clips of these classes; :class:`UserError` where that is none of them or leaves one."""
    absent = [name for name in names if name not in dataset.class_names]
    if absent:
        raise UserError(f"{dataset.name} has no class {plain(absent[0])!r} to leave out; its classes are "
                        f"{', '.join(map(plain, dataset.class_names))}")
    kept = tuple(name for name in dataset.class_names if name not in names)
    if len(kept) < 2:
        raise UserError(f"leaving out {len(names)} of {len(dataset.class_names)} classes leaves fewer "
                        "than two to tell apart")
    if len(kept) == len(dataset.class_names):
        return dataset
    return _with_clips(dataset, (clip for clip in dataset.clips if clip.label in kept), class_names=kept)


def folder_path(text: str) -> str:
    """The path of a data set as a person types or pastes it (``~``, quotes, relative), whole.

    Raises :class:`UserError` where nothing is there, or it cannot be looked at.
    """
    typed = text.strip().strip("\"'")
    try:
        path = Path(typed).expanduser().resolve()
        if not typed or not path.exists():
            raise UserError(f"there is no folder {shortened(str(path) if typed else text)}; expected the path of a folder "
                            f"on this machine, such as {Path.home() / 'sounds'}")
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{shortened(typed)} could not be opened: {reason}") from None
    return str(path)


def is_table(name_or_path: str | Path) -> bool:
    """Whether the data set of that name or path is a table, in which ``label`` chooses the column with the class."""
    return _table_of(name_or_path) is not None


def label_columns(name_or_path: str | Path) -> tuple[str, ...]:
    """The columns of a table that may hold the class, ``label`` first; none where the data set is no table."""
    table = _table_of(name_or_path)
    if table is None:
        return ()
    names = [name for name in column_names(table, (*TABLE_COLUMNS, "label")) if name not in (*TABLE_COLUMNS, "")]
    return tuple(sorted(names, key=lambda name: name != "label"))


def _table_of(name_or_path: str | Path) -> Path | None:
    """The table that describes the data set of that name or path, where it is one that says so itself."""
    with suppress(OSError, RuntimeError):  # what cannot be looked at is no table
        found = _candidate(str(name_or_path))
        path = found[0] if found else Path(name_or_path).expanduser()
        for table in (path / TABLE, path):
            if table.suffix.lower() == ".csv" and table.is_file():
                return table
    return None


def available_datasets() -> list[str]:
    """Names that :func:`load_dataset` finds here, sorted, with the generated ``demo`` last."""
    names = {name for _, name in _candidates()}
    if "ESC-50" in names:
        names.add("ESC-10")
    return [*sorted(names - {DEMO}, key=str.lower), DEMO]


def default_dataset() -> str:
    """``ESC-10`` where it is found, else the demo sounds."""
    return "ESC-10" if "ESC-10" in available_datasets() else DEMO


def _opened(text: str, label: str) -> Dataset:
    if not text.strip():  # as a path it would be the folder one happens to be in
        raise UserError(f"a data set is expected, found nothing; found here: {', '.join(available_datasets())}; give one of "
                        "these or the path of a folder")
    wanted = normalised(text)
    path = Path(text).expanduser()
    if wanted == DEMO and _is_name(text):
        from core.demo import demo_folder

        return _named(DEMO, read_archive(demo_folder()))
    if found := _candidate(text):
        return _read(found[0], label, found[1])
    if _is_name(text):
        for folder, name in _candidates():
            if wanted == "esc10" and name == "ESC-50":
                return read_esc50(folder, esc10_only=True)
    if path.is_file() and path.suffix.lower() == ".csv":
        return read_metadata(path.resolve(), label)
    if path.is_file():
        raise UserError(f"{path} is a file; expected a folder that holds {LAYOUTS}")
    if not path.is_dir():
        fetched = "; `python -m core data fetch esc10` downloads it" if wanted == "esc10" else ""
        raise UserError(f"there is no data set called {shortened(text)!r}; found here: {', '.join(available_datasets())}; "
                        f"give one of these or the path of a folder{fetched}")
    return _read(path.resolve(), label)


def _read(folder: Path, label: str, name: str | None = None) -> Dataset:
    """The data set in a folder by the first layout that fits; ``name`` overrides a plain folder's own name."""
    try:
        if (folder / TABLE).is_file():
            return _named(name, read_metadata(folder / TABLE, label))
        for fits, read in READERS.values():
            if fits(folder):
                return _named(name, read(folder))
    except OSError as error:
        raise UserError(f"{folder} could not be read: {error.strerror}") from None
    raise UserError(f"{folder} holds no classes of sound files: expected {LAYOUTS}{_one_level_down(folder)}")


def _one_level_down(folder: Path) -> str:
    """The folders inside that are data sets, for somebody who chose the folder around them."""
    with suppress(OSError):  # a folder we may not look into tells nothing
        inside = [plain(child.name) for child in sorted(folder.iterdir())
                  if child.is_dir() and not child.name.startswith(".") and _recognised(child)]
        if len(inside) == 1:
            return f"; its folder {inside[0]} is a data set: choose that one"
        if inside:
            return f"; {len(inside)} of its folders are data sets ({', '.join(inside[:3])}): choose one of them"
    return ""


def shortened(text: str, most: int = 120) -> str:
    """A text from outside, short enough for a sentence."""
    return text if len(text) <= most else f"{text[:most]} …"


def _is_name(text: str) -> bool:
    return not set(text) & {"/", os.sep, "~"}


def _candidate(text: str) -> tuple[Path, str] | None:
    """Folder and name of the data set below the data folders that is called ``text``; None where none is."""
    wanted = normalised(text)
    if not wanted or not _is_name(text):
        return None
    return next((found for found in _candidates() if wanted in (normalised(found[1]), normalised(found[0].name))), None)


def _candidates() -> Iterator[tuple[Path, str]]:
    """Data sets below the data folders, or such a folder that is one itself, each with its name; first match wins."""
    for parent in dict.fromkeys(data_dirs()):
        try:
            children = sorted(child for child in parent.iterdir() if child.is_dir() and not child.name.startswith("."))
        except OSError:
            continue  # not there, or not for us to look into
        below = [(child, plain(name)) for child in children if (name := _recognised(child))]
        if own := _recognised(parent, itself=not below):
            yield parent, plain(own)
        yield from below


def _recognised(folder: Path, itself: bool = True) -> str | None:
    """The name under which a folder is known, None where it is no data set; ``itself`` allows plain class folders.

    Class folders are offered where two or more of them hold a file large enough for a sound; by its path any is opened.
    """
    try:
        if (folder / ESC50_TABLE).is_file():
            return "ESC-50"
        if (folder / URBAN_TABLE).is_file():
            return "UrbanSound8K"
        if (folder / TABLE).is_file():
            return folder.name
        if itself and (found := class_folders(folder)):
            if is_archive(found):
                return archive_name(folder, found)
            return folder.name if sum(map(may_hold_sound, found)) > 1 else None
    except OSError:
        return None  # a folder we may not look into is no data set of this person's
    return None


def _named(name: str | None, dataset: Dataset) -> Dataset:
    return dataset if name in (None, dataset.name) else dataclasses.replace(dataset, name=name)


def _limited(dataset: Dataset, limit: int) -> Dataset:
    """``limit`` clips of each class, taken in turn from its folds (or sources), so that few still span them all."""
    if limit < 1:
        raise UserError(f"expected 1 clip per class or more, found a limit of {limit}")
    turns: dict[tuple, int] = defaultdict(int)
    order = []
    for index, clip in enumerate(dataset.clips):
        group = clip.label, clip.source if clip.fold is None else clip.fold
        order.append((turns[group], index))
        turns[group] += 1
    kept, taken = [], Counter()
    for _, index in sorted(order):
        clip = dataset.clips[index]
        if taken[clip.label] < limit:
            taken[clip.label] += 1
            kept.append(index)
    return _with_clips(dataset, (dataset.clips[index] for index in sorted(kept)))


def _with_clips(dataset: Dataset, clips: Iterable[Clip], **others) -> Dataset:
    """The data set with some of its clips, which remembers the folds of which none is left."""
    kept = tuple(clips)
    lost = {*dataset.folds, *dataset.lost_folds} - {clip.fold for clip in kept}
    return dataclasses.replace(dataset, clips=kept, lost_folds=tuple(sorted(lost)), **others)
