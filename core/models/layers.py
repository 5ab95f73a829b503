"""The transformer, written here: attention, positions, class token, encoder. "Attention is all you need",
Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; pre-norm as in Xiong et al. 2020, https://arxiv.org/abs/2002.04745
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import UserError


class MultiHeadSelfAttention(nn.Module):
    """Every token asks every other: softmax(q kᵀ / √head_dim) v, in ``num_heads`` subspaces of the embedding.

    Input and output ``(batch, tokens, embed_dim)``. ``dropout`` falls on the weights, ``out_dropout`` on what comes out
    of the projection.
    """

    def __init__(self, embed_dim: int = 768, num_heads: int = 6, dropout: float = 0.1, *,
                 out_dropout: float | None = None, qkv_bias: bool = False):
        super().__init__()
        if embed_dim % num_heads:
            raise UserError(f"the number of heads must divide the width of the tokens, found {num_heads} heads for "
                            f"{embed_dim} dimensions")
        self.num_heads = num_heads
        self.scale = (embed_dim // num_heads) ** -0.5
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim, bias=qkv_bias)
        self.softmax = nn.Softmax(dim=-1)
        self.dropout = dropout
        self.out = nn.Linear(embed_dim, embed_dim)
        self.out_dropout = nn.Dropout(dropout if out_dropout is None else out_dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, embed_dim = tokens.shape
        qkv = self.qkv(tokens).view(batch, count, 3, self.num_heads, embed_dim // self.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (batch, heads, tokens, head_dim)
        mixed = attend(self, q, k, v, self.scale, self.dropout)
        return self.out_dropout(self.out(mixed.transpose(1, 2).reshape(batch, count, embed_dim)))


def attend(layer: nn.Module, q: Tensor, k: Tensor, v: Tensor, scale: float, dropout: float) -> Tensor:
    """Values mixed by attention, ``(batch, heads, queries, head_dim)``.

    The softmax is ``layer.softmax``, a module of its own, so that :func:`core.attention.record_attention` can read its
    output ``(batch, heads, queries, keys)``. When nobody listens and nothing is dropped, the fused kernel gives the same
    numbers faster, and never holds all the weights of a long clip in memory.
    """
    if (layer.training and dropout) or layer.softmax._forward_hooks:
        attn_weights = layer.softmax((q * scale) @ k.transpose(-2, -1))
        return F.dropout(attn_weights, dropout, layer.training) @ v
    return F.scaled_dot_product_attention(q, k, v, scale=scale)


def attention_layers(model: nn.Module) -> list[nn.Module]:
    """The layers of a model that have a softmax over places, first to last; empty for a model without attention."""
    return [module for module in model.modules() if isinstance(getattr(module, "softmax", None), nn.Softmax)]


class BatchNorm(nn.BatchNorm1d):
    """Batch norm of ``(batch, features)`` that also takes a batch of one while it learns: one clip has no spread, so it is
    normed by what was seen so far."""

    def forward(self, features: Tensor) -> Tensor:
        if self.training and len(features) == 1:
            return F.batch_norm(features, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)
        return super().forward(features)


class ClassToken(nn.Module):
    """Prepends one learned token: ``(batch, tokens, embed_dim)`` → ``(batch, 1 + tokens, embed_dim)``."""

    def __init__(self, embed_dim: int):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        nn.init.trunc_normal_(self.token, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        return torch.cat([self.token.expand(tokens.shape[0], -1, -1), tokens], dim=1)


class SinusoidalPositionalEmbedding(nn.Module):
    """Adds sines on even and cosines on odd dimensions, fixed, for any number of tokens. ``(batch, tokens, embed_dim)``."""

    def __init__(self, embed_dim: int):
        super().__init__()
        frequencies = torch.exp(-math.log(10_000.0) * torch.arange(0, embed_dim, 2) / embed_dim)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens + self.positions(tokens.shape[1])[:, : tokens.shape[2]].to(tokens.dtype)

    def positions(self, count: int) -> Tensor:
        """The embedding of the places 0 to ``count - 1``: ``(count, embed_dim)``."""
        angles = torch.arange(count, device=self.frequencies.device)[:, None] * self.frequencies
        return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # sin, cos, sin, cos, …


class TransformerEncoderLayer(nn.Module):
    """Pre-norm block: tokens + attention(norm(tokens)), then tokens + feed-forward(norm(tokens)).

    ``ffn_dim`` is four times the width where it is not given. ``(batch, tokens, embed_dim)`` → the same.
    """

    def __init__(self, embed_dim: int = 768, num_heads: int = 6, ffn_dim: int | None = None, dropout: float = 0.1, *,
                 ffn_dropout: float = 0.0, qkv_bias: bool = False):
        super().__init__()
        ffn_dim = ffn_dim or 4 * embed_dim
        self.norm_attention = nn.LayerNorm(embed_dim)
        self.attention = MultiHeadSelfAttention(embed_dim, num_heads, dropout, qkv_bias=qkv_bias)
        self.norm_ffn = nn.LayerNorm(embed_dim)
        self.ffn = nn.Sequential(nn.Linear(embed_dim, ffn_dim), nn.GELU(), nn.Linear(ffn_dim, embed_dim),
                                 nn.Dropout(ffn_dropout))

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attention(self.norm_attention(tokens))
        return tokens + self.ffn(self.norm_ffn(tokens))


class TransformerEncoder(nn.Module):
    """``depth`` pre-norm layers and a last norm; ``options`` are those of :class:`TransformerEncoderLayer`.

    ``(batch, tokens, embed_dim)`` → the same.
    """

    def __init__(self, embed_dim: int = 768, depth: int = 6, num_heads: int = 6, **options):
        super().__init__()
        self.blocks = nn.ModuleList(TransformerEncoderLayer(embed_dim, num_heads, **options) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim)

    def forward(self, tokens: Tensor) -> Tensor:
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)
