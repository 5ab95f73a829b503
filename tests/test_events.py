"""Events of a long sound, by their definition: begin at the threshold, go on above 70 % of it, speak for half a window."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from core.errors import UserError
from core.events import events_csv, find_events, window_edges
from core.predict import Prediction, Window


def answer(*dog: float, seconds: float | None = None) -> Prediction:
    """Windows of 4 s every 2 s; what is not dog is rain."""
    windows = tuple(Window(2.0 * i, 2.0 * i + 4, np.array([p, 1 - p])) for i, p in enumerate(dog))
    return Prediction("m", ("dog", "rain"), seconds or windows[-1].end, np.mean([w.probs for w in windows], axis=0),
                      windows, False)


def found(prediction: Prediction, threshold: float = 0.5) -> list[tuple]:
    return [(event.label, event.start, event.end, round(event.mean, 3), event.peak, event.window)
            for event in find_events(prediction, threshold)]


def test_each_window_speaks_for_its_own_stretch_and_the_ends_belong_to_the_outermost():
    assert list(window_edges(answer(0.1, 0.2, 0.3).windows, 8.0)) == [0, 3, 5, 8]
    assert list(window_edges(answer(0.1).windows, 1.5)) == [0, 1.5]


def test_an_event_begins_at_the_threshold_and_goes_on_above_its_share():
    sound = answer(0.1, 0.3, 0.9, 0.4, 0.6, 0.1, 0.45, 0.1)
    dogs = [event for event in found(sound, 0.6) if event[0] == "dog"]
    assert dogs == [("dog", 5.0, 7.0, 0.9, 0.9, 2), ("dog", 9.0, 11.0, 0.6, 0.6, 4)]  # 0.4 is below 0.42
    dogs = [event for event in found(sound) if event[0] == "dog"]
    assert dogs == [("dog", 5.0, 11.0, 0.633, 0.9, 2)]  # 0.4 is above 0.35; 0.45 never begins


def test_events_come_in_their_order_and_touch_without_overlap_from_half_on():
    events = find_events(answer(0.9, 0.9, 0.05, 0.05, 0.9))
    assert [(event.label, event.start, event.end) for event in events] == [("dog", 0, 5), ("rain", 5, 9), ("dog", 9, 12)]


def test_nothing_above_the_threshold_and_silence_are_no_events():
    assert find_events(answer(0.5, 0.5), 0.6) == []
    assert find_events(replace(answer(0.9), unknown=True, silent=True)) == []


def test_a_sound_that_is_none_of_the_classes_as_a_whole_has_the_events_of_its_parts():
    assert found(replace(answer(0.95, 0.95, 0.05, 0.05), unknown=True)) == found(answer(0.95, 0.95, 0.05, 0.05)) != []


@pytest.mark.parametrize("threshold", [0, 1, -0.1, 50, float("nan")])
def test_a_threshold_that_is_no_probability_is_refused(threshold):
    with pytest.raises(UserError, match="between 0 and 1"):
        find_events(answer(0.9), threshold)


def test_the_table_reads_back():
    rows = list(csv.DictReader(io.StringIO(events_csv(find_events(answer(0.9, 0.1))))))
    assert rows == [{"start": "0.00", "end": "3.00", "label": "dog", "mean": "0.9000", "peak": "0.9000"},
                    {"start": "3.00", "end": "6.00", "label": "rain", "mean": "0.9000", "peak": "0.9000"}]
