"""The systems Earshot grew out of: sizes to the unit, and numbers equal to references written from their tables."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from core.attention import record_attention
from core.errors import UserError
from core.models import (
    ConvTransformerClassifier,
    MLPHead,
    MultiHeadSelfAttention,
    PatchEmbed,
    SinusoidalPositionalEmbedding,
    TransformerEncoder,
    TransformerEncoderLayer,
    create_model,
)
from core.models.ast import AST
from core.models.conv_transformer import ConvTransformer, ConvTransformerPublished
from core.models.fft_conv import FFTConv1d
from core.models.sanet import SANet

PUBLISHED = (16_000, 10, [32, 64, 128], [8, 5, 3], [1, 1, 1], 128, 4, 2, 128, 0.1)


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


# ConvTransformer


def test_the_published_example_has_its_size_and_shape():
    model = ConvTransformerClassifier(*PUBLISHED).eval()
    assert parameters(model) == 452_522
    with torch.no_grad():
        assert model(torch.zeros(2, 9, 16_000)).shape == (2, 10)
        assert model.forward_features(torch.zeros(1, 9, 16_000)).shape == (1, 1997, 128)


def test_every_linear_layer_starts_as_published():
    """Queries, keys and values are three layers there: one of three times the height would start 1.4 times too narrow."""
    torch.manual_seed(0)
    for block in ConvTransformerClassifier(*PUBLISHED).blocks:
        for part in (*block.attention.qkv.weight.chunk(3), block.attention.out.weight):
            assert part.abs().max().item() == pytest.approx((6 / 256) ** 0.5, rel=0.01)


def test_positions_are_added_once():
    """With attention and feed-forward silenced, what the blocks norm is the token plus its position, not twice the token."""
    model = ConvTransformerClassifier(1_000, 3, [8], [5], [10], 8, 2, 1, 8, 0.0).eval()
    for layer in (model.blocks[0].attention.out, model.blocks[0].ffn[2]):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    seen = []
    model.head.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    channels = torch.randn(2, 9, 1_000)
    with torch.no_grad():
        model(channels)
        tokens = torch.cat([model.cls.token.expand(2, -1, -1), model.forward_features(channels)], 1)
        expected = F.layer_norm(F.layer_norm(tokens + model.positions.positions(tokens.shape[1]), (8,)), (8,)).mean(1)
    torch.testing.assert_close(seen[0], expected, rtol=1e-4, atol=1e-5)


def test_the_post_norm_block_equals_pytorchs():
    torch.manual_seed(0)
    ours = ConvTransformerClassifier(1_000, 3, [16], [5], [10], 16, 4, 1, 8, 0.0).eval().blocks[0]
    theirs = nn.TransformerEncoderLayer(16, 4, 64, 0.0, lambda x: F.leaky_relu(x, 0.1), batch_first=True).eval()
    theirs.load_state_dict({
        "self_attn.in_proj_weight": ours.attention.qkv.weight, "self_attn.in_proj_bias": ours.attention.qkv.bias,
        "self_attn.out_proj.weight": ours.attention.out.weight, "self_attn.out_proj.bias": ours.attention.out.bias,
        "linear1.weight": ours.ffn[0].weight, "linear1.bias": ours.ffn[0].bias,
        "linear2.weight": ours.ffn[2].weight, "linear2.bias": ours.ffn[2].bias,
        "norm1.weight": ours.norm_attention.weight, "norm1.bias": ours.norm_attention.bias,
        "norm2.weight": ours.norm_ffn.weight, "norm2.bias": ours.norm_ffn.bias})
    tokens = torch.randn(2, 9, 16)
    with torch.no_grad():
        torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("change", "sentence"), [
    ({5: 64}, "last of conv_channels must equal embed_size.*128 and 64"),
    ({6: 3}, "heads must divide the width.*3 heads for 128"),
    ({4: [100, 100, 100]}, "leaves no token"),
    ({3: [8, 5]}, "equally long.*3, 2 and 3"),
])
def test_sizes_that_do_not_fit_are_one_sentence(change, sentence):
    arguments = [change.get(place, value) for place, value in enumerate(PUBLISHED)]
    with pytest.raises(UserError, match=sentence):
        ConvTransformerClassifier(*arguments)


def test_windows_are_one_second_every_half_second():
    clip = torch.arange(80_000.0)[None]
    windows = ConvTransformerPublished(10).frontend(clip)
    assert windows.shape == (1, 9, 16_000)
    for number in range(9):
        assert torch.equal(windows[0, number], clip[0, 8_000 * number : 8_000 * number + 16_000])


def test_tokens_of_the_published_model_are_no_places_in_the_clip():
    layout = ConvTransformerPublished(10).token_layouts(80_000)[0]
    assert not layout.clip_time and len(layout.start) == 1998 and layout.end[-1] <= 1.0


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_ours_hears_the_whole_clip_in_real_time(pooling):
    torch.manual_seed(0)
    model = ConvTransformer(10, pooling=pooling).eval()
    for samples in (16_000, 80_000, 500_000):
        layout = model.token_layouts(samples)[0]
        with torch.no_grad():
            tokens = model.forward_features(torch.zeros(1, samples)).shape[1]
        assert len(layout.start) == tokens + 1 <= 257 and layout.end[-1] > samples / 16_000 - 0.1
    layout = model.token_layouts(80_000)[0]
    reach = model.classifier.strides.receptive_field / 2 / 16_000
    with torch.no_grad():
        silent = model.forward_features(torch.zeros(1, 80_000))
        for n in (0, 100, 248):
            waveform = torch.zeros(1, 80_000)
            place = slice(round(layout.start[n + 1] * 16_000), round(layout.end[n + 1] * 16_000))
            waveform[:, place] = torch.randn(place.stop - place.start)
            change = (model.forward_features(waveform) - silent).norm(dim=2)[0].numpy()
            changed = np.flatnonzero(change > 1e-5)
            centres = (layout.start[changed + 1] + layout.end[changed + 1]) / 2
            assert change.argmax() == n
            assert (abs(centres - (layout.start[n + 1] + layout.end[n + 1]) / 2) <= reach + 0.02).all()


def test_the_published_cnn_has_its_size():
    assert parameters(create_model("conv_transformer_cnn", 10)) == 16_402_346


# SANet


class PlainSANet(nn.Module):
    """The table of SANet once more with PyTorch's own layers, for 64,000 samples."""

    def __init__(self):
        super().__init__()
        stages = [(1, 32, 64, 4), (32, 64, 32, 2), (64, 128, 6, 2), (128, 256, 4, 2), (256, 512, 4, 2)]
        self.stages = nn.ModuleList(nn.ModuleList([
            nn.Conv1d(i, o, k, s, ((s - 1) + (k - 1)) // 2, bias=False), nn.BatchNorm1d(o),
            nn.Conv1d(o, o, k, 1, (k - 1) // 2, bias=False), nn.BatchNorm1d(o),
            nn.Conv1d(o, o // 8, 1), nn.Conv1d(o // 8, o, 1),
            nn.Conv1d(i, o, 1, s, bias=False), nn.BatchNorm1d(o)]) for i, o, k, s in stages)
        self.attentions = nn.ModuleList(nn.ModuleList([
            nn.Conv1d(c, c, 4, 4), nn.BatchNorm1d(c), nn.Conv1d(c, w, 1), nn.MultiheadAttention(w, 8, batch_first=True),
            nn.LayerNorm(w), nn.ConvTranspose1d(w, w, 4, 4), nn.BatchNorm1d(w), nn.Conv1d(w, c, 1)])
            for c, w in [(256, 128), (512, 256)])
        self.places = nn.ParameterList(nn.Parameter(torch.zeros(1, 500, w)) for w in (128, 256))
        self.pool = nn.ModuleList([nn.Conv1d(512, 128, 1), nn.Conv1d(128, 1, 1)])
        self.head = nn.ModuleList([nn.Linear(1024, 512), nn.BatchNorm1d(512), nn.Linear(512, 128), nn.BatchNorm1d(128),
                                   nn.Linear(128, 10)])

    def attend(self, x, number):
        down, norm1, narrow, attention, norm2, up, norm3, wide = self.attentions[number]
        t = narrow(F.gelu(norm1(down(x)))).transpose(1, 2)
        t = t + self.places[number][:, : t.shape[1]]
        t = norm2(t + attention(t, t, t)[0])
        return x + wide(F.gelu(norm3(up(t.transpose(1, 2)))))

    def forward(self, x):
        x = x[:, None]
        for number, (conv1, norm1, conv2, norm2, less, more, short, norm3) in enumerate(self.stages):
            y = norm2(conv2(F.gelu(norm1(conv1(x)))))
            y = y * torch.sigmoid(more(F.gelu(less(y.mean(2, keepdim=True)))))
            x = F.gelu(y + norm3(short(x)))
            if number >= 3:
                x = self.attend(x, number - 3)
        w = torch.softmax(self.pool[1](torch.tanh(self.pool[0](x))), 2)
        mean = (w * x).sum(2)
        x = torch.cat([mean, ((w * (x - mean[:, :, None]) ** 2).sum(2) + 1e-6).sqrt()], 1)
        x = F.relu(self.head[1](self.head[0](x)))
        return self.head[4](F.relu(self.head[3](self.head[2](x))))


def test_sanet_equals_the_table_at_64000_samples():
    torch.manual_seed(0)
    ours, plain = SANet(10).eval(), PlainSANet().eval()
    for module in ours.modules():  # norms that do something
        if isinstance(module, nn.BatchNorm1d | nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    with torch.no_grad():
        for theirs, block in zip(plain.stages, [*ours.early, ours.late], strict=True):
            parts = [block.conv1, block.norm1, block.conv2, block.norm2, block.squeeze.gate[0], block.squeeze.gate[2],
                     *block.identity]
            for a, b in zip(theirs, parts, strict=True):
                a.load_state_dict(b.state_dict())
        for number, block in enumerate((ours.attention1, ours.attention2)):
            down, norm1, narrow, attention, norm2, up, norm3, wide = plain.attentions[number]
            for a, b in ((down, block.down[0]), (norm1, block.down[1]), (narrow, block.down[3]), (norm2, block.norm),
                         (up, block.up[0]), (norm3, block.up[1]), (wide, block.up[3])):
                a.load_state_dict(b.state_dict())
            attention.load_state_dict({"in_proj_weight": block.attention.qkv.weight,
                                       "in_proj_bias": block.attention.qkv.bias,
                                       "out_proj.weight": block.attention.out.weight,
                                       "out_proj.bias": block.attention.out.bias})
            plain.places[number].copy_(block.positions)
        for a, b in zip(plain.pool, (ours.pool.score[0], ours.pool.score[2]), strict=True):
            a.load_state_dict(b.state_dict())
        linear = [module for module in ours.head if not isinstance(module, nn.ReLU)]
        for a, b in zip(plain.head, linear, strict=True):
            a.load_state_dict(b.state_dict())
        assert parameters(ours) == parameters(plain) == 5_797_703
        waveform = torch.randn(2, 64_000) * 0.1
        torch.testing.assert_close(ours(waveform), plain(waveform), rtol=1e-4, atol=1e-4)


def test_sanet_takes_any_length_and_tells_where_each_head_looked():
    model = SANet(10).eval()
    for samples in (100, 44_321, 80_000):
        with torch.no_grad(), record_attention(model) as record:
            assert model(torch.randn(1, samples)).shape == (1, 10)
        assert [m.weights.shape[0] for m in record.maps] == [8, 8, 1]
        assert [m.layout.title for m in record.maps] == ["Block 1", "Block 2", "Attentive pool"]
        for attention_map in record.maps:
            _, queries, keys = attention_map.weights.shape
            assert keys == len(attention_map.layout.start) and queries in (keys, 1)
            np.testing.assert_allclose(attention_map.weights.sum(axis=2), 1, atol=1e-5)
    first, second, pool = (m.layout for m in record.maps)
    for layout, hop in ((first, 128), (second, 256), (pool, 64)):
        np.testing.assert_allclose(np.diff(layout.start)[1:-1], hop / 16_000)
        assert abs(layout.end[-1] - 5) < 0.02 and layout.clip_time and layout.cls_index is None


def test_more_tokens_than_positions_are_interpolated():
    block = SANet(10).attention1
    places = block._places(625)
    assert places.shape == (1, 625, 128) and torch.equal(block._places(500), block.positions)
    assert places.min() >= block.positions.min() and places.max() <= block.positions.max()


# AST from scratch


def test_the_parts_stand_alone_with_their_shapes():
    picture = torch.randn(2, 1, 128, 512)
    tokens = PatchEmbed(16, 96)(picture)
    assert tokens.shape == (2, 8 * 32, 96)
    assert SinusoidalPositionalEmbedding(96)(tokens).shape == tokens.shape
    assert MultiHeadSelfAttention(96, 6)(tokens).shape == tokens.shape
    assert MultiHeadSelfAttention(96, 6).qkv.bias is None
    assert TransformerEncoderLayer(96, 6)(tokens).shape == tokens.shape
    assert TransformerEncoder(96, 2, 6)(tokens).shape == tokens.shape
    assert MLPHead(96, 10)(tokens[:, 0]).shape == (2, 10)


def test_the_published_ast_has_its_size():
    with torch.device("meta"):
        assert sum(p.numel() for p in TransformerEncoder().parameters()) == 42_514_944
    assert parameters(AST(10, embed_dim=192, depth=4)) == 1_829_386


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_a_lit_patch_is_where_the_layout_says(rate):
    """A tone burst inside one patch's seconds and Hz changes that token most."""
    torch.manual_seed(0)
    model = AST(10, rate, embed_dim=24, depth=1).eval()
    samples = 3 * rate + 123
    layout = model.token_layouts(samples)[0]
    quiet = torch.randn(1, samples) * 1e-4
    time = torch.arange(samples) / rate
    rows, columns = model.grid(samples // model.frontend.hop_length + 1)
    with torch.no_grad():
        before = model.forward_features(quiet)
        assert before.shape[1] == rows * columns == len(layout.start) - 1
        for token in (2 * columns + 1, 5 * columns + 7, 7 * columns + 12):
            start, end, low, high = (edge[token + 1] for edge in (layout.start, layout.end, layout.low, layout.high))
            tone = torch.sin(2 * torch.pi * (low + high) / 2 * time)
            window = torch.zeros(samples)
            inside = (time >= start + 0.01) & (time <= end - 0.01)
            window[inside] = torch.hann_window(int(inside.sum()))
            change = (model.forward_features(quiet + 0.5 * window * tone) - before).norm(dim=2)[0]
            assert change.argmax() == token


def test_the_end_of_a_clip_is_heard():
    """501 frames are 31 patches and five frames: what happens in those five must still change a token."""
    model = AST(10, embed_dim=24, depth=1).eval()
    clip, other = torch.zeros(1, 80_000), torch.zeros(1, 80_000)
    other[:, 79_500:] = torch.randn(500)
    with torch.no_grad():
        change = (model.forward_features(other) - model.forward_features(clip)).norm(dim=2)[0].view(8, 32)
    assert (change[:, -1] > 1e-3).all()


def test_our_layer_equals_hugging_faces():
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from transformers.models.audio_spectrogram_transformer.modeling_audio_spectrogram_transformer import ASTLayer

    config = transformers.ASTConfig(hidden_size=48, num_attention_heads=6, intermediate_size=192, qkv_bias=False,
                                    layer_norm_eps=1e-5, attn_implementation="eager")
    torch.manual_seed(0)
    theirs, ours = ASTLayer(config).eval(), TransformerEncoderLayer(48, 6).eval()
    state = theirs.state_dict()
    with torch.no_grad():
        ours.attention.qkv.weight.copy_(torch.cat([state[f"attention.{part}_proj.weight"] for part in "qkv"]))
        for mine, name in ((ours.attention.out, "attention.o_proj"), (ours.ffn[0], "mlp.fc1"), (ours.ffn[2], "mlp.fc2"),
                           (ours.norm_attention, "layernorm_before"), (ours.norm_ffn, "layernorm_after")):
            mine.weight.copy_(state[f"{name}.weight"])
            mine.bias.copy_(state[f"{name}.bias"])
        tokens = torch.randn(2, 11, 48)
        answer = theirs(tokens)
        torch.testing.assert_close(ours(tokens), answer[0] if isinstance(answer, tuple) else answer, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("width_in, width, kernel, stride, frames", [
    (1, 4, 64, 4, 1000), (4, 4, 64, 1, 5333), (3, 5, 32, 2, 777), (2, 2, 7, 3, 50), (2, 3, 4, 1, 4), (2, 3, 1, 1, 9)])
def test_a_convolution_in_the_frequency_domain_computes_the_plain_one(width_in, width, kernel, stride, frames):
    torch.manual_seed(0)
    sizes = (width_in, width, kernel, stride, kernel // 2)
    plain, fast = nn.Conv1d(*sizes).double(), FFTConv1d(*sizes).double()
    fast.load_state_dict(plain.state_dict())
    inputs = [torch.randn(2, width_in, frames, dtype=torch.double, requires_grad=True) for _ in range(2)]
    inputs[1].data = inputs[0].data.clone()
    out, same = plain(inputs[0]), fast(inputs[1])
    torch.testing.assert_close(same, out)
    seen = torch.randn_like(out)
    out.backward(seen)
    same.backward(seen)
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad)
    torch.testing.assert_close(fast.weight.grad, plain.weight.grad)
    torch.testing.assert_close(fast.bias.grad, plain.bias.grad)


@pytest.mark.parametrize(("pooling", "read"), [("mean", ()), ("cls", (0,))])
def test_the_layout_says_which_tokens_the_answer_is_read_from(pooling, read):
    """Only those queries of the last block may matter: the others' outputs reach no head."""
    model = ConvTransformer(10, pooling=pooling).eval()
    assert model.token_layouts(80_000)[-1].asking == read
    tokens = torch.randn(1, 6, 128)
    model.classifier.blocks = nn.Identity()
    with torch.no_grad():
        answer, other = model.classifier.classify(tokens), tokens.clone()
        other[:, 2] += 1
        assert torch.equal(answer, model.classifier.classify(other)) == (read == (0,))
