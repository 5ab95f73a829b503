"""What the Results page knows of a run: its files read once, and again only when they have changed."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from app.state import LABEL, dataset_named
from core.classwise import rows_of
from core.clips import Dataset
from core.errors import UserError
from core.metrics import of_split, summarise
from core.run_folder import Run

FILES = ("config.json", "summary.json", "predictions.csv", "history.csv")
SPREAD = {"assignment": "models", "split": "models"}  # what a ± is over; else folds


@dataclass(frozen=True)
class Result:
    """One run as this page shows it. ``metrics`` are the summary's, or (``state`` is not finished) those of the folds
    that have ended; ``predictions`` is None before the first has."""

    name: str
    state: str
    model: str
    dataset: str
    protocol: str
    class_names: tuple[str, ...]
    settings: dict
    metrics: dict
    predictions: pd.DataFrame | None
    history: pd.DataFrame
    problem: str

    @property
    def finished(self) -> bool:
        return self.state == "finished"

    @property
    def tested(self) -> bool:
        """Whether a test clip was answered."""
        return self.predictions is not None and len(self.metrics.get("folds", ())) > 0

    @property
    def over(self) -> str:
        """What the sd is over: folds, or models of one test fold."""
        return SPREAD.get(self.protocol, "folds")

    def rows(self, voice) -> pd.DataFrame:
        return rows_of(self.predictions, self.class_names, voice)

    @property
    def clips(self) -> int:
        """Test clips, each counted once."""
        return of_split(self.predictions, "test")["path"].nunique() if self.predictions is not None else 0


def load_results(run: Run) -> Result:
    """The run's files, from memory unless one has changed. What is broken is said in ``problem``, never raised."""
    stamp = tuple(_stamp(run.path / name) for name in FILES)
    return _load(run.name, str(run.path), run.state, stamp)


def dataset_of(result: Result) -> Dataset | None:
    """The run's data set, None where this machine does not have it."""
    for name in dict.fromkeys(filter(None, (result.settings.get("dataset"), result.dataset))):
        try:
            return dataset_named(name, result.settings.get("label") or LABEL)
        except UserError:
            continue
    return None


def _sources(config: dict) -> dict[str, str]:
    """Recording of each clip, as far as the data set is here; without it each clip counts as its own."""
    try:
        dataset = dataset_named(config["dataset"], config.get("label") or LABEL) if config.get("dataset") else None
    except UserError:
        dataset = None
    return {clip.key: clip.source for clip in dataset.clips} if dataset else {}


def _stamp(path: Path) -> tuple | None:
    return (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else None


@st.cache_resource(max_entries=200, show_spinner=False)
def _load(name: str, path: str, state: str, stamp: tuple) -> Result:
    run, problems = Run(name, Path(path)), []

    def attempt(read, default):
        try:
            return read()
        except UserError as error:
            problems.append(str(error))
            return default

    config = attempt(lambda: run.config.to_dict(), {})
    summary = run.summary or {}
    predictions = attempt(run.predictions, None)
    history = attempt(run.history, pd.DataFrame(columns=["fold", "epoch", "split", "loss", "accuracy"]))
    protocol = str(summary.get("protocol") or config.get("protocol") or "")
    columns = list(predictions.columns[5:]) if predictions is not None else []
    class_names = tuple(summary.get("class_names") or columns)
    metrics = summary
    if not summary.get("folds") and predictions is not None and len(predictions):
        metrics = attempt(lambda: summarise(predictions, class_names, protocol, _sources(config)), {})
    return Result(name, state, str(summary.get("model") or config.get("model") or "unknown"),
                  str(summary.get("dataset") or config.get("dataset") or ""), protocol, class_names, config, metrics,
                  predictions, history, " ".join(problems))
