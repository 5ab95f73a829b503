"""From samples to features with nothing but one-dimensional convolutions.

The first layer is a ``Conv1d`` on the samples themselves. It starts as pairs of band-pass filters (a cosine and a sine of
one frequency under one window, spaced as the ear hears) and every weight of it is learned, as in SincNet (Ravanelli &
Bengio 2018, https://arxiv.org/abs/1808.00158) and LEAF (Zeghidour et al. 2021, https://arxiv.org/abs/2101.08596).
From 240 clips, filters that start at random do not get there.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from core.models.tokens import Strides


class FilterBank(nn.Module):
    """``Conv1d`` from samples to band energies in log units: ``(batch, samples)`` → ``(batch, bands, samples / hop)``.

    The energies are averaged over four steps before the logarithm: the energy of noise in one narrow band at one moment
    is mostly chance.
    """

    def __init__(self, bands: int, sample_rate: int, floor: float = 1e-7):
        super().__init__()
        self.floor = floor  # energy below which everything is silence; a full-scale sine has energy 1
        stride = round(sample_rate * 0.005)  # 5 ms
        kernel = 4 * stride
        self.conv = nn.Conv1d(1, 2 * bands, kernel, stride, padding=(kernel - stride) // 2, bias=False)
        self.conv.weight.data[:, 0] = band_pass_pairs(bands, sample_rate, kernel, stride)
        self.smooth = nn.AvgPool1d(4, stride=2, padding=1, count_include_pad=False)
        self.norm = nn.BatchNorm1d(bands)
        self.shapes = [(kernel, stride, (kernel - stride) // 2), (4, 2, 1)]  # kernel, stride, padding

    def forward(self, waveform: Tensor) -> Tensor:
        cosine, sine = self.conv(waveform[:, None]).float().chunk(2, dim=1)
        return self.norm(torch.log(self.smooth(cosine.square() + sine.square()) + self.floor))


def band_pass_pairs(bands: int, sample_rate: int, kernel_size: int, stride: int) -> Tensor:
    """Hann-windowed cosines, then sines, at mel-spaced frequencies: ``(2 * bands, kernel_size)``.

    A window is as short as makes its band as wide as the distance to the next one (so that no frequency falls between two
    filters), but not shorter than one and a half strides (so that no sample falls between two frames).
    """
    mel = torch.linspace(_mel(40.0), _mel(0.47 * sample_rate), bands + 2)
    frequency = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)  # Hz
    spacing = (frequency[2:] - frequency[:-2]) / 2
    width = (1.6 * sample_rate / spacing).clamp(1.5 * stride, kernel_size)  # samples under each Hann window
    time = torch.arange(kernel_size) - (kernel_size - 1) / 2  # samples
    window = torch.cos(math.pi * time / width[:, None]).square() * (time.abs() <= width[:, None] / 2)
    angle = 2 * math.pi * frequency[1:-1, None] * time / sample_rate
    filters = torch.cat([angle.cos(), angle.sin()])
    return filters * (2.0 * window / window.sum(dim=1, keepdim=True)).repeat(2, 1)


def _mel(hz: float) -> float:
    return 2595.0 * math.log10(1.0 + hz / 700.0)


class BandTimeMask(nn.Module):
    """While training, hides one random run of bands and one of frames in every clip (SpecAugment, Park et al. 2019,
    https://arxiv.org/abs/1904.08779), so that no single band or moment may carry the answer. ``(batch, bands, frames)``
    """

    def __init__(self, band_share: float, time_share: float):
        super().__init__()
        self.shares = (band_share, time_share)

    def forward(self, features: Tensor) -> Tensor:
        if not self.training:
            return features
        for axis, share in zip((1, 2), self.shares, strict=True):
            size = features.shape[axis]
            width = torch.rand(len(features), 1, device=features.device) * share * size
            start = torch.rand(len(features), 1, device=features.device) * (size - width)
            index = torch.arange(size, device=features.device)
            keep = (index < start) | (index >= start + width)  # (batch, size)
            features = features * (keep[:, :, None] if axis == 1 else keep[:, None, :])
        return features


class ConvStem(nn.Module):
    """Filter bank, mask, then strided ``Conv1d`` + batch norm + GELU: ``(batch, samples)`` → ``(batch, channels, tokens)``.

    Paddings are chosen so that token n is centred on the samples ``[n * hop, (n + 1) * hop)``; :attr:`strides` says so
    and a test proves it.
    """

    def __init__(self, sample_rate: int, bands: int = 64, channels: tuple[int, ...] = (128, 128), dropout: float = 0.1):
        super().__init__()
        self.bank = FilterBank(bands, sample_rate)
        self.mask = BandTimeMask(band_share=0.2, time_share=0.2)
        convs, shape = [], (6, 2, 2)  # kernel, stride, padding
        for width_in, width_out in pairwise((bands, *channels)):
            convs += [nn.Conv1d(width_in, width_out, *shape, bias=False), nn.BatchNorm1d(width_out), nn.GELU(),
                      nn.Dropout1d(dropout)]  # whole channels: neighbours in time tell the same
        self.convs = nn.Sequential(*convs)
        self.strides = Strides.of([*self.bank.shapes, *[shape] * len(channels)])

    def forward(self, waveform: Tensor) -> Tensor:
        return self.convs(self.mask(self.bank(waveform)))
