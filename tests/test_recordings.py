"""Long sounds: the same answer piece by piece as all at once, the right stretch explained, too long refused unheard."""

import io

import numpy as np
import pytest
import soundfile
from test_predict import LENGTH, RATE, noise, untrained

import core.recordings as recordings
from core.audio import resample
from core.errors import UserError
from core.predict import Prediction, Window, explain, predict
from core.recordings import explain_stretch, listen_through, read_clip, sound_info


@pytest.fixture(scope="module")
def listener():
    return untrained("cnn_transformer_h2")


@pytest.fixture
def long_file(tmp_path):
    """41.3 s at 11,025 Hz, another rate than the model's."""
    path = tmp_path / "long.wav"
    soundfile.write(path, np.clip(noise(round(41.3 * 11_025)), -1, 1), 11_025, subtype="FLOAT")
    return path


def test_piece_by_piece_is_the_answer_for_the_whole(listener, long_file, monkeypatch):
    whole = predict(listener, *read_clip(long_file))
    monkeypatch.setattr(recordings, "PIECE_SECONDS", 10)
    heard = listen_through(listener, long_file).prediction
    assert heard.seconds == pytest.approx(whole.seconds) and whole.seconds == pytest.approx(41.3, abs=1e-3)
    spans = [(window.start, window.end) for window in whole.windows]
    assert [(window.start, window.end) for window in heard.windows] == spans and len(spans) == 165
    for one, other in zip(heard.windows, whole.windows, strict=True):
        assert one.probs == pytest.approx(other.probs, abs=2e-3)  # but for the resampler's last digits
    assert heard.probs == pytest.approx(whole.probs, abs=1e-4)


def test_no_seam_is_heard_between_pieces(listener, long_file, monkeypatch):
    """The pieces joined are the whole resampled at once, to the sample: without the overlap the seams differ by 0.1."""
    monkeypatch.setattr(recordings, "PIECE_SECONDS", 10)
    pieces: list[np.ndarray] = []
    listen_through(listener, long_file, copy=pieces.append)
    joined, whole = np.concatenate(pieces), resample(*read_clip(long_file), RATE)
    assert len(pieces) == 5 and abs(len(joined) - len(whole)) <= 1
    np.testing.assert_allclose(joined[: len(whole)], whole[: len(joined)], rtol=0, atol=1e-4)


@pytest.mark.parametrize("num_samples", [1, 700, LENGTH, LENGTH + 33, 2 * LENGTH, 2 * LENGTH + 500])
def test_a_short_sound_is_answered_as_its_waveform_is(listener, tmp_path, num_samples):
    waveform = noise(num_samples)
    soundfile.write(tmp_path / "short.wav", waveform, RATE, subtype="FLOAT")
    heard, whole = listen_through(listener, tmp_path / "short.wav").prediction, predict(listener, waveform, RATE)
    assert heard.seconds == whole.seconds and len(heard.windows) == len(whole.windows)
    assert heard.probs == pytest.approx(whole.probs, abs=1e-6)


def test_pieces_that_end_with_the_sound_and_bytes_with_a_name(listener, monkeypatch):
    monkeypatch.setattr(recordings, "PIECE_SECONDS", 10)
    for seconds in (10, 20, 20.1):
        buffer = io.BytesIO()
        soundfile.write(buffer, noise(round(seconds * RATE)), RATE, format="WAV", subtype="FLOAT")
        heard = listen_through(listener, buffer.getvalue(), "mine.wav").prediction
        assert heard.seconds == pytest.approx(seconds) and heard.windows[-1].end == pytest.approx(seconds)
    with pytest.raises(UserError, match=r"notes\.wav"):
        listen_through(listener, b"these are words, not sound", "notes.wav")


def test_the_outline_has_every_peak_at_its_time(listener, tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "PIECE_SECONDS", 10)
    waveform = np.zeros(25 * RATE, dtype=np.float32)
    waveform[round(17.3 * RATE)] = 0.9
    soundfile.write(tmp_path / "click.wav", waveform, RATE, subtype="FLOAT")
    heard = listen_through(listener, tmp_path / "click.wav")
    times, low, high = heard.outline
    assert len(times) <= 2_010 and times[high.argmax()] == pytest.approx(17.3, abs=0.03)
    assert high.max() == pytest.approx(0.9) and low.min() == 0 and (np.diff(times) > 0).all()
    assert not heard.prediction.unknown


def test_silence_in_every_piece_is_unknown(listener, tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "PIECE_SECONDS", 10)
    soundfile.write(tmp_path / "silent.flac", np.zeros(25 * RATE), RATE)
    assert listen_through(listener, tmp_path / "silent.flac").prediction.unknown


def test_progress_rises_to_the_end_and_may_stop_the_work(listener, long_file, monkeypatch):
    monkeypatch.setattr(recordings, "PIECE_SECONDS", 10)
    calls: list[float] = []
    listen_through(listener, long_file, on_progress=lambda heard, seconds: calls.append(heard / seconds))
    assert calls == sorted(calls) and calls[-1] == 1 and len(calls) > 4

    def stop(heard, seconds):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        listen_through(listener, long_file, on_progress=stop)


def test_a_window_is_explained_from_its_own_stretch(listener, long_file):
    whole = predict(listener, *read_clip(long_file))
    window = whole.windows[100]
    ours = explain_stretch(listener, *read_clip(long_file, start=window.start, end=window.end), window)
    theirs = explain(listener, *read_clip(long_file), 100)
    assert ours.window.start == pytest.approx(theirs.window.start, abs=1 / RATE)
    assert ours.times == pytest.approx(theirs.times, abs=1 / RATE)
    assert ours.maps[1].layout.start[1:] == pytest.approx(theirs.maps[1].layout.start[1:], abs=1 / RATE)
    assert ours.maps[1].weights == pytest.approx(theirs.maps[1].weights, abs=5e-3)


def test_days_in_a_small_file_are_refused_before_they_are_decoded(tmp_path, monkeypatch, listener):
    soundfile.write(tmp_path / "long.flac", np.zeros(1_000 * 3_720, dtype=np.int16), 1_000)
    monkeypatch.setattr(recordings, "read_audio", lambda *args, **kwargs: pytest.fail("was decoded"))
    for ask in (sound_info, read_clip, lambda path: listen_through(listener, path)):
        with pytest.raises(UserError, match="62 minutes"):
            ask(tmp_path / "long.flac")


def test_a_prediction_needs_no_waveform():
    window = Window(0.0, 0.5, np.array([0.2, 0.8]))
    assert Prediction("m", ("a", "b"), 0.5, window.probs, (window,), False).ranked[0] == ("b", 0.8)
