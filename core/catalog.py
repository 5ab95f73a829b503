"""What a person reads about a model before choosing it. No torch here, so that pages open at once.

The numbers are for 10 classes and clips of 5 s at 16 kHz; a test measures the real models and compares.
"""

from dataclasses import dataclass

from core.errors import UserError


@dataclass(frozen=True)
class ModelCard:
    name: str
    family: str
    summary: str  # one sentence
    attends: str | None  # what its attention is over, or None where it has none
    parameters: int  # trainable
    macs: int  # multiply-adds per clip
    tokens: int | None
    source: str


_OURS = "Earshot"
_ASSIGNMENT = "ESC-10 assignment (1D-CNN and CNN + transformer with CLS token)"

CATALOG: dict[str, ModelCard] = {card.name: card for card in (
    ModelCard("cnn1d", "1-D CNN",
              "Four strided convolutions on the samples, averaged over time, a fully connected head. Quick to train.",
              None, 321_802, 71_664_896, None, _OURS),
    ModelCard("cnn1d_published", "1-D CNN",
              "The assignment's published baseline, unchanged: hears only the first second of a clip.",
              None, 2_591_050, 151_552_000, None, _ASSIGNMENT),
    ModelCard("cnn_transformer_h1", "CNN + transformer",
              "Three convolutions on the samples, then two encoder blocks with one attention head.",
              "125 moments of 40 ms", 472_202, 106_712_320, 125, _ASSIGNMENT),
    ModelCard("cnn_transformer_h2", "CNN + transformer",
              "Three convolutions on the samples, then two encoder blocks with two attention heads.",
              "125 moments of 40 ms", 472_202, 106_712_320, 125, _ASSIGNMENT),
    ModelCard("cnn_transformer_h4", "CNN + transformer",
              "Three convolutions on the samples, then two encoder blocks with four attention heads.",
              "125 moments of 40 ms", 472_202, 106_712_320, 125, _ASSIGNMENT),
)}


def check_model(name: str) -> None:
    """Raises :class:`UserError` for a name that is not registered, listing those that are."""
    if name not in CATALOG:
        raise UserError(f"there is no model called {name!r}; the models are {', '.join(CATALOG)}")
