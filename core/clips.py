"""What a data set is: clips with a label, a source and perhaps a fold. No sound is opened here."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

JOINERS = "\u200c\u200d"  # invisible, and needed to write Persian or Hindi


def plain(text: str) -> str:
    """A name from outside as one may show it: what is invisible (control and direction marks, line ends) as ``�``."""
    return "".join(letter if letter.isprintable() or letter in JOINERS else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _seconds(time: float) -> str:
    """To the microsecond, however long the recording."""
    return f"{time:.6f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Clip:
    """One labelled sound: a file, or the part of it from ``start`` to ``end`` seconds.

    ``path`` is relative to the data set's root with ``/`` between folders. ``source`` names the original recording:
    clips that share it must never be on two sides of a split.
    """

    path: str
    label: str
    fold: int | None
    source: str
    start: float | None = None
    end: float | None = None
    segment: bool = False  # raw material that training clips are built from; never validated or tested on
    extra: tuple[str, ...] = field(default=(), compare=False, repr=False)  # what its table has in the data set's ``columns``

    @property
    def key(self) -> str:
        """What names the clip in saved tables: its path, and ``#t=start,end`` behind it for a part of a file."""
        if self.start is None and self.end is None:
            return self.path
        return f"{self.path}#t={_seconds(self.start or 0)}" + ("" if self.end is None else f",{_seconds(self.end)}")

    @property
    def name(self) -> str:
        """The file's name without its ending, fit to be shown, and the seconds of a part of it."""
        stem = plain(PurePosixPath(self.path).stem)
        if self.start is None and self.end is None:
            return stem
        start = _seconds(self.start or 0)
        return f"{stem} · from {start} s" if self.end is None else f"{stem} · {start}–{_seconds(self.end)} s"


@dataclass(frozen=True)
class Dataset:
    """Labelled clips under one folder; ``source_rule`` says in a sentence how sources were told apart."""

    name: str
    root: Path
    clips: tuple[Clip, ...]
    class_names: tuple[str, ...]
    layout: str
    source_rule: str
    licence: str = ""
    lost_folds: tuple[int, ...] = ()  # of its own: those of which no clip was kept
    columns: tuple[str, ...] = ()  # of its table, beside path, fold, start and end: any may tell recordings apart

    @cached_property
    def targets(self) -> np.ndarray:
        """Class index of every clip, int64 ``(clips,)``."""
        index = {name: position for position, name in enumerate(self.class_names)}
        return np.array([index[clip.label] for clip in self.clips], dtype=np.int64)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Source of every clip."""
        return tuple(clip.source for clip in self.clips)

    @cached_property
    def folds(self) -> tuple[int, ...]:
        """The data set's own fold numbers, sorted; empty when it has none."""
        return tuple(sorted({clip.fold for clip in self.clips if clip.fold is not None}))

    def path_of(self, clip: Clip) -> Path:
        return self.root / clip.path
