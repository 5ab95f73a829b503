"""Whether a model has met a clip before: the question that decides what its answer is worth. No torch."""

from core.clips import Clip, Dataset
from core.datasets import load_dataset
from core.errors import UserError
from core.run_folder import Run

TRAINING, VALIDATION, TEST, ELSEWHERE, UNKNOWN = "training", "validation", "test", "elsewhere", "unknown"


def clip_use(run: Run, fold: str, dataset: Dataset, clip: Clip) -> str:
    """What a clip was for the model of ``fold`` (``"1"`` …, ``"final"``) of a run.

    ``"test"`` or ``"validation"`` where the run recorded its answer as such, ``"training"`` for the other clips of its
    data set, ``"elsewhere"`` for clips of other data sets and those the run left out (``--limit``), ``"unknown"``
    while the run has recorded no answers of that fold.
    """
    if fold != "final":
        predictions = run.predictions()
        if predictions is None or fold not in set(predictions["model_fold"].astype(str)):
            return UNKNOWN
        uses = _recorded(run, clip)
        if fold in uses:
            return uses[fold]
    config = run.config
    try:
        trained_on = load_dataset(config.dataset, label=config.label, limit=config.limit)
    except UserError:
        return ELSEWHERE
    if trained_on.root != dataset.root or clip.key not in {own.key for own in trained_on.clips}:
        return ELSEWHERE
    return TRAINING


def unheard_folds(run: Run, clip: Clip) -> list[str]:
    """The folds whose trained models never learned from this clip, those that only tested it first."""
    uses, trained = _recorded(run, clip), run.checkpoints()
    return sorted((fold for fold in uses if fold in trained), key=lambda fold: (uses[fold] != TEST, fold))


def _recorded(run: Run, clip: Clip) -> dict[str, str]:
    """Fold -> ``"test"`` or ``"validation"``, from the run's predictions."""
    predictions = run.predictions()
    if predictions is None:
        return {}
    rows = predictions[predictions["path"] == clip.key]
    return dict(zip(rows["model_fold"].astype(str), rows["split"], strict=True))
