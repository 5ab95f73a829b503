"""Who trains, who chooses, who is tested: the four protocols, grouped by source, and the audit against leaks.

A split holds indices into ``dataset.clips``. Folds come from the data set where it has its own, otherwise they are
derived: stratified by class, grouped by source, the same for the same seed.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import numpy as np

from core.datasets import Dataset
from core.errors import UserError
from core.wording import count, listed

PROTOCOLS = {
    "assignment": "Fold 1 is kept for the test; four models train on folds 2 to 5, each leaving one of them out to "
                  "validate, and each is tested once on fold 1.",
    "published": "The data set's own folds: each is tested once by a model that trained on all the others; nothing is "
                 "chosen, so the number can be held against the literature.",
    "split": "One model: it trains on folds 2, 3 and 5, validates on fold 4, and is tested once on fold 1.",
    "kfold": "As many folds as you like, drawn from the seed and grouped by recording: each is tested once by a model "
             "that trained on all the others.",
}
WITHOUT_FIVE = {  # what is another thing where a data set has not the folds 1 to 5
    "assignment": "Five folds are drawn from the seed and grouped by recording. Fold 1 is kept for the test; four models train "
                  "on the others, each leaving one of them out to validate, and each is tested once on fold 1.",
    "split": "One model: it trains on about {train:.0f} % of the recordings, validates on {held:.0f} %, and is tested once on "
             "{held:.0f} %, drawn from the seed.",
}
OWN_FIVE = (1, 2, 3, 4, 5)
SPLIT_ORDER = (1, 4, 2, 3, 5)  # the fold tested, the one that validates, then those trained on
ATTEMPTS = 20


@dataclass(frozen=True)
class Split:
    """Clip indices of one model; ``model_fold`` is the fold it did not train on, which names its files."""

    model_fold: int
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    segments: tuple[int, ...] = ()  # of the training side, from which training clips may be built


def make_splits(dataset: Dataset, protocol: str, folds: int = 5, seed: int = 0) -> list[Split]:
    """The splits of a protocol, audited; segments are kept only on the training side.

    Raises :class:`UserError` where the data set cannot be split so.
    """
    fold_of = clip_folds(dataset, protocol, folds, seed)

    def clips_in(*numbers: int) -> tuple[int, ...]:
        return tuple(np.flatnonzero(np.isin(fold_of, numbers)).tolist())

    numbers = tuple(sorted(set(fold_of.tolist())))
    if protocol == "assignment":
        splits = [Split(k, clips_in(*{2, 3, 4, 5} - {k}), clips_in(k), clips_in(1)) for k in (2, 3, 4, 5)]
    elif protocol == "split":
        splits = [Split(4, clips_in(2, 3, 5), clips_in(4), clips_in(1))]
    else:
        splits = [Split(k, clips_in(*set(numbers) - {k}), (), clips_in(k)) for k in numbers]
    splits = [_segments_apart(dataset, split) for split in splits]
    audit(dataset, splits)
    return splits


def _segments_apart(dataset: Dataset, split: Split) -> Split:
    segment = {index for index, clip in enumerate(dataset.clips) if clip.segment}
    if not segment:
        return split
    train, validation, test = (tuple(i for i in side if i not in segment)
                               for side in (split.train, split.validation, split.test))
    return Split(split.model_fold, train, validation, test, tuple(i for i in split.train if i in segment))


def clip_folds(dataset: Dataset, protocol: str, folds: int = 5, seed: int = 0) -> np.ndarray:
    """The fold of every clip under a protocol, int64 ``(clips,)``: the data set's own, or one derived from the seed."""
    if protocol not in PROTOCOLS:
        raise UserError(f"there is no protocol called {protocol!r}; expected one of {', '.join(PROTOCOLS)}")
    if dataset.lost_folds and protocol != "kfold":
        needed = len(dataset.folds + dataset.lost_folds)
        raise UserError(f"of the clips that are kept none is left of fold {dataset.lost_folds[0]} of {dataset.name}, and the "
                        f"protocol “{protocol}” goes by the data set's own folds; take {needed} clips per class or more, "
                        "leave fewer classes out, or choose kfold")
    if protocol == "published":
        if len(dataset.folds) < 2:
            raise UserError(f"{dataset.name} has no folds of its own, so the protocol “published” has nothing to "
                            "repeat; choose kfold, assignment or split")
        return _own_folds(dataset)
    if protocol == "kfold":
        return _derived_folds(dataset, folds, seed)
    if goes_by_own_folds(protocol, dataset):
        return _own_folds(dataset)
    if protocol == "assignment":
        return _derived_folds(dataset, 5, seed)
    derived = _derived_folds(dataset, _parts_of_split(dataset), seed)
    return np.array(SPLIT_ORDER, dtype=np.int64)[derived - 1]


