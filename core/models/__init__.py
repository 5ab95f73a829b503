"""The registry: one name, one way to build the model. Every model maps waveforms to logits.

``model(waveform) -> logits``: waveform ``(batch, samples)`` float32, nominally in [-1, 1]; logits ``(batch, num_classes)``.
To add a model: write its file, add one line to :data:`MODELS` and one card to :data:`core.catalog.CATALOG`
(``python -m core models`` prints the measured numbers the card needs; a test compares them).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from core.catalog import CATALOG, check_model
from core.models.cnn1d import CNN1D, CNN1DPublished
from core.models.cnn_transformer import CNNTransformer
from core.models.layers import attention_layers

# name -> (num_classes, num_samples, sample_rate) -> model
MODELS: dict[str, Callable[[int, int, int], nn.Module]] = {
    "cnn1d": lambda classes, samples, rate: CNN1D(classes, rate),
    "cnn1d_published": lambda classes, samples, rate: CNN1DPublished(classes),
    "cnn_transformer_h1": lambda classes, samples, rate: CNNTransformer(classes, 1, rate),
    "cnn_transformer_h2": lambda classes, samples, rate: CNNTransformer(classes, 2, rate),
    "cnn_transformer_h4": lambda classes, samples, rate: CNNTransformer(classes, 4, rate),
}


@dataclass(frozen=True)
class ModelInfo:
    """A registered model as built and measured here, for clips of ``clip_seconds``."""

    name: str
    family: str
    parameters_trainable: int
    parameters_frozen: int
    macs: int  # multiply-adds per clip, front end included
    clip_seconds: float
    sample_rate: int
    tokens: int | None  # of clip content; the CLS token is not counted
    attention: bool
    source: str
    available: bool
    reason: str


def create_model(name: str, num_classes: int, num_samples: int = 80_000, sample_rate: int = 16_000) -> nn.Module:
    """A freshly initialised model. Raises :class:`UserError` for an unknown name, listing the known ones."""
    check_model(name)
    return MODELS[name](num_classes, num_samples, sample_rate)


def list_models(num_classes: int = 10, clip_seconds: float = 5.0, sample_rate: int = 16_000) -> list[ModelInfo]:
    """Every registered model, built and measured."""
    return [measure(name, num_classes, clip_seconds, sample_rate) for name in MODELS]


def measure(name: str, num_classes: int, clip_seconds: float, sample_rate: int) -> ModelInfo:
    """Parameters, multiply-adds and tokens of one model, counted on the real thing."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    num_samples = round(clip_seconds * sample_rate)
    model = create_model(name, num_classes, num_samples, sample_rate).eval()
    # the counter does not see into the CPU's fused attention: the plain one does the same arithmetic in the open
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, num_samples))
    trainable, frozen = count_parameters(model)
    attends = bool(attention_layers(model))
    tokens = len(model.token_layouts(num_samples)[0].start) - 1 if attends else None
    card = CATALOG[name]
    return ModelInfo(name, card.family, trainable, frozen, counter.get_total_flops() // 2, clip_seconds, sample_rate,
                     tokens, attends, card.source, True, "")


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """(trainable, frozen) numbers of weights."""
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return trainable, sum(p.numel() for p in model.parameters()) - trainable
