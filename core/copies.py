"""Test clips whose very sound a model was trained on under another name. The audit of a split knows names and recordings
only; the sounds are known when the clips have been decoded, and then the run says so."""

from collections.abc import Sequence

from core.facts import ClipFacts
from core.splits import Split
from core.wording import count

SILENCE = float("-inf")  # dB of a clip that is all zeros: equal to every other such clip, and a copy of none


def copies_heard(splits: Sequence[Split], facts: Sequence[ClipFacts], dynamic: bool) -> dict[str, int]:
    """For a run's summary, how many clips of its test and its validation parts decode to the same samples as a clip that a
    model which answers for them trains on, each counted once. ``dynamic``: whether clips are built from segments."""
    sounds = [fact.sound if fact.peak_db > SILENCE else "" for fact in facts]
    found: dict[str, set[int]] = {"test": set(), "validation": set()}
    for split in splits:
        trained = {sounds[index] for index in split.train + split.segments * dynamic} - {""}
        for part, copies in found.items():
            copies.update(index for index in getattr(split, part) if sounds[index] in trained)
    return {f"{part}_copies": len(copies) for part, copies in found.items()}


def copies_told(metrics: dict, clips: int) -> str:
    """What a run's summary knows of copies among its ``clips`` test clips; empty where there are none, or the run was made
    before they were counted."""
    tested, validated = metrics.get("test_copies") or 0, metrics.get("validation_copies") or 0
    parts = [f"{tested:,} of {count(clips, 'test clip')}"] * bool(tested)
    parts += [count(validated, "validation clip")] * bool(validated)
    if not parts:
        return ""
    verb = "sounds" if tested + validated == 1 else "sound"
    return (f"{' and '.join(parts)} {verb} exactly like a clip that the model was trained on, so these numbers do not tell how "
            "well it hears new sounds. Remove the copies (python -m core data check lists them), or give all clips of one "
            "sound the same source in a metadata.csv, and train again.")
