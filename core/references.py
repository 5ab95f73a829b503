"""Two published systems written plainly from their tables, only to be raced against: speed beside a known yardstick.

They stand here as anyone would first write them (no thought for speed, no attention to inspect).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class NaiveConvTransformer(nn.Module):
    """The published ConvTransformer: nine one-second windows as channels, 1,998 tokens of width 128, two post-norm blocks."""

    def __init__(self, num_classes: int = 10, embed_dim: int = 128, num_heads: int = 4, dropout: float = 0.1):
        super().__init__()
        layers, width = [], 9
        for channels, kernel in ((32, 8), (64, 5), (128, 3)):
            layers += [nn.Conv1d(width, channels, kernel), nn.BatchNorm1d(channels), nn.LeakyReLU(0.1), nn.AvgPool1d(2)]
            width = channels
        self.convs = nn.Sequential(*layers)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.blocks = nn.ModuleList(_PostNormBlock(embed_dim, num_heads, dropout) for _ in range(2))
        self.head = nn.Sequential(nn.Linear(embed_dim, 128), nn.BatchNorm1d(128), nn.LeakyReLU(0.1),
                                  nn.Dropout(dropout), nn.Linear(128, num_classes))

    def forward(self, waveform: Tensor) -> Tensor:
        windows = waveform.unfold(1, 16_000, 8_000)  # (batch, 9, 16000)
        tokens = self.convs(windows).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = tokens + _sinusoids(tokens.shape[1], tokens.shape[2])
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(tokens.mean(dim=1))


class _PostNormBlock(nn.Module):
    def __init__(self, embed_dim: int, num_heads: int, dropout: float):
        super().__init__()
        self.attention = _NaiveAttention(embed_dim, embed_dim, num_heads)
        self.norm1, self.norm2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.ffn = nn.Sequential(nn.Linear(embed_dim, 4 * embed_dim), nn.LeakyReLU(0.1),
                                 nn.Linear(4 * embed_dim, embed_dim))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = self.norm1(tokens + self.dropout(self.attention(tokens)))
        return self.norm2(tokens + self.dropout(self.ffn(tokens)))


class _NaiveAttention(nn.Module):
    def __init__(self, embed_dim: int, width: int, num_heads: int):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(embed_dim, width) for _ in range(3))
        self.out = nn.Linear(width, embed_dim)
        self.num_heads = num_heads

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, _ = tokens.shape
        q, k, v = (layer(tokens).view(batch, count, self.num_heads, -1).transpose(1, 2)
                   for layer in (self.query, self.key, self.value))
        attn_weights = torch.softmax(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5, dim=-1)
        return self.out((attn_weights @ v).transpose(1, 2).reshape(batch, count, -1))


def _sinusoids(count: int, width: int) -> Tensor:
    angle = torch.arange(count)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class NaiveSANet(nn.Module):
    """SANet (SqueezeAttendNet) as published: it hears exactly 64,000 samples (4 s)."""

    num_samples = 64_000

    def __init__(self, num_classes: int = 10):
        super().__init__()
        self.stages = nn.Sequential(
            _ResBlock(1, 32, 64, 4), _ResBlock(32, 64, 32, 2), _ResBlock(64, 128, 6, 2), _ResBlock(128, 256, 4, 2),
            _DownsampledAttention(256, 128), _ResBlock(256, 512, 4, 2), _DownsampledAttention(512, 256))
        self.score = nn.Sequential(nn.Conv1d(512, 128, 1), nn.Tanh(), nn.Conv1d(128, 1, 1))
        self.head = nn.Sequential(nn.Linear(1024, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 128),
                                  nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, num_classes))

    def forward(self, waveform: Tensor) -> Tensor:
        features = self.stages(waveform[:, None, : self.num_samples])
        weights = torch.softmax(self.score(features), dim=2)
        mean = (weights * features).sum(dim=2)
        variance = (weights * (features - mean[:, :, None]) ** 2).sum(dim=2)
        return self.head(torch.cat([mean, (variance + 1e-6).sqrt()], dim=1))


class _ResBlock(nn.Module):
    def __init__(self, width_in: int, width: int, kernel: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv1d(width_in, width, kernel, stride, (stride - 1 + kernel - 1) // 2, bias=False)
        self.conv2 = nn.Conv1d(width, width, kernel, 1, (kernel - 1) // 2, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm1d(width), nn.BatchNorm1d(width)
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Conv1d(width, width // 8, 1), nn.GELU(),
                                     nn.Conv1d(width // 8, width, 1), nn.Sigmoid())
        self.identity = nn.Sequential(nn.Conv1d(width_in, width, 1, stride, bias=False), nn.BatchNorm1d(width))

    def forward(self, features: Tensor) -> Tensor:
        out = F.gelu(self.norm1(self.conv1(features)))
        out = self.norm2(self.conv2(out))
        out = out * self.squeeze(out)
        identity = self.identity(features)
        length = min(out.shape[2], identity.shape[2])  # an even kernel loses a sample
        return F.gelu(out[:, :, :length] + identity[:, :, :length])


class _DownsampledAttention(nn.Module):
    def __init__(self, channels: int, width: int, stride: int = 4, num_heads: int = 8, positions: int = 500):
        super().__init__()
        self.down = nn.Sequential(nn.Conv1d(channels, channels, stride, stride), nn.BatchNorm1d(channels), nn.GELU(),
                                  nn.Conv1d(channels, width, 1))
        self.positions = nn.Parameter(torch.randn(1, positions, width) * 0.02)
        self.attention = _NaiveAttention(width, width, num_heads)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Sequential(nn.ConvTranspose1d(width, width, stride, stride), nn.BatchNorm1d(width), nn.GELU(),
                                nn.Conv1d(width, channels, 1))

    def forward(self, features: Tensor) -> Tensor:
        tokens = self.down(features).transpose(1, 2)
        tokens = tokens + self.positions[:, : tokens.shape[1]]
        tokens = self.norm(tokens + self.attention(tokens))
        out = self.up(tokens.transpose(1, 2))
        length = min(out.shape[2], features.shape[2])
        return features[:, :, :length] + out[:, :, :length]
