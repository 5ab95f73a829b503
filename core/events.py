"""What was heard when: a long sound's windows put together into events with a beginning and an end. No torch.

The definition, in three steps:

1. *Each window speaks for the stretch that is nearer to its middle than to any other window's.* Windows overlap by half,
   so that is half a window; the first and the last speak for the rest to the sound's ends. No moment is told twice.
2. *An event begins* where a class reaches ``threshold``, and *goes on* while it stays above ``GOES_ON`` of it, so that
   a single unsure window in the middle does not cut a siren in two (hysteresis).
3. Its ``mean`` and ``peak`` are those of the class's probability over its windows.

Times are therefore exact to about a quarter of a window. Classes are looked at one by one; from 50 % on, no two classes
reach the threshold at the same moment.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import UserError
from core.predict import Prediction, Window

GOES_ON = 0.7  # share of the threshold
THRESHOLD = 0.5
COLUMNS = ("start", "end", "label", "mean", "peak")


@dataclass(frozen=True)
class Event:
    """One class, heard from ``start`` to ``end`` seconds; ``window`` is the index of the window that is surest of it."""

    start: float
    end: float
    label: str
    mean: float
    peak: float
    window: int


def find_events(prediction: Prediction, threshold: float = THRESHOLD) -> list[Event]:
    """All events of an answer in the order of their beginning. ``threshold`` is a probability between 0 and 1.

    Digital silence has none. A sound that as a whole is "none of these" may have some: a dog, then rain, then a rooster is
    surely none of them from end to end. Raises :class:`UserError` for a threshold that is no such probability.
    """
    if not 0 < threshold < 1:
        raise UserError(f"the threshold of an event is a probability between 0 and 1, found {threshold:g}")
    if prediction.silent:
        return []
    edges = window_edges(prediction.windows, prediction.seconds)
    probs = np.stack([window.probs for window in prediction.windows])
    events = []
    for number, label in enumerate(prediction.class_names):
        for first, last in _runs(probs[:, number], threshold):
            heard = probs[first:last, number]
            events.append(Event(float(edges[first]), float(edges[last]), label, float(heard.mean()), float(heard.max()),
                                first + int(heard.argmax())))
    return sorted(events, key=lambda event: (event.start, -event.peak))


def window_edges(windows: Sequence[Window], seconds: float) -> np.ndarray:
    """Where each window's own stretch begins and ends: ``(windows + 1,)`` seconds, from 0 to the sound's end."""
    middles = np.array([(window.start + window.end) / 2 for window in windows])
    return np.r_[0.0, (middles[1:] + middles[:-1]) / 2, seconds]


def events_csv(events: Sequence[Event]) -> str:
    """A table with a heading; seconds with two digits after the point, probabilities with four."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for event in events:
        writer.writerow([f"{event.start:.2f}", f"{event.end:.2f}", event.label, f"{event.mean:.4f}", f"{event.peak:.4f}"])
    return text.getvalue()


def _runs(probs: np.ndarray, threshold: float) -> list[tuple[int, int]]:
    """First and one past the last index of every stretch above ``GOES_ON * threshold`` that reaches ``threshold``."""
    above = np.r_[False, probs >= GOES_ON * threshold, False]
    edges = np.flatnonzero(above[1:] != above[:-1])
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)
            if probs[first:last].max() >= threshold]
