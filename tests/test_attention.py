"""Our attention against the reference, and recording that cannot lie."""

import threading

import pytest
import torch
import torch.nn.functional as F

from core.attention import record_attention
from core.errors import UserError
from core.models import create_model
from core.models.cnn_transformer import CNNTransformer
from core.models.layers import MultiHeadSelfAttention, SinusoidalPositionalEmbedding, TransformerEncoderLayer


@pytest.fixture
def model():
    torch.manual_seed(0)
    return CNNTransformer(3, num_heads=2, embed_dim=16).eval()


def reference(layer: MultiHeadSelfAttention, tokens):
    """The same layer through PyTorch's own multi-head attention."""
    embed_dim = tokens.shape[-1]
    return F.multi_head_attention_forward(
        tokens.transpose(0, 1), tokens.transpose(0, 1), tokens.transpose(0, 1), embed_dim, layer.num_heads,
        layer.qkv.weight, layer.qkv.bias, None, None, False, 0.0, layer.out.weight, layer.out.bias,
        training=False, need_weights=True, average_attn_weights=False)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_equals_the_reference_with_and_without_the_fused_kernel(heads, bias):
    torch.manual_seed(0)
    layer = MultiHeadSelfAttention(32, heads, dropout=0.0, qkv_bias=bias).double()
    tokens = torch.randn(2, 11, 32, dtype=torch.float64)
    expected, weights = reference(layer, tokens)
    explicit = layer.train()(tokens)
    fused = layer.eval()(tokens)
    torch.testing.assert_close(explicit, expected.transpose(0, 1))
    torch.testing.assert_close(fused, expected.transpose(0, 1))
    q, k, v = layer.qkv(tokens).view(2, 11, 3, heads, -1).permute(2, 0, 3, 1, 4)
    torch.testing.assert_close(layer.softmax(q * layer.scale @ k.transpose(-2, -1)), weights)
    mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(2, 11, 32)
    torch.testing.assert_close(layer.out(mixed), fused)


def test_a_width_that_the_heads_do_not_divide_is_refused():
    with pytest.raises(UserError, match="3 heads for 32"):
        MultiHeadSelfAttention(32, 3)


def test_attention_drops_out_only_in_training():
    torch.manual_seed(0)
    layer, tokens = MultiHeadSelfAttention(16, 2, dropout=0.5), torch.randn(1, 5, 16)
    assert not torch.allclose(layer.train()(tokens), layer(tokens))
    assert torch.equal(layer.eval()(tokens), layer(tokens))


def test_the_encoder_block_is_pre_norm():
    """Equal to PyTorch's own pre-norm block with the same weights."""
    torch.manual_seed(0)
    ours = TransformerEncoderLayer(16, 2, 32, qkv_bias=True).eval()
    theirs = torch.nn.TransformerEncoderLayer(16, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True).eval()
    theirs.load_state_dict({
        "self_attn.in_proj_weight": ours.attention.qkv.weight, "self_attn.in_proj_bias": ours.attention.qkv.bias,
        "self_attn.out_proj.weight": ours.attention.out.weight, "self_attn.out_proj.bias": ours.attention.out.bias,
        "linear1.weight": ours.ffn[0].weight, "linear1.bias": ours.ffn[0].bias,
        "linear2.weight": ours.ffn[2].weight, "linear2.bias": ours.ffn[2].bias,
        "norm1.weight": ours.norm_attention.weight, "norm1.bias": ours.norm_attention.bias,
        "norm2.weight": ours.norm_ffn.weight, "norm2.bias": ours.norm_ffn.bias})
    tokens = torch.randn(2, 7, 16)
    with torch.no_grad():
        torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=1e-5, atol=1e-5)


def test_positions_are_sines_on_even_and_cosines_on_odd_dimensions():
    added = SinusoidalPositionalEmbedding(8)(torch.zeros(1, 5, 8))[0]
    for place in range(5):
        for dimension in range(0, 8, 2):
            angle = torch.tensor(place / 10_000 ** (dimension / 8))
            torch.testing.assert_close(added[place, dimension], angle.sin(), rtol=1e-5, atol=1e-6)
            torch.testing.assert_close(added[place, dimension + 1], angle.cos(), rtol=1e-5, atol=1e-6)


def test_recording_gives_every_layer_and_changes_nothing(model):
    waveform = torch.randn(2, 16_000)
    with torch.no_grad():
        fused = model(waveform)
        with record_attention(model) as record:
            recorded = model(waveform)
    torch.testing.assert_close(fused, recorded, rtol=1e-5, atol=1e-5)
    assert [m.layer for m in record.maps] == [1, 2]
    for attention_map in record.maps:
        heads, queries, keys = attention_map.weights.shape
        assert (heads, queries, keys) == (2, 26, 26) == (2, keys, len(attention_map.layout.start))
        assert abs(attention_map.weights.sum(axis=2) - 1).max() < 1e-5


def test_recorded_weights_are_those_of_the_reference(model):
    waveform = torch.randn(1, 16_000)
    with torch.no_grad(), record_attention(model) as record:
        model(waveform)
    with torch.no_grad():
        tokens = model.forward_features(waveform)
        tokens = model.positions(model.cls(tokens))
        block = model.encoder.blocks[0]
        _, weights = reference(block.attention, block.norm_attention(tokens))
    torch.testing.assert_close(torch.from_numpy(record.maps[0].weights), weights[0], rtol=1e-4, atol=1e-6)


def test_the_hooks_are_gone_afterwards_even_after_an_error(model):
    with pytest.raises(ZeroDivisionError), record_attention(model):
        raise ZeroDivisionError
    assert not model._forward_pre_hooks
    assert not any(block.attention.softmax._forward_hooks for block in model.encoder.blocks)


def test_recording_nothing_is_an_error(model):
    with pytest.raises(RuntimeError, match="no attention was recorded"), record_attention(model):
        pass


def test_a_model_without_attention_says_so():
    with pytest.raises(UserError, match="no attention to look at"), record_attention(create_model("cnn1d", 3)):
        pass


def test_another_thread_with_the_same_model_is_not_recorded(model):
    torch.manual_seed(1)
    mine, theirs = torch.randn(1, 16_000), torch.randn(1, 32_000)
    with torch.no_grad(), record_attention(model) as alone:
        model(mine)
    with torch.no_grad(), record_attention(model) as record:
        model(mine)
        thread = threading.Thread(target=lambda: torch.no_grad()(model)(theirs))
        thread.start()
        thread.join()
    assert (record.maps[0].weights == alone.maps[0].weights).all()
    assert record.maps[0].weights.shape[1] == 26
