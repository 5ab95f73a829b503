"""Pre-trained listeners with a new head: AST (Gong et al. 2021, https://arxiv.org/abs/2104.01778) and wav2vec 2.0 (Baevski
et al. 2020, https://arxiv.org/abs/2006.11477), loaded by ``transformers`` from the Hugging Face hub, a folder, or started at
random. Waveforms go in as everywhere; features are computed as tensors on the device.

Attention runs through :func:`core.models.layers.attend`, registered with transformers, so it is recorded like any other.
"""

import json
import logging

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import UserError
from core.models.ast import MLPHead
from core.models.layers import BatchNorm, attend
from core.models.tokens import Strides, TokenLayout, time_layout
from core.pretrained import FRAME_LENGTH, FRAME_SHIFT, RANDOM, WAYS
from core.torchaudio_guard import import_torchaudio

IMPLEMENTATION = "earshot"
NEVER_USED = {"masked_spec_embed"}  # a weight for masking, which is switched off; some checkpoints come without it
AST_MEAN, AST_STD = -4.2677393, 4.5689974  # of AudioSet's log-mel, as the checkpoint was trained


class ASTFineTune(nn.Module):
    """AST with a new head. ``(batch, samples)`` at 16 kHz → ``(batch, num_classes)``.

    ``frames``: 1,024 as it was trained, or fewer, for which the middle of its time positions is kept.
    """

    def __init__(self, num_classes: int, source: str, frames: int = 512, tune: str = "full", last: int = 2,
                 saved: dict | None = None):
        super().__init__()
        transformers = import_transformers()
        self.backbone = _backbone(transformers.ASTModel, transformers.ASTConfig, source, saved, _shorten, frames)
        self.architecture = json.loads(self.backbone.config.to_json_string())
        self.head = MLPHead(self.backbone.config.hidden_size, num_classes)
        self.frozen = _freeze(self.backbone, self.backbone.layers, tune, last, always=(self.backbone.layernorm,))

    def frontend(self, waveform: Tensor) -> Tensor:
        """Kaldi's log-mel energies as ``ASTFeatureExtractor`` computes them: ``(batch, frames, bands)``.

        Raises :class:`UserError` for clips longer than the frames the model takes.
        """
        config = self.backbone.config
        fbank = import_torchaudio().compliance.kaldi.fbank
        features = torch.stack([fbank(clip[None], sample_frequency=16_000, window_type="hanning",
                                      num_mel_bins=config.num_mel_bins) for clip in waveform.float()])
        missing = config.max_length - features.shape[1]
        if missing < 0:
            raise UserError(f"this AST takes {config.max_length} frames ({config.max_length / 100:.1f} s), the clip has "
                            f"{features.shape[1]}; set frames=1024 or a shorter clip_seconds")
        return (nn.functional.pad(features, (0, 0, 0, missing)) - AST_MEAN) / (2 * AST_STD)

    def forward(self, waveform: Tensor) -> Tensor:
        features = nn.functional.pad(waveform, (0, max(0, FRAME_LENGTH - waveform.shape[1])))
        return self.head(self.backbone(self.frontend(features)).pooler_output)

    def train(self, mode: bool = True) -> "ASTFineTune":
        return _train_what_learns(self, super().train(mode), mode)

    def token_layouts(self, num_samples: int) -> list[TokenLayout]:
        """Patches of 16 bands × 16 frames, 10 apart; CLS and the distillation token come first."""
        config = self.backbone.config
        rows, columns = self.backbone.embeddings.get_shape(config)
        edges = np.arange(rows + 1) * config.frequency_stride + (config.patch_size - config.frequency_stride) / 2
        mel = np.linspace(_mel(20.0), _mel(8_000.0), config.num_mel_bins + 2)
        hertz = 700 * (np.exp(np.interp(edges, np.arange(len(mel)) - 0.5, mel) / 1127) - 1)
        middle = np.arange(columns + 1) * config.time_stride + (config.patch_size - config.time_stride) / 2
        second = np.minimum(middle * FRAME_SHIFT, num_samples) / 16_000
        second[0] = 0.0
        row, column = np.divmod(np.arange(rows * columns), columns)
        layout = TokenLayout(*(np.r_[np.nan, np.nan, v] for v in (second[column], second[column + 1], hertz[row],
                                                                  hertz[row + 1])), read=(0, 1))
        return [layout] * len(self.backbone.layers)


