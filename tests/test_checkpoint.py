"""Weights on disk come back whole, or with one clear sentence."""

import pickle

import pytest
import torch
from safetensors.torch import save_file

from core.checkpoint import load_checkpoint, load_fold_state, save_checkpoint, save_fold_state
from core.config import TrainConfig
from core.errors import UserError
from core.models import create_model
from core.training import FoldState

CONFIG = TrainConfig(model="cnn1d", clip_seconds=1.0)
NAMES = ("dog", "<b>rain</b>", "naïve 猫")


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    model = create_model("cnn1d", 3, 16_000).eval()
    save_checkpoint(tmp_path / "fold1.safetensors", model, CONFIG, NAMES)
    return tmp_path / "fold1.safetensors", model


def test_the_same_answers_come_back(saved):
    path, model = saved
    checkpoint = load_checkpoint(path)
    assert checkpoint.config == CONFIG and checkpoint.class_names == NAMES and not checkpoint.model.training
    waveform = torch.randn(2, 16_000)
    with torch.no_grad():
        assert torch.equal(model(waveform), checkpoint.model(waveform))
    assert [p.name for p in path.parent.iterdir()] == ["fold1.safetensors"]  # nothing temporary is left


@pytest.mark.parametrize("spoil, sentence", [
    (lambda p: p.unlink(), "no checkpoint at"),
    (lambda p: p.write_bytes(p.read_bytes()[:1000]), "not a whole safetensors checkpoint"),
    (lambda p: p.write_bytes(p.read_bytes()[:-1000]), "not a whole safetensors checkpoint"),
    (lambda p: p.write_bytes(b""), "not a whole safetensors checkpoint"),
    (lambda p: p.write_bytes(pickle.dumps({"weights": [1, 2, 3]})), "not a whole safetensors checkpoint"),
    (lambda p: save_file({"a": torch.zeros(1)}, p), "not Earshot's config"),
    (lambda p: save_checkpoint(p, create_model("cnn_transformer_h1", 3), CONFIG, NAMES), "do not fit the model cnn1d"),
    (lambda p: save_checkpoint(p, create_model("cnn1d", 2), CONFIG, NAMES), "do not fit the model cnn1d"),
], ids=["absent", "cut early", "cut late", "empty", "pickle", "foreign", "another model", "other classes"])
def test_a_spoilt_file_is_one_sentence(saved, spoil, sentence):
    path, _ = saved
    spoil(path)
    with pytest.raises(UserError, match=sentence):
        load_checkpoint(path)


def test_a_fold_state_comes_back_exactly(tmp_path):
    state = FoldState(4, [{"epoch": 4, "loss": 0.1}], {"model.a": torch.randn(3), "optimizer.0.step": torch.tensor(7.0)})
    save_fold_state(tmp_path / "fold1.resume", state)
    back = load_fold_state(tmp_path / "fold1.resume")
    assert (back.epoch, back.history) == (4, state.history)
    assert all(torch.equal(back.tensors[k], v) for k, v in state.tensors.items())


def test_a_checkpoint_is_no_fold_state(saved):
    with pytest.raises(UserError, match="not the saved state of an unfinished fold"):
        load_fold_state(saved[0])


def test_a_failing_disk_keeps_the_old_file(saved, monkeypatch):
    path, _ = saved
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, create_model("cnn1d", 3, 16_000), CONFIG, NAMES)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]
