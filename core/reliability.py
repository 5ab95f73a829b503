"""Calibrate a run: fit its temperature, choose when it says "none of these", and write both into its checkpoints.

The temperature comes from validation clips of a run of the same model. The threshold comes from a side experiment: a run
that never learned some classes hears the clips of those classes, and noises; the threshold refuses as many of these as it can
while nearly all validation clips keep their class. No answer to a test clip takes part in either; but a run under
``published`` is tested on the very clips that are validation clips under ``assignment``. So the error that is reported first
is that of every fold at a temperature fitted without that fold's clips.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.audio import read_audio
from core.calibration import Calibration, errors_by_chance, expected_calibration_error, soften, temperature_of
from core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from core.datasets import configured_dataset
from core.errors import UserError
from core.finished import read_finished, recordings
from core.metrics import answers, of_split
from core.predict import predict
from core.readers import clip_identity
from core.run_folder import Run
from core.sounds_of_none import NOISES, several

Progress = Callable[[float, str], None]
KEPT = 0.95  # share of known clips; a person forgives a strange sound that gets a class sooner than a dog that gets none


@dataclass(frozen=True)
class Report:
    """What calibrating a run found. ECE of the run's test answers, before and after; shares between 0 and 1.

    ``ece_after`` is with a temperature for every test fold, fitted on the validation clips of the others;
    ``ece_as_shipped`` with the one that is written, whose validation clips may be test clips of this run. ``ece_by_chance``
    is what answers as sure as these show on average on so many clips when nothing is wrong with them, and
    ``chance_is_larger`` how often that is at least ``ece_after``.
    """

    calibration: Calibration
    ece_before: float
    ece_after: float
    ece_as_shipped: float
    ece_by_chance: float
    chance_is_larger: float
    known_kept: float | None  # validation clips that still get a class; the others are of the side experiment
    noises_refused: float | None
    left_out_refused: float | None

    def to_dict(self) -> dict:
        values = asdict(self)
        return values.pop("calibration") | values


def calibrate(run: Run, validation: Run, side: Run | None = None, on_progress: Progress | None = None) -> Report:
    """Fit, choose, measure, and write the calibration into every checkpoint of ``run``. What takes long is what ``side`` hears:
    ``on_progress(share, what it hears)`` is called meanwhile.

    Raises :class:`UserError` for runs of different models or classes, without the rows or weights that are needed, or a side
    experiment that left no class out.
    """
    for other in (validation, side):
        if other and other.config.model != run.config.model:
            raise UserError(f"{other.name} is a run of {other.config.model} and {run.name} one of {run.config.model}; "
                            "calibrate with runs of the same model")
    table, names = finished_predictions(validation), run.record["class_names"]
    if validation.record["class_names"] != names:
        raise UserError(f"{validation.name} and {run.name} do not know the same classes; calibrate with a run that does")
    temperature, known = temperature_of(table, names), answers(of_split(table, "validation"), names)
    test = answers(of_split(finished_predictions(run), "test"), names)
    unseen = at_unseen_temperatures(of_split(_with_recordings(run), "test"), _with_recordings(validation), names)
    before, after, shipped = (expected_calibration_error(probs, test.targets)
                              for probs in (test.probs, unseen, soften(test.probs, temperature)))
    chance = errors_by_chance(unseen)
    sure = soften(known.probs, temperature).max(axis=1)
    threshold, shares = choose_threshold(sure, side, on_progress) if side else (0.0, (None, None, None))
    calibration = Calibration(temperature, threshold)
    for path in run.checkpoints().values():
        loaded = load_checkpoint(path)
        save_checkpoint(path, loaded.model, loaded.config, loaded.class_names, calibration)
    return Report(calibration, before, after, shipped, float(chance.mean()), float((chance >= after).mean()), *shares)


def _with_recordings(run: Run) -> pd.DataFrame:
    """The table of a run's answers with each clip named alike, however its data set lies on disk, and its ``recording``, which
    is the clip itself where the data set is not here."""
    known = recordings(read_finished(run))
    table, dataset = finished_predictions(run), (run.summary or {}).get("dataset") or Path(run.config.dataset).name
    clips = [clip_identity(dataset, path) for path in table["path"]]
    return table.assign(recording=[known.get(path, clip) for path, clip in zip(table["path"], clips, strict=True)], path=clips)


def at_unseen_temperatures(test: pd.DataFrame, validation: pd.DataFrame, names: list[str]) -> np.ndarray:
    """The probabilities of every row of ``test``, those of a fold at a temperature fitted without that fold's recordings. The
    two runs may have drawn their folds differently, so it goes by the columns ``path`` and ``recording``.

    Raises :class:`UserError` where no validation clip is left for a fold.
    """
    probs = answers(test, names).probs.copy()
    for fold in test["clip_fold"].unique():
        rows = (test["clip_fold"] == fold).to_numpy()
        tested = test[rows]
        others = validation[~validation["path"].isin(tested["path"]) & ~validation["recording"].isin(tested["recording"])]
        if not len(of_split(others, "validation")):
            raise UserError(f"every validation clip is of a recording that fold {fold} is tested on, so no temperature can be "
                            "fitted without that fold; calibrate with --validation and a run under the protocol assignment")
        probs[rows] = soften(probs[rows], temperature_of(others, names))
    return probs


def choose_threshold(known: np.ndarray, side: Run,
                     on_progress: Progress | None = None) -> tuple[float, tuple[float, float, float]]:
    """The probability below which the surest class is not believed, and the shares (known kept, noises refused, left-out
    clips refused) there; ``known`` ``(clips,)`` are the surest probabilities of validation clips. Of the thresholds that
    let at least ``KEPT`` of them keep a class, the one that refuses most."""
    if not side.config.leave_out:
        raise UserError(f"{side.name} knows every class; the side experiment needs one trained with --set leave_out=…")
    temperature = temperature_of(finished_predictions(side), side.record["class_names"])
    sure = {"known": known}
    models = [_at(load_checkpoint(path), temperature) for fold, path in side.checkpoints().items() if fold != "final"]
    if not models:
        raise UserError(f"{side.name} has no weights here; train it again")
    sounds = noises() | {"clips of the classes left out": left_out_clips(side)}
    heard = []
    for number, (kind, some) in enumerate(sounds.items()):
        if on_progress:
            on_progress(number / len(sounds), kind)
        heard.append(surest(models, some))
    sure |= {"noises": np.concatenate(heard[:-1]), "left out": heard[-1]}
    candidates = np.unique(np.round(np.concatenate(list(sure.values())), 3))

    def shares(threshold: float) -> tuple[float, float, float]:
        kept, *refused = ((sure[name] < threshold).mean() for name in ("known", "noises", "left out"))
        return 1 - kept, *refused

    def merit(threshold: float) -> tuple:
        kept, noise, others = shares(threshold)
        return kept >= KEPT, noise + others, kept

    best = float(max(candidates, key=merit))
    return best, tuple(map(float, shares(best)))


def surest(models: list[Checkpoint], sounds: Iterator[tuple[np.ndarray, int]]) -> np.ndarray:
    """The highest probability that any class gets, of every model for every sound."""
    return np.array([predict(model, waveform, rate).probs.max() for waveform, rate in sounds for model in models])


def noises() -> dict[str, Iterator[tuple[np.ndarray, int]]]:
    """Made-up sounds by their kind; digital silence is left out, because it is refused without asking the model."""
    return {kind: several(kind) for kind in NOISES if kind != "silence"}


def left_out_clips(side: Run) -> Iterator[tuple[np.ndarray, int]]:
    """The clips of the classes that a run does not know, of the folds that it did not test on."""
    everything = configured_dataset(side.config.replace(leave_out=""))
    tested = set(of_split(finished_predictions(side), "test")["clip_fold"])
    unknown = [clip for clip in everything.clips
               if clip.label not in side.record["class_names"] and clip.fold not in tested]
    for clip in unknown:
        yield read_audio(everything.root / clip.path, clip.start, clip.end)


def _at(checkpoint: Checkpoint, temperature: float) -> Checkpoint:
    return Checkpoint(checkpoint.model, checkpoint.config, checkpoint.class_names, Calibration(temperature))


def finished_predictions(run: Run) -> pd.DataFrame:
    """The table of a run's answers; :class:`UserError` where it is not whole yet."""
    state, table = run.status.state, run.predictions()
    if state != "finished" or table is None:
        raise UserError(f"{run.name} has {'not all of its' if state != 'finished' else 'no'} predictions yet (state: {state}); "
                        "let it finish first")
    return table
