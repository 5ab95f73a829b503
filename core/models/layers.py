"""The transformer, written here: attention, encoder block, positions. "Attention is all you need",
Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; pre-norm as in Xiong et al. 2020, https://arxiv.org/abs/2002.04745
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MultiHeadSelfAttention(nn.Module):
    """Every token asks every other: softmax(q kᵀ / √head_dim) v, in ``num_heads`` subspaces of the embedding.

    Input and output ``(batch, tokens, embed_dim)``. The softmax is a module of its own so that
    :func:`core.attention.record_attention` can read its output ``(batch, heads, queries, keys)``. When nobody listens
    and nothing is learned, the fused kernel gives the same numbers faster.
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, qkv_bias: bool = True):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"num_heads must divide embed_dim, found {num_heads} heads for {embed_dim} dimensions")
        self.num_heads = num_heads
        self.scale = (embed_dim // num_heads) ** -0.5
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim, bias=qkv_bias)
        self.softmax = nn.Softmax(dim=-1)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(embed_dim, embed_dim)

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, embed_dim = tokens.shape
        qkv = self.qkv(tokens).view(batch, count, 3, self.num_heads, embed_dim // self.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (batch, heads, tokens, head_dim)
        if self.training or self.softmax._forward_hooks:
            attn_weights = self.softmax((q * self.scale) @ k.transpose(-2, -1))
            mixed = self.dropout(attn_weights) @ v
        else:
            mixed = F.scaled_dot_product_attention(q, k, v, scale=self.scale)
        return self.out(mixed.transpose(1, 2).reshape(batch, count, embed_dim))


def attention_layers(model: nn.Module) -> list[MultiHeadSelfAttention]:
    """The attention layers of a model, first to last; empty for a model without attention."""
    return [module for module in model.modules() if isinstance(module, MultiHeadSelfAttention)]


class EncoderBlock(nn.Module):
    """Pre-norm block: tokens + attention(norm(tokens)), then tokens + feed-forward(norm(tokens))."""

    def __init__(self, embed_dim: int, num_heads: int, ffn_dim: int, dropout: float = 0.0):
        super().__init__()
        self.norm_attention = nn.LayerNorm(embed_dim)
        self.attention = MultiHeadSelfAttention(embed_dim, num_heads, dropout)
        self.norm_ffn = nn.LayerNorm(embed_dim)
        self.ffn = nn.Sequential(nn.Linear(embed_dim, ffn_dim), nn.GELU(), nn.Linear(ffn_dim, embed_dim))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.dropout(self.attention(self.norm_attention(tokens)))
        return tokens + self.dropout(self.ffn(self.norm_ffn(tokens)))


class SinusoidalPositions(nn.Module):
    """Adds sines on even and cosines on odd dimensions, for any number of tokens. ``(batch, tokens, embed_dim)``."""

    def __init__(self, embed_dim: int):
        super().__init__()
        frequencies = torch.exp(-math.log(10_000.0) * torch.arange(0, embed_dim, 2) / embed_dim)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        angles = torch.arange(tokens.shape[1], device=tokens.device)[:, None] * self.frequencies
        positions = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # sin, cos, sin, cos, …
        return tokens + positions[:, : tokens.shape[2]].to(tokens.dtype)


class TransformerEncoder(nn.Module):
    """Prepends a learned CLS token, adds positions, runs ``depth`` blocks and a last norm.

    ``(batch, tokens, embed_dim)`` → ``(batch, 1 + tokens, embed_dim)``; index 0 is the CLS token.
    """

    def __init__(self, embed_dim: int, depth: int, num_heads: int, ffn_dim: int, dropout: float = 0.0):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        self.positions = SinusoidalPositions(embed_dim)
        self.blocks = nn.ModuleList(EncoderBlock(embed_dim, num_heads, ffn_dim, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = self.positions(tokens)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)
