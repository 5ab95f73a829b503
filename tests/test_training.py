"""One fold: it learns, it repeats, it resumes to the byte, and it never looks at its test clips."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.config import TrainConfig
from core.errors import UserError
from core.models.cnn_transformer import CNNTransformer
from core.splits import Split
from core.training import BatchEnd, Cancelled, EpochEnd, derive_seed, fit_fold, pick_device, predict_logits

CONFIG = TrainConfig(epochs=3, batch_size=8, noise=0.5)
EAGER = CONFIG.replace(epochs=25, learning_rate=5e-3, average=0.9, mixup=0.0, speed=0.1)  # learns in seconds
SPLIT = Split(model_fold=2, train=tuple(range(0, 18)), validation=tuple(range(18, 24)), test=tuple(range(24, 30)))


@pytest.fixture(scope="module")
def data():
    """Thirty clips of three pitches in noise, a quarter of a second each, as the cache stores them (float16)."""
    rng = np.random.default_rng(0)
    targets = np.arange(30) % 3
    time = np.arange(4_000) / 16_000
    tones = np.sin(2 * np.pi * np.array([300, 1_000, 3_000])[targets, None] * time) * rng.uniform(0.1, 0.5, (30, 1))
    return (tones + 0.02 * rng.standard_normal((30, 4_000))).astype(np.float16), targets


def fit(data, config=CONFIG, split=SPLIT, on_event=lambda event: None, resume_from=None):
    waveforms, targets = data
    torch.manual_seed(derive_seed(config.seed, 2))
    model = CNNTransformer(3, num_heads=2, embed_dim=16)
    history = fit_fold(model, waveforms, targets, split, config, num_classes=3, on_event=on_event,
                       resume_from=resume_from)
    return model, [{k: v for k, v in row.items() if k != "seconds"} for row in history]


@pytest.fixture(scope="module")
def plain(data):
    """Model and history of a training with ``CONFIG``, to compare with."""
    return fit(data)


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_it_learns_three_pitches(data):
    model, history = fit(data, EAGER)
    accuracy = (predict_logits(model, data[0], SPLIT.test).argmax(1) == data[1][list(SPLIT.test)]).mean()
    assert accuracy >= 5 / 6 and history[-1]["accuracy"] >= 5 / 6
    assert history[-2]["loss"] < history[0]["loss"]
    assert not model.training


def test_history_has_a_train_and_a_validation_row_per_epoch_and_never_a_test_row(data, plain):
    _, history = plain
    assert [(r["epoch"], r["split"]) for r in history] == [(e, s) for e in (1, 2, 3) for s in ("train", "validation")]
    assert set(history[0]) == {"fold", "epoch", "split", "loss", "accuracy", "learning_rate"}
    _, history = fit(data, split=Split(2, SPLIT.train, (), SPLIT.test))
    assert {r["split"] for r in history} == {"train"}


def test_one_seed_gives_one_result_and_another_seed_another(data, plain):
    (one, history), (two, again), (other, _) = plain, fit(data), fit(data, CONFIG.replace(seed=1))
    assert equal(one, two) and history == again
    assert not equal(one, other)


def test_poisoned_test_clips_change_nothing(data, plain):
    """The honesty that everything rests on: nothing about a test clip reaches weights or history."""
    waveforms, targets = data[0].copy(), data[1].copy()
    waveforms[list(SPLIT.test)] = np.nan
    targets[list(SPLIT.test)] = 2 - targets[list(SPLIT.test)]
    (clean, history), (poisoned, same) = plain, fit((waveforms, targets))
    assert equal(clean, poisoned) and history == same


def test_validation_labels_change_the_history_but_not_the_last_weights(data, plain):
    targets = data[1].copy()
    targets[list(SPLIT.validation)] = 2 - targets[list(SPLIT.validation)]
    (clean, history), (poisoned, other) = plain, fit((data[0], targets))
    assert equal(clean, poisoned) and history != other


@pytest.mark.parametrize("settings", [{}, {"average": 0.0}, {"select": "best_validation"}])
def test_a_resumed_fold_ends_with_the_same_bytes(data, settings):
    config = CONFIG.replace(**settings)
    whole, history = fit(data, config)
    for stop_after in (1, 2):
        states = []

        def stop(event, stop_after=stop_after, states=states):
            if isinstance(event, EpochEnd) and event.epoch == stop_after:
                states.append(event.snapshot())
            if isinstance(event, BatchEnd) and event.epoch > stop_after:
                raise Cancelled

        with pytest.raises(Cancelled):
            fit(data, config, on_event=stop)
        torch.rand(7)  # a new process starts with another random state
        resumed, again = fit(data, config, resume_from=states[0])
        assert equal(whole, resumed) and history == again, f"stopped after epoch {stop_after}"


def test_best_validation_keeps_the_best_epoch(data):
    config = CONFIG.replace(epochs=6, average=0.0, learning_rate=0.02, select="best_validation")
    weights = []
    model, history = fit(data, config, on_event=lambda e: isinstance(e, EpochEnd) and weights.append(
        {k[6:]: v for k, v in e.snapshot().tensors.items() if k.startswith("model.")}))
    rows = [r for r in history if r["split"] == "validation"]
    best = max(range(6), key=lambda i: (rows[i]["accuracy"], -rows[i]["loss"]))
    assert all(torch.equal(v, weights[best][k]) for k, v in model.cpu().state_dict().items())


def test_weight_averaging_is_an_average(data):
    snapshots = []
    fit(data, CONFIG.replace(average=0.9), on_event=lambda e: isinstance(e, EpochEnd) and snapshots.append(e.snapshot()))
    last = snapshots[-1].tensors
    name = "head.0.weight"
    assert not torch.equal(last[f"model.{name}"], last[f"average.{name}"])
    assert torch.equal(last["model.stem.bank.norm.running_mean"], last["average.stem.bank.norm.running_mean"])


def test_outliers_go_through_the_effects_of_the_clips_and_are_mixed_with_none(data, monkeypatch):
    """Brought to one level like the clips, so that no level tells them; and their even shares stay even."""
    heard, loss = [], F.cross_entropy

    def listening(logits, targets, **options):
        heard[-1] += (targets,)
        return loss(logits, targets, **options)

    monkeypatch.setattr("core.training.F.cross_entropy", listening)
    config = CONFIG.replace(epochs=1, outliers=0.25, level=0.1, gain_db=0.0, noise=0.0, mixup=1.0, batch_size=18)
    model = CNNTransformer(3, num_heads=2, embed_dim=16)
    model.register_forward_pre_hook(lambda model, given: heard.append((given[0],)) if model.training else None)
    fit_fold(model, *data, Split(2, SPLIT.train, (), ()), config, num_classes=3)
    ((waveform, targets),) = [[tensor.cpu() for tensor in pair] for pair in heard]
    assert waveform.shape == (22, 4_000) and targets.shape == (22, 3)
    torch.testing.assert_close(waveform[18:].square().mean(1).sqrt(), torch.full((4,), 0.1), rtol=0.01, atol=0)
    torch.testing.assert_close(targets[18:], torch.full((4, 3), 1 / 3))
    assert ((targets[:18] > 0) & (targets[:18] < 1)).any() and (targets[:18].amax(1) > 0.4).all()


def test_a_loss_that_is_no_number_stops_with_a_sentence(data):
    waveforms = data[0].copy()
    waveforms[0] = np.nan
    with pytest.raises(UserError, match=r"no longer a number in epoch 1.*lower learning rate"):
        fit((waveforms, data[1]))


def test_predictions_do_not_depend_on_the_batch(data, plain):
    model, _ = plain
    model.cpu()  # a GPU rounds differently in batches of other sizes
    one, many = (predict_logits(model, data[0], range(30), batch_size=size) for size in (1, 7))
    np.testing.assert_allclose(one, many, atol=1e-5)


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA GPU")
    with pytest.raises(UserError, match="found 'cuda'; use device=auto"):
        pick_device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_it_learns_on_a_gpu_in_mixed_precision(data):
    model, history = fit(data, EAGER.replace(device="cuda"))
    assert next(model.parameters()).device.type == "cuda" and history[-1]["accuracy"] >= 5 / 6
