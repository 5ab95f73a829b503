"""One run's folder, read and written: config, status, history, predictions, weights, log. Imports no torch."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from core.config import TrainConfig, kept_json
from core.errors import UserError
from core.files import write_json
from core.run_checks import HISTORY_COLUMNS, check_history, check_predictions, read_summary
from core.work_folder import STARTING, Status, Work, now

__all__ = ["HISTORY_COLUMNS", "STARTING", "Run", "Status", "is_run_folder", "is_study_folder", "now"]

RUN_FILES = ("config.json", "status.json", "summary.json", "history.csv")
STUDY_FILES = ("study.json", "trials.csv", "best.json", "journal.log")


@dataclass(frozen=True)
class Run(Work):
    """One model × one protocol × one seed, and its folder. Everything is read from disk when asked for."""

    kind = "run"
    command = "train"
    record_name = "config.json"

    @property
    def config(self) -> TrainConfig:
        """The settings; :class:`UserError` where they cannot be read."""
        return TrainConfig.from_dict(self.record["config"])

    @property
    def problem(self) -> str:
        """One sentence when the folder is not a readable run, else the empty text."""
        try:
            self.config  # noqa: B018 - read for its error
        except (UserError, TypeError) as error:
            return str(error)
        return ""

    @property
    def experiment(self) -> str:
        """The name that several runs share; by default the run's own, which it takes along when it is renamed."""
        try:
            given = str(self.record.get("experiment") or self.name)
        except UserError:
            return self.name
        return self.name if given in self.former_names else given

    @property
    def device(self) -> str:
        """What it was trained on, as a person calls it (``A, B`` where one went on after another); empty where nothing
        says so."""
        try:
            return str(self.record.get("device") or "")
        except UserError:
            return ""

    @property
    def fingerprint(self) -> str:
        """What its clips hold, as :class:`core.cache.WaveformCache` tells it; empty where nothing says so."""
        try:
            return str(self.record.get("data") or "")
        except UserError:
            return ""

    @property
    def summary(self) -> dict | None:
        """``summary.json``, None where there is none that can be read."""
        try:
            return read_summary(self.path / "summary.json")
        except UserError:
            return None

    @property
    def shipped(self) -> bool:
        """Whether the run came ready-made: it has results, and no process of this machine ever worked on it."""
        return self.summary is not None and not (self.path / "status.json").exists()

    def history(self):
        """``history.csv`` as a DataFrame (``fold`` is text: "1" … "5", "final"); empty where there is none yet.
        :class:`UserError` where it is no whole table of that kind."""
        file = self.path / "history.csv"
        history = _read_table(file, {"fold": str, "split": str})
        if history is None:
            import pandas as pd

            return pd.DataFrame(columns=list(HISTORY_COLUMNS))
        check_history(history, file)
        return history

    def predictions(self):
        """``predictions.csv`` as a DataFrame, or None where no fold has ended yet; :class:`UserError` as above."""
        file = self.path / "predictions.csv"
        predictions = _read_table(file, {"path": str, "split": str, "target": str})
        if predictions is not None:
            check_predictions(predictions, file)
        return predictions

    def checkpoints(self) -> dict[str, Path]:
        """Trained weights by fold, ``{"1": path, …, "final": path}``, folds in order."""
        found = {}
        for file in self.path.glob("*.safetensors"):
            if match := re.fullmatch(r"fold(\d+)|(final)", file.stem):
                found[match[1] or match[2]] = file
        return dict(sorted(found.items(), key=lambda item: (not item[0].isdigit(), item[0].zfill(9))))

    @property
    def note(self) -> str:
        """What a person wrote about the run; the empty text where nobody did."""
        return str(self._about().get("note") or "")

    @property
    def former_names(self) -> tuple[str, ...]:
        """What the run was called before it was renamed, the oldest first: old links still find it."""
        names = self._about().get("formerly")
        return tuple(map(str, names)) if isinstance(names, list) else ()

    def write_about(self, *, note: str, former_names: tuple[str, ...]) -> None:
        """Note and former names, in a file of their own: what the training wrote stays as it is."""
        write_json(self.path / "about.json", {"note": note, "formerly": list(former_names)})

    def _about(self) -> dict:
        try:
            about = kept_json(self.path / "about.json")
        except UserError:
            return {}
        return about if isinstance(about, dict) else {}

    def _status_without_file(self) -> Status:
        if self.summary is not None:
            return Status("finished", 1.0, updated=self.created)
        return Status("failed", message=self.problem or f"{self.path} holds a config but neither a status nor results")


def is_run_folder(path: Path) -> bool:
    """Whether a folder looks like a run, whole or not."""
    names = _names_in(path)
    return not names.isdisjoint(RUN_FILES) and names.isdisjoint(STUDY_FILES)


def is_study_folder(path: Path) -> bool:
    """Whether a folder looks like a search for settings (:mod:`core.study_folder`), whole or not."""
    return not _names_in(path).isdisjoint(STUDY_FILES)


def _names_in(path: Path) -> set[str]:
    """What lies directly in a folder; nothing where it is none, or a hidden one."""
    try:
        return set() if path.name.startswith(".") else set(os.listdir(path))
    except OSError:
        return set()


def _read_table(file: Path, types: dict):
    """The table, None where there is no such file."""
    import pandas as pd

    try:
        return pd.read_csv(file, dtype=types, keep_default_na=False, na_values={c: ["", "nan"] for c in HISTORY_COLUMNS})
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as a table: {error}") from None
