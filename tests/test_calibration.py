"""Temperature and calibration error against their definitions, and "none of these" on the way from a sound to its answer."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from core.calibration import (
    Calibration,
    errors_by_chance,
    expected_calibration_error,
    fit_temperature,
    soften,
    temperature_of,
)
from core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from core.config import TrainConfig
from core.errors import UserError
from core.events import find_events
from core.models import create_model
from core.predict import Window, answered, explain, predict
from core.reliability import at_unseen_temperatures
from core.sounds_of_none import MUSIC, NOISES, sound_of_none

CLASSES = ("dog", "rain", "rooster")


def sampled(temperature: float, clips: int = 20_000, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are surer than they are right by exactly that temperature."""
    random = np.random.default_rng(0)
    logits = 2 * random.standard_normal((clips, classes))
    true = torch.from_numpy(logits).softmax(1).numpy()
    targets = (true.cumsum(1) < random.random((clips, 1))).sum(1)
    return torch.from_numpy(logits * temperature).softmax(1).numpy(), targets


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_overconfident_answers_is_found_and_mends_them(temperature):
    probs, targets = sampled(temperature)
    found = fit_temperature(probs, targets)
    assert found == pytest.approx(temperature, rel=0.05)
    mended = soften(probs, found)
    np.testing.assert_allclose(mended.sum(1), 1)
    assert (mended.argmax(1) == probs.argmax(1)).all()
    assert expected_calibration_error(mended, targets) < 0.01
    assert temperature == 1.0 or expected_calibration_error(probs, targets) > 0.05


def test_softening_is_dividing_the_logits():
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    np.testing.assert_allclose(soften(logits.softmax(1).numpy(), 1.7), (logits / 1.7).softmax(1).numpy())
    assert np.isfinite(soften(np.array([[1.0, 0.0]]), 0.05)).all()


def test_the_error_by_hand():
    probs = np.array([[0.9, 0.1], [0.9, 0.1], [0.55, 0.45], [0.3, 0.7]])
    targets = np.array([0, 1, 0, 1])  # of two that are 0.9 sure one is right, the others are right
    assert expected_calibration_error(probs, targets, bins=10) == pytest.approx((2 * 0.4 + 0.45 + 0.3) / 4)
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


def test_the_temperature_comes_from_validation_clips_only():
    probs, targets = sampled(2.0, 4_000, 3)
    table = pd.DataFrame(probs, columns=list(CLASSES)).assign(
        path=[f"{i}.wav" for i in range(len(probs))], target=[CLASSES[t] for t in targets], split="validation")
    poisoned = table.assign(split="test", target="dog")
    both = pd.concat([table, poisoned])
    assert temperature_of(both, CLASSES) == temperature_of(table, CLASSES)
    with pytest.raises(UserError, match="has none; name a run of the same model under the protocol assignment"):
        temperature_of(poisoned, CLASSES)


@pytest.mark.parametrize("shared", ["path", "recording"])
def test_a_fold_is_tried_at_a_temperature_that_has_not_met_its_recordings(shared):
    def table(split: str) -> pd.DataFrame:
        probs, targets = sampled(2.0, 400, 3)
        names = {"path": [f"{split}{i}.wav" for i in range(400)], "recording": [f"{split}{i}" for i in range(400)]}
        names[shared] = [f"{i % 40}" for i in range(400)]
        return pd.DataFrame(probs, columns=list(CLASSES)).assign(
            clip_fold=[i % 4 + 2 for i in range(400)], split=split, target=[CLASSES[t] for t in targets], **names)

    test, validation = table("test"), table("validation")
    poisoned = validation.assign(target=validation["target"].where(validation["clip_fold"] != 3, "dog"))
    validation["clip_fold"], poisoned["clip_fold"] = 9, 9  # the other run has drawn its folds differently
    before, after = (at_unseen_temperatures(test, known, list(CLASSES)) for known in (validation, poisoned))
    own = (test["clip_fold"] == 3).to_numpy()
    assert np.array_equal(before[own], after[own]) and not np.allclose(before[~own], after[~own])
    of_one_fold = validation[(test["clip_fold"] == 3).to_numpy()]
    with pytest.raises(UserError, match="recording that fold 3 is tested on"):
        at_unseen_temperatures(test, of_one_fold, list(CLASSES))