def goes_by_own_folds(protocol: str, dataset: Dataset) -> bool:
    """Whether the clips are parted by the data set's own folds: by some of the five only under ``split``, which can do without
    a validation fold (nothing is chosen by it) and with one fold to train on."""
    if protocol == "split":
        return 1 in dataset.folds and bool({2, 3, 5} & set(dataset.folds)) and set(dataset.folds) <= set(OWN_FIVE)
    return protocol == "published" or (protocol == "assignment" and dataset.folds == OWN_FIVE)


def _parts_of_split(dataset: Dataset) -> int:
    """How many folds are drawn for ``split``: five where the recordings of every class suffice, three at least."""
    return min(5, max(3, min(_sources_per_class(dataset).values())))


def explained(protocol: str, dataset: Dataset) -> str:
    """What a protocol does with this data set."""
    if protocol == "published" and len(dataset.folds) < 2:
        return f"{dataset.name} has no folds of its own to repeat."
    if protocol not in WITHOUT_FIVE or dataset.folds == OWN_FIVE:
        return PROTOCOLS[protocol]
    if goes_by_own_folds(protocol, dataset):
        trained = [str(fold) for fold in dataset.folds if fold in (2, 3, 5)]
        validates = "validates on fold 4, " if 4 in dataset.folds else ""
        nothing = "" if validates else f" Nothing validates, because {dataset.name} has no fold 4."
        return (f"One model: it trains on fold{'s' * (len(trained) > 1)} {listed(trained)}, {validates}and is tested once on "
                f"fold 1.{nothing}")
    held = 100 / _parts_of_split(dataset)
    return WITHOUT_FIVE[protocol].format(train=100 - 2 * held, held=held) + unused_folds(protocol, dataset)


def unused_folds(protocol: str, dataset: Dataset) -> str:
    """A sentence where the data set has folds of its own, and a protocol that could go by folds draws others."""
    if protocol not in WITHOUT_FIVE or len(dataset.folds) < 2 or goes_by_own_folds(protocol, dataset):
        return ""
    numbered = " Numbered from 1 to 5 they would be." if len(dataset.folds) == 5 else ""
    return f" {dataset.name}’s own {len(dataset.folds)} folds are not used by it.{numbered}"


def what_can_be_drawn(dataset: Dataset) -> str:
    """For a sentence on too few recordings: what can be drawn of these, with a comma behind it; empty where nothing can."""
    fewest = min(_sources_per_class(dataset).values())
    if fewest < 2:
        return ""
    split = "the protocol split or " * (fewest > 2 and not goes_by_own_folds("split", dataset) and not dataset.lost_folds)
    return f"choose {split}kfold with {fewest} folds, "


def leaks(dataset: Dataset) -> list[str]:
    """The sources that stand in more than one of the data set's own folds, sorted."""
    folds_of = defaultdict(set)
    for clip in dataset.clips:
        if clip.fold is not None:
            folds_of[clip.source].add(clip.fold)
    return sorted(source for source, numbers in folds_of.items() if len(numbers) > 1)


def audit(dataset: Dataset, splits: list[Split]) -> None:
    """Raise :class:`UserError` when a source stands on both sides of a split, or a class has nothing to train on."""
    names = dataset.class_names
    for split in splits:
        side_of: dict[str, str] = {}
        parts_of: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        sides = {"train": split.train + split.segments, "validation": split.validation, "test": split.test}
        for side, indices in sides.items():
            for clip in (dataset.clips[index] for index in indices):
                if (other := side_of.setdefault(clip.source, side)) != side:
                    raise _on_both_sides(f"source {clip.source!r}", other, side, split,
                                         f", take the protocol kfold, or tell recordings apart in another way "
                                         f"({dataset.source_rule})")
                parts_of[clip.path].append((clip.start or 0.0, float("inf") if clip.end is None else clip.end, side))
        for path, parts in parts_of.items():  # a table may list one sound under two sources
            if two := _overlapping(parts):
                raise _on_both_sides(f"clip {path!r}", *two, split)
        trained = {dataset.clips[index].label for index in split.train}
        for name in names:
            if name not in trained:
                clips, sources = _size_of(dataset, name)
                raise UserError(f"class {name} has {count(clips, 'clip')} from {count(sources, 'recording')}, and none is "
                                f"left to train on when fold {split.model_fold} is held out; add clips of other "
                                "recordings, or leave the class out")
        for side in ("train", "test"):
            if not getattr(split, side):
                raise UserError(f"the split for fold {split.model_fold} has no clips to {side}; use fewer folds")


