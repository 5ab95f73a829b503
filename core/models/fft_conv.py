"""A Conv1d with a long kernel, computed in the frequency domain: the same numbers (to rounding) for a fraction of the
arithmetic. Overlap-save: Oppenheim and Schafer, Discrete-Time Signal Processing, section 8.7."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FFTConv1d(nn.Conv1d):
    """``nn.Conv1d`` (same weights, same numbers) for long kernels on a CPU. No dilation, no groups.

    ``(batch, in_channels, frames)`` → ``(batch, out_channels, frames after)``. Time is cut into overlapping windows of eight
    kernels; in the spectrum of a window a convolution is one small matrix product per frequency. Elsewhere than on a CPU, and
    in what is exported, it is the plain convolution.
    """

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type != "cpu" or torch.compiler.is_exporting():
            return super().forward(features)
        (stride,), (padding,) = self.stride, self.padding
        wanted = (features.shape[2] + 2 * padding - self.kernel_size[0]) // stride + 1
        features = F.pad(features, (padding, padding + -(features.shape[2] + 2 * padding) % stride))
        weight = F.pad(self.weight, (0, -self.kernel_size[0] % stride))
        out = _convolve(_strides_as_channels(features, stride), _strides_as_channels(weight, stride))[:, :, :wanted]
        return out if self.bias is None else out + self.bias[:, None]


def _strides_as_channels(features: Tensor, stride: int) -> Tensor:
    """``(n, channels, frames)`` → ``(n, channels * stride, frames / stride)``: a stride of one does the same with these."""
    return features.unflatten(2, (-1, stride)).transpose(2, 3).flatten(1, 2)


def _convolve(features: Tensor, weight: Tensor) -> Tensor:
    """``F.conv1d(features, weight)``, with more frames at the end than have a whole kernel of input."""
    batch, kernel = features.shape[0], weight.shape[2]
    size = 1 << (8 * kernel - 1).bit_length()
    hop = size - kernel + 1  # outputs of a window that its edge does not touch
    windows = -(-features.shape[2] // hop)
    features = F.pad(features, (0, (windows - 1) * hop + size - features.shape[2])).unfold(2, size, hop)
    spectra = torch.fft.rfft(features).permute(3, 0, 2, 1).flatten(1, 2)  # (frequencies, batch * windows, in_channels)
    responses = torch.fft.rfft(weight, size).conj().permute(2, 1, 0)  # (frequencies, in_channels, out_channels)
    out = torch.bmm(spectra, responses).unflatten(1, (batch, windows)).permute(1, 3, 2, 0)
    return torch.fft.irfft(out, size)[..., :hop].flatten(2)
