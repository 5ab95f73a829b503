"""What happens to a sound between the world and the model, and how many answers it costs.

Every model of a run hears the clips of its own test fold again, spoilt in one way at a time; none hears a clip that it
trained on. Nothing is chosen here: it is measured when everything is decided.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import soundfile

from core.audio import read_audio, resample
from core.checkpoint import Checkpoint
from core.crossval import FINAL
from core.datasets import configured_dataset, load_dataset
from core.errors import UserError
from core.intervals import wilson_by_source
from core.metrics import of_split
from core.predict import Prediction, load_predictor, predict
from core.reliability import finished_predictions
from core.run_folder import Run
from core.sounds_of_none import EACH, MUSIC, NOISES, SECONDS, several
from core.summary import answered_clips

Random = np.random.Generator
LONG_SECONDS = 30.0
FOREIGN = {kind: (kind, SECONDS) for kind in (*NOISES, *MUSIC)} | {
    f"{kind}, {LONG_SECONDS:g} s": (kind, LONG_SECONDS) for kind in MUSIC}  # sounds of none: kind, length
CONFIDENT = 0.9
MP3_COMPRESSION = 0.88  # of libsndfile: 64 kbit/s for mono at 44.1 kHz
MP3_RATES = (44_100, 48_000, 32_000)  # at the lower ones libsndfile gives the sound back later, by 1,105 samples


def as_it_is(waveform: np.ndarray, rate: int, random: Random) -> np.ndarray:
    return waveform


def mp3(waveform: np.ndarray, rate: int, random: Random) -> np.ndarray:
    """Through an mp3 of 64 kbit/s and back; at another rate where the mp3 would not have the sound at its place."""
    coded, coded_rate = io.BytesIO(), rate if rate in MP3_RATES else MP3_RATES[0]
    soundfile.write(coded, np.clip(resample(waveform, rate, coded_rate), -1, 1), coded_rate, format="MP3",
                    bitrate_mode="CONSTANT", compression_level=MP3_COMPRESSION)
    heard = soundfile.read(io.BytesIO(coded.getvalue()), dtype="float32")[0]
    return resample(heard, coded_rate, rate)[: len(waveform)]


def telephone(waveform: np.ndarray, rate: int, random: Random) -> np.ndarray:
    """Nothing above 4 kHz, as a call at 8 kHz has it."""
    return resample(resample(waveform, rate, 8_000), 8_000, rate)[: len(waveform)]


def background(waveform: np.ndarray, rate: int, random: Random) -> np.ndarray:
    """Pink noise 10 dB below the clip's loudest tenth of a second."""
    noise = NOISES["pink noise"](random, len(waveform), rate)
    return (waveform + noise * (_loudest(waveform, rate) * 10**-0.5 / np.sqrt(np.mean(noise**2)))).astype(np.float32)


def microphone(waveform: np.ndarray, rate: int, random: Random) -> np.ndarray:
    """A small microphone: little below 200 Hz and above 7 kHz, and a hump of 8 dB in between."""
    spectrum = np.fft.rfft(waveform)
    hz = np.fft.rfftfreq(len(waveform), 1 / rate) + 1e-3
    hump = 10 ** (8 * np.exp(-(np.log2(hz / random.uniform(1_500, 4_000)) ** 2)) / 20)
    gain = hump / np.sqrt((1 + (200 / hz) ** 4) * (1 + (hz / 7_000) ** 4))
    return np.fft.irfft(spectrum * gain, len(waveform)).astype(np.float32)


def quieter(waveform: np.ndarray, rate: int, random: Random) -> np.ndarray:
    """20 dB softer, as from another room."""
    return waveform * 0.1


def within_a_long_file(waveform: np.ndarray, rate: int, random: Random) -> np.ndarray:
    """Anywhere within 30 s of faint noise, 50 dB below the clip's loudest tenth of a second."""
    length = max(len(waveform), round(LONG_SECONDS * rate))
    long = random.standard_normal(length).astype(np.float32) * (_loudest(waveform, rate) * 10**-2.5)
    start = random.integers(length - len(waveform) + 1)
    long[start : start + len(waveform)] += waveform
    return long


