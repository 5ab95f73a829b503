"""Weights on disk come back whole, or with one clear sentence."""

import pickle
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from core.checkpoint import KEY, load_checkpoint, load_fold_state, save_checkpoint, save_fold_state
from core.config import TrainConfig
from core.errors import UserError
from core.models import create_model
from core.splits import Split
from core.training import EpochEnd, FoldState, check_state, fit_fold

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
    (lambda p: p.write_bytes(pickle.dumps({"weights": [1, 2, 3]})), "is a pickle, .* Earshot reads safetensors only"),
    (lambda p: torch.save({"weights": torch.zeros(3)}, p), "is a pickle, .* Earshot reads safetensors only"),
    (lambda p: save_file({"a": torch.zeros(1)}, p, {KEY: "[" * 100_000}), "not a whole safetensors checkpoint"),
    (lambda p: save_file({"a": torch.zeros(1)}, p, {KEY: "17"}), "not Earshot's config"),
    (lambda p: save_file({"a": torch.zeros(1)}, p, {KEY: '{"config": 1, "class_names": [2]}'}), "not Earshot's config"),
    (lambda p: save_file({"a": torch.zeros(1)}, p, {KEY: '{"config": {"colour": 1}, "class_names": ["a", "b"]}'}),
     "made by another version of Earshot: there is no setting called 'colour'"),
    (lambda p: save_file({"a": torch.zeros(1)}, p), "not Earshot's config"),
    (lambda p: save_checkpoint(p, create_model("cnn_transformer_h1", 3), CONFIG, NAMES), "do not fit the model cnn1d"),
    (lambda p: save_checkpoint(p, create_model("cnn1d", 2), CONFIG, NAMES), "do not fit the model cnn1d"),
], ids=["absent", "cut early", "cut late", "empty", "pickle", "torch.save", "deep", "number", "odd", "future", "foreign",
        "another model", "other classes"])
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


def test_a_state_is_checked_against_the_model_it_is_to_go_on_with():
    def state_of(name: str, **changes) -> FoldState:
        model, kept = create_model(name, 3, 16_000), []
        config = CONFIG.replace(model=name, epochs=2, batch_size=2)
        split = Split(1, (0, 1), (), ())
        fit_fold(model, torch.randn(2, 16_000).numpy(), torch.tensor([0, 2]).numpy(), split, config, num_classes=3,
                 on_event=lambda event: kept.append(event.snapshot()) if isinstance(event, EpochEnd) else None)
        return replace(kept[-1], **changes)

    model, config = create_model("cnn1d", 3, 16_000), CONFIG.replace(epochs=2)
    good = state_of("cnn1d")
    check_state(good, model, config)
    moment = "optimizer.0.exp_avg"
    for bad in (state_of("cnn_transformer_h1"), replace(good, tensors={}), replace(good, epoch=3), replace(good, epoch=0),
                replace(good, history=[{"loss": 1}]), replace(good, tensors=good.tensors | {"evil": torch.zeros(1)}),
                replace(good, tensors=good.tensors | {moment: torch.zeros(1)})):
        with pytest.raises(UserError, match="the saved state is not one of"):
            check_state(bad, model, config)


def test_a_failing_disk_keeps_the_old_file(saved, monkeypatch):
    path, _ = saved
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, create_model("cnn1d", 3, 16_000), CONFIG, NAMES)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]
