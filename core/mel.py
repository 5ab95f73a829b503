"""The log-mel spectrogram as a layer, on whatever device the waveform is on.

Mel bands follow Slaney's Auditory Toolbox, as librosa's do by default: ``LogMel()(waveform)`` equals
``librosa.power_to_db(librosa.feature.melspectrogram(y=waveform, ...), ref=1.0, top_db=None)`` within 1e-3 dB
(a test says so). Computed by torchaudio: https://docs.pytorch.org/audio/stable/transforms.html
"""

import numpy as np
from torch import Tensor, nn

from core.torchaudio_guard import import_torchaudio


class LogMel(nn.Module):
    """``(batch, samples)`` or ``(samples,)`` -> ``(…, n_mels, frames)`` in dB, 0 dB being power 1, floor ``floor_db``.

    Frames are centred: frame ``i`` stands at ``i * hop_length / sample_rate`` seconds, and ``frames`` is
    ``samples // hop_length + 1``. The ends are padded with zeros.
    """

    def __init__(self, sample_rate: int = 16_000, n_fft: int = 1024, win_length: int = 400, hop_length: int = 160,
                 n_mels: int = 64, f_min: float = 0.0, f_max: float | None = None, floor_db: float = -100.0):
        super().__init__()
        self.sample_rate, self.hop_length, self.n_mels = sample_rate, hop_length, n_mels
        self.f_min, self.f_max = f_min, f_max or sample_rate / 2
        self.power = import_torchaudio().transforms.MelSpectrogram(
            sample_rate, n_fft=n_fft, win_length=win_length, hop_length=hop_length, n_mels=n_mels, f_min=f_min,
            f_max=self.f_max, norm="slaney", mel_scale="slaney", pad_mode="constant")
        self.floor = 10 ** (floor_db / 10)

    def forward(self, waveform: Tensor) -> Tensor:
        return 10 * self.power(waveform).clamp_min(self.floor).log10()

    def frequencies(self) -> np.ndarray:
        """Centre of every band, Hz, ``(n_mels,)``, low to high."""
        return mel_frequencies(self.n_mels, self.f_min, self.f_max)


def mel_frequencies(n_mels: int, f_min: float, f_max: float) -> np.ndarray:
    """Centres of ``n_mels`` bands equally wide on Slaney's mel scale (linear to 1 kHz, logarithmic above), in Hz."""
    edges = np.linspace(_hz_to_mel(f_min), _hz_to_mel(f_max), n_mels + 2)
    mels = edges[1:-1]
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))


def _hz_to_mel(frequency: float) -> float:
    return frequency * 3 / 200 if frequency < 1000 else 15 + 27 * np.log(frequency / 1000) / np.log(6.4)
