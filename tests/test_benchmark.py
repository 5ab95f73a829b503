"""The references are the published systems, and the race is a real one."""

import json

import pytest
import torch

from core.__main__ import main
from core.benchmark import as_json, benchmark
from core.references import NaiveConvTransformer, NaiveSANet


@pytest.mark.parametrize("reference, parameters", [(NaiveConvTransformer, 452_522), (NaiveSANet, 5_797_703)])
def test_the_references_have_their_published_sizes(reference, parameters):
    model = reference().eval()
    assert sum(p.numel() for p in model.parameters()) == parameters
    with torch.no_grad():
        assert model(torch.randn(1, 80_000)).shape == (1, 10)


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


def test_a_race_names_every_runner_and_its_ratio():
    done = []
    speeds = benchmark(["cnn1d"], clips=2, repeats=1, device="cpu", on_done=done.append)
    assert [s.name for s in speeds] == ["naive ConvTransformer", "naive SANet", "cnn1d"] == [s.name for s in done]
    assert all(s.training_clips_per_second > 0 and s.inference_ms > 0 for s in speeds)
    first, last = speeds[0], speeds[-1]
    assert first.training_ratio == 1.0
    assert last.training_ratio == pytest.approx(
        last.training_clips_per_second / first.training_clips_per_second, rel=0.05)
    assert json.loads(json.dumps(as_json(speeds)))["machine"]["torch"]


def test_an_unknown_model_is_refused(capsys):
    assert main(["benchmark", "--model", "cnn9d"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no model called 'cnn9d'")
