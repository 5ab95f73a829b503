"""SANet (SqueezeAttendNet): residual convolutions with squeeze and excitation, attention on downsampled frames twice, and an
attentive pool. Squeeze and excitation: Hu et al. 2018, https://arxiv.org/abs/1709.01507; attentive statistics pooling:
Okabe et al. 2018, https://arxiv.org/abs/1803.10963

As published it heard 64,000 samples and no other length, and threw its attention away. Here any length works and every head
can be recorded; at 64,000 samples the numbers are the published network's (a test says so). 5,797,703 parameters.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.fft_conv import FFTConv1d
from core.models.layers import BatchNorm, MultiHeadSelfAttention
from core.models.tokens import Strides, TokenLayout, time_layout

STAGES = ((1, 32, 64, 4), (32, 64, 32, 2), (64, 128, 6, 2), (128, 256, 4, 2), (256, 512, 4, 2))  # in, out, kernel, stride
SHORTEST = 256  # samples; a shorter clip is padded with zeros


class SANet(nn.Module):
    """``(batch, samples)`` → ``(batch, num_classes)``, any clip length."""

    def __init__(self, num_classes: int, sample_rate: int = 16_000):
        super().__init__()
        self.sample_rate = sample_rate
        stages = [ResBlock1D(*stage) for stage in STAGES]
        self.early = nn.Sequential(*stages[:4])  # 32 samples a frame
        self.attention1 = DownsampledAttentionBlock(256, 128)
        self.late = stages[4]  # 64 samples a frame
        self.attention2 = DownsampledAttentionBlock(512, 256)
        self.pool = AttentivePool(512)
        self.head = nn.Sequential(nn.Linear(1024, 512), BatchNorm(512), nn.ReLU(), nn.Linear(512, 128), BatchNorm(128),
                                  nn.ReLU(), nn.Linear(128, num_classes))

    def forward(self, waveform: Tensor) -> Tensor:
        waveform = F.pad(waveform, (0, max(0, SHORTEST - waveform.shape[1])))
        features = self.attention1(self.early(waveform[:, None]))
        return self.head(self.pool(self.attention2(self.late(features))))

    def token_layouts(self, num_samples: int) -> list[TokenLayout]:
        """Both attention blocks (128 and 256 samples a token) and the pool (64 samples a frame), in seconds of the clip."""
        layouts, shapes, frames = [], [], max(num_samples, SHORTEST)
        for number, (_, _, kernel, stride) in enumerate(STAGES, start=1):
            frames = frames_after(frames, kernel, stride)
            shapes += [(kernel, stride, (stride + kernel - 2) // 2), (kernel, 1, (kernel - 1) // 2)]
            if number >= 4:
                down = DownsampledAttentionBlock.STRIDE
                layouts.append(time_layout(-(-frames // down), Strides.of([*shapes, (down, down, 0)]), num_samples,
                                           self.sample_rate, cls=False, title=f"Block {number - 3}"))
        pool = time_layout(frames, Strides.of(shapes), num_samples, self.sample_rate, cls=False, title="Attentive pool")
        return [*layouts, pool]


class ResBlock1D(nn.Module):
    """Two convolutions and squeeze and excitation beside an identity.

    ``(batch, in, frames)`` → ``(batch, out, frames / stride)``
    """

    def __init__(self, width_in: int, width: int, kernel: int, stride: int):
        super().__init__()
        self.conv1 = _conv(width_in, width, kernel, stride, (stride + kernel - 2) // 2)
        self.norm1 = nn.BatchNorm1d(width)
        self.conv2 = _conv(width, width, kernel, 1, (kernel - 1) // 2)
        self.norm2 = nn.BatchNorm1d(width)
        self.squeeze = SqueezeExcitation(width)
        self.identity = nn.Sequential(nn.Conv1d(width_in, width, 1, stride, bias=False), nn.BatchNorm1d(width))

    def forward(self, features: Tensor) -> Tensor:
        out = F.gelu(self.norm1(self.conv1(features)))
        out = self.squeeze(self.norm2(self.conv2(out)))
        return F.gelu(fit_frames(self.identity(features), out.shape[2]) + out)


class SqueezeExcitation(nn.Module):
    """Scales every channel by what the whole clip says of it. ``(batch, channels, frames)``"""

    def __init__(self, width: int, reduction: int = 8):
        super().__init__()
        self.gate = nn.Sequential(nn.Conv1d(width, width // reduction, 1), nn.GELU(), nn.Conv1d(width // reduction, width, 1),
                                  nn.Sigmoid())

    def forward(self, features: Tensor) -> Tensor:
        return features * self.gate(features.mean(dim=2, keepdim=True))


class DownsampledAttentionBlock(nn.Module):
    """Attention among frames four times as long, added to the frames themselves. ``(batch, channels, frames)``

    Frames are padded to a multiple of four and cut back. There are 500 learned positions, interpolated where a clip has more
    tokens than that.
    """

    STRIDE, POSITIONS = 4, 500

    def __init__(self, channels: int, width: int, num_heads: int = 8):
        super().__init__()
        self.down = nn.Sequential(nn.Conv1d(channels, channels, self.STRIDE, self.STRIDE), nn.BatchNorm1d(channels),
                                  nn.GELU(), nn.Conv1d(channels, width, 1))
        self.positions = nn.Parameter(torch.zeros(1, self.POSITIONS, width))
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.attention = MultiHeadSelfAttention(width, num_heads, dropout=0.0, qkv_bias=True)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Sequential(nn.ConvTranspose1d(width, width, self.STRIDE, self.STRIDE), nn.BatchNorm1d(width), nn.GELU(),
                                nn.Conv1d(width, channels, 1))

    def forward(self, features: Tensor) -> Tensor:
        frames = features.shape[2]
        tokens = self.down(F.pad(features, (0, -frames % self.STRIDE))).transpose(1, 2)
        tokens = tokens + self._places(tokens.shape[1])
        tokens = self.norm(tokens + self.attention(tokens))
        return features + self.up(tokens.transpose(1, 2))[:, :, :frames]

    def _places(self, count: int) -> Tensor:
        if count <= self.POSITIONS:
            return self.positions[:, :count]
        return F.interpolate(self.positions.transpose(1, 2), size=count, mode="linear").transpose(1, 2)


class AttentivePool(nn.Module):
    """Mean and standard deviation over time, weighted by a softmax over the frames. ``(batch, channels, frames)`` →
    ``(batch, 2 * channels)``; the softmax is recorded as one head with one query.
    """

    def __init__(self, channels: int, bottleneck: int = 128):
        super().__init__()
        self.score = nn.Sequential(nn.Conv1d(channels, bottleneck, 1), nn.Tanh(), nn.Conv1d(bottleneck, 1, 1))
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, features: Tensor) -> Tensor:
        weights = self.softmax(self.score(features)[:, None])[:, 0]  # (batch, 1, frames)
        mean = (weights * features).sum(dim=2)
        variance = (weights * (features - mean[:, :, None]).square()).sum(dim=2)
        return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)


def _conv(width_in: int, width: int, kernel: int, stride: int, padding: int) -> nn.Conv1d:
    """The long kernels of the first stages would take most of the time of training on a CPU."""
    kind = FFTConv1d if kernel >= 32 else nn.Conv1d
    return kind(width_in, width, kernel, stride, padding, bias=False)


def frames_after(frames: int, kernel: int, stride: int) -> int:
    """Frames that a :class:`ResBlock1D` makes of ``frames``: its second convolution may lose one."""
    first = (frames + 2 * ((stride + kernel - 2) // 2) - kernel) // stride + 1
    return first + 2 * ((kernel - 1) // 2) - kernel + 1


def fit_frames(features: Tensor, frames: int) -> Tensor:
    """Cut, or lengthened by its last frame, to ``frames``."""
    missing = frames - features.shape[2]
    return F.pad(features, (0, missing), mode="replicate") if missing > 0 else features[:, :, :frames]
