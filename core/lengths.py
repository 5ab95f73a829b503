"""Whether the clips suit the clip length of a training, which hears the middle of a longer clip and fills a shorter one with
silence (:func:`core.audio.fit_length`)."""

import math
from collections.abc import Sequence

from core.clips import Clip
from core.config import TrainConfig, field_named
from core.facts import ClipFacts
from core.wording import count

LONGER = 1.05  # times the clip length: what is cut off of less is not worth a word
FEW = 0.02  # of the clips: so few that are longer decide nothing


def lengths_told(clips: Sequence[Clip], facts: Sequence[ClipFacts], config: TrainConfig) -> list[str]:
    """Sentences without a full stop on what of these clips is not heard, and on what is silence; none where they fit."""
    seconds = [fact.seconds for clip, fact in zip(clips, facts, strict=True)
               if not fact.error and (config.dynamic or not clip.segment)]
    return [*filter(None, (_cut(seconds, config.clip_seconds), _filled(seconds, config.clip_seconds)))] if seconds else []


def _cut(seconds: list[float], length: float) -> str:
    longer = sum(each > LONGER * length for each in seconds)
    if longer <= FEW * len(seconds):
        return ""
    verb, whose = ("is", "its") if longer == 1 else ("are", "their")
    whole, most = _whole(seconds), field_named("clip_seconds").metadata["high"]
    advice = (f"a clip length of {whole:g} s hears all of them" if whole <= most else
              "a metadata.csv with the columns start and end makes clips of their parts")
    return (f"{longer:,} of {count(len(seconds), 'clip')} {verb} longer than {length:g} s: only {whose} middle {length:g} s "
            f"are heard; {advice}")


def _filled(seconds: list[float], length: float) -> str:
    shorter = sum(each < length / 2 for each in seconds)
    if 2 * shorter <= len(seconds):
        return ""
    verb, whole = "is" if shorter == 1 else "are", max(_whole(seconds), field_named("clip_seconds").metadata["low"])
    advice = (f"a clip length of {whole:g} s holds all of them and costs less" if whole < length else
              "a shorter clip length costs less, and hears only the middle of the longest")
    return (f"{shorter:,} of {count(len(seconds), 'clip')} {verb} shorter than half the clip length of {length:g} s, and the "
            f"rest is silence; {advice}")


def _whole(seconds: list[float]) -> float:
    """The clip length that holds them all, in tenths of a second."""
    return math.ceil(10 * round(max(seconds), 2)) / 10
