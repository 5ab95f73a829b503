"""A long sound over time, as arrays for a drawing: its outline, and how sure the model was of every class when."""

from collections.abc import Sequence

import numpy as np

from app.charts.palette import class_colours, ink
from app.charts.parts import codes, packed
from core.events import Event, window_edges
from core.predict import Prediction

ROWS = 12  # classes drawn at most: those that were ever the surest


def timeline_view(prediction: Prediction, outline: tuple[np.ndarray, np.ndarray, np.ndarray], events: Sequence[Event],
                  window: int, *, name: str, dark: bool = False) -> dict:
    """``outline``: times s, low, high; ``window``: index of the one in sight; ``name`` tells this view from every other.

    Rows are the classes in the data set's order; of more than :data:`ROWS`, those with the highest moments.
    """
    probs = np.stack([one.probs for one in prediction.windows])
    shown = sorted(np.argsort(-probs.max(axis=0), kind="stable")[:ROWS])
    labels = [prediction.class_names[number] for number in shown]
    colours, shade = class_colours(prediction.class_names, dark), ink(dark)
    times, low, high = outline
    place, drawn = prediction.windows[window], [event for event in events if event.label in labels]
    return {
        "id": name, "seconds": prediction.seconds, "window": [place.start, place.end],
        "ink": {"text": shade.text, "muted": shade.muted, "grid": shade.grid, "wave": shade.wave, "accent": shade.accent},
        "outline": {"times": packed(times), "low": packed(low), "high": packed(high),
                    "peak": float(max(np.abs(low).max(), np.abs(high).max()))},
        "edges": packed(window_edges(prediction.windows, prediction.seconds)),
        "codes": packed(codes(probs[:, shown].T, 0, 1), "u1"),
        "rows": [{"label": label, "colour": colours[label]} for label in labels],
        "events": [{"start": event.start, "end": event.end, "row": labels.index(event.label)} for event in drawn],
        "alt": f"Waveform of {prediction.seconds:.0f} s and the probability of {len(labels)} classes over it; "
               f"{len(drawn)} events are underlined, {len(events)} are listed below"}