class Sure(nn.Module):
    """Answers with its first class at the logit that is the loudest sample."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 0.0, 0.0]))

    def forward(self, waveform):
        return waveform.amax(1, keepdim=True) * self.weight


def listener(calibration: Calibration) -> Checkpoint:
    return Checkpoint(Sure().eval(), TrainConfig(sample_rate=4_000, clip_seconds=0.5), CLASSES, calibration)


def clip(loudest: float, samples: int = 2_000) -> np.ndarray:
    waveform = np.zeros(samples, dtype=np.float32)
    waveform[samples // 3] = loudest
    return waveform


def test_probabilities_are_said_at_the_temperature_everywhere():
    heard = predict(listener(Calibration(2.0)), clip(3.0), 4_000)
    expected = torch.tensor([1.5, 0, 0]).softmax(0).numpy()
    np.testing.assert_allclose(heard.probs, expected, rtol=1e-5)
    np.testing.assert_allclose(explain(listener(Calibration(2.0)), clip(3.0), 4_000).window.probs, expected, rtol=1e-5)


def test_weak_evidence_is_none_of_these_and_strong_evidence_anywhere_is_not():
    model = listener(Calibration(1.0, 0.6))
    weak = predict(model, clip(0.5), 4_000)
    assert weak.unknown and "none of the 3 classes: the nearest is dog, and the model is only 45 % sure" in weak.remark
    assert find_events(weak) == []
    strong = predict(model, clip(3.0), 4_000)
    assert not strong.unknown and strong.remark is None
    long = predict(model, np.concatenate([clip(0.5, 8_000), clip(3.0), clip(0.5, 8_000)]), 4_000)
    assert not long.unknown and [event.label for event in find_events(long)] == ["dog"]
    assert not predict(listener(Calibration()), clip(0.1), 4_000).unknown


def test_of_a_sound_that_is_sure_only_in_parts_both_is_said():
    model = listener(Calibration(1.0, 0.6))
    windows = [Window(i, i + 0.5, np.roll([0.9, 0.05, 0.05], i), 0.1) for i in range(3)]
    heard = answered(model, windows, 3.0, silent=False)
    assert heard.unknown and heard.remark.startswith("As a whole this sounds like none of the 3 classes: the nearest is ")
    assert heard.remark.endswith(f" In parts of it the model is sure: of {', '.join(CLASSES)}.")
    assert [event.label for event in find_events(heard)] == list(CLASSES)
    assert answered(model, windows[:2], 3.0, silent=False).remark.endswith(f"sure: of {CLASSES[0]}, {CLASSES[1]}.")


def test_what_is_shown_is_what_decides():
    """One window that is sure does not make a class of a sound whose answer, over all its loud windows, is not."""
    model = listener(Calibration(1.0, 0.6))
    heard = predict(model, np.concatenate([*[clip(0.8)] * 5, clip(2.0), *[clip(0.8)] * 5]), 4_000)
    assert len(heard.loud) > 3 and max(heard.windows[index].probs.max() for index in heard.loud) > 0.6 > heard.probs.max()
    assert heard.unknown and heard.said == "none of these"


def test_a_checkpoint_keeps_its_calibration(tmp_path):
    config = TrainConfig(model="cnn1d", sample_rate=4_000, clip_seconds=0.5)
    model = create_model("cnn1d", 3, 2_000, 4_000)
    save_checkpoint(tmp_path / "a.safetensors", model, config, CLASSES, Calibration(1.5, 0.4))
    assert load_checkpoint(tmp_path / "a.safetensors").calibration == Calibration(1.5, 0.4)
    save_checkpoint(tmp_path / "b.safetensors", model, config, CLASSES)
    assert load_checkpoint(tmp_path / "b.safetensors").calibration == Calibration()


@pytest.mark.parametrize("values", [{"temperature": 0.0}, {"temperature": "hot"}, {"unknown_below": 1.0}, {"heat": 1.0}, [1.0]])
def test_a_calibration_that_cannot_be_is_a_sentence(values):
    with pytest.raises(UserError, match="temperature"):
        Calibration.from_dict(values)


@pytest.mark.parametrize("kind", [*NOISES, *MUSIC])
def test_sounds_of_none_are_repeatable_and_sane(kind):
    one = sound_of_none(kind, 1.0, 16_000, 3)
    assert one.shape == (16_000,) and one.dtype == np.float32 and np.isfinite(one).all()
    np.testing.assert_array_equal(one, sound_of_none(kind, 1.0, 16_000, 3))
    assert np.abs(one).max() == (0.0 if kind == "silence" else pytest.approx(0.5))
    assert kind == "silence" or not np.array_equal(one, sound_of_none(kind, 1.0, 16_000, 4))


def test_the_colours_of_noise_fall_as_they_should():
    for kind, slope in [("white noise", 0.0), ("pink noise", -3.0), ("brown noise", -6.0)]:
        power = np.abs(np.fft.rfft(sound_of_none(kind, 4.0, 16_000, 0))) ** 2
        octaves = [10 * np.log10(power[low : 2 * low].mean()) for low in (400, 800, 1_600, 3_200, 6_400, 12_800)]
        assert np.polyfit(range(6), octaves, 1)[0] == pytest.approx(slope, abs=0.5)


def test_faultless_answers_show_an_error_too_and_less_of_it_on_more_clips():
    random = np.random.default_rng(3)
    few, many = (errors_by_chance(random.dirichlet([0.5] * 4, size=clips), draws=300) for clips in (50, 5_000))
    assert few.shape == (300,) and 0 < many.mean() < 0.02 < 0.05 < few.mean() < 0.2
    assert np.array_equal(errors_by_chance(np.full((20, 2), 0.5), 5), errors_by_chance(np.full((20, 2), 0.5), 5))


def test_answers_that_are_surer_than_right_are_told_from_faultless_ones():
    random, probs = np.random.default_rng(4), np.tile([0.95, 0.05], (200, 1))
    found = expected_calibration_error(probs, np.where(random.random(200) < 0.6, 0, 1))
    assert (errors_by_chance(probs, 500) >= found).mean() == 0
    assert (errors_by_chance(probs, 500) >= 0).all() and errors_by_chance(np.tile([1.0, 0.0], (9, 1)), 3).tolist() == [0, 0, 0]
