"""Fine-tuning on small random models saved in the hub's format: no hub is reached from a test."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.attention import record_attention
from core.catalog import CATALOG
from core.checkpoint import load_checkpoint, save_checkpoint
from core.config import TrainConfig
from core.errors import UserError
from core.models import count_parameters, create_model, measure
from core.plan import make_plan
from core.pretrained import check_pretrained, missing_requirement
from core.splits import Split
from core.training import fit_fold

transformers = pytest.importorskip("transformers", reason="transformers is not installed (requirements-finetune.txt)")
SMALL = dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=32)
NAMES = ("ast_finetune", "wav2vec2_finetune")


@pytest.fixture(scope="module", autouse=True)
def _beside_any_torch():
    """Before a test takes a model from transformers itself: that imports torchaudio, which may need our help."""
    from core.models.finetune import import_transformers

    import_transformers()


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, str]:
    """``{model: folder}`` of tiny models as ``save_pretrained`` leaves them."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("hub")
    ast = transformers.ASTModel(transformers.ASTConfig(**SMALL))
    torch.nn.init.normal_(ast.embeddings.position_embeddings)
    wav2vec2 = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(
        **SMALL, conv_dim=(8,) * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=4))
    for name, model in zip(NAMES, (ast, wav2vec2), strict=True):
        model.save_pretrained(place / name)
    return {name: str(place / name) for name in NAMES}


def config_of(name: str, folders: dict, **settings) -> TrainConfig:
    return TrainConfig(model=name, pretrained=folders[name], **settings)


def build(name: str, folders: dict, **settings) -> torch.nn.Module:
    return create_model(name, 4, options=config_of(name, folders, **settings))


@pytest.mark.parametrize("name", NAMES)
def test_the_card_tells_what_was_measured(name):
    card, info = CATALOG[name], measure(name, num_classes=10, clip_seconds=5.0, sample_rate=16_000)
    assert (card.parameters, card.macs, card.tokens) == (info.parameters_trainable, info.macs, info.tokens)
    assert bool(card.attends) == info.attention and info.available


def test_a_wav2vec2_that_was_trained_without_masking_is_taken_too(tmp_path):
    transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(
        **SMALL, conv_dim=(8,) * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=4, mask_time_prob=0.0,
        mask_feature_prob=0.0)).save_pretrained(tmp_path)
    model = create_model("wav2vec2_finetune", 4, options=TrainConfig(model="wav2vec2_finetune", pretrained=str(tmp_path)))
    assert model.eval()(torch.zeros(1, 16_000)).shape == (1, 4)


def test_ast_features_are_those_of_its_extractor(folders):
    model, clips = build("ast_finetune", folders), np.random.default_rng(0).normal(0, 0.1, (2, 80_000)).astype("f4")
    extractor = transformers.ASTFeatureExtractor(max_length=512)
    expected = np.stack(extractor(list(clips), sampling_rate=16_000)["input_values"])
    ours = model.frontend(torch.from_numpy(clips)).numpy()
    assert ours.shape == expected.shape == (2, 512, 128)
    np.testing.assert_allclose(ours[:, :498], expected[:, :498], atol=1e-3)


