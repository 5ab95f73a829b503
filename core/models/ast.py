"""Audio Spectrogram Transformer from scratch: Gong et al. 2021, https://arxiv.org/abs/2104.01778

A log-mel spectrogram is cut into patches of 16 bands × 16 frames, and every patch is a token. Two defects of the published
student version are mended: the end of the clip is padded to a whole patch instead of dropped, and the fixed sinusoids tell
band and time apart instead of counting along the flattened grid.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.mel import LogMel
from core.models.layers import ClassToken, SinusoidalPositionalEmbedding, TransformerEncoder
from core.models.stem import BandTimeMask
from core.models.tokens import TokenLayout


class PatchEmbed(nn.Module):
    """Squares of the picture as tokens: ``(batch, channels, H, W)`` → ``(batch, N, embed_dim)``, N = (H // P)(W // P).

    Row by row: token n is row n // (W // P), column n % (W // P).
    """

    def __init__(self, patch_size: int = 16, embed_dim: int = 768, in_channels: int = 1):
        super().__init__()
        self.patch_size = patch_size
        self.proj = nn.Conv2d(in_channels, embed_dim, patch_size, patch_size)

    def forward(self, picture: Tensor) -> Tensor:
        return self.proj(picture).flatten(2).transpose(1, 2)


class MLPHead(nn.Module):
    """Norm and one linear layer: ``(batch, embed_dim)`` → ``(batch, num_classes)``."""

    def __init__(self, embed_dim: int = 768, num_classes: int = 10):
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim)
        self.linear = nn.Linear(embed_dim, num_classes)

    def forward(self, token: Tensor) -> Tensor:
        return self.linear(self.norm(token))


class AST(nn.Module):
    """``(batch, samples)`` → ``(batch, num_classes)``, any clip length.

    128 mel bands, 25 ms windows every 10 ms; at 16 kHz a clip of 5 s has 8 × 32 patches of 160 ms.
    """

    N_MELS, CENTRE_DB, SPREAD_DB = 128, -50.0, 25.0  # dB of full scale; most of a recording lies within two spreads

    def __init__(self, num_classes: int, sample_rate: int = 16_000, embed_dim: int = 768, depth: int = 6,
                 num_heads: int = 6, patch_size: int = 16, dropout: float = 0.1):
        super().__init__()
        window = round(0.025 * sample_rate)
        self.frontend = LogMel(sample_rate, n_fft=2 ** int(np.ceil(np.log2(2 * window))), win_length=window,
                               hop_length=round(0.010 * sample_rate), n_mels=self.N_MELS)
        self.mask = BandTimeMask(band_share=0.2, time_share=0.2)
        self.patches = PatchEmbed(patch_size, embed_dim)
        self.cls = ClassToken(embed_dim)
        self.positions = SinusoidalPositionalEmbedding(embed_dim // 2)
        self.encoder = TransformerEncoder(embed_dim, depth, num_heads, dropout=dropout)
        self.head = MLPHead(embed_dim, num_classes)

    def forward_features(self, waveform: Tensor) -> Tensor:
        """The tokens before the encoder: ``(batch, tokens, embed_dim)``, without the CLS token."""
        log_mel = self.mask((self.frontend(waveform) - self.CENTRE_DB) / self.SPREAD_DB)
        rows, columns = self.grid(log_mel.shape[2])
        silence = (-100.0 - self.CENTRE_DB) / self.SPREAD_DB
        log_mel = F.pad(log_mel, (0, columns * self.patches.patch_size - log_mel.shape[2]), value=silence)
        return self.patches(log_mel[:, None]) + self._places(rows, columns)

    def forward(self, waveform: Tensor) -> Tensor:
        return self.head(self.encoder(self.cls(self.forward_features(waveform)))[:, 0])

    def grid(self, frames: int) -> tuple[int, int]:
        """Rows (of bands) and columns (of frames) of patches; the last column may be partly padding."""
        return self.N_MELS // self.patches.patch_size, -(-frames // self.patches.patch_size)

    def _places(self, rows: int, columns: int) -> Tensor:
        """Half of the dimensions say which row, half which column: ``(rows * columns, embed_dim)``."""
        row, column = self.positions.positions(rows), self.positions.positions(columns)
        return torch.cat([row.repeat_interleave(columns, 0), column.repeat(rows, 1)], dim=1)

    def token_layouts(self, num_samples: int) -> list[TokenLayout]:
        """One layout per encoder layer: seconds of the clip and Hz of every patch, CLS first."""
        mel, size = self.frontend, self.patches.patch_size
        rows, columns = self.grid(num_samples // mel.hop_length + 1)
        second = (np.arange(columns + 1) * size - 0.5) * mel.hop_length / mel.sample_rate  # frames are centred
        second = np.clip(second, 0, num_samples / mel.sample_rate)
        band = np.interp(np.arange(rows + 1) * size - 0.5, np.arange(mel.n_mels), mel.frequencies())
        band[0], band[-1] = mel.f_min, mel.f_max
        row, column = np.divmod(np.arange(rows * columns), columns)
        layout = TokenLayout(*(np.r_[np.nan, values] for values in (second[column], second[column + 1], band[row],
                                                                    band[row + 1])))
        return [layout] * len(self.encoder.blocks)
