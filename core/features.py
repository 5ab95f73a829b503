"""Views of a clip that are read off it rather than learnt: MFCC, chroma, constant-Q and five curves, by librosa.

For the screen; models own their front ends (:mod:`core.mel`). The first use after an installation compiles for up to
half a minute (numba keeps the result on disk), so pages call :func:`feature` in the background.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.errors import UserError
from core.librosa_guard import import_librosa

FRAME, HOP = 2048, 512  # samples; librosa's defaults
COEFFICIENTS = 20
LOWEST_NOTE_HZ = 32.703195662574829  # C1
NOTES_PER_OCTAVE, OCTAVES = 12, 7
ROLL_OFF = 0.85  # of the power
LONGEST_SECONDS = 30.0
FLOOR_DB = -120.0


@dataclass(frozen=True)
class Feature:
    """``values`` float32 (rows, frames), one row for a curve, in ``unit``; ``times`` s, the centre of each frame.

    ``rows`` says what each row is: a coefficient, a pitch class, or hertz.
    """

    name: str
    values: np.ndarray
    times: np.ndarray
    rows: tuple[str, ...]
    unit: str


def feature(name: str, waveform: np.ndarray, sample_rate: int, start: float = 0.0) -> Feature:
    """One of :data:`FEATURES` of a mono waveform ``(samples,)`` that begins ``start`` seconds into its clip.

    Frame j is centred on sample ``512 j``, with zeros outside the sound. Raises :class:`UserError` for an unknown name,
    and for a sound that is empty, longer than :data:`LONGEST_SECONDS` or not finite.
    """
    if name not in FEATURES:
        raise UserError(f"a view of a clip is one of {', '.join(FEATURES)}, found {name!r}")
    if np.ndim(waveform) != 1 or not len(waveform) or not np.isfinite(waveform).all():
        raise UserError("a view of a clip expects one channel of finite samples, at least one; found something else")
    if len(waveform) > LONGEST_SECONDS * sample_rate:
        raise UserError(f"these views are of at most {LONGEST_SECONDS:g} s, found {len(waveform) / sample_rate:.1f} s; "
                        "choose a shorter part")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a clip shorter than a frame is filled with zeros, which is what is meant
        values, rows, unit = FEATURES[name](np.asarray(waveform, dtype=np.float32), sample_rate)
    times = start + np.arange(values.shape[1]) * HOP / sample_rate
    return Feature(name, np.asarray(values, dtype=np.float32), times, rows, unit)


def _mfcc(waveform: np.ndarray, sample_rate: int):
    librosa = import_librosa()
    values = librosa.feature.mfcc(y=waveform, sr=sample_rate, n_mfcc=COEFFICIENTS, n_fft=FRAME, hop_length=HOP)
    return values, tuple(f"coefficient {number}" for number in range(len(values))), ""


def _chroma(waveform: np.ndarray, sample_rate: int):
    librosa = import_librosa()
    values = librosa.feature.chroma_stft(y=waveform, sr=sample_rate, n_fft=FRAME, hop_length=HOP, tuning=0.0)
    return values, ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"), "of the strongest"


def _constant_q(waveform: np.ndarray, sample_rate: int):
    """Notes from C1 up, as many octaves as the sample rate holds, in dB below the loudest."""
    librosa = import_librosa()
    octaves = min(OCTAVES, int(np.floor(np.log2(0.45 * sample_rate / LOWEST_NOTE_HZ))))
    if octaves < 1:
        raise UserError(f"a constant-Q view needs a sample rate of 146 Hz or more, found {sample_rate} Hz")
    bands = octaves * NOTES_PER_OCTAVE
    values = np.abs(librosa.cqt(waveform, sr=sample_rate, hop_length=HOP, fmin=LOWEST_NOTE_HZ, n_bins=bands,
                                bins_per_octave=NOTES_PER_OCTAVE, tuning=0.0))
    loudest = max(float(values.max()), 1e-10)
    hertz = LOWEST_NOTE_HZ * 2.0 ** (np.arange(bands) / NOTES_PER_OCTAVE)
    return _decibels(values / loudest), tuple(f"{hz:,.0f} Hz" for hz in hertz), "dB"


def _zero_crossings(waveform: np.ndarray, sample_rate: int):
    librosa = import_librosa()
    share = librosa.feature.zero_crossing_rate(waveform, frame_length=FRAME, hop_length=HOP)
    return share * sample_rate, ("crossings",), "per s"


def _rms(waveform: np.ndarray, sample_rate: int):
    librosa = import_librosa()
    return _decibels(librosa.feature.rms(y=waveform, frame_length=FRAME, hop_length=HOP)), ("loudness",), "dB"


def _centroid(waveform: np.ndarray, sample_rate: int):
    librosa = import_librosa()
    values = librosa.feature.spectral_centroid(y=waveform, sr=sample_rate, n_fft=FRAME, hop_length=HOP)
    return values, ("centroid",), "Hz"


def _roll_off(waveform: np.ndarray, sample_rate: int):
    librosa = import_librosa()
    values = librosa.feature.spectral_rolloff(y=waveform, sr=sample_rate, n_fft=FRAME, hop_length=HOP,
                                              roll_percent=ROLL_OFF)
    return values, ("roll-off",), "Hz"


def _decibels(amplitude: np.ndarray) -> np.ndarray:
    """Of full scale, down to -120 dB."""
    return np.maximum(20 * np.log10(np.maximum(amplitude, 1e-7)), FLOOR_DB)


FEATURES: dict[str, Callable[[np.ndarray, int], tuple[np.ndarray, tuple[str, ...], str]]] = {
    "MFCC": _mfcc,
    "Chroma": _chroma,
    "Constant-Q": _constant_q,
    "Zero crossings": _zero_crossings,
    "RMS": _rms,
    "Centroid": _centroid,
    "Roll-off": _roll_off,
}
