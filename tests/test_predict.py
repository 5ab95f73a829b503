"""Answers for one sound: the same input as in training, windows, times in seconds of the clip, silence, bad input."""

import io
import itertools
import threading

import numpy as np
import pytest
import soundfile
import torch

from core.attention import AttentionMap, record_attention
from core.audio import fit_length, resample
from core.checkpoint import Checkpoint
from core.config import TrainConfig
from core.errors import UserError
from core.models import create_model
from core.models.tokens import TokenLayout
from core.predict import _moved, _one_thread, explain, predict, window_offsets
from core.recordings import read_clip

RATE, SECONDS = 4_000, 0.5
LENGTH = 2_000


def untrained(model: str) -> Checkpoint:
    torch.manual_seed(0)
    config = TrainConfig(model=model, sample_rate=RATE, clip_seconds=SECONDS)
    return Checkpoint(create_model(model, 3, LENGTH, RATE).eval(), config, ("dog", "rain", "rooster"))


@pytest.fixture(scope="module")
def listener() -> Checkpoint:
    return untrained("cnn_transformer_h2")


def noise(num_samples: int, seed: int = 0) -> np.ndarray:
    return (0.3 * np.random.default_rng(seed).standard_normal(num_samples)).astype(np.float32)


def model_probs(checkpoint: Checkpoint, waveform: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return checkpoint.model(torch.from_numpy(waveform[None].copy())).softmax(1)[0].numpy()


@pytest.mark.parametrize("num_samples", [1, 700, 1_999, LENGTH, LENGTH + 33])
def test_a_clip_of_about_the_models_length_is_heard_once_and_fitted_as_in_training(listener, num_samples):
    waveform = noise(num_samples)
    answer = predict(listener, waveform, RATE)
    assert len(answer.windows) == 1 and answer.seconds == num_samples / RATE
    assert answer.probs == pytest.approx(model_probs(listener, fit_length(waveform, LENGTH)), abs=1e-6)


def test_every_class_is_answered_best_first_and_the_probabilities_sum_to_one(listener):
    answer = predict(listener, noise(LENGTH), RATE)
    probs = [probability for _, probability in answer.ranked]
    assert sorted(label for label, _ in answer.ranked) == ["dog", "rain", "rooster"]
    assert probs == sorted(probs, reverse=True) and sum(probs) == pytest.approx(1)
    assert answer.model == "cnn_transformer_h2" and not answer.unknown and answer.remark is None


def test_a_longer_clip_is_cut_into_windows_whose_probabilities_are_averaged(listener):
    waveform = np.concatenate([noise(3_000), np.zeros(1_500, dtype=np.float32), noise(700, 1)])  # 1.3 s
    answer = predict(listener, waveform, RATE)
    spans = [(round(window.start, 4), round(window.end, 4)) for window in answer.windows]
    assert spans == [(0.0, 0.5), (0.25, 0.75), (0.5, 1.0), (0.75, 1.25), (0.8, 1.3)]
    for (start, _), window in zip(spans, answer.windows, strict=True):
        first = round(start * RATE)
        assert window.probs == pytest.approx(model_probs(listener, waveform[first : first + LENGTH]), abs=1e-5)
    assert answer.probs == pytest.approx(np.mean([window.probs for window in answer.windows], axis=0), abs=1e-6)
    best = answer.probs.argmax()
    assert answer.windows[answer.surest_window].probs[best] == max(window.probs[best] for window in answer.windows)


def test_the_pause_around_an_event_has_no_say(listener):
    """The same answer whatever is heard 12 dB below the loudest window; at 8 dB below it counts."""
    event, after = noise(LENGTH), noise(2 * LENGTH, 1)
    for decibels, counted in ((12, [0, 1]), (8, [0, 1, 2, 3, 4])):
        waveform = np.concatenate([event, after * 10 ** (-decibels / 20)])
        answer = predict(listener, waveform, RATE)
        assert answer.loud == counted and len(answer.windows) == 5
        probs = [answer.windows[index].probs for index in counted]
        assert answer.probs == pytest.approx(np.mean(probs, axis=0), abs=1e-6) and answer.surest_window in counted


def test_a_window_of_silence_has_no_say_unless_all_are(listener):
    silence = np.zeros(2 * LENGTH, dtype=np.float32)
    assert predict(listener, np.concatenate([noise(LENGTH), silence]), RATE).loud == [0, 1]
    assert predict(listener, silence, RATE).loud == [0, 1, 2]


def test_windows_cover_every_sample_and_end_with_the_clip():
    rng = np.random.default_rng(1)
    for _ in range(300):
        length = int(rng.integers(2, 400))
        num_samples = int(rng.integers(length + length // 50 + 1, 12 * length + 10))
        offsets = window_offsets(num_samples, length)
        assert offsets[0] == 0 and offsets[-1] == num_samples - length
        assert all(0 < b - a <= length // 2 for a, b in itertools.pairwise(offsets))


def test_other_sample_rates_are_resampled(listener):
    waveform = noise(5_513)  # half a second at 11,025 Hz
    answer = predict(listener, waveform, 11_025)
    assert answer.seconds == pytest.approx(0.5, abs=1e-3)
    heard = fit_length(resample(waveform, 11_025, RATE), LENGTH)
    assert answer.probs == pytest.approx(model_probs(listener, heard), abs=1e-5)


def test_attention_is_that_of_the_window_with_times_in_seconds_of_the_clip(listener):
    waveform = noise(5_200)
    explanation = explain(listener, waveform, RATE, window=2)
    stretch = waveform[2_000:4_000]
    with torch.inference_mode(), record_attention(listener.model) as record:
        listener.model(torch.from_numpy(stretch[None]))
    assert len(explanation.maps) == len(record.maps) == 2
    for ours, theirs in zip(explanation.maps, record.maps, strict=True):
        assert ours.weights == pytest.approx(theirs.weights, abs=1e-6)
        assert ours.weights.sum(axis=-1) == pytest.approx(np.ones(ours.weights.shape[:2]), abs=1e-5)
        assert ours.layout.start[1:] == pytest.approx(theirs.layout.start[1:] + 0.5)
        assert ours.layout.end[1:] == pytest.approx(theirs.layout.end[1:] + 0.5)
    assert (explanation.window.start, explanation.window.end) == (0.5, 1.0)
    assert explanation.window.probs == pytest.approx(predict(listener, waveform, RATE).windows[2].probs, abs=1e-5)


def test_padding_before_a_short_clip_has_negative_times(listener):
    explanation = explain(listener, noise(1_000), RATE)
    assert (explanation.window.start, explanation.window.end) == (-0.125, 0.375)
    assert explanation.maps[0].layout.start[1] == pytest.approx(-0.125, abs=0.01)
    assert explanation.times[0] == -0.125


def test_a_click_is_found_at_its_own_time_in_the_spectrogram(listener):
    """At 0.9 s of a clip of 1.3 s, looked for in every window that holds it; also in a clip that was padded."""
    waveform = np.zeros(5_200, dtype=np.float32)
    waveform[3_600] = 1.0
    for window in (3, 4):
        explanation = explain(listener, waveform, RATE, window)
        assert explanation.times[explanation.log_mel.sum(axis=0).argmax()] == pytest.approx(0.9, abs=0.0101)
    explanation = explain(listener, waveform[3_500:3_700], RATE)
    assert explanation.times[explanation.log_mel.sum(axis=0).argmax()] == pytest.approx(0.025, abs=0.0101)
    assert explanation.log_mel.shape == (len(explanation.frequencies), len(explanation.times))


def test_times_that_are_no_places_in_the_clip_are_left_alone():
    nan = np.full(2, np.nan)
    layout = TokenLayout(np.array([np.nan, 0.0]), np.array([np.nan, 0.5]), nan, nan, clip_time=False)
    assert _moved(AttentionMap(1, np.eye(2)[None], layout), 3.0).layout.start[1] == 0.0


def test_a_model_without_attention_explains_the_rest():
    explanation = explain(untrained("cnn1d"), noise(LENGTH), RATE)
    assert explanation.maps == () and explanation.log_mel.shape[0] == 64


@pytest.mark.parametrize("waveform", [np.zeros(LENGTH), np.full(LENGTH, 0.25), np.zeros(1)])
def test_digital_silence_is_unknown_and_says_so(listener, waveform):
    answer = predict(listener, waveform.astype(np.float32), RATE)
    assert answer.unknown and "digitally silent" in answer.remark and len(answer.ranked) == 3


def test_faint_noise_is_not_silence(listener):
    assert not predict(listener, 1e-5 * noise(LENGTH), RATE).unknown


def test_no_samples_and_samples_that_are_no_numbers_are_refused(listener):
    with pytest.raises(UserError, match="no samples"):
        predict(listener, np.zeros(0, dtype=np.float32), RATE)
    with pytest.raises(UserError, match="NaN"):
        predict(listener, np.full(LENGTH, np.nan, dtype=np.float32), RATE)
    with pytest.raises(UserError, match="windows 0 to 0"):
        explain(listener, noise(LENGTH), RATE, window=1)


def test_threads_that_share_a_model_do_not_mix_up_their_attention(listener):
    sounds = [noise(LENGTH, seed) for seed in range(4)]
    alone = [explain(listener, sound, RATE).maps[1].weights for sound in sounds]
    together: dict[int, list] = {i: [] for i in range(4)}
    threads = [threading.Thread(target=lambda i=i: together[i].extend(
        explain(listener, sounds[i], RATE).maps[1].weights for _ in range(5))) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for i, weights in enumerate(alone):
        assert len(together[i]) == 5
        assert all(np.abs(other - weights).max() < 1e-5 for other in together[i])


def test_a_files_bytes_are_read_and_text_is_refused_by_its_name():
    buffer = io.BytesIO()
    soundfile.write(buffer, noise(800), 8_000, format="WAV")
    waveform, sample_rate = read_clip(buffer.getvalue(), "mine.wav")
    assert len(waveform) == 800 and sample_rate == 8_000
    with pytest.raises(UserError, match=r"notes\.wav"):
        read_clip(b"these are words, not sound", "notes.wav")


def test_sessions_that_answer_at_once_leave_the_number_of_threads_as_it_was():
    """Enter one, enter two, leave one, leave two, each a session of its own; then a session that begins later."""
    before, seen = torch.get_num_threads(), {}
    begun, inside, left = (threading.Event() for _ in range(3))

    def first():
        with _one_thread:
            seen["first"] = torch.get_num_threads()
            begun.set()
            inside.wait(30)
        seen["first, after"] = torch.get_num_threads()
        left.set()

    def second():
        with _one_thread:
            seen["second"] = torch.get_num_threads()
            inside.set()
            left.wait(30)
        seen["second, after"] = torch.get_num_threads()

    try:
        torch.set_num_threads(3)
        sessions = [threading.Thread(target=first), threading.Thread(target=second)]
        sessions[0].start()
        begun.wait(30)
        sessions[1].start()
        for session in sessions:
            session.join(30)
        later = threading.Thread(target=lambda: seen.update(later=torch.get_num_threads()))
        later.start()
        later.join(30)
    finally:
        torch.set_num_threads(before)
    assert seen == {"first": 1, "second": 1, "first, after": 3, "second, after": 3, "later": 3}
