"""``summary.json``: facts about a training, and numbers that can all be computed again from ``predictions.csv``."""

from collections.abc import Iterable

from core.config import read_json
from core.datasets import Clip, Dataset, configured_dataset
from core.errors import UserError
from core.files import write_json
from core.metrics import summarise
from core.readers import clip_identity
from core.run_folder import Run

NUMBERS = ("folds", "accuracy", "macro_f1", "roc_auc", "validation", "ensemble", "confusion_matrix")


def write_summary(run: Run, facts: dict, dataset: Dataset) -> None:
    """Facts first, then every number from the predictions as they stand on disk.

    Raises :class:`UserError`, before anything is written, where a clip of the predictions is not in the data set.
    """
    predictions = run.predictions()
    clips = answered_clips(predictions["path"], dataset, run.name)
    sources = {path: clip.source for path, clip in clips.items()}  # they decide how wide the intervals are
    numbers = summarise(predictions, dataset.class_names, run.config.protocol, sources)
    write_json(run.path / "summary.json", facts | numbers)


def recompute(run: Run) -> list[str]:
    """Compute a finished run's numbers again and write them; returns the names of those that came out different.

    Raises :class:`UserError` for a run without predictions, or whose data set (which tells the recordings) is not here,
    or not with the same clips.
    """
    if run.summary is None:
        raise UserError(f"{run.name} has no finished predictions to compute from; resume it first")
    if run.predictions() is None:
        raise UserError(f"{run.name} has no predictions.csv to compute from; bring the file back, or train the run again")
    before = run.summary
    dataset = configured_dataset(run.config)
    write_summary(run, {key: value for key, value in before.items() if key not in NUMBERS}, dataset)
    after = read_json(run.path / "summary.json")
    return [key for key in NUMBERS if before.get(key) != after[key]]


def answered_clips(paths: Iterable[str], dataset: Dataset, run_name: str) -> dict[str, Clip]:
    """The clip behind every path of a run's predictions. Raises :class:`UserError` where one is not in the data set."""
    known = {clip_identity(dataset.name, clip.key): clip for clip in dataset.clips}
    identities = {path: clip_identity(dataset.name, path) for path in paths}
    missing = [path for path, identity in identities.items() if identity not in known]
    if missing:
        raise UserError(f"{len(missing)} of the {len(identities)} clips that {run_name} answered for are not in the data "
                        f"set {dataset.name} at {dataset.root} (the first: {missing[0]}), so nothing is known of them; "
                        "set EARSHOT_DATA to the folder that holds the data it was trained on")
    return {path: known[identity] for path, identity in identities.items()}
