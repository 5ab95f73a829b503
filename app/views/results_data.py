"""What the Results page knows of a run: its files read once, and again only when they have changed."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from app.state import LABEL, dataset_named
from core.classwise import rows_of
from core.clips import Dataset
from core.errors import UserError
from core.finished import Finished
from core.grouping import AUTO
from core.metrics import METRICS, of_split, summarise
from core.run_checks import PREDICTION_COLUMNS, read_summary
from core.run_folder import Run

FILES = ("config.json", "summary.json", "predictions.csv", "history.csv")
WHOLE = (*METRICS, "folds", "class_names")  # what a summary needs so that its numbers can be shown
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
    problems: list[str]
    device: str = ""  # what it was trained on, where the run says so
    data: str = ""  # the fingerprint of its clips, where the run says so
    stamp: tuple = ()  # changes with the files

    @property
    def finished(self) -> bool:
        return self.state == "finished"

    @property
    def scored(self) -> bool:
        """Whether a test fold was answered, so that there are numbers."""
        return len(self.metrics.get("folds", ())) > 0

    @property
    def tested(self) -> bool:
        """Whether the answers to the test clips are there too."""
        return self.predictions is not None and self.scored

    @property
    def over(self) -> str:
        """What the sd is over: folds, or models of one test fold."""
        return SPREAD.get(self.protocol, "folds")

    def rows(self, voice) -> pd.DataFrame:
        return rows_of(self.predictions, self.class_names, voice)

    @property
    def clips(self) -> int:
        """Test clips, each counted once; without the answers, what the summary's folds tell."""
        if self.predictions is not None:
            return of_split(self.predictions, "test")["path"].nunique()
        counted = [fold["clips"] or 0 for fold in self.metrics.get("folds", ())]
        return max(counted, default=0) if self.over == "models" else sum(counted)


def once_of(most: int):
    """What a function makes of a Result (and other values), once until its files change, the ``most`` last ones. Nobody may
    change what it returns."""
    return st.cache_resource(max_entries=most, show_spinner=False,
                             hash_funcs={Result: lambda result: (result.name, result.stamp)})


once = once_of(100)


def load_results(run: Run) -> Result:
    """The run's files, from memory unless one has changed. What is broken is said in ``problems``, never raised."""
    stamp = tuple(_stamp(run.path / name) for name in FILES)
    return _load(run.name, str(run.path), run.state, stamp)


def comparable(result: Result) -> Finished | None:
    """The run as the comparison takes it; None where it is not finished, or its answers or numbers are missing."""
    if not (result.finished and result.tested):
        return None
    return Finished(result.name, result.model, result.protocol, result.dataset, result.class_names, result.settings,
                    result.metrics, result.predictions, result.history, device=result.device, data=result.data)


def dataset_of(result: Result) -> Dataset | None:
    """The run's data set, None where this machine does not have it."""
    for name in dict.fromkeys(filter(None, (result.settings.get("dataset"), result.dataset))):
        try:
            return dataset_named(name, result.settings.get("label") or LABEL, result.settings.get("sources") or AUTO)
        except UserError:
            continue
    return None


def _sources(config: dict) -> dict[str, str]:
    """Recording of each clip, as far as the data set is here; without it each clip counts as its own."""
    try:
        dataset = dataset_named(config["dataset"], config.get("label") or LABEL,
                                config.get("sources") or AUTO) if config.get("dataset") else None
    except UserError:
        dataset = None
    return {clip.key: clip.source for clip in dataset.clips} if dataset else {}


def _stamp(path: Path) -> tuple | None:
    try:
        facts = path.stat()
    except OSError:  # not there, or its folder was deleted a moment ago
        return None
    return facts.st_mtime_ns, facts.st_size


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
    summary = attempt(lambda: read_summary(run.path / "summary.json"), {}) if stamp[1] else {}
    predictions = attempt(run.predictions, None)
    history = attempt(run.history, pd.DataFrame(columns=["fold", "epoch", "split", "loss", "accuracy"]))
    protocol = str(summary.get("protocol") or config.get("protocol") or "")
    classes = [c for c in predictions.columns if c not in PREDICTION_COLUMNS] if predictions is not None else []
    class_names, metrics = tuple(summary.get("class_names") or classes), summary
    if predictions is not None and not _fits(predictions, class_names, summary):
        problems.append(f"{run.path / 'predictions.csv'} and summary.json do not speak of the same classes and test clips; "
                        "the numbers here are computed from predictions.csv")
        class_names, metrics = tuple(classes), {}
    if not metrics.keys() >= {*WHOLE} and predictions is not None and len(predictions):
        metrics = summary | attempt(lambda: summarise(predictions, class_names, protocol, _sources(config)), {})
    if not metrics.keys() >= {*METRICS}:
        metrics = {}
        if state == "finished" and not problems:
            problems.append(f"{path} holds no summary.json with results and no predictions.csv to compute them from; "
                            "bring these files back, or train the run again")
    return Result(name, state, str(summary.get("model") or config.get("model") or "unknown"),
                  str(summary.get("dataset") or config.get("dataset") or ""), protocol, class_names, config, metrics,
                  predictions, history, problems, run.device, run.fingerprint, stamp)


def _fits(predictions: pd.DataFrame, class_names: tuple[str, ...], summary: dict) -> bool:
    """Whether the answers are those that the summary was made from: the same classes, as many of each fold."""
    classes = {name for name in predictions.columns if name not in PREDICTION_COLUMNS}
    answered = of_split(predictions, "test").groupby("model_fold").size().to_dict()
    told = {fold["fold"]: fold["clips"] for fold in summary.get("folds", ())}
    return {*class_names} == classes and (not told or told == answered)
