"""What a person should know of a data set before it is used, from names and a few headers: cheap enough for every look."""

import os
from collections import Counter

from core.audio import AUDIO_EXTENSIONS, audio_info
from core.clips import Dataset, plain
from core.errors import UserError
from core.readers import class_folders, is_text
from core.splits import leaks
from core.wording import count

LOOKED_AT = 24  # files opened, spread over the data set
FOLDS = 5  # what most protocols need


def class_rows(dataset: Dataset) -> list[tuple[str, int, int]]:
    """``(class, clips, recordings)`` in the order of the classes."""
    clips = Counter(clip.label for clip in dataset.clips)
    recordings = Counter(label for label, _ in {(clip.label, clip.source) for clip in dataset.clips})
    return [(name, clips[name], recordings[name]) for name in dataset.class_names]


def oddities(dataset: Dataset) -> list[str]:
    """A sentence for everything that looks wrong: files that are missing or no sounds, small classes, leaks, leftovers.

    Names in them are text from outside.
    """
    return [*_files(dataset), *small_classes(dataset), *_leaks(dataset), *_left_out(dataset)]


def _files(dataset: Dataset) -> list[str]:
    paths = list(dict.fromkeys(clip.path for clip in dataset.clips))
    missing = [path for path in paths if not (dataset.root / path).is_file()]
    found = []
    if missing:
        found.append(f"{len(missing):,} of {count(len(paths), 'file')} that the table names "
                     f"{'is' if len(missing) == 1 else 'are'} not there (the first: {plain(missing[0])})")
    there = [path for path in paths if path not in set(missing)]
    looked_at = there[:: -(-len(there) // LOOKED_AT)] if there else []
    problems = [problem for path in looked_at if (problem := _problem(dataset, path))]
    if problems:
        of = "" if len(looked_at) < len(there) else "all "
        found.append(f"{len(problems)} of {of}{count(len(looked_at), 'file')} looked at cannot be read "
                     f"(the first: {problems[0]})")
    return found


def _problem(dataset: Dataset, path: str) -> str | None:
    try:
        if not audio_info(dataset.root / path).seconds:
            return f"{plain(path)} is empty: it holds no samples"
    except UserError as error:
        return str(error)
    return None


def small_classes(dataset: Dataset) -> list[str]:
    """A sentence where some classes are too small for what most protocols need."""
    rows = class_rows(dataset)
    single = [name for name, clips, _ in rows if clips == 1]
    if single:
        return [f"{_named('class', single)} only one clip; nothing is left to test when it is trained on"]
    few = [(name, recordings) for name, _, recordings in rows if recordings < FOLDS]
    if few and not dataset.folds:
        name, recordings = few[0]
        return [f"{_named('class', [name for name, _ in few])} fewer than {FOLDS} recordings ({name}: {recordings}), so "
                f"{FOLDS} folds cannot be drawn; add recordings, use fewer folds, or count recordings in another way"]
    return []


def _leaks(dataset: Dataset) -> list[str]:
    found = leaks(dataset)
    if not found:
        return []
    return [f"{count(len(found), 'recording')} stand{'s' * (len(found) == 1)} in more than one fold (the first: "
            f"{found[0]}); the protocol kfold keeps them together"]


def _left_out(dataset: Dataset) -> list[str]:
    """What lies in a folder of class folders and is in no class."""
    if dataset.layout != "class folders":
        return []
    used = set(class_folders(dataset.root))
    there = [child for child in sorted(dataset.root.iterdir()) if not child.name.startswith((".", "__MACOSX"))]
    folders = [child for child in there if child.is_dir()]
    loose = sum(child.name.lower().endswith(AUDIO_EXTENSIONS) for child in there if child not in folders)
    apart = [plain(folder.name) for folder in folders if folder not in used]
    nameless = [name for folder in used for name in os.listdir(folder) if not is_text(name)]
    found = []
    if loose:
        found.append(f"{count(loose, 'sound file')} beside the class folders {'is' if loose == 1 else 'are'} left out")
    if apart:
        found.append(f"{_named('folder', apart)} no sound file directly inside, and counts as no class")
    if nameless:
        found.append(f"{count(len(nameless), 'file')} whose name is not written in UTF-8 "
                     f"{'is' if len(nameless) == 1 else 'are'} left out; rename {'it' if len(nameless) == 1 else 'them'}")
    return found


def _named(noun: str, names: list[str]) -> str:
    """``class a has`` or ``4 classes (a, b, c, …) each have``."""
    if len(names) == 1:
        return f"{noun} {names[0]} has"
    more = ", …" if len(names) > 3 else ""
    return f"{count(len(names), noun)} ({', '.join(names[:3])}{more}) each have"
