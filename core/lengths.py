"""Whether the clips suit the clip length of a training, which hears the middle of a longer clip and fills a shorter one with
silence (:func:`core.audio.fit_length`)."""

import math
from collections.abc import Sequence

from core.audio import audio_info
from core.clips import Clip, Dataset
from core.config import field_named
from core.errors import UserError
from core.facts import ClipFacts
from core.wording import count

LOOKED_AT = 24  # clips whose headers are read before a training, spread over the data set
LONGER = 1.05  # times the clip length: what is cut off of less is not worth a word
FEW = 0.02  # of the clips: so few that are longer decide nothing


def seconds_of_some(dataset: Dataset, segments: bool) -> list[float]:
    """Seconds of at most :data:`LOOKED_AT` clips, from the headers of their files; with ``segments`` of these too. What cannot
    be read is left out."""
    clips = [clip for clip in dataset.clips if segments or not clip.segment]
    found = []
    for clip in clips[:: -(-len(clips) // LOOKED_AT) or 1]:
        try:
            end = audio_info(dataset.root / clip.path).seconds if clip.end is None else clip.end
        except UserError:
            continue
        found.append(end - (clip.start or 0.0))
    return found


def seconds_of_all(clips: Sequence[Clip], facts: Sequence[ClipFacts], segments: bool) -> list[float]:
    """Seconds of every clip that can be read, as decoded."""
    return [fact.seconds for clip, fact in zip(clips, facts, strict=True) if not fact.error and (segments or not clip.segment)]


def lengths_told(seconds: Sequence[float], length: float, of: str = "") -> list[str]:
    """Sentences without a full stop on what of clips of so many seconds is not heard at a clip ``length``, and on what is
    silence; none where they fit. ``of``: what to add where they are not all."""
    return [*filter(None, (_cut(seconds, length, of), _filled(seconds, length, of)))] if seconds else []


def _cut(seconds: Sequence[float], length: float, of: str) -> str:
    longer = sum(each > LONGER * length for each in seconds)
    if longer <= FEW * len(seconds):
        return ""
    verb, whose = ("is", "its") if longer == 1 else ("are", "their")
    whole, most = _whole(seconds), field_named("clip_seconds").metadata["high"]
    advice = (f"a clip length of {whole:g} s hears all of them" if whole <= most else
              "a metadata.csv with the columns start and end makes clips of their parts")
    return (f"{longer:,} of {count(len(seconds), 'clip')}{of} {verb} longer than {length:g} s: only {whose} middle "
            f"{length:g} s are heard; {advice}")


def _filled(seconds: Sequence[float], length: float, of: str) -> str:
    shorter = sum(each < length / 2 for each in seconds)
    if 2 * shorter <= len(seconds):
        return ""
    verb, whole = "is" if shorter == 1 else "are", max(_whole(seconds), field_named("clip_seconds").metadata["low"])
    advice = (f"a clip length of {whole:g} s holds all of them and costs less" if whole < length else
              "a shorter clip length costs less, and hears only the middle of the longest")
    return (f"{shorter:,} of {count(len(seconds), 'clip')}{of} {verb} shorter than half the clip length of {length:g} s, "
            f"and the rest is silence; {advice}")


def _whole(seconds: Sequence[float]) -> float:
    """The clip length that holds them all, in tenths of a second."""
    return math.ceil(10 * round(max(seconds), 2)) / 10
