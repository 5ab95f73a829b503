"""A Conv1d with a long kernel and few channels, computed as one with more channels and a short kernel: the same numbers,
faster on a CPU, whose kernels live on many channels."""

import torch.nn.functional as F
from torch import Tensor, nn


class BlockConv1d(nn.Conv1d):
    """``nn.Conv1d`` (same weights, same numbers) that computes ``block`` neighbouring outputs together, as channels.

    ``(batch, in_channels, frames)`` → ``(batch, out_channels, frames after)``. Cut into blocks, time becomes channels and the
    kernel a block-Toeplitz matrix, the fewer of which is zeros the longer the kernel. No dilation, no groups. Elsewhere than
    on a CPU it is the plain convolution.
    """

    def __init__(self, *sizes, block: int, **options):
        super().__init__(*sizes, **options)
        self.block = block

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type != "cpu":
            return super().forward(features)
        (kernel,), (stride,), (padding,), block = self.kernel_size, self.stride, self.padding, self.block
        batch, channels, frames = features.shape
        wanted = (frames + 2 * padding - kernel) // stride + 1
        step = block * stride  # frames from one block to the next
        span = -(-(kernel + (block - 1) * stride) // step)  # blocks that one block of outputs reads
        blocks = -(-wanted // block)
        length = (blocks + span - 1) * step
        features = F.pad(features, (padding, length - frames - padding))
        features = features.view(batch, channels, -1, step).transpose(2, 3).reshape(batch, channels * step, -1)
        out = F.conv1d(features, self._block_weight(step, span))
        out = out.view(batch, self.out_channels, block, blocks).transpose(2, 3).reshape(batch, self.out_channels, -1)
        out = out[:, :, :wanted]
        return out if self.bias is None else out + self.bias[:, None]

    def _block_weight(self, step: int, span: int) -> Tensor:
        """``(out_channels * block, in_channels * step, span)``: one shifted copy of the kernel per output of a block."""
        shift = step - self.stride[0]  # of the last output of a block
        weight = F.pad(self.weight, (shift, span * step - self.kernel_size[0]))
        copies = weight.unfold(2, span * step, self.stride[0]).flip(2)  # (out, in, block, span * step)
        copies = copies.unflatten(3, (span, step)).permute(0, 2, 1, 4, 3)
        return copies.reshape(self.out_channels * self.block, self.in_channels * step, span)
