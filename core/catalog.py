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
_CONV = "ConvTransformer (ESC-10 assignment)"
_SANET = "SqueezeAttendNet (SANet)"
_AST = "Audio Spectrogram Transformer (Gong et al. 2021)"
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
    ModelCard("earshot", "Earshot",
              "The most accurate here: convolutions over the bands and frames of a log-mel picture, then two encoder blocks.",
              "63 moments of 80 ms", 537_394, 133_958_976, 63, _OURS),
    ModelCard("conv_transformer", "ConvTransformer",
              "The same idea in real time: one channel, the whole clip, tokens of 20 ms.",
              "249 moments of 20 ms", 465_578, 187_531_520, 249, _OURS),
    ModelCard("conv_transformer_published", "ConvTransformer",
              "As published: nine one-second windows as channels, 1,997 tokens of half a millisecond. Slow.",
              "1,997 moments within a window", 452_522, 3_046_411_776, 1997, _CONV),
    ModelCard("conv_transformer_cnn", "ConvTransformer",
              "Its published baseline without attention: the same convolutions, two wide linear layers.",
              None, 16_402_346, 233_206_656, None, _CONV),
    ModelCard("sanet", "SANet",
              "Residual convolutions with squeeze and excitation, attention on downsampled frames twice, attentive pooling.",
              "625 moments of 8 ms, then 313 of 16 ms", 5_797_703, 8_591_284_736, 625, _SANET),
    ModelCard("ast_small", "Spectrogram transformer",
              "Patches of a log-mel spectrogram, four encoder layers: the AST made small enough for few clips.",
              "256 patches of 160 ms × 16 bands", 1_829_386, 608_100_864, 256, _AST),
    ModelCard("ast_published", "Spectrogram transformer",
              "The AST from scratch at its published size: far too large for 400 clips, and slow.",
              "256 patches of 160 ms × 16 bands", 42_722_314, 11_612_460_672, 256, _AST),
    ModelCard("ast_finetune", "Pre-trained",
              "An AST that has heard AudioSet, with a new head. Needs its weights and the package transformers.",
              "600 patches of 160 ms × 16 bands", 85_726_474, 57_947_716_608, 600, "MIT/ast-finetuned-audioset-10-10-0.4593"),
    ModelCard("wav2vec2_finetune", "Pre-trained",
              "A wav2vec 2.0 that has heard speech, with a new head. Needs its weights and the package transformers.",
              "249 moments of 20 ms", 94_832_906, 35_836_967_168, 249, "facebook/wav2vec2-base"),
)}


def check_model(name: str) -> None:
    """Raises :class:`UserError` for a name that is not registered, listing those that are."""
    if name not in CATALOG:
        raise UserError(f"there is no model called {name!r}; the models are {', '.join(CATALOG)}")
