"""Where in the clip a token lives: the one definition that tests prove and pages draw."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class TokenLayout:
    """The place of every token (= attention key) of a layer. All arrays are float64, one entry per key."""

    start: np.ndarray  # s; NaN for the CLS token
    end: np.ndarray  # s
    low: np.ndarray  # Hz; NaN where a token has no frequency band
    high: np.ndarray  # Hz
    clip_time: bool = True  # False where a token is no place in the clip (e.g. time within a window)
    cls_index: int | None = 0
    title: str = ""  # of the layer, where it is not simply the n-th one
    read: tuple[int, ...] | None = None  # queries whose outputs the head averages, () for all; None: CLS, or all without one

    @property
    def asking(self) -> tuple[int, ...]:
        """The queries that the answer is read from; empty where it is the mean of all."""
        if self.read is not None:
            return self.read
        return () if self.cls_index is None else (self.cls_index,)

    def averaged(self, count: int) -> "TokenLayout":
        """The layout after every ``count`` neighbours in time became one token (the last may have fewer); CLS stays."""
        first = 0 if self.cls_index is None else 1
        starts = np.arange(first, len(self.start), count)
        ends = np.minimum(starts + count, len(self.start)) - 1
        keep = np.arange(first)
        return replace(self, start=self.start[np.r_[keep, starts]], end=self.end[np.r_[keep, ends]],
                       low=self.low[np.r_[keep, starts]], high=self.high[np.r_[keep, starts]])


@dataclass(frozen=True)
class Strides:
    """The geometry of a chain of convolutions: output n looks at ``receptive_field`` samples around
    ``offset + n * hop`` (both in input samples). See Araujo et al. 2019, https://distill.pub/2019/computing-receptive-fields
    """

    hop: int
    offset: float
    receptive_field: int
    layers: tuple[tuple[int, int, int], ...] = ()

    @classmethod
    def of(cls, layers: Sequence[tuple[int, int, int]]) -> "Strides":
        """``layers``: (kernel, stride, padding) from the waveform on."""
        hop, offset, field = 1, 0.0, 1
        for kernel, stride, padding in layers:
            offset += ((kernel - 1) / 2 - padding) * hop
            field += (kernel - 1) * hop
            hop *= stride
        return cls(hop, offset, field, tuple(layers))

    def outputs(self, num_samples: int) -> int:
        """How many outputs the chain makes of so many samples; none where they are too few."""
        count = num_samples
        for kernel, stride, padding in self.layers:
            count = max(0, (count + 2 * padding - kernel) // stride + 1)
        return count


def time_layout(num_tokens: int, strides: Strides, num_samples: int, sample_rate: int, *, cls: bool = True,
                clip_time: bool = True, title: str = "", read: tuple[int, ...] | None = None) -> TokenLayout:
    """Layout of a CLS token (where there is one) and ``num_tokens`` time steps: each is drawn one hop wide around its
    centre, within the ``num_samples`` of the clip. ``read``: as in :class:`TokenLayout`."""
    centre = strides.offset + 0.5 + np.arange(num_tokens) * strides.hop
    start = np.clip(centre - strides.hop / 2, 0, num_samples) / sample_rate
    end = np.clip(centre + strides.hop / 2, 0, num_samples) / sample_rate
    if cls:
        start, end = np.r_[np.nan, start], np.r_[np.nan, end]
    nan = np.full(len(start), np.nan)
    return TokenLayout(start, end, nan, nan.copy(), clip_time, 0 if cls else None, title, read)
