"""ConvTransformer: convolutions, then a post-norm transformer over their time steps, as published for the assignment.

:class:`ConvTransformerClassifier` is the published network (452,522 parameters in its published example). Its input is nine
overlapping one-second windows as *channels*, so a token is a moment within a window, not within the clip, and its attention
cannot be drawn on the clip. :class:`ConvTransformer` is the same idea on the whole clip in real time.

The published code adds the signal to itself before the positions (2x + PE); here positions are added once.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from core.errors import UserError
from core.models.layers import BatchNorm, ClassToken, MultiHeadSelfAttention, SinusoidalPositionalEmbedding
from core.models.tokens import Strides, TokenLayout, time_layout

SLOPE = 0.1  # of LeakyReLU below zero
CHANNELS, KERNELS, STRIDES = (32, 64, 128), (8, 5, 3), (1, 1, 1)  # as published


class PostNormLayer(nn.Module):
    """norm(tokens + attention(tokens)), then norm(tokens + feed-forward(tokens)). ``(batch, tokens, embed_dim)``"""

    def __init__(self, embed_dim: int, num_heads: int, ffn_dim: int, dropout: float):
        super().__init__()
        self.attention = MultiHeadSelfAttention(embed_dim, num_heads, 0.0, out_dropout=dropout, qkv_bias=True)
        self.norm_attention = nn.LayerNorm(embed_dim)
        self.ffn = nn.Sequential(nn.Linear(embed_dim, ffn_dim), nn.LeakyReLU(SLOPE), nn.Linear(ffn_dim, embed_dim),
                                 nn.Dropout(dropout))
        self.norm_ffn = nn.LayerNorm(embed_dim)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = self.norm_attention(tokens + self.attention(tokens))
        return self.norm_ffn(tokens + self.ffn(tokens))


class ConvTransformerClassifier(nn.Module):
    """``(batch, in_channels, input_size)`` → ``(batch, num_classes)``.

    ``mlp_hidden_dim`` is the width of the head; the feed-forward layers are four times ``embed_size`` wide. ``pooling`` says
    what the head reads: the mean of all tokens (as published), or the CLS token. Raises :class:`UserError` where sizes do
    not fit together.
    """

    def __init__(self, input_size: int, num_classes: int, conv_channels: Sequence[int], conv_kernel_sizes: Sequence[int],
                 conv_strides: Sequence[int], embed_size: int, num_heads: int, num_transformer_blocks: int,
                 mlp_hidden_dim: int, dropout: float, *, in_channels: int = 9, pooling: str = "mean"):
        super().__init__()
        self.convs = conv_blocks(in_channels, conv_channels, conv_kernel_sizes, conv_strides)
        if conv_channels[-1] != embed_size:
            raise UserError("the last of conv_channels must equal embed_size, because its channels become the tokens; "
                            f"found {conv_channels[-1]} and {embed_size}")
        self.strides = conv_geometry(conv_kernel_sizes, conv_strides)
        if num_steps(input_size, conv_kernel_sizes, conv_strides) < 1:
            raise UserError(f"an input of {input_size:,} samples leaves no token after these convolutions; their "
                            f"receptive field is {self.strides.receptive_field:,} samples")
        if pooling not in ("mean", "cls"):
            raise UserError(f"pooling expects mean or cls, found {pooling!r}")
        self.pooling = pooling
        self.cls = ClassToken(embed_size)
        self.positions = SinusoidalPositionalEmbedding(embed_size)
        self.blocks = nn.Sequential(*(PostNormLayer(embed_size, num_heads, 4 * embed_size, dropout)
                                      for _ in range(num_transformer_blocks)))
        self.head = nn.Sequential(nn.Linear(embed_size, mlp_hidden_dim), BatchNorm(mlp_hidden_dim),
                                  nn.LeakyReLU(SLOPE), nn.Dropout(dropout), nn.Linear(mlp_hidden_dim, num_classes))
        self.apply(_xavier_uniform)
        for block in self.blocks:
            for part in block.attention.qkv.weight.chunk(3):  # three layers, as published: each as wide as it is high
                nn.init.xavier_uniform_(part)

    def forward_features(self, channels: Tensor) -> Tensor:
        """The tokens before the encoder: ``(batch, tokens, embed_size)``, without the CLS token."""
        return self.convs(channels).transpose(1, 2)

    def forward(self, channels: Tensor) -> Tensor:
        return self.classify(self.forward_features(channels))

    def classify(self, tokens: Tensor) -> Tensor:
        """``(batch, tokens, embed_size)`` → ``(batch, num_classes)``"""
        tokens = self.blocks(self.positions(self.cls(tokens)))
        return self.head(tokens.mean(dim=1) if self.pooling == "mean" else tokens[:, 0])


class Windows(nn.Module):
    """Nine windows of a second, half a second apart, as channels: ``(batch, samples)`` → ``(batch, 9, samples per second)``.

    That is all of a clip of 5 s; one that is longer or shorter is cut, or padded with zeros, at its end.
    """

    COUNT = 9

    def __init__(self, sample_rate: int):
        super().__init__()
        self.length, self.hop = sample_rate, sample_rate // 2

    def forward(self, waveform: Tensor) -> Tensor:
        needed = self.length + (self.COUNT - 1) * self.hop
        waveform = nn.functional.pad(waveform, (0, max(0, needed - waveform.shape[1])))[:, :needed]
        return waveform.unfold(1, self.length, self.hop)


class ConvTransformerPublished(nn.Module):
    """The published example on a waveform: ``(batch, samples)`` → ``(batch, num_classes)``.

    Tokens are 0.5 ms long and lie *within* a window, of all nine windows at once.
    """

    def __init__(self, num_classes: int, sample_rate: int = 16_000, num_heads: int = 4):
        super().__init__()
        self.sample_rate = sample_rate
        self.frontend = Windows(sample_rate)
        self.classifier = ConvTransformerClassifier(sample_rate, num_classes, CHANNELS, KERNELS, STRIDES, 128, num_heads,
                                                    2, 128, 0.1, in_channels=Windows.COUNT)

    def forward(self, waveform: Tensor) -> Tensor:
        return self.classifier(self.frontend(waveform))

    def token_layouts(self, num_samples: int) -> list[TokenLayout]:
        """One layout per block, in seconds within the windows: ``clip_time`` is false."""
        window, strides = self.frontend.length, self.classifier.strides
        layout = time_layout(num_steps(window, KERNELS, STRIDES), strides, window, self.sample_rate, clip_time=False, read=())
        return [layout] * len(self.classifier.blocks)


class ConvTransformerCNN(nn.Module):
    """The published CNN baseline of the same system (16,402,346 parameters): the same convolutions on the nine windows,
    flattened into two wide linear layers. ``(batch, samples)`` → ``(batch, num_classes)``
    """

    def __init__(self, num_classes: int, sample_rate: int = 16_000):
        super().__init__()
        self.frontend = Windows(sample_rate)
        self.convs = conv_blocks(Windows.COUNT, CHANNELS, KERNELS, STRIDES)
        layers, width = [], CHANNELS[-1] * num_steps(sample_rate, KERNELS, STRIDES)
        for _ in range(2):
            layers += [nn.Linear(width, 64), BatchNorm(64), nn.LeakyReLU(SLOPE), nn.Dropout(0.3)]
            width = 64
        self.head = nn.Sequential(*layers, nn.Linear(width, num_classes))

    def forward(self, waveform: Tensor) -> Tensor:
        return self.head(self.convs(self.frontend(waveform)).flatten(1))


class ConvTransformer(nn.Module):
    """Ours: one channel, the whole clip, real clip time. ``(batch, samples)`` → ``(batch, num_classes)``.

    The strides leave 20 ms tokens at 16 kHz; where a clip would give more than ``MOST_TOKENS`` of them, neighbours are
    averaged, so any clip length has at most that many.
    """

    MOST_TOKENS = 256
    KERNELS, STRIDES = (32, 8, 4), (10, 2, 2)  # each followed by an average of two: 320 samples a token

    def __init__(self, num_classes: int, sample_rate: int = 16_000, num_heads: int = 4, embed_size: int = 128,
                 pooling: str = "mean", dropout: float = 0.1):
        super().__init__()
        self.sample_rate = sample_rate
        self.reach = conv_geometry(self.KERNELS, self.STRIDES).receptive_field
        self.classifier = ConvTransformerClassifier(
            self.reach, num_classes, [32, 64, embed_size], self.KERNELS, self.STRIDES, embed_size, num_heads, 2,
            embed_size, dropout, in_channels=1, pooling=pooling)

    def neighbours(self, num_samples: int) -> int:
        """How many steps of the convolutions one token averages."""
        steps = num_steps(max(num_samples, self.reach), self.KERNELS, self.STRIDES)
        return -(-steps // self.MOST_TOKENS)

    def forward_features(self, waveform: Tensor) -> Tensor:
        """The tokens before the encoder: ``(batch, tokens, embed_size)``, without the CLS token."""
        padded = nn.functional.pad(waveform, (0, max(0, self.reach - waveform.shape[1])))
        tokens = self.classifier.forward_features(padded[:, None])
        return nn.functional.avg_pool1d(tokens.transpose(1, 2), self.neighbours(waveform.shape[1]), ceil_mode=True
                                        ).transpose(1, 2)

    def forward(self, waveform: Tensor) -> Tensor:
        return self.classifier.classify(self.forward_features(waveform))

    def token_layouts(self, num_samples: int) -> list[TokenLayout]:
        """One layout per block, in seconds of the clip."""
        steps = num_steps(max(num_samples, self.reach), self.KERNELS, self.STRIDES)
        layout = time_layout(steps, self.classifier.strides, num_samples, self.sample_rate,
                             read=() if self.classifier.pooling == "mean" else None)
        return [layout.averaged(self.neighbours(num_samples))] * len(self.classifier.blocks)


def conv_blocks(in_channels: int, channels: Sequence[int], kernel_sizes: Sequence[int], strides: Sequence[int]
                ) -> nn.Sequential:
    """Conv1d without padding, batch norm, LeakyReLU and the average of two neighbours, once for every entry."""
    if not len(channels) == len(kernel_sizes) == len(strides) > 0:
        raise UserError("conv_channels, conv_kernel_sizes and conv_strides must be equally long, one entry for each "
                        f"convolution; found {len(channels)}, {len(kernel_sizes)} and {len(strides)}")
    blocks = []
    for width_in, width, kernel, stride in zip((in_channels, *channels), channels, kernel_sizes, strides, strict=False):
        blocks += [nn.Conv1d(width_in, width, kernel, stride), nn.BatchNorm1d(width), nn.LeakyReLU(SLOPE),
                   nn.AvgPool1d(2)]
    return nn.Sequential(*blocks)


def conv_geometry(kernel_sizes: Sequence[int], strides: Sequence[int]) -> Strides:
    """What one step after :func:`conv_blocks` hears."""
    return Strides.of([shape for kernel, stride in zip(kernel_sizes, strides, strict=True)
                       for shape in ((kernel, stride, 0), (2, 2, 0))])


def num_steps(num_samples: int, kernel_sizes: Sequence[int], strides: Sequence[int]) -> int:
    """Time steps that :func:`conv_blocks` makes of ``num_samples``; 0 where there is none."""
    for kernel, stride in zip(kernel_sizes, strides, strict=True):
        num_samples = max(0, (num_samples - kernel) // stride + 1) // 2
    return num_samples


def _xavier_uniform(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