def _overlapping(parts: list[tuple[float, float, str]]) -> tuple[str, str] | None:
    """Two sides that hear the same moment of a file, of its parts ``(start, end, side)``; None where no two do."""
    heard_until: dict[str, float] = {}
    for start, end, side in sorted(parts):
        for other, until in heard_until.items():
            if other != side and until > start:
                return other, side
        heard_until[side] = max(end, heard_until.get(side, 0.0))
    return None


def _on_both_sides(what: str, one: str, other: str, split: Split, or_else: str = "") -> UserError:
    return UserError(f"{what} stands on both sides: it is in {one} and in {other} of the split for fold {split.model_fold}; "
                     f"put all of it into one fold{or_else}")


def without(split: Split, bad: set[int], dataset: Dataset) -> Split:
    """The split less the clips that cannot be read. Raises :class:`UserError` where too little is left of it."""
    if not bad:
        return split
    parts = {part: tuple(i for i in getattr(split, part) if i not in bad)
             for part in ("train", "validation", "test", "segments")}
    trained = {dataset.clips[i].label for i in parts["train"]}
    lost = [f"to {'train on' if part == 'train' else part}" for part in ("train", "validation", "test")
            if getattr(split, part) and not parts[part]]
    lost += [f"of class {name} to train on" for name in dataset.class_names if name not in trained]
    if lost:
        raise UserError(f"no readable clip is left {lost[0]} in the split of fold {split.model_fold}; "
                        "`python -m core data check` lists the files that cannot be read")
    return replace(split, **parts)


def _own_folds(dataset: Dataset) -> np.ndarray:
    return np.array([clip.fold for clip in dataset.clips], dtype=np.int64)


def _derived_folds(dataset: Dataset, folds: int, seed: int) -> np.ndarray:
    """Folds 1 to ``folds``: no source in two of them, every class in each as far as its sources allow.

    They are drawn for the clips that may be tested; a segment lies where the ready clips of its source do.
    """
    if folds < 2:
        raise UserError(f"expected 2 folds or more, found {folds}")
    name, sources = min(_sources_per_class(dataset).items(), key=lambda item: item[1])
    if sources < folds:
        clips, _ = _size_of(dataset, name)
        raise UserError(f"class {name} has {count(clips, 'clip')} from {count(sources, 'recording')}, and {folds} folds need "
                        f"at least {folds} recordings in every class; {what_can_be_drawn(dataset)}add recordings, or tell them "
                        f"apart in another way ({dataset.source_rule})")
    from sklearn.model_selection import StratifiedGroupKFold

    ready = np.array([not clip.segment for clip in dataset.clips])
    targets, sources = dataset.targets[ready], np.array(dataset.sources)[ready]
    best, fewest_gaps = None, None
    for attempt in range(ATTEMPTS):
        drawn = np.zeros(len(targets), dtype=np.int64)
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=(seed + attempt * 7_919_017) % 2**32)
        for number, (_, members) in enumerate(splitter.split(targets, targets, sources), start=1):
            drawn[members] = number
        gaps = folds * len(dataset.class_names) - len(set(zip(drawn.tolist(), targets.tolist(), strict=True)))
        if fewest_gaps is None or gaps < fewest_gaps:
            best, fewest_gaps = drawn, gaps
        if not gaps:
            break
    fold_of = dict(zip(sources.tolist(), best.tolist(), strict=True))
    for clip in dataset.clips:  # sources of segments alone, in turn
        fold_of.setdefault(clip.source, len(fold_of) % folds + 1)
    return np.array([fold_of[clip.source] for clip in dataset.clips], dtype=np.int64)


def _sources_per_class(dataset: Dataset) -> dict[str, int]:
    """How many recordings of each class may be tested."""
    pairs = {(clip.label, clip.source) for clip in dataset.clips if not clip.segment}
    counts = Counter(label for label, _ in pairs)
    return {name: counts[name] for name in dataset.class_names}


def _size_of(dataset: Dataset, class_name: str) -> tuple[int, int]:
    """Clips of a class that may be tested, and their sources."""
    clips = [clip for clip in dataset.clips if clip.label == class_name and not clip.segment]
    return len(clips), len({clip.source for clip in clips})
