"""The registry: one name, one way to build the model. Every model maps waveforms to logits.

``model(waveform) -> logits``: waveform ``(batch, samples)`` float32, nominally in [-1, 1]; logits ``(batch, num_classes)``.
To add a model: write its file, add one line to :data:`MODELS` and one card to :data:`core.catalog.CATALOG`
(``python -m core models`` prints the measured numbers the card needs; a test compares them).
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from core.catalog import CATALOG, check_model
from core.config import FINE_TUNED, TrainConfig
from core.effects import level
from core.errors import UserError
from core.models.ast import AST, MLPHead, PatchEmbed
from core.models.cnn1d import CNN1D, CNN1DPublished
from core.models.cnn_transformer import CNNTransformer
from core.models.conv_transformer import (
    ConvTransformer,
    ConvTransformerClassifier,
    ConvTransformerCNN,
    ConvTransformerPublished,
)
from core.models.earshot import Earshot
from core.models.finetune import ASTFineTune, Wav2Vec2FineTune
from core.models.layers import (
    MultiHeadSelfAttention,
    SinusoidalPositionalEmbedding,
    TransformerEncoder,
    TransformerEncoderLayer,
    attention_layers,
)
from core.models.sanet import SANet
from core.pretrained import RANDOM, missing_requirement, source_of

__all__ = ["MODELS", "ConvTransformerClassifier", "MLPHead", "ModelInfo", "MultiHeadSelfAttention", "PatchEmbed",
           "SinusoidalPositionalEmbedding", "TransformerEncoder", "TransformerEncoderLayer", "Wanted", "count_parameters",
           "create_model", "list_models", "measure"]


@dataclass(frozen=True)
class Wanted:
    """What a model is built for. ``options``: the settings, of which a model reads those that concern it; ``saved``: what
    its checkpoint says of its architecture, where that does not follow from the settings."""

    num_classes: int
    num_samples: int
    sample_rate: int  # Hz
    options: TrainConfig
    saved: dict | None = None


MODELS: dict[str, Callable[[Wanted], nn.Module]] = {
    "cnn1d": lambda w: CNN1D(w.num_classes, w.sample_rate),
    "cnn1d_published": lambda w: CNN1DPublished(w.num_classes),
    "cnn_transformer_h1": lambda w: CNNTransformer(w.num_classes, 1, w.sample_rate),
    "cnn_transformer_h2": lambda w: CNNTransformer(w.num_classes, 2, w.sample_rate),
    "cnn_transformer_h4": lambda w: CNNTransformer(w.num_classes, 4, w.sample_rate),
    "earshot": lambda w: Earshot(w.num_classes, w.sample_rate),
    "conv_transformer": lambda w: ConvTransformer(w.num_classes, w.sample_rate, pooling=w.options.pooling),
    "conv_transformer_published": lambda w: ConvTransformerPublished(w.num_classes, w.sample_rate),
    "conv_transformer_cnn": lambda w: ConvTransformerCNN(w.num_classes, w.sample_rate),
    "sanet": lambda w: SANet(w.num_classes, w.sample_rate),
    "ast_small": lambda w: AST(w.num_classes, w.sample_rate, embed_dim=192, depth=4),
    "ast_published": lambda w: AST(w.num_classes, w.sample_rate),
    "ast_finetune": lambda w: ASTFineTune(w.num_classes, source_of(w.options), w.options.frames, w.options.tune,
                                          w.options.last_layers, w.saved),
    "wav2vec2_finetune": lambda w: Wav2Vec2FineTune(w.num_classes, source_of(w.options), w.options.tune,
                                                    w.options.last_layers, w.saved),
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


def create_model(name: str, num_classes: int, num_samples: int = 80_000, sample_rate: int = 16_000,
                 options: TrainConfig | None = None, saved: dict | None = None) -> nn.Module:
    """A freshly initialised model; ``options`` and ``saved`` as :class:`Wanted` says, defaults where none are given.

    Raises :class:`UserError` for an unknown name, listing the known ones, and for settings that do not fit the model.
    """
    check_model(name)
    wanted = Wanted(num_classes, num_samples, sample_rate, options or TrainConfig(model=name), saved)
    model = MODELS[name](wanted)
    if wanted.options.level:
        model.register_forward_pre_hook(partial(_level_in_use, wanted.options.level))
    return model


def _level_in_use(rms: float, model: nn.Module, waveforms: tuple) -> tuple | None:
    """Training brings clips to their level before it changes their gain; whoever asks the trained model gets it here."""
    return None if model.training else (level(waveforms[0], rms),)


def list_models(num_classes: int = 10, clip_seconds: float = 5.0, sample_rate: int = 16_000, *,
                on_progress: Callable[[int, int, str], None] = lambda done, total, name: None) -> list[ModelInfo]:
    """Every registered model, built and measured; ``on_progress(done, total, name)`` before each."""
    found = []
    for name in MODELS:
        on_progress(len(found), len(MODELS), name)
        found.append(measure(name, num_classes, clip_seconds, sample_rate))
    return found


def measure(name: str, num_classes: int, clip_seconds: float, sample_rate: int) -> ModelInfo:
    """Parameters, multiply-adds and tokens of one model, counted on the real thing. One whose weights are loaded from
    elsewhere is built at random; one that cannot be built here has the numbers of its card, and the reason."""
    if name not in CATALOG:
        raise UserError(f"the model {name} has no card in core/catalog.py: add one at its place, with 1 for the numbers that "
                        "this command will tell")
    num_samples, card = round(clip_seconds * sample_rate), CATALOG[name]
    if reason := missing_requirement(name):
        return ModelInfo(name, card.family, card.parameters, 0, card.macs, clip_seconds, sample_rate, card.tokens,
                         bool(card.attends), card.source, False, reason)
    with torch.device("meta" if name in FINE_TUNED else "cpu"):  # shapes tell their size; drawing their weights takes long
        model = create_model(name, num_classes, num_samples, sample_rate, TrainConfig(model=name, pretrained=RANDOM)).eval()
    trainable, frozen = count_parameters(model)
    attends = bool(attention_layers(model))
    tokens = int(np.isfinite(model.token_layouts(num_samples)[0].start).sum()) if attends else None
    return ModelInfo(name, card.family, trainable, frozen, count_macs(model, num_samples), clip_seconds, sample_rate,
                     tokens, attends, card.source, True, "")


def count_macs(model: nn.Module, num_samples: int) -> int:
    """Multiply-accumulates for one clip of ``num_samples``, front end included; the model must be in evaluation mode.

    Counted on a copy that has shapes but no numbers, so nothing is computed.
    """
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    shapes = copy.deepcopy(model).to("meta")
    # the counter does not see into fused attention: the plain one does the same arithmetic in the open
    unseen = {torch.ops.aten._fft_r2c: _rfft_operations}
    with (torch.no_grad(), sdpa_kernel(SDPBackend.MATH),
          FlopCounterMode(display=False, custom_mapping=unseen) as counter):
        shapes(torch.zeros(1, num_samples, device="meta"))
    return counter.get_total_flops() // 2


def _rfft_operations(shape: Sequence[int], dimensions: Sequence[int], *_, **__) -> int:
    """Operations of Fourier transforms of real numbers: 2.5 n log₂ n each, the count of the FFTW authors' benchmark
    (https://www.fftw.org/speed/method.html)."""
    length = math.prod(shape[dimension] for dimension in dimensions)
    return round(2.5 * math.prod(shape) * math.log2(length))


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """(trainable, frozen) numbers of weights."""
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return trainable, sum(p.numel() for p in model.parameters()) - trainable
