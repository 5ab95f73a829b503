"""A model leaves Earshot as ONNX and answers there as it does here."""

import importlib.util
import json
from types import SimpleNamespace

import numpy as np
import pytest

from core.__main__ import main
from core.calibration import Calibration
from core.checkpoint import load_checkpoint, save_checkpoint
from core.config import TrainConfig
from core.models import MODELS, Wanted, create_model
from core.models.conv_transformer import ConvTransformer
from core.predict import predict

needs_onnx = pytest.mark.skipif(importlib.util.find_spec("onnxruntime") is None,
                                reason="needs onnxruntime: pip install -r requirements-export.txt")


@pytest.fixture
def saved(tmp_path):
    """``saved(model)`` is the file of a tiny untrained one that says its probabilities at another temperature."""
    def save(model: str):
        config = TrainConfig(model=model, sample_rate=8_000, clip_seconds=0.5)
        made = create_model(model, 3, config.num_samples, config.sample_rate, config).eval()
        save_checkpoint(tmp_path / f"{model}.safetensors", made, config, ("a", "b", "c"), Calibration(0.5, 0.4))
        return tmp_path / f"{model}.safetensors"
    return save


@needs_onnx
def test_the_file_answers_as_the_model_does(saved, tmp_path, capsys, monkeypatch):
    import onnxruntime

    def shallow(wanted: Wanted) -> ConvTransformer:
        """Of one block: attention, a class token, and convolutions that here go through a Fourier transform."""
        model = ConvTransformer(wanted.num_classes, wanted.sample_rate)
        model.classifier.blocks = model.classifier.blocks[:1]
        return model

    model = "conv_transformer"
    monkeypatch.setitem(MODELS, model, shallow)
    weights = saved(model)
    assert main(["export", str(weights), "--out", str(tmp_path / "new" / "m.onnx"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["input"] == [None, 4_000] and told["sample_rate"] == 8_000 and told["class_names"] == ["a", "b", "c"]
    session = onnxruntime.InferenceSession(tmp_path / "new" / "m.onnx")
    described = json.loads(session.get_modelmeta().custom_metadata_map["earshot"])
    assert described == {"model": model, "class_names": ["a", "b", "c"], "sample_rate": 8_000, "samples": 4_000,
                         "unknown_below": 0.4}
    clips = (0.1 * np.random.default_rng(0).standard_normal((4, 4_000))).astype(np.float32)
    probabilities, = session.run(["probabilities"], {"waveform": clips})
    ours = [predict(load_checkpoint(weights), clip, 8_000).probs for clip in clips]
    np.testing.assert_allclose(probabilities, ours, atol=1e-5)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.onnx"]


def test_what_answers_differently_is_not_kept(saved, tmp_path, capsys, monkeypatch):
    graph = SimpleNamespace(inputs=[SimpleNamespace(shape=("clips", 4_000))])
    program = SimpleNamespace(model=SimpleNamespace(graph=graph, metadata_props={}),
                              save=lambda path, external_data: path.write_bytes(b"a program"))
    monkeypatch.setattr("core.export.PACKAGES", ())
    monkeypatch.setattr("core.export._exported", lambda *_: program)
    monkeypatch.setattr("core.export._difference", lambda *_: 0.1)
    assert main(["export", str(saved("cnn1d")), "--out", str(tmp_path / "m.onnx")]) == 1
    assert "answers differently" in capsys.readouterr().err and not list(tmp_path.glob("*.onnx*"))


@pytest.mark.parametrize(("out", "sentence"), [("m.txt", "ends in .onnx"), (".", "ends in .onnx"), ("m.onnx", "no run called")])
def test_a_wrong_export_is_one_sentence(isolated, capsys, out, sentence):
    assert main(["export", "nothing", "--out", out]) == 2
    assert sentence in capsys.readouterr().err


def test_a_missing_package_is_named(saved, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("core.export.PACKAGES", ("onnx_of_tomorrow",))
    assert main(["export", str(saved("cnn1d")), "--out", str(tmp_path / "m.onnx")]) == 2
    assert "needs the package onnx_of_tomorrow" in capsys.readouterr().err