def _loudest(waveform: np.ndarray, rate: int) -> float:
    """Root mean square of the loudest tenth of a second."""
    size = max(1, rate // 10)
    parts = np.pad(waveform, (0, -len(waveform) % size)).reshape(-1, size)
    return float(max(np.sqrt(np.mean(parts**2, axis=1).max()), 1e-5))


WAYS: dict[str, Callable[[np.ndarray, int, Random], np.ndarray]] = {
    "as recorded": as_it_is, "mp3, 64 kbit/s": mp3, "telephone band, 8 kHz": telephone,
    "pink noise at 10 dB": background, "a small microphone": microphone, "20 dB quieter": quieter,
    "anywhere in a file of 30 s": within_a_long_file}


@dataclass(frozen=True)
class Kept:
    """How many answers stay right when clips are spoilt in one way."""

    way: str
    accuracy: float
    clips: int  # each counted once, however many models answered
    refused: float  # share of answers "none of these"

    ci95: list[float] | None  # clips of one recording counted as alike as they are

    def to_dict(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class Named:
    """What sounds that are none of the classes are taken for: shares that get a class, and one surer than ``CONFIDENT``, of
    the models that were tested; and of the final model, which is the one that people use, where there is one."""

    kind: str
    sounds: int  # times models
    named: float
    confident: float
    final_named: float | None
    final_confident: float | None

    def to_dict(self) -> dict:
        return asdict(self)


def measure_robustness(run: Run, ways: tuple[str, ...] = tuple(WAYS), seed: int = 0) -> Iterator[Kept]:
    """One row per way, of all models of a run on their own test clips, through the same path as an uploaded file.

    Raises :class:`UserError` for a run without predictions or fold models, or whose data is not here.
    """
    table, predictors = _predictions_and_models(run)
    dataset = configured_dataset(run.config)
    test = of_split(table, "test")
    clips = answered_clips(test["path"], dataset, run.name)
    for way in ways:
        right, refused = [], 0
        for number, (path, fold, target) in enumerate(zip(test["path"], test["model_fold"].astype(str), test["target"],
                                                          strict=True)):
            clip = clips[path]
            waveform, rate = read_audio(dataset.root / clip.path, clip.start, clip.end)
            random = np.random.default_rng([seed, number])
            heard = predict(predictors[fold], WAYS[way](waveform, rate, random), rate)
            right.append(heard.ranked[0][0] == target)
            refused += heard.unknown
        by_clip = pd.Series(right, index=test["path"], dtype=float).groupby(level=0).mean()
        ends = wilson_by_source(by_clip, [clips[path].source for path in by_clip.index])
        yield Kept(way, sum(right) / len(test), len(by_clip), refused / len(test), ends)


def measure_foreign(run: Run, foreign: str | None = None, seed: int = 1_000) -> Iterator[Named]:
    """One row per kind of noises, of synthesised music (also of ``LONG_SECONDS``), and of the clips of another data set.

    No model has trained on any of them, so the final model of the run, where it has one, is asked as well.
    """
    _, predictors = _predictions_and_models(run)
    weights = run.checkpoints().get(FINAL)
    final = load_predictor(weights) if weights else None
    sounds = {name: several(kind, seed, seconds) for name, (kind, seconds) in FOREIGN.items()}
    if foreign:
        dataset = load_dataset(foreign)
        chosen = dataset.clips[:: max(1, len(dataset.clips) // (2 * EACH))]
        sounds[dataset.name] = (read_audio(dataset.root / clip.path, clip.start, clip.end) for clip in chosen)
    for kind, some in sounds.items():
        heard, by_final = [], []
        for sound in some:
            heard += [predict(model, *sound) for model in predictors.values()]
            by_final += [predict(final, *sound)] if final else []
        yield Named(kind, len(heard), *_shares(heard), *(_shares(by_final) if final else (None, None)))


def _shares(heard: list[Prediction]) -> tuple[float, float]:
    """Shares of the answers that are a class, and a class surer than ``CONFIDENT``."""
    sure = [float(answer.probs.max()) for answer in heard if not answer.unknown]
    return len(sure) / len(heard), sum(each > CONFIDENT for each in sure) / len(heard)


def _predictions_and_models(run: Run) -> tuple[pd.DataFrame, dict[str, Checkpoint]]:
    table, models = finished_predictions(run), run.checkpoints()
    tested = sorted(set(of_split(table, "test")["model_fold"].astype(str)))
    missing = [fold for fold in tested if fold not in models]
    if missing:
        raise UserError(f"{run.name} has no weights of fold {missing[0]} here, and only its own models may answer its test "
                        "clips; train it again")
    return table, {fold: load_predictor(models[fold]) for fold in tested}
