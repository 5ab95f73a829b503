"""Earshot's own listener: a log-mel picture, convolutions over bands and time, then a transformer over time.

What a short sound is lies in patterns of a few bands and a few hundred milliseconds, which convolutions find from little
data; what a clip is lies in how they follow each other, which attention weighs. Each token is 80 ms of real clip time.
"""

import numpy as np
from torch import Tensor, nn

from core.mel import LogMel
from core.models.layers import ClassToken, SinusoidalPositionalEmbedding, TransformerEncoder
from core.models.stem import BandTimeMask
from core.models.tokens import Strides, TokenLayout, time_layout

BLOCKS = ((24, (2, 2)), (48, (2, 1)), (64, (1, 2)), (96, (2, 1)), (128, (2, 1)))  # channels, (band, time) stride


class Earshot(nn.Module):
    """``(batch, samples)`` → ``(batch, num_classes)``, any clip length."""

    N_MELS, FRAME_SECONDS, HOP_SECONDS = 64, 0.032, 0.02
    CENTRE_DB, SPREAD_DB = -50.0, 25.0  # dB of full scale; most of a recording lies within two spreads

    def __init__(self, num_classes: int, sample_rate: int = 32_000, embed_dim: int = 128, depth: int = 2, num_heads: int = 4,
                 dropout: float = 0.1):
        super().__init__()
        window = round(self.FRAME_SECONDS * sample_rate)
        self.sample_rate = sample_rate
        self.frontend = LogMel(sample_rate, n_fft=2 ** int(np.ceil(np.log2(window))), win_length=window,
                               hop_length=round(self.HOP_SECONDS * sample_rate), n_mels=self.N_MELS, f_min=30.0)
        self.norm = nn.BatchNorm1d(self.N_MELS)
        self.mask = BandTimeMask(band_share=0.2, time_share=0.2)
        convs, width, rows, along = [], 1, self.N_MELS, [(1, self.frontend.hop_length, 0)]
        for channels, stride in BLOCKS:
            convs += [nn.Conv2d(width, channels, 3, stride, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
            width, rows = channels, -(-rows // stride[0])
            along.append((3, stride[1], 1))
        self.convs = nn.Sequential(*convs)
        self.strides = Strides.of(along)
        self.bands = nn.Sequential(nn.Conv2d(width, embed_dim, (rows, 1), bias=False), nn.BatchNorm2d(embed_dim), nn.ReLU(),
                                   nn.Dropout(dropout))
        self.cls = ClassToken(embed_dim)
        self.positions = SinusoidalPositionalEmbedding(embed_dim)
        self.encoder = TransformerEncoder(embed_dim, depth, num_heads, ffn_dim=2 * embed_dim, dropout=dropout,
                                          ffn_dropout=dropout, qkv_bias=True)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward_features(self, waveform: Tensor) -> Tensor:
        """The tokens before the encoder: ``(batch, tokens, embed_dim)``, without the CLS token."""
        log_mel = (self.frontend(waveform) - self.CENTRE_DB) / self.SPREAD_DB
        picture = self.mask(self.norm(log_mel))[:, None]
        return self.bands(self.convs(picture))[:, :, 0].transpose(1, 2)

    def forward(self, waveform: Tensor) -> Tensor:
        tokens = self.positions(self.cls(self.forward_features(waveform)))
        return self.head(self.encoder(tokens)[:, 0])

    def token_layouts(self, num_samples: int) -> list[TokenLayout]:
        """One layout per encoder block for a clip of ``num_samples``."""
        tokens = -(-(num_samples // self.frontend.hop_length + 1) // (self.strides.hop // self.frontend.hop_length))
        layout = time_layout(tokens, self.strides, num_samples, self.sample_rate)
        return [layout] * len(self.encoder.blocks)
