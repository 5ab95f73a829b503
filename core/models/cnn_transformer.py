"""Architecture 2 of the assignment: convolutions on the samples, a CLS token, a transformer encoder, an MLP head.

Each token is 40 ms of real clip time (125 of them in 5 s), so its attention can be drawn on the clip.
"""

from torch import Tensor, nn

from core.models.layers import ClassToken, SinusoidalPositionalEmbedding, TransformerEncoder
from core.models.stem import ConvStem
from core.models.tokens import TokenLayout, time_layout


class CNNTransformer(nn.Module):
    """``(batch, samples)`` → ``(batch, num_classes)``, any clip length."""

    def __init__(self, num_classes: int, num_heads: int, sample_rate: int = 16_000, embed_dim: int = 128,
                 depth: int = 2, dropout: float = 0.1):
        super().__init__()
        self.sample_rate = sample_rate
        self.stem = ConvStem(sample_rate, channels=(embed_dim, embed_dim))
        self.cls = ClassToken(embed_dim)
        self.positions = SinusoidalPositionalEmbedding(embed_dim)
        self.encoder = TransformerEncoder(embed_dim, depth, num_heads, ffn_dim=2 * embed_dim, dropout=dropout,
                                          ffn_dropout=dropout, qkv_bias=True)
        self.head = nn.Sequential(nn.Linear(embed_dim, embed_dim), nn.GELU(), nn.Dropout(dropout),
                                  nn.Linear(embed_dim, num_classes))

    def forward_features(self, waveform: Tensor) -> Tensor:
        """The tokens before the encoder: ``(batch, tokens, embed_dim)``, without the CLS token."""
        return self.stem(waveform).transpose(1, 2)

    def forward(self, waveform: Tensor) -> Tensor:
        tokens = self.positions(self.cls(self.forward_features(waveform)))
        return self.head(self.encoder(tokens)[:, 0])

    def token_layouts(self, num_samples: int) -> list[TokenLayout]:
        """One layout per encoder block for a clip of ``num_samples``."""
        layout = time_layout(self.stem.strides.outputs(num_samples), self.stem.strides, num_samples, self.sample_rate)
        return [layout] * len(self.encoder.blocks)
