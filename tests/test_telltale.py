"""A class that its files give away is told; what chance, or one recording, makes look so is not."""

from dataclasses import replace

import numpy as np
import pytest

from core.clips import Clip, Dataset
from core.facts import ClipFacts
from core.telltale import telltales

CLASSES = ("cat", "dog", "owl", "pig", "rat")
PLAIN = ClipFacts(sample_rate=16_000, channels=1, seconds=5.0)


def told(fact_of, end_of=lambda label: "wav", takes: int = 2, recordings: int = 12) -> list[str]:
    """What is told of ``recordings`` of every class, ``takes`` clips each; ``fact_of(label, number)`` are a clip's facts."""
    clips, facts = [], []
    for label in CLASSES:
        for number in range(takes * recordings):
            source = f"{label}{number // takes}"
            clips.append(Clip(f"{label}/{number}.{end_of(label)}", label, None, source))
            facts.append(fact_of(label, number))
    return telltales(Dataset("x", "/nowhere", tuple(clips), CLASSES, "table", ""), facts)


@pytest.mark.parametrize(("name", "change"), [
    ("sample rate", {"sample_rate": 8_000}), ("number of channels", {"channels": 2}), ("length", {"seconds": 3.21})])
def test_a_property_of_one_class_is_told_with_what_it_gives_away(name, change):
    (sentence,) = told(lambda label, number: replace(PLAIN, **change) if label == "dog" else PLAIN)
    assert sentence.startswith(f"the {name} of a file alone gives away the class of 40 % of the clips (")
    assert ": dog" in sentence and "always answering the commonest class is right on 20 %" in sentence


def test_formats_are_told_apart_by_whether_they_lose_something():
    (sentence,) = told(lambda label, number: PLAIN, lambda label: "mp3" if label in ("cat", "rat") else "wav")
    assert sentence.startswith("the format of a file alone") and "(lossless: mostly dog; mp3: mostly cat)" in sentence
    assert told(lambda label, number: PLAIN, lambda label: "FLAC" if label == "cat" else "wav") == []


def test_what_all_classes_share_or_chance_gives_is_not_told():
    random = np.random.default_rng(0)
    assert told(lambda label, number: PLAIN) == []
    assert told(lambda label, number: replace(PLAIN, sample_rate=(8_000, 16_000)[number % 2])) == []
    assert told(lambda label, number: replace(PLAIN, seconds=float(random.uniform(1, 9)))) == []
    assert told(lambda label, number: replace(PLAIN, sample_rate=(44_100, 48_000)[label == "dog"])) == []


def test_one_recording_with_a_length_of_its_own_gives_nothing_away():
    """Its clips are answered by those of other recordings, as in a test."""
    assert told(lambda label, number: replace(PLAIN, seconds=1.0 + CLASSES.index(label)), takes=24, recordings=1) == []
    assert told(lambda label, number: replace(PLAIN, seconds=1.0 + CLASSES.index(label) + number // 2 / 100)) != []


def test_what_cannot_be_read_and_a_single_class_say_nothing():
    assert told(lambda label, number: ClipFacts(error="broken", channels=CLASSES.index(label))) == []
    one = Dataset("x", "/nowhere", (Clip("a.wav", "a", None, "a"),), ("a",), "table", "")
    assert telltales(one, [PLAIN]) == []
