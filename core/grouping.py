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

from core.clips import Dataset, plain
from core.errors import UserError

AUTO, FILE = "auto", "file"  # any other rule is a regular expression
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

    ``file``: every file is a recording. Else a regular expression that is searched in every file's name without its
    ending (``rec1-a``), or, where it has a ``/`` in it, in the path (``dog/rec1-a``): what its first group finds, or all
    of it without a group, names the recording; a file in which it finds nothing is one of its own. A segment stays with the
    ready clip it was cut from under every rule.
    Raises :class:`UserError` for what is no expression, finds nothing at all, or takes too long.
    """
    if rule == AUTO:
        return dataset
    paths = tuple(clip.path for clip in dataset.clips)
    if rule == FILE:
        sources, sentence = paths, "every file counts as a recording of its own, as was chosen"
    else:
        sources, sentence = _found_sources(rule, paths)
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
    """The source of every path: its name up to the last ``-``, ``_`` or digits where two files share that."""
    starts = {}
    for path in paths:
        stem = PurePosixPath(path).stem
        ends = list(SOURCE_END.finditer(stem))
        starts[path] = stem[: ends[-1].start()].rstrip("-_ ") if ends else ""
    shared = Counter(starts.values())
    return {path: start if start and shared[start] > 1 else path for path, start in starts.items()}


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
    return ("files whose names agree up to the last “-”, “_” or digits count as one recording"
            f"{rest}; where that is wrong, let each file count by itself: Home, Change, “Each file”, or --sources file")


def largest_recordings(dataset: Dataset, most: int = 3) -> str:
    """``"304 recordings; the largest: 1-100032 (6 clips), …"``. The names in it are text from outside."""
    counts = Counter(dataset.sources)
    number = f"{len(counts):,} recording{'s' * (len(counts) != 1)}"
    if len(counts) == len(dataset.clips):
        return f"{number}, one clip each"
    named = ", ".join(f"{source} ({count:,} clip{'s' * (count != 1)})" for source, count in counts.most_common(most))
    return f"{number}; the largest: {named}"


def _found_sources(pattern: str, paths: tuple[str, ...]) -> tuple[list[str], str]:
    """The source of every path by a regular expression, and the sentence that says so."""
    expected = f"recordings (sources) are told by {AUTO}, {FILE} or a regular expression whose group is the recording"
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
