"""The picture of a clip against librosa, and its axes against sounds whose place is known."""

import numpy as np
import pytest

import core.spectrogram
from core.errors import UserError
from core.librosa_guard import import_librosa
from core.spectrogram import FLOOR_DB, SCALES, band_bank, envelope, spectrogram

RATE = 22_050


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(0)
    return (0.3 * rng.standard_normal(2 * RATE) * np.linspace(0.01, 1, 2 * RATE)).astype(np.float32)


@pytest.mark.parametrize(("window", "hop", "n_fft"), [(882, 220, 4096), (512, 300, 4096), (6000, 512, 8192)])
def test_mel_equals_librosa(noise, window, hop, n_fft):
    librosa = import_librosa()
    ours = spectrogram(noise, RATE, window_ms=1000 * window / RATE, hop_ms=1000 * hop / RATE, n_mels=64)
    power = np.abs(librosa.stft(noise, n_fft=n_fft, hop_length=hop, win_length=window, pad_mode="constant")) ** 2
    full_scale = n_fft * np.sum(librosa.filters.get_window("hann", window) ** 2) / 4
    mel = librosa.filters.mel(sr=RATE, n_fft=n_fft, n_mels=64, norm=None) @ power
    expected = librosa.power_to_db(mel, ref=full_scale, amin=1e-13 * full_scale, top_db=None)
    assert ours.db.shape == expected.shape
    np.testing.assert_allclose(ours.db, np.maximum(expected, FLOOR_DB), atol=1e-3)
    np.testing.assert_allclose(ours.frequencies, librosa.mel_frequencies(n_mels=66, fmax=RATE / 2)[1:-1])
    np.testing.assert_allclose(ours.times, librosa.frames_to_time(np.arange(ours.db.shape[1]), sr=RATE, hop_length=hop))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("hertz", [440.0, 1000.0, 4000.0])
def test_a_full_scale_sine_peaks_at_its_frequency_near_0_db(scale, hertz):
    tone = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)
    found = spectrogram(tone, RATE, scale=scale, window_ms=80)
    middle = found.db[:, found.db.shape[1] // 2]
    nearest = np.argmin(np.abs(found.frequencies - hertz))
    assert abs(int(np.argmax(middle)) - nearest) <= 1
    assert -3.2 < middle.max() < 0.5


@pytest.mark.parametrize("hop_ms", [2.0, 10.0, 25.0])
@pytest.mark.parametrize("groups", [None, 40])
def test_a_click_at_one_second_lights_the_frame_at_one_second(hop_ms, groups):
    click = np.zeros(2 * RATE, dtype=np.float32)
    click[RATE] = 1.0
    found = spectrogram(click, RATE, hop_ms=hop_ms, window_ms=20, max_frames=groups)
    brightest = found.times[np.argmax(found.db.sum(axis=0))]
    assert abs(brightest - 1.0) <= found.frame_seconds / 2 + 1e-6
    assert np.allclose(np.diff(found.times), found.frame_seconds, atol=1e-9)


def test_a_part_is_the_same_as_that_part_of_the_whole(noise):
    whole = spectrogram(noise, RATE, scale="log")
    part = spectrogram(noise, RATE, scale="log", start=0.5, end=1.25)
    inside = (whole.times >= 0.5) & (whole.times <= 1.25)
    np.testing.assert_allclose(part.times, whole.times[inside])
    np.testing.assert_allclose(part.db, whole.db[:, inside], atol=1e-4)


def test_joined_frames_hold_the_mean_power(noise):
    fine = spectrogram(noise, RATE)
    joined = spectrogram(noise, RATE, max_frames=50)
    assert joined.db.shape[1] <= 50
    group = round(joined.frame_seconds / fine.frame_seconds)
    mean = 10 * np.log10(np.mean(10 ** (fine.db[:, :group].astype(float) / 10), axis=1))
    np.testing.assert_allclose(joined.db[:, 0], mean, atol=1e-3)


def test_a_long_sound_in_small_steps_costs_no_more_than_its_picture(noise, monkeypatch):
    monkeypatch.setattr(core.spectrogram, "MOST_JOINED", 4)
    fine = spectrogram(noise, RATE, hop_ms=1, max_frames=20)
    assert fine.db.shape[1] <= 20 and fine.frame_seconds == pytest.approx(len(noise) / RATE / 20, rel=0.2)
    frames = []
    monkeypatch.setattr(np.fft, "rfft", lambda block, n, rfft=np.fft.rfft: frames.append(len(block)) or rfft(block, n=n))
    spectrogram(noise, RATE, hop_ms=1, max_frames=20)
    assert sum(frames) <= 4 * 20


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("samples", [1, 7, 300])
def test_very_short_and_silent_sounds_have_a_picture_too(scale, samples):
    found = spectrogram(np.zeros(samples, dtype=np.float32), 8_000, scale=scale)
    assert found.db.shape == (128, len(found.times)) and len(found.times) >= 1
    assert np.all(found.db == FLOOR_DB)


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("window", [64, 882, 7056])
def test_no_frequency_falls_between_two_bands(scale, window):
    weights, centres = band_bank(44_100, 8192, window, scale, 128, 22_050.0)
    bins = np.arange(4097) * 44_100 / 8192
    covered = weights[:, (bins > centres[0]) & (bins < centres[-1])].sum(axis=0)
    assert covered.min() > 0.99
    assert np.all(np.diff(centres) > 0)


@pytest.mark.parametrize("wrong", [{"scale": "bark"}, {"window_ms": 0}, {"hop_ms": -1}, {"n_mels": 0}])
def test_settings_that_make_no_picture_are_refused(noise, wrong):
    with pytest.raises(UserError, match=r"expects|one of"):
        spectrogram(noise, RATE, **wrong)
    with pytest.raises(UserError, match="at least one sample"):
        spectrogram(np.zeros(0, dtype=np.float32), RATE)


def test_the_envelope_keeps_every_extreme(noise):
    times, low, high = envelope(noise, RATE, points=100)
    assert len(times) <= 100 and np.all(low <= high)
    assert low.min() == noise.min() and high.max() == noise.max()
    loudest = np.argmax(np.maximum(-low, high))
    assert abs(times[loudest] - np.argmax(np.abs(noise)) / RATE) <= len(noise) / RATE / len(times)


def test_a_small_part_of_the_envelope_is_the_samples_themselves(noise):
    times, low, high = envelope(noise, RATE, points=500, start=1.0, end=1.01)
    np.testing.assert_array_equal(low, high)
    np.testing.assert_array_equal(low, noise[RATE : RATE + round(0.01 * RATE)])
    np.testing.assert_allclose(times, np.arange(RATE, RATE + len(low)) / RATE)
    assert len(envelope(noise, RATE, start=99.0)[0]) == 1