def test_wav2vec2_normalisation_is_that_of_its_processor(folders):
    clips = np.random.default_rng(0).normal(0.1, 0.3, (2, 16_000)).astype("f4")
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    expected = np.stack(extractor(list(clips), sampling_rate=16_000)["input_values"])
    ours = build("wav2vec2_finetune", folders).frontend(torch.from_numpy(clips)).numpy()
    np.testing.assert_allclose(ours, expected, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_transformers_own(name, folders):
    """The same weights with their own attention, read out the same way."""
    model = build(name, folders).eval()
    kind = {"ast_finetune": transformers.ASTModel, "wav2vec2_finetune": transformers.Wav2Vec2Model}[name]
    settings = {"max_length": 512, "ignore_mismatched_sizes": True} if name == "ast_finetune" else {}
    theirs = kind.from_pretrained(folders[name], attn_implementation="eager", **settings).eval()
    if name == "ast_finetune":
        theirs.embeddings.position_embeddings = model.backbone.embeddings.position_embeddings
    waveform = torch.randn(2, 80_000) * 0.1
    with torch.no_grad():
        hidden = theirs(model.frontend(waveform))
        pooled = hidden.pooler_output if name == "ast_finetune" else hidden.last_hidden_state.mean(1)
        torch.testing.assert_close(model(waveform), model.head(pooled), rtol=1e-4, atol=1e-4)


def test_fewer_frames_keep_the_middle_of_the_time_positions(folders):
    whole = build("ast_finetune", folders, frames=1024).backbone.embeddings.position_embeddings[0]
    part = build("ast_finetune", folders, frames=512).backbone.embeddings.position_embeddings[0]
    assert whole.shape == (2 + 12 * 101, 24) and part.shape == (2 + 12 * 50, 24)
    torch.testing.assert_close(part[:2], whole[:2])
    torch.testing.assert_close(part[2:].view(12, 50, 24), whole[2:].view(12, 101, 24)[:, 25:75])


@pytest.mark.parametrize(("name", "tokens"), [("ast_finetune", 602), ("wav2vec2_finetune", 249)])
def test_attention_is_recorded_like_any_other(name, tokens, folders):
    model, waveform = build(name, folders).eval(), torch.randn(1, 80_000) * 0.1
    with torch.no_grad():
        fused = model(waveform)
        with record_attention(model) as record:
            recorded = model(waveform)
    torch.testing.assert_close(fused, recorded, rtol=1e-4, atol=1e-5)
    assert len(record.maps) == 3
    for attention_map in record.maps:
        assert attention_map.weights.shape == (4, tokens, tokens) and len(attention_map.layout.start) == tokens
        np.testing.assert_allclose(attention_map.weights.sum(axis=2), 1, atol=1e-4)
    layout = record.maps[0].layout
    assert abs(layout.end[-1] - 5) < 0.03
    if name == "ast_finetune":
        assert layout.cls_index == 0 and np.isnan(layout.start[:2]).all() and np.isfinite(layout.low[2:]).all()
        assert layout.low[2] < layout.high[2] and layout.low[2 + 50] == layout.high[2]


@pytest.mark.parametrize("name", NAMES)
def test_what_learns_is_a_setting(name, folders):
    trainable = {}
    for tune in ("frozen", "last", "full"):
        model = build(name, folders, tune=tune, last_layers=1).train()
        model(torch.randn(2, 16_000) * 0.1).sum().backward()
        learning = {n for n, p in model.named_parameters() if p.requires_grad}
        assert {n for n, p in model.named_parameters() if p.grad is not None} == learning
        trainable[tune] = count_parameters(model)[0]
        if tune == "frozen":
            assert all(n.startswith("head.") for n in learning) and not model.backbone.training
        if tune == "last":
            assert any("layers.2." in n for n in learning) and not any("layers.1." in n for n in learning)
    assert trainable["frozen"] < trainable["last"] < trainable["full"]
    with pytest.raises(UserError, match="at most the 3 layers"):
        build(name, folders, tune="last", last_layers=4)


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_and_comes_back_from_its_checkpoint_without_the_folder(name, folders, tmp_path):
    config = config_of(name, folders, epochs=1, batch_size=4, clip_seconds=1.0)
    model = create_model(name, 2, 16_000, options=config)
    waveforms = np.random.default_rng(0).normal(0, 0.1, (6, 16_000)).astype("f4")
    fit_fold(model, waveforms, np.arange(6) % 2, Split(1, tuple(range(6)), (), ()), config, num_classes=2)
    model.cpu()
    save_checkpoint(tmp_path / "a.safetensors", model, config.replace(pretrained="/no/longer/there"), ("a", "b"))
    again = load_checkpoint(tmp_path / "a.safetensors").model
    with torch.no_grad():
        torch.testing.assert_close(again(torch.from_numpy(waveforms)), model(torch.from_numpy(waveforms)))


def test_a_random_start_is_a_choice(monkeypatch):
    config = transformers.ASTConfig(**SMALL)
    monkeypatch.setattr(transformers, "ASTConfig", lambda: config)
    model = create_model("ast_finetune", 4, options=TrainConfig(model="ast_finetune", pretrained="random"))
    assert model.backbone.config.max_length == 512


def test_what_cannot_work_is_said_before_anything_starts(folders, tmp_path, tiny_folder):
    data = {"dataset": str(tiny_folder), "protocol": "kfold", "folds": 2}
    with pytest.raises(UserError, match="expected sample_rate=16000, found 8000"):
        make_plan(config_of("ast_finetune", folders, sample_rate=8_000, **data))
    with pytest.raises(UserError, match=r"of the kind 'wav2vec2', expected 'audio-spectrogram-transformer'"):
        check_pretrained(TrainConfig(model="ast_finetune", pretrained=folders["wav2vec2_finetune"]))
    with pytest.raises(UserError, match=r"holds no model: expected a config.json"):
        check_pretrained(TrainConfig(model="ast_finetune", pretrained=str(tmp_path)))
    with pytest.raises(UserError, match="holds no model"):
        check_pretrained(TrainConfig(model="ast_finetune", pretrained="./nowhere"))
    with pytest.raises(UserError, match=r"hears 5\.1 s, and clips of 6 s were asked for; set frames=1024"):
        check_pretrained(TrainConfig(model="ast_finetune", clip_seconds=6.0))
    check_pretrained(TrainConfig(model="ast_finetune", clip_seconds=6.0, frames=1024, pretrained="random"))
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(UserError, match="holds a model of the kind None"):
        check_pretrained(TrainConfig(model="ast_finetune", pretrained=str(tmp_path)))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
    with pytest.raises(UserError, match="no weights"):
        check_pretrained(TrainConfig(model="wav2vec2_finetune", pretrained=str(tmp_path)))
    check_pretrained(TrainConfig(model="ast_finetune", pretrained="random"))


def test_weights_that_do_not_fit_are_refused_and_never_drawn_at_random(folders, tmp_path, tiny_folder):
    mixed, torn = tmp_path / "mixed", tmp_path / "torn"
    for folder in (mixed, torn):
        shutil.copytree(folders["ast_finetune"], folder)
    shutil.copy(Path(folders["wav2vec2_finetune"], "model.safetensors"), mixed)
    with pytest.raises(UserError, match="are not those of the audio-spectrogram-transformer"):
        make_plan(TrainConfig(dataset=str(tiny_folder), model="ast_finetune", pretrained=str(mixed)))
    weights = load_file(torn / "model.safetensors")
    save_file({name: value for name, value in weights.items() if "layernorm" not in name}, torn / "model.safetensors")
    with pytest.raises(UserError, match=r"lack \d+ of those that the model has"):
        create_model("ast_finetune", 4, options=TrainConfig(model="ast_finetune", pretrained=str(torn)))
    (torn / "model.safetensors").write_bytes(b"words")
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        check_pretrained(TrainConfig(model="ast_finetune", pretrained=str(torn)))


def test_a_checkpoint_with_a_head_of_its_own_fits(tmp_path):
    """As the hub's: the backbone under a prefix, and a classifier that is not used."""
    published = transformers.ASTForAudioClassification(transformers.ASTConfig(**SMALL))
    published.save_pretrained(tmp_path)
    made = create_model("ast_finetune", 4, options=TrainConfig(model="ast_finetune", pretrained=str(tmp_path), frames=1024))
    theirs = published.audio_spectrogram_transformer.embeddings.patch_embeddings.projection.weight
    torch.testing.assert_close(made.backbone.embeddings.patch_embeddings.projection.weight, theirs)


def test_a_clip_longer_than_the_frames_says_what_to_set(folders):
    with pytest.raises(UserError, match=r"takes 512 frames.*frames=1024"):
        build("ast_finetune", folders)(torch.zeros(1, 160_000))


def test_without_a_network_the_ways_out_are_named(monkeypatch):
    monkeypatch.setattr(transformers.ASTModel, "from_pretrained", _no_network)
    with pytest.raises(UserError, match=r"could not be had.*pretrained=FOLDER.*pretrained=random"):
        create_model("ast_finetune", 4, options=TrainConfig(model="ast_finetune"))


def _no_network(*args, **options):
    raise OSError("We couldn't connect to the hub to load the files")


def test_without_transformers_the_model_is_listed_with_the_reason(monkeypatch):
    import core.pretrained
    from core.models import measure

    monkeypatch.setattr(core.pretrained.importlib.util, "find_spec", lambda name: None)
    assert "requirements-finetune.txt" in missing_requirement("ast_finetune") and not missing_requirement("cnn1d")
    info = measure("ast_finetune", 10, 5.0, 16_000)
    assert not info.available and "transformers" in info.reason
    with pytest.raises(UserError, match="needs the package transformers"):
        check_pretrained(TrainConfig(model="ast_finetune"))
