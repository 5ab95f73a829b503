"""The log-mel layer against librosa, and torchaudio beside a torch that its compiled part does not fit."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from core.librosa_guard import import_librosa
from core.mel import LogMel, mel_frequencies
from core.torchaudio_guard import import_torchaudio


@pytest.mark.parametrize(("sample_rate", "n_fft", "win_length", "hop_length", "n_mels"), [
    (16_000, 1024, 400, 160, 64), (44_100, 2048, 1102, 441, 128), (16_000, 512, 512, 256, 40)])
def test_log_mel_equals_librosa_within_a_thousandth_of_a_decibel(sample_rate, n_fft, win_length, hop_length, n_mels):
    librosa = import_librosa()
    rng = np.random.default_rng(0)
    time = np.arange(sample_rate) / sample_rate
    waveform = (0.3 * np.sin(2 * np.pi * 440 * time) + 0.01 * rng.standard_normal(len(time))).astype(np.float32)
    ours = LogMel(sample_rate, n_fft, win_length, hop_length, n_mels)(torch.from_numpy(waveform)).numpy()
    power = np.abs(librosa.stft(waveform, n_fft=n_fft, win_length=win_length, hop_length=hop_length,
                                pad_mode="constant")) ** 2
    bands = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)
    theirs = librosa.power_to_db(bands @ power, ref=1.0, amin=1e-10, top_db=None)
    assert ours.shape == theirs.shape == (n_mels, sample_rate // hop_length + 1)
    assert np.abs(ours - theirs).max() < 1e-3


def test_band_centres_equal_librosas():
    librosa = import_librosa()
    assert mel_frequencies(64, 0.0, 8000.0) == pytest.approx(librosa.mel_frequencies(66, fmin=0, fmax=8000)[1:-1])
    assert LogMel().frequencies() == pytest.approx(mel_frequencies(64, 0.0, 8000.0))


def test_a_tone_lights_its_own_band_and_silence_lies_on_the_floor():
    layer = LogMel()
    time = torch.arange(16_000) / 16_000
    tone = layer(torch.sin(2 * torch.pi * 2000 * time))
    assert layer.frequencies()[tone[:, 50].argmax()] == pytest.approx(2000, rel=0.05)
    assert torch.equal(layer(torch.zeros(2, 16_000)), torch.full((2, 64, 101), -100.0))


def test_torchaudio_is_importable_here_and_computes():
    torchaudio = import_torchaudio()
    assert torchaudio is import_torchaudio()
    assert torchaudio.transforms.Resample(16_000, 8_000)(torch.zeros(1, 1600)).shape == (1, 800)


BROKEN = """
import sys, importlib.abc
class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio._extension":
            raise OSError("libcudart.so.13: cannot open shared object file")
sys.meta_path.insert(0, Broken())
from core.torchaudio_guard import import_torchaudio
torchaudio = import_torchaudio()
import torch, torchaudio.transforms
assert torchaudio.transforms.MelSpectrogram()(torch.zeros(1, 16000)).shape[1] == 128
try:
    torchaudio.functional.forced_align(None, None)
except RuntimeError as error:
    print(error)
"""


def test_the_guard_survives_a_compiled_part_that_does_not_load():
    done = subprocess.run([sys.executable, "-c", BROKEN], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "needs torchaudio's compiled extension" in done.stdout
