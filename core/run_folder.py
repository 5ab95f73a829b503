"""One run's folder, read and written: config, status, history, predictions, weights, log. Imports no torch."""

import dataclasses
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.config import TrainConfig, read_json
from core.errors import UserError
from core.files import write_json
from core.processes import host_name, identity, is_alive
from core.run_checks import HISTORY_COLUMNS, check_history, check_predictions, read_summary

ACTIVE = ("queued", "running", "stopping")
STATES = (*ACTIVE, "stopped", "failed", "finished")  # and "interrupted", which is seen, never written
STARTING = 8.0  # s a queued run may be without any process: between making its folder and starting its own
UNHEARD = 300.0  # s after which a run of another machine that wrote nothing counts as gone


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Status:
    """How a run stands. ``state`` is queued, running, stopping, stopped, failed, finished or interrupted."""

    state: str
    progress: float = 0.0  # 0 to 1
    pid: int | None = None
    message: str = ""
    updated: datetime | None = None
    queued_at: str = ""  # ISO time that decides whose turn it is
    seconds: float = 0.0  # time the run took so far, over all its processes

    @property
    def active(self) -> bool:
        """Whether a process works on it or waits to."""
        return self.state in ACTIVE


@dataclass(frozen=True)
class Run:
    """One model × one protocol × one seed, and its folder. Everything is read from disk when asked for."""

    name: str
    path: Path

    @property
    def record(self) -> dict:
        """``config.json``; :class:`UserError` where it is missing or broken."""
        record = read_json(self.path / "config.json")
        if not isinstance(record, dict) or not isinstance(record.get("config"), dict):
            raise UserError(f"{self.path / 'config.json'} is no config of a run: it has no \"config\" in it")
        return record

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
        """The name that several runs share; the run's own name by default."""
        try:
            return str(self.record.get("experiment") or self.name)
        except UserError:
            return self.name

    @property
    def created(self) -> datetime:
        """When the run was asked for; the folder's own time where that is not known."""
        try:
            return datetime.fromisoformat(self.record["created"])
        except (UserError, KeyError, TypeError, ValueError):
            return datetime.fromtimestamp(self.path.stat().st_mtime if self.path.exists() else 0, UTC)

    @property
    def status(self) -> Status:
        """How the run stands now: the file, corrected by whether its process is there."""
        status, gone = self._look()
        return self._look()[0] if gone else status  # between file and process it may have ended: its last word counts

    def _look(self) -> tuple[Status, bool]:
        """The status, and whether it speaks of a process that is gone."""
        file = self.path / "status.json"
        if not file.exists():
            return self._status_without_file(), False
        try:
            raw = read_json(file)
            status = Status(raw["state"], float(raw.get("progress") or 0), raw.get("pid"), raw.get("message") or "",
                            datetime.fromisoformat(raw["updated"]), raw.get("queued_at") or "",
                            float(raw.get("seconds") or 0))
            if status.state not in STATES:
                raise ValueError
            alive = status.active and self._process_is_there(raw, status)
        except (UserError, KeyError, TypeError, ValueError, AttributeError):
            return Status("failed", message=f"{file} cannot be read; resume the run or remove its folder"), False
        if not status.active:
            return status, False
        asked = self.cancel_file.exists()
        if alive and not asked:
            return status, False
        if alive and status.state != "queued":
            return _as(status, "stopping", "Stopping"), False
        if asked or status.state == "stopping":
            return _as(status, "stopped", "Stopped; it can be resumed"), not alive
        return _as(status, "interrupted", "Its process is gone; resume it to go on where it was"), True

    @property
    def state(self) -> str:
        return self.status.state

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

    def log(self, last_bytes: int = 200_000) -> str:
        """The end of ``log.txt``."""
        try:
            with open(self.path / "log.txt", "rb") as opened:
                opened.seek(max(0, opened.seek(0, 2) - last_bytes))
                return opened.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

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
            about = read_json(self.path / "about.json")
        except UserError:
            return {}
        return about if isinstance(about, dict) else {}

    @property
    def cancel_file(self) -> Path:
        """Stands while somebody wants the run to stop; the process that works on it looks for it."""
        return self.path / ".cancel"

    @property
    def launched_file(self) -> Path:
        """Names the process that was started for the run, until that speaks for itself in ``status.json``."""
        return self.path / ".launched"

    def write_status(self, state: str, *, progress: float, message: str, queued_at: str = "",
                     seconds: float | None = None, started: bool = True) -> None:
        """Say how the run stands, in the name of this process (of none, when ``started`` is false).

        The place in the queue and the seconds spent stay as they are when not given.
        """
        before = self.status
        if state == "running" and self.cancel_file.exists():
            state = "stopping"
        who = identity() if started else {"pid": None, "pid_created": None, "host": host_name()}
        progress = round(min(1.0, max(0.0, progress)), 5)
        write_json(self.path / "status.json", {"state": state, "progress": progress, **who, "message": message,
                                               "updated": now().isoformat(timespec="milliseconds"),
                                               "queued_at": queued_at or before.queued_at,
                                               "seconds": round(before.seconds if seconds is None else seconds, 3)})

    def write_line(self, text: str) -> None:
        """One line with the time of day at the end of ``log.txt``."""
        with open(self.path / "log.txt", "a", encoding="utf-8") as log:
            log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n")

    def _process_is_there(self, raw: dict, status: Status) -> bool:
        silent = (now() - status.updated).total_seconds()
        who = raw
        if raw.get("pid") is None:
            try:
                who = read_json(self.launched_file)
            except UserError:
                return silent < STARTING
        if who.get("host") != host_name():
            return silent < UNHEARD
        return is_alive(who["pid"], who.get("pid_created"))

    def _status_without_file(self) -> Status:
        if self.summary is not None:
            return Status("finished", 1.0, updated=self.created)
        return Status("failed", message=self.problem or f"{self.path} holds a config but neither a status nor results")


def is_run_folder(path: Path) -> bool:
    """Whether a folder looks like a run, whole or not."""
    names = ("config.json", "status.json", "summary.json", "history.csv")
    return not path.name.startswith(".") and path.is_dir() and any((path / name).exists() for name in names)


def _as(status: Status, state: str, message: str) -> Status:
    return dataclasses.replace(status, state=state, message=message)


def _read_table(file: Path, types: dict):
    """The table, None where there is no such file."""
    import pandas as pd

    try:
        return pd.read_csv(file, dtype=types, keep_default_na=False, na_values={c: ["", "nan"] for c in HISTORY_COLUMNS})
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as a table: {error}") from None
