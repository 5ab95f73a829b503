"""Which clips were cut from one recording: the rule read off file names, and the rules a person may put in its place."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath
from posixpath import splitext

from core.clips import Dataset, plain
from core.errors import UserError
from core.wording import several

AUTO, FILE = "auto", "file"  # any other rule is the name of a column of the table, else a regular expression
SOURCE_END = re.compile(r"[-_]|\d+")
NAME_END = re.compile(r"[-_. ]")  # what stands between a ready clip's name and the rest of its segment's
LONGEST_PATTERN = 300
PATTERN_SECONDS = 5.0  # some expressions take years on a long name
FINDER = """
import json, re, sys
pattern, names = json.load(sys.stdin)
found = map(re.compile(pattern).search, names)
json.dump([one and one[min(1, one.re.groups)] for one in found], sys.stdout)
"""


def regrouped(dataset: Dataset, rule: str) -> Dataset:
    """The data set with its recordings told apart by another rule; with ``auto`` it stays as it was read.

    ``file``: every file is a recording. The name of a column of the table: clips with one value in it are. Else a regular
    expression that is searched in every file's name without its ending (``rec1-a``), or, where it has a ``/`` in it, in the
    path (``dog/rec1-a``): what its first group finds, or all of it without a group, names the recording; a file in which it
    finds nothing is one of its own. A segment stays with the ready clip it was cut from under every rule.
    Raises :class:`UserError` for what is no expression, finds nothing at all, or takes too long.
    """
    if rule == AUTO:
        return dataset
    if rule != FILE and rule in dataset.columns:
        return _by_column(dataset, rule)
    paths = tuple(clip.path for clip in dataset.clips)
    if rule == FILE:
        sources, sentence = paths, "every file counts as a recording of its own, as was chosen"
    else:
        sources, sentence = _found_sources(rule, paths, dataset.columns)
    source_of = dict(zip(paths, sources, strict=True))
    cut = cut_from((clip.path, clip.label, clip.segment) for clip in dataset.clips)
    clips = tuple(replace(clip, source=plain(source_of[cut.get(clip.path, clip.path)])) for clip in dataset.clips)
    return replace(dataset, clips=clips, source_rule=sentence)


def cut_from(files: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """The path of the ready clip that a segment was cut from, by the segment's path, of ``(path, class, is a segment)``: of
    those of its class with whose name its own begins, the one with the longest. Segments without one are left out."""
    files = list(files)
    ready = {(PurePosixPath(path).stem, label): path for path, label, segment in files if not segment}
    found = {}
    for path, label, segment in files:
        stem = PurePosixPath(path).stem
        begins = [stem, *(stem[: end.start()] for end in reversed(list(NAME_END.finditer(stem))))] if segment else []
        if whole := next((ready[name, label] for name in begins if (name, label) in ready), None):
            found[path] = whole
    return found


def sources_by_name(paths: list[str]) -> dict[str, str]:
    """The source of every path: its name up to the last ``-``, ``_`` or digits where two files share that.

    A first take often has no number: a file with just that name belongs to them (``hall``, ``hall (2)``), and one name in two
    formats in a folder is one recording. What a file shares with two groups makes them one.
    """
    bare = {path: splitext(path)[0] for path in paths}
    stems = {path: name.rpartition("/")[2] for path, name in bare.items()}
    starts = {path: _start(stem) for path, stem in stems.items()}
    whole, begun, formats = set(stems.values()), Counter(starts.values()), Counter(bare.values())
    groups = []
    for path, start in starts.items():
        groups += [(path, start)] if start and (begun[start] > 1 or start in whole) else []
        groups += [(path, stems[path])] if begun[stems[path]] else []
        groups += [(path, bare[path])] if formats[bare[path]] > 1 else []
    counts_as, group_of = joined_by_file(groups), dict(groups)
    return {path: counts_as[group_of[path]] if path in group_of else path for path in starts}


def _start(stem: str) -> str:
    """A file's name up to the last ``-``, ``_`` or digits; empty where it has none."""
    ends = list(SOURCE_END.finditer(stem))
    return stem[: ends[-1].start()].rstrip("-_ (") if ends else ""


