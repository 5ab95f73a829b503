"""The contract that every registered model keeps, and where a token lives."""

import dataclasses

import numpy as np
import pytest
import torch

from core.catalog import CATALOG
from core.config import FINE_TUNED
from core.errors import UserError
from core.models import MODELS, count_macs, create_model, list_models, measure
from core.models.cnn1d import CNN1DPublished
from core.models.cnn_transformer import CNNTransformer

CLIP = 80_000  # 5 s at 16 kHz
TRANSFORMERS = [name for name in CATALOG if name.startswith("cnn_transformer")]
OWN = [name for name in MODELS if name not in FINE_TUNED]  # test_finetune.py looks at the others
QUICK = [name for name in OWN if name != "ast_published"]  # the class of ast_small, which is here


def test_every_model_has_a_card_in_the_same_order_that_tells_what_was_measured(monkeypatch):
    assert list(MODELS) == list(CATALOG)
    seen = []
    monkeypatch.setattr("core.models.MODELS", {name: MODELS[name] for name in OWN})
    measured = list_models(on_progress=lambda *told: seen.append(told))
    assert seen == [(done, len(OWN), name) for done, name in enumerate(OWN)]
    assert [info.name for info in measured] == OWN
    for info in measured:
        card = CATALOG[info.name]
        assert (card.parameters, card.macs, card.tokens, bool(card.attends)) == (
            info.parameters_trainable, info.macs, info.tokens, info.attention), info.name
        assert info.available and info.parameters_frozen == 0, info.name


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match=r"no model called 'cnn2d'.*cnn1d, .*cnn_transformer_h4"):
        create_model("cnn2d", 10)


@pytest.mark.parametrize("name", QUICK)
def test_every_parameter_gets_a_gradient(name):
    torch.manual_seed(0)
    model = create_model(name, 4, 16_000)
    logits = model(torch.randn(2, 16_000) * 0.1)
    assert logits.shape == (2, 4)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1])).backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not without


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("samples", [16_000, 44_321])
def test_any_clip_length_and_a_batch_of_one(name, samples):
    torch.manual_seed(0)
    model = create_model(name, 10, samples).eval()
    waveform = torch.stack([torch.randn(samples) * 0.1, torch.zeros(samples)])  # digital silence has an answer too
    with torch.no_grad():
        both, alone = model(waveform), model(waveform[:1])
    torch.testing.assert_close(both[:1], alone, rtol=1e-4, atol=1e-4)
    assert torch.isfinite(both).all()


@pytest.mark.parametrize("name", QUICK)
def test_a_batch_of_one_can_be_trained(name):
    model = create_model(name, 3, 16_000).train()
    model(torch.randn(1, 16_000)).sum().backward()


def test_the_published_layout_has_its_published_size_and_hears_one_second():
    model = CNN1DPublished(10, input_size=16_000).eval()
    assert sum(p.numel() for p in model.parameters()) == 2_591_050
    assert model.features(torch.zeros(1, 1, 16_000)).shape == (1, 128, 2_000)
    waveform = torch.randn(1, CLIP)
    deaf = waveform.clone()
    deaf[:, 16_000:] = 0
    with torch.no_grad():
        torch.testing.assert_close(model(waveform), model(deaf))


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_the_assignment_is_met(name):
    model = create_model(name, 10)
    convs = [m for m in model.modules() if isinstance(m, torch.nn.Conv1d)]
    assert len(convs) >= 3 and all(conv.stride[0] > 1 for conv in convs)
    assert convs[0].in_channels == 1  # the samples themselves
    assert len(model.encoder.blocks) >= 2
    assert f"h{model.encoder.blocks[0].attention.num_heads}" == name.rsplit("_", 1)[1]
    assert 100 <= CATALOG[name].tokens <= 256


def test_a_token_hears_its_own_samples_and_is_drawn_there():
    """Only the samples of token n sound: the tokens that change are n and, evenly on both sides, its receptive field."""
    torch.manual_seed(0)
    model = CNNTransformer(10, num_heads=4).eval()
    strides = model.stem.strides
    layout = model.token_layouts(CLIP)[0]
    reach = strides.receptive_field / 2 / 16_000
    with torch.no_grad():
        silent = model.forward_features(torch.zeros(1, CLIP))
        for n in (0, 1, 37, 64, 122, 124):
            waveform = torch.zeros(1, CLIP)
            start, end = layout.start[n + 1], layout.end[n + 1]  # key 0 is the CLS token
            place = slice(round(start * 16_000), round(end * 16_000))
            waveform[:, place] = torch.randn(place.stop - place.start)
            change = (model.forward_features(waveform) - silent).norm(dim=2)[0].numpy()
            changed = np.flatnonzero(change > 1e-5)
            centres = (layout.start[changed + 1] + layout.end[changed + 1]) / 2
            assert (centres >= start - reach).all() and (centres <= end + reach).all()
            spread = len(changed) // 2 if 2 < n < 122 else 0
            assert not spread or list(changed) == list(range(n - spread, n + spread + 1))
            assert change[n] > 0.5 * change.max() and len(changed) <= 5


def test_the_token_layout_covers_the_clip_without_gap():
    layout = CNNTransformer(10, num_heads=1).token_layouts(CLIP)[0]
    assert np.isnan(layout.start[0]) and layout.cls_index == 0 and layout.clip_time
    np.testing.assert_allclose(layout.start[2:], layout.end[1:-1])
    assert layout.start[1] == 0 and layout.end[-1] == 5.0
    assert np.isnan(layout.low).all() and np.isnan(layout.high).all()


def test_the_layout_agrees_with_the_tokens_at_any_length_and_rate():
    for rate, samples in [(16_000, 44_321), (8_000, 8_000), (44_100, 100_000), (13_000, 65_000)]:
        model = CNNTransformer(3, num_heads=1, sample_rate=rate, embed_dim=16).eval()
        with torch.no_grad():
            tokens = model.forward_features(torch.zeros(1, samples)).shape[1]
        assert len(model.token_layouts(samples)[0].start) == tokens + 1


def test_the_first_filters_are_band_passes_that_answer_to_their_frequency():
    model = CNNTransformer(3, num_heads=1)
    time = torch.arange(16_000) / 16_000
    with torch.no_grad():
        for hz, lowest, highest in [(200, 0, 20), (1_000, 15, 35), (6_000, 45, 64)]:
            cosine, sine = model.stem.bank.conv(torch.sin(2 * torch.pi * hz * time)[None, None]).chunk(2, dim=1)
            energy = (cosine**2 + sine**2)[0].mean(dim=1)
            assert lowest <= energy.argmax() < highest
            assert 0.25 < energy.max() <= 1.01  # a full-scale sine is 0 dB, at most 6 dB less between two filters
    assert model.stem.bank.conv.weight.requires_grad


def test_model_info_is_plain_data():
    info = dataclasses.asdict(measure("cnn1d", 3, 1.0, 16_000))
    assert info["clip_seconds"] == 1.0 and info["tokens"] is None and info["macs"] > 1_000_000


def test_a_fourier_transform_is_counted_too():
    class Spectrum(torch.nn.Module):
        def forward(self, waveform):
            return torch.fft.rfft(waveform.view(1, -1, 1_024)).abs()

    assert count_macs(Spectrum(), 4 * 1_024) == 4 * 2.5 * 1_024 * 10 / 2
