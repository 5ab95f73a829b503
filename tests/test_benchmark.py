"""The references are the published systems, and the race is a real one."""

import json
import sys

import pytest
import torch

from core.__main__ import main
from core.benchmark import REFERENCES, as_json, benchmark
from core.models import create_model
from core.references import NaiveConvTransformer, NaiveSANet


@pytest.mark.parametrize("reference, parameters", [(NaiveConvTransformer, 452_522), (NaiveSANet, 5_797_703)])
def test_the_references_have_their_published_sizes(reference, parameters):
    assert sum(p.numel() for p in reference().parameters()) == parameters


def test_the_shapes_inside_are_those_of_the_tables():
    with torch.no_grad():
        convs = NaiveConvTransformer().eval().convs(torch.zeros(1, 9, 16_000))
        shapes, features = [], torch.zeros(1, 1, 64_000)
        for stage in NaiveSANet().eval().stages:
            features = stage(features)
            shapes.append(tuple(features.shape[1:]))
    assert convs.shape == (1, 128, 1_997)
    assert [s[0] for s in shapes] == [32, 64, 128, 256, 256, 512, 512]
    assert all(abs(s[1] - n) <= 2 for s, n in zip(shapes, [16_000, 8_000, 4_000, 2_000, 2_000, 1_000, 1_000], strict=True))


def test_a_race_has_a_row_for_everyone(monkeypatch):
    monkeypatch.setattr("core.benchmark.ENOUGH_SECONDS", 0.0)
    monkeypatch.setattr("core.benchmark.PAIR_BATCH", 2)
    monkeypatch.setattr("core.benchmark.PAIRS", {"cnn1d": "naive SANet"})
    monkeypatch.setitem(REFERENCES, "naive SANet", lambda: create_model("cnn1d", 10))
    monkeypatch.setitem(sys.modules, "transformers", None)
    done = []
    rows = benchmark(["cnn_transformer_h1", "cnn1d", "ast_finetune"], clips=8, repeats=1, device="cpu", on_done=done.append)
    assert rows == done
    first, second, skipped, pair = rows
    assert (first.name, first.training_ratio) == ("cnn_transformer_h1", 1.0)
    assert second.training_ratio == pytest.approx(
        second.training_clips_per_second / first.training_clips_per_second, rel=0.05)
    assert second.inference_ms > 0
    assert skipped.name == "ast_finetune" and "needs the package transformers" in skipped.reason
    assert 0 < pair.gflops < pair.peak_gflops
    assert pair.ratio == pytest.approx(pair.clips_per_second / pair.reference_clips_per_second, rel=0.05)
    document = json.loads(json.dumps(as_json(rows)))
    assert document["machine"]["torch"] and len(document["models"]) == 2 and len(document["pairs"]) == 1


def test_the_naive_conv_transformer_computes_ours():
    """The race is between two programs for the same numbers."""
    torch.manual_seed(0)
    naive, ours = NaiveConvTransformer().eval(), create_model("conv_transformer_published", 10).eval()
    inner = ours.classifier
    with torch.no_grad():
        inner.convs.load_state_dict(dict(zip(inner.convs.state_dict(), naive.convs.state_dict().values(), strict=True)))
        inner.head.load_state_dict(naive.head.state_dict())
        inner.cls.token.copy_(naive.cls_token)
        for block, plain in zip(inner.blocks, naive.blocks, strict=True):
            parts = (plain.attention.query, plain.attention.key, plain.attention.value)
            block.attention.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
            block.attention.qkv.bias.copy_(torch.cat([part.bias for part in parts]))
            block.attention.out.load_state_dict(plain.attention.out.state_dict())
            block.ffn.load_state_dict(plain.ffn.state_dict())
            block.norm_attention.load_state_dict(plain.norm1.state_dict())
            block.norm_ffn.load_state_dict(plain.norm2.state_dict())
        waveform = torch.randn(2, 80_000) / 10
        answer = naive(waveform)
        assert answer.shape == (2, 10)
        torch.testing.assert_close(ours(waveform), answer, rtol=1e-4, atol=1e-4)


def test_the_naive_sanet_computes_ours():
    torch.manual_seed(0)
    naive, ours = NaiveSANet().eval(), create_model("sanet", 10).eval()
    parts = {**{f"stages.{i}.": f"early.{i}." for i in range(4)}, "stages.4.": "attention1.", "stages.5.": "late.",
             "stages.6.": "attention2.", "score.": "pool.score."}
    weights = {}
    for name, value in naive.state_dict().items():
        for theirs, mine in parts.items():
            name = name.replace(theirs, mine)
        weights[name.replace("squeeze.1.", "squeeze.gate.0.").replace("squeeze.3.", "squeeze.gate.2.")] = value
    for block in ("attention1", "attention2"):
        for kind in ("weight", "bias"):
            weights[f"{block}.attention.qkv.{kind}"] = torch.cat(
                [weights.pop(f"{block}.attention.{part}.{kind}") for part in ("query", "key", "value")])
    ours.load_state_dict(weights)
    with torch.no_grad():
        waveform = torch.randn(2, NaiveSANet.num_samples) / 10
        answer = naive(waveform)
        assert answer.shape == (2, 10)
        torch.testing.assert_close(ours(waveform), answer, rtol=1e-4, atol=1e-4)


def test_an_unknown_model_is_refused(capsys):
    assert main(["benchmark", "--model", "cnn9d"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no model called 'cnn9d'")