def joined_by_file(clips: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What each source counts as, of clips ``(path, source)``: itself, or the first of those whose parts were cut from the
    same files. One recording is heard in both, and a model that trained on a part of it would be tested on another."""
    counts_as: dict[str, str] = {}
    first_of: dict[str, str] = {}

    def joined(source: str) -> str:
        while (other := counts_as.setdefault(source, source)) != source:
            source = other
        return source

    for path, source in clips:
        one, other = joined(first_of.setdefault(path, source)), joined(source)
        counts_as[other] = one
    return {source: joined(source) for source in counts_as}


def name_rule(sources: dict[str, str]) -> str:
    """What :func:`sources_by_name` did, in a sentence."""
    grouped = sum(path != source for path, source in sources.items())
    if not grouped:
        return "every file counts as a recording of its own, because no two names begin alike"
    rest = "" if grouped == len(sources) else ", any other file is a recording of its own"
    return ("files whose names agree up to the last “-”, “_” or digits, or end there, count as one recording, as do two "
            f"formats of one name{rest}; where that is wrong, let each file count by itself: Home, Change, “Each file”, or "
            "--sources file")


def grouping_columns(dataset: Dataset) -> dict[str, int]:
    """The columns of the table that would join clips of several recordings into one, with the number of their values. One that
    says no more than the class does is none of them: nothing would be left to train on."""
    found = {}
    for place, column in enumerate(dataset.columns):
        told = {(clip.extra[place], clip.label, clip.source) for clip in dataset.clips if clip.extra[place]}
        values, labels = {value for value, _, _ in told}, {label for _, label, _ in told}
        joins = len({(value, source) for value, _, source in told}) > len(values)
        is_class = len({(value, label) for value, label, _ in told}) == len(values) == len(labels)
        if joins and len(values) > 1 and not is_class:
            found[column] = len(values)
    return found


def largest_recordings(dataset: Dataset, most: int = 3) -> str:
    """``"304 recordings; the largest: 1-100032 (6 clips), …"``. The names in it are text from outside."""
    counts = Counter(dataset.sources)
    number = f"{len(counts):,} recording{'s' * (len(counts) != 1)}"
    if len(counts) == len(dataset.clips):
        return f"{number}, one clip each"
    named = ", ".join(f"{source} ({count:,} clip{'s' * (count != 1)})" for source, count in counts.most_common(most))
    return f"{number}; the largest: {named}"


def _by_column(dataset: Dataset, column: str) -> Dataset:
    """Clips with one value in a column are one recording; those that share a file are in any case."""
    place = dataset.columns.index(column)
    empty = sum(not clip.extra[place] for clip in dataset.clips)
    if empty == len(dataset.clips):
        raise UserError(f"the column {column!r} is empty in every row; recordings (sources) need a column that is filled in, "
                        f"{AUTO} or {FILE}")
    sources = [clip.extra[place] or plain(clip.path) for clip in dataset.clips]
    joined = joined_by_file((clip.path, source) for clip, source in zip(dataset.clips, sources, strict=True))
    clips = tuple(replace(clip, source=joined[source]) for clip, source in zip(dataset.clips, sources, strict=True))
    rest = f"; where it is empty ({empty:,} of {len(clips):,}), every file is a recording of its own" if empty else ""
    shared = "; those that share a file count as one" * any(source != one for source, one in joined.items())
    sentence = f"clips with one value in the column {column} of the table count as one recording, as was chosen{rest}{shared}"
    return replace(dataset, clips=clips, source_rule=sentence)


def _found_sources(pattern: str, paths: tuple[str, ...], columns: tuple[str, ...] = ()) -> tuple[list[str], str]:
    """The source of every path by a regular expression, and the sentence that says so."""
    by_column = f", a column of the table ({several(columns)})" if columns else ""
    expected = (f"recordings (sources) are told by {AUTO}, {FILE}{by_column} or a regular expression whose group is the "
                "recording")
    if not pattern or len(pattern) > LONGEST_PATTERN:
        raise UserError(f"{expected}, of 1 to {LONGEST_PATTERN} characters; found {len(pattern)}")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UserError(f"{pattern!r} is no regular expression ({error}); {expected}") from None
    searched = [PurePosixPath(path).with_suffix("") for path in paths]
    names = tuple(str(path) if "/" in pattern else path.name for path in searched)
    found = _search(pattern, names)
    left = sum(not source for source in found)
    if left == len(paths):
        where = "path" if "/" in pattern else "file's name"
        raise UserError(f"{pattern!r} finds nothing in any {where} (such as {names[0]!r}); {expected}")
    rest = f"; where it finds nothing ({left:,} of {len(paths):,}), every file is a recording of its own" if left else ""
    sentence = f"files in which the expression {pattern} finds the same text count as one recording, as was chosen{rest}"
    return [source or path for source, path in zip(found, paths, strict=True)], sentence


@lru_cache(maxsize=16)
def _search(pattern: str, names: tuple[str, ...]) -> tuple[str | None, ...]:
    """What the expression finds in every name: asked of a process of its own, because only that can be stopped."""
    try:
        answer = subprocess.run([sys.executable, "-I", "-S", "-c", FINDER], input=json.dumps([pattern, names]), text=True,
                                capture_output=True, timeout=PATTERN_SECONDS, check=True)
    except subprocess.TimeoutExpired:
        raise UserError(f"the expression {pattern!r} takes more than {PATTERN_SECONDS:.0f} s on these names; write it "
                        "without a repetition inside a repetition") from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"the expression {pattern!r} could not be tried: {error}") from None
    return tuple(json.loads(answer.stdout))
