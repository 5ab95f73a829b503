"""Whether a model has met a clip before: the question that decides what its answer is worth. No torch."""

from collections.abc import Sequence
from pathlib import Path

from core.clips import Clip, Dataset
from core.datasets import configured_dataset
from core.errors import UserError
from core.readers import clip_identity, normalised
from core.run_folder import Run

TRAINING, VALIDATION, TEST, ELSEWHERE, UNKNOWN = "training", "validation", "test", "elsewhere", "unknown"


def clip_use(run: Run, fold: str, dataset: Dataset, clip: Clip) -> str:
    """What a clip was for the model of ``fold`` (``"1"`` …, ``"final"``) of a run.

    ``"test"`` or ``"validation"`` where the run recorded its answer as such, ``"training"`` for the other clips of its
    data set, ``"elsewhere"`` for clips of other data sets and those the run left out (``--limit``), ``"unknown"``
    while the run has recorded no answers of that fold, or where its data set is not here to look the clip up.
    ESC-10 is one data set in both of its layouts.
    """
    config = run.config
    try:
        trained_on = configured_dataset(config)
    except UserError:
        trained_on = None
    if not _is_same(run, trained_on, dataset):
        return ELSEWHERE
    if fold != "final":
        predictions = run.predictions()
        if predictions is None or fold not in set(predictions["model_fold"].astype(str)):
            return UNKNOWN
        uses = _recorded(run, clip)
        if fold in uses:
            return uses[fold]
    if trained_on is None:
        return UNKNOWN
    used = {clip_identity(trained_on.name, own.key) for own in trained_on.clips}
    return TRAINING if clip_identity(dataset.name, clip.key) in used else ELSEWHERE


def unheard_folds(run: Run, clip: Clip) -> list[str]:
    """The folds whose trained models never learned from this clip, those that only tested it first."""
    uses, trained = _recorded(run, clip), run.checkpoints()
    return sorted((fold for fold in uses if fold in trained), key=lambda fold: (uses[fold] != TEST, fold))


def first_unheard(run: Run, fold: str, dataset: Dataset, clips: Sequence[Clip]) -> Clip | None:
    """The first of some clips that the model of ``fold`` did not learn from; None where the run tells of none."""
    predictions = run.predictions()
    if predictions is None:
        return None
    name, rows = _dataset_name(run), predictions[predictions["model_fold"].astype(str) == fold]
    unheard = {clip_identity(name, path) for path in rows["path"]}
    return next((clip for clip in clips if clip_identity(dataset.name, clip.key) in unheard), None)


def _recorded(run: Run, clip: Clip) -> dict[str, str]:
    """Fold -> ``"test"`` or ``"validation"``, from the run's predictions."""
    predictions = run.predictions()
    if predictions is None:
        return {}
    name = _dataset_name(run)
    wanted = clip_identity(name, clip.key)
    rows = predictions[[clip_identity(name, path) == wanted for path in predictions["path"]]]
    return dict(zip(rows["model_fold"].astype(str), rows["split"], strict=True))


def _is_same(run: Run, trained_on: Dataset | None, dataset: Dataset) -> bool:
    """Whether ``dataset`` is what the run was trained on; by its name alone where that is not on this machine."""
    name = normalised(dataset.name)
    if trained_on is None or name == "esc10":
        return name == normalised(trained_on.name if trained_on else _dataset_name(run))
    return trained_on.name == dataset.name and trained_on.root == dataset.root


def _dataset_name(run: Run) -> str:
    """The name of a run's data set: as its summary has it, else the end of the path or the name it was asked for by."""
    return (run.summary or {}).get("dataset") or Path(run.config.dataset).name
