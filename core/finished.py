"""A finished run and all that it left, read once: what the comparison, the analysis and the report work on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from core.errors import UserError
from core.metrics import METRICS, of_split
from core.run_checks import read_summary
from core.run_folder import Run

if TYPE_CHECKING:
    import pandas as pd

    from core.clips import Dataset
    from core.config import TrainConfig


@dataclass(frozen=True)
class Finished:
    """One finished run. ``metrics`` is its ``summary.json``; ``settings`` those of its config, empty where that cannot
    be read."""

    name: str
    model: str
    protocol: str
    dataset: str
    class_names: tuple[str, ...]
    settings: dict
    metrics: dict
    predictions: "pd.DataFrame"
    history: "pd.DataFrame"
    experiment: str = ""
    device: str = ""  # what it was trained on; empty where nothing says so
    data: str = ""  # the fingerprint of its clips; empty where nothing says so

    @property
    def seed(self) -> int:
        return int(self.settings.get("seed", self.metrics.get("seed") or 0))

    @cached_property
    def test(self) -> "pd.DataFrame":
        """The answers to the test clips."""
        return of_split(self.predictions, "test")

    @cached_property
    def clips(self) -> int:
        """Test clips, each counted once."""
        return int(self.test["path"].nunique())

    @property
    def over(self) -> str:
        """What the standard deviation of its numbers is over: models of one test fold, or folds."""
        return "models" if self.protocol in ("assignment", "split") else "folds"

    @cached_property
    def seconds(self) -> float | None:
        return seconds_of_tested(self.history, self.metrics)

    @cached_property
    def training_macs(self) -> float | None:
        """Multiply-accumulates that the training of the tested models took, the same on every machine: for each clip of each
        epoch three times those of an answer, once forward and about twice back (less where weights are frozen). The made-up
        sounds of outlier exposure are heard on top of the clips."""
        each, clips = self.metrics.get("macs"), self.metrics.get("clips")
        if not each or not clips:
            return None
        heard_later = self.predictions.groupby(self.predictions["model_fold"].astype(str))["path"].nunique()
        epochs = self.history[self.history["split"] == "train"].groupby(self.history["fold"].astype(str))["epoch"].max()
        heard = 1.0 + self.settings.get("outliers", 0.0)
        return 3.0 * each * heard * sum((clips - kept) * epochs.get(fold, 0) for fold, kept in heard_later.items()) or None


def read_finished(run: Run) -> Finished:
    """A run from its folder. Raises :class:`UserError` where it is not finished, or a file of it cannot be read."""
    status = run.status
    if status.state != "finished":
        raise UserError(unfinished_sentence([run]))
    summary, predictions = read_summary(run.path / "summary.json"), run.predictions()
    missing = [name for name in ("model", "protocol", "dataset", "class_names", "folds", *METRICS) if not summary.get(name)]
    if missing or predictions is None or not len(of_split(predictions, "test")):
        what = f"no {missing[0]!r} in its summary.json" if missing else "no answers to test clips in its predictions.csv"
        raise UserError(f"{run.name} has {what}; bring the file back, or train the run again")
    class_names = tuple(summary["class_names"])
    if set(class_names) - set(predictions.columns):
        raise UserError(f"summary.json and predictions.csv of {run.name} do not speak of the same classes; "
                        f"`python -m core runs --recompute {run.name}` makes the summary again")
    settings = {} if run.problem else run.config.to_dict()
    return Finished(run.name, summary["model"], summary["protocol"], summary["dataset"], class_names, settings, summary,
                    predictions, run.history(), run.experiment, run.device, run.fingerprint)


def seconds_of_tested(history: "pd.DataFrame", metrics: dict) -> float | None:
    """Seconds that the tested models took to train; a final model on everything does not count."""
    rows = history[(history["split"] == "train") & (history["fold"].astype(str) != "final")]
    total = float(rows["seconds"].sum()) if len(rows) else 0.0
    return total or metrics.get("seconds")


def unfinished_sentence(runs: Sequence[Run]) -> str:
    """Which runs are not finished, how they stand, and what to do."""
    told = [f"{run.name} is {run.status.state}" + (f" at {run.status.progress:.0%}" if run.status.state != "failed" else "")
            for run in runs]
    waiting, first, them = all(run.status.active for run in runs), runs[0].name, "it" if len(runs) == 1 else "them"
    go_on = f"wait for {them}" if waiting else (f"`python -m core train --resume {first}` goes on with "
                                                + ("it" if len(runs) == 1 else "the first"))
    return (f"{' and '.join(filter(None, [', '.join(told[:-1]), told[-1]]))}, and only finished runs can be compared: "
            f"{go_on}, or leave {them} out")


def recordings(run: Finished) -> dict[str, str]:
    """The recording of every clip that the run answered for, by the clip's path; empty where its settings cannot be read."""
    from core.config import TrainConfig

    return recordings_of(TrainConfig.from_dict(run.settings), run.predictions["path"].unique()) if run.settings else {}


def recordings_of(config: "TrainConfig", paths: Iterable[str]) -> dict[str, str]:
    """The same of clips that a run or a study with these settings answered for. Where the data set is not here, what the names
    of its files tell: a comparison must not be surer because the sounds were moved away."""
    from core.datasets import configured_dataset
    from core.grouping import FILE, sources_by_name
    from core.readers import archive_source

    paths = list(paths)
    try:
        return recordings_in(configured_dataset(config), paths)
    except UserError:
        named = {} if config.sources == FILE else sources_by_name(paths)
        return named | {path: source for path in paths if (source := archive_source(path))}


def recordings_in(dataset: "Dataset", paths: Iterable[str]) -> dict[str, str]:
    """The recordings of the clips at ``paths``, as far as the data set knows them."""
    from core.readers import clip_identity

    known = {clip_identity(dataset.name, clip.key): clip.source for clip in dataset.clips}
    found = {path: known.get(clip_identity(dataset.name, path)) for path in paths}
    return {path: source for path, source in found.items() if source}
