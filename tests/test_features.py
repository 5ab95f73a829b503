"""Views of a clip: librosa's numbers at librosa's times, and a sentence for what has none."""

import warnings

import numpy as np
import pytest

from core.errors import UserError
from core.features import FEATURES, LONGEST_SECONDS, feature
from core.librosa_guard import import_librosa

RATE = 16_000
SETTINGS = dict(n_fft=2048, hop_length=512)


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    time = np.arange(RATE) / RATE
    return (0.3 * np.sin(2 * np.pi * 440 * time) + 0.01 * np.random.default_rng(0).normal(size=RATE)).astype(np.float32)


REFERENCES = {
    "MFCC": lambda librosa, y: librosa.feature.mfcc(y=y, sr=RATE, n_mfcc=20, **SETTINGS),
    "Chroma": lambda librosa, y: librosa.feature.chroma_stft(y=y, sr=RATE, tuning=0.0, **SETTINGS),
    "Constant-Q": lambda librosa, y: np.maximum(librosa.amplitude_to_db(
        np.abs(librosa.cqt(y, sr=RATE, n_bins=84, tuning=0.0)), ref=np.max, amin=1e-9, top_db=None), -120),
    "Zero crossings": lambda librosa, y: RATE * librosa.feature.zero_crossing_rate(y),
    "RMS": lambda librosa, y: 20 * np.log10(librosa.feature.rms(y=y)),
    "Centroid": lambda librosa, y: librosa.feature.spectral_centroid(y=y, sr=RATE, **SETTINGS),
    "Roll-off": lambda librosa, y: librosa.feature.spectral_rolloff(y=y, sr=RATE, roll_percent=0.85, **SETTINGS),
}


@pytest.mark.parametrize("name", FEATURES)
def test_a_view_holds_librosas_numbers(sound, name):
    found = feature(name, sound, RATE, start=2.0)
    librosa = import_librosa()
    expected = REFERENCES[name](librosa, sound)
    assert found.values.dtype == np.float32
    np.testing.assert_allclose(found.values, expected, rtol=1e-4, atol=1e-3)
    assert len(found.rows) == len(expected)
    np.testing.assert_allclose(found.times, 2.0 + librosa.frames_to_time(range(expected.shape[1]), sr=RATE))


def test_a_tone_is_where_it_belongs(sound):
    note = feature("Chroma", sound, RATE)
    assert note.rows[int(np.argmax(note.values[:, 15]))] == "A"
    bands = feature("Constant-Q", sound, RATE)
    assert bands.rows[int(np.argmax(bands.values[:, 15]))] == "440 Hz"
    assert feature("Zero crossings", sound, RATE).values[0, 15] == pytest.approx(880, rel=0.1)


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("samples", [1, 399])
def test_a_very_short_or_silent_sound_has_finite_numbers(name, samples):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for waveform in (np.zeros(samples, np.float32), np.full(samples, 0.5, np.float32)):
            assert np.isfinite(feature(name, waveform, RATE).values).all()


def test_what_has_no_view_is_a_sentence(sound):
    for name, waveform, rate, words in (("Tempo", sound, RATE, "MFCC"), ("RMS", sound[:0], RATE, "at least one"),
                                        ("RMS", np.array([np.nan]), RATE, "finite"),
                                        ("RMS", np.zeros(round((LONGEST_SECONDS + 1) * 100)), 100, "shorter part"),
                                        ("Constant-Q", sound[:10], 100, "146 Hz")):
        with pytest.raises(UserError, match=words):
            feature(name, waveform, rate)
