"""What a person should know of a data set before it is used, from names and a few headers: cheap enough for every look."""

from collections import Counter

from core.audio import audio_info
from core.clips import Dataset, plain
from core.errors import UserError
from core.overlooked import named, overlooked
from core.splits import leaks, what_can_be_drawn
from core.wording import count

LOOKED_AT = 24  # files opened, spread over the data set
FOLDS = 5  # what most protocols need


def class_rows(dataset: Dataset) -> list[tuple[str, int, int]]:
    """``(class, clips, recordings)`` in the order of the classes."""
    clips = Counter(clip.label for clip in dataset.clips)
    recordings = Counter(label for label, _ in {(clip.label, clip.source) for clip in dataset.clips})
    return [(name, clips[name], recordings[name]) for name in dataset.class_names]


def oddities(dataset: Dataset) -> list[str]:
    """A sentence for everything that looks wrong: files that are missing or no sounds, small classes, leaks, and what
    :mod:`core.overlooked` finds.

    Names in them are text from outside.
    """
    return [*_files(dataset), *small_classes(dataset), *_leaks(dataset), *overlooked(dataset)]


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
        return [f"{named('class', single)} only one clip; nothing is left to test when it is trained on"]
    few = [(name, recordings) for name, _, recordings in rows if recordings < FOLDS]
    if few and not dataset.folds:
        name, recordings = min(few, key=lambda row: row[1])
        return [f"{named('class', [name for name, _ in few])} fewer than {FOLDS} recordings ({name}: {recordings}), so "
                f"{FOLDS} folds cannot be drawn; {what_can_be_drawn(dataset)}add recordings, or count recordings in another "
                "way"]
    return []


def _leaks(dataset: Dataset) -> list[str]:
    found = leaks(dataset)
    if not found:
        return []
    return [f"{count(len(found), 'recording')} stand{'s' * (len(found) == 1)} in more than one fold (the first: "
            f"{found[0]}); the protocol kfold keeps them together"]