class Wav2Vec2FineTune(nn.Module):
    """wav2vec 2.0, its mean over time, and a new head. ``(batch, samples)`` at 16 kHz → ``(batch, num_classes)``.

    The waveform is brought to zero mean and unit variance first, which the published wrapper forgot.
    """

    def __init__(self, num_classes: int, source: str, tune: str = "full", last: int = 2, saved: dict | None = None):
        super().__init__()
        transformers = import_transformers()
        self.backbone = _backbone(transformers.Wav2Vec2Model, transformers.Wav2Vec2Config, source, saved)
        self.architecture = json.loads(self.backbone.config.to_json_string())
        layers, width = [], self.backbone.config.hidden_size
        for wide in (512, 128):
            layers += [nn.Linear(width, wide), BatchNorm(wide), nn.ReLU(), nn.Dropout(0.1)]
            width = wide
        self.head = nn.Sequential(*layers, nn.Linear(width, num_classes))
        self.frozen = _freeze(self.backbone, self.backbone.encoder.layers, tune, last)
        if hasattr(self.backbone, "masked_spec_embed"):  # stands for masked frames, where it was trained with some
            self.backbone.masked_spec_embed.requires_grad_(False)
        self.strides = Strides.of([(kernel, stride, 0) for kernel, stride in zip(
            self.backbone.config.conv_kernel, self.backbone.config.conv_stride, strict=True)])

    def frontend(self, waveform: Tensor) -> Tensor:
        """As the processor's normalisation: ``(batch, samples)``."""
        centred = waveform - waveform.mean(dim=1, keepdim=True)
        return centred / (centred.square().mean(dim=1, keepdim=True) + 1e-7).sqrt()

    def forward(self, waveform: Tensor) -> Tensor:
        missing = self.strides.receptive_field - waveform.shape[1]
        features = self.frontend(nn.functional.pad(waveform, (0, max(0, missing))))
        return self.head(self.backbone(features).last_hidden_state.mean(dim=1))

    def train(self, mode: bool = True) -> "Wav2Vec2FineTune":
        return _train_what_learns(self, super().train(mode), mode)

    def token_layouts(self, num_samples: int) -> list[TokenLayout]:
        """20 ms of the clip each; there is no CLS token."""
        heard = max(num_samples, self.strides.receptive_field)
        tokens = int(self.backbone._get_feat_extract_output_lengths(heard))
        layout = time_layout(tokens, self.strides, num_samples, 16_000, cls=False)
        return [layout] * len(self.backbone.encoder.layers)


def import_transformers():
    """The package, with our attention registered; :class:`UserError` where it is not installed."""
    import_torchaudio()  # first: beside a small torch, transformers would find it broken
    try:
        import transformers
    except ImportError as error:
        raise UserError(f"fine-tuning needs the package transformers ({error}); "
                        "`pip install -r requirements-finetune.txt` brings it") from None
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    transformers.logging.disable_progress_bar()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # without a network it would count its retries aloud
    transformers.AttentionInterface.register(IMPLEMENTATION, _attention)
    AttentionMaskInterface.register(IMPLEMENTATION, sdpa_mask)
    return transformers


def _attention(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
               scaling: float | None = None, dropout: float = 0.0, **_) -> tuple[Tensor, None]:
    """What transformers calls instead of its own attention; clips are never padded, so there is no mask."""
    return attend(module, query, key, value, scaling or query.shape[-1] ** -0.5, dropout).transpose(1, 2), None


def _backbone(model_class, config_class, source: str, saved: dict | None, adapt=lambda model, size: model, size=None):
    """The model from a checkpoint's own description (weights come later), at random, from a folder, or from the hub."""
    options = {"attn_implementation": IMPLEMENTATION}
    if saved is not None:
        model = model_class._from_config(config_class.from_dict(saved), **options)
    elif source == RANDOM:
        model = adapt(model_class._from_config(config_class(), **options), size)
    else:
        try:
            model, loaded = model_class.from_pretrained(source, output_loading_info=True, **options)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"the weights {source} could not be had ({reason}); {WAYS}") from None
        absent = sorted(name for name in loaded["missing_keys"] if name not in NEVER_USED)
        if absent:  # transformers would draw them at random and only print so
            raise UserError(f"the weights {source} lack {len(absent)} of those that the model has (the first: {absent[0]}); "
                            f"{WAYS}")
        model = adapt(model, size)
    for name in ("apply_spec_augment", "layerdrop"):  # their own dice, which a resumed training could not throw again
        if hasattr(model.config, name):
            setattr(model.config, name, False if name == "apply_spec_augment" else 0.0)
    for module in model.modules():
        if type(module).__name__.endswith("Attention"):
            module.softmax = nn.Softmax(dim=-1)
    return model


def _shorten(model, frames: int):
    """The AST for fewer frames than it was trained on: the middle of its time positions is kept."""
    config, embeddings = model.config, model.embeddings
    rows, columns = embeddings.get_shape(config)
    if frames >= config.max_length:
        return model
    config.max_length = frames
    _, kept = embeddings.get_shape(config)
    if kept < 1:
        raise UserError(f"{frames} frames hold no patch of {config.patch_size}; set frames=512")
    special, places = embeddings.position_embeddings.detach().split([2, rows * columns], dim=1)
    first = (columns - kept) // 2
    places = places.unflatten(1, (rows, columns))[:, :, first : first + kept].flatten(1, 2)
    embeddings.position_embeddings = nn.Parameter(torch.cat([special, places], dim=1))
    return model


def _freeze(backbone: nn.Module, layers: nn.ModuleList, tune: str, last: int, always: tuple = ()) -> bool:
    """``tune``: ``frozen`` (the head alone learns), ``last`` (and the last layers), ``full``. True where all is frozen."""
    if tune == "full":
        return False
    if tune == "last" and last > len(layers):
        raise UserError(f"last_layers expects at most the {len(layers)} layers that the model has, found {last}")
    backbone.requires_grad_(False)
    if tune == "last":
        for module in (*layers[-last:], *always):
            module.requires_grad_(True)
    return tune == "frozen"


def _train_what_learns(model, result, mode: bool):
    """A part that is not learned keeps answering as it does in use: no dropout in a frozen backbone."""
    if mode and model.frozen:
        model.backbone.eval()
    return result


def _mel(hertz: float) -> float:
    """Kaldi's mel scale."""
    return 1127 * float(np.log1p(hertz / 700))
