"""What a run and a study have in common: a folder with a record, a status and a log, and a process that works on it.
Imports no torch."""

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from core.config import kept_json, read_json
from core.errors import UserError
from core.files import write_json
from core.processes import host_name, identity, is_alive

ACTIVE = ("queued", "running", "stopping")
STATES = (*ACTIVE, "stopped", "failed", "finished")  # and "interrupted", which is seen, never written
STARTING = 8.0  # s a queued run may be without any process: between making its folder and starting its own
UNHEARD = 300.0  # s after which a run of another machine that wrote nothing counts as gone


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Status:
    """How a run or a study stands. ``state`` is queued, running, stopping, stopped, failed, finished or interrupted."""

    state: str
    progress: float = 0.0  # 0 to 1
    pid: int | None = None
    message: str = ""
    updated: datetime | None = None
    queued_at: str = ""  # ISO time that decides whose turn it is
    seconds: float = 0.0  # time it took so far, over all its processes

    @property
    def active(self) -> bool:
        """Whether a process works on it or waits to."""
        return self.state in ACTIVE


@dataclass(frozen=True)
class Work(ABC):
    """One folder that a process of its own works on, in the queue. Everything is read from disk when asked for."""

    name: str
    path: Path

    kind: ClassVar[str] = "work"  # what a person calls it
    command: ClassVar[str] = ""  # of ``python -m core``: takes ``--resume NAME``
    record_name: ClassVar[str] = ""  # the file without which the folder counts as deleted

    @property
    def record(self) -> dict:
        """What is to be done; :class:`UserError` where it is missing or broken."""
        record = kept_json(self.record_file)
        if not isinstance(record, dict) or not isinstance(record.get("config"), dict):
            raise UserError(f"{self.record_file} is no config of a {self.kind}: it has no \"config\" in it")
        return record

    @property
    def record_file(self) -> Path:
        return self.path / self.record_name

    @property
    @abstractmethod
    def problem(self) -> str:
        """One sentence when the record cannot be read, else the empty text."""

    @property
    def created(self) -> datetime:
        """When it was asked for; the folder's own time where that is not known."""
        try:
            return datetime.fromisoformat(self.record["created"])
        except (UserError, KeyError, TypeError, ValueError):
            return datetime.fromtimestamp(self.path.stat().st_mtime if self.path.exists() else 0, UTC)

    @property
    def status(self) -> Status:
        """How it stands now: the file, corrected by whether its process is there."""
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

    def log(self, last_bytes: int = 200_000) -> str:
        """The end of ``log.txt``."""
        try:
            with open(self.path / "log.txt", "rb") as opened:
                opened.seek(max(0, opened.seek(0, 2) - last_bytes))
                return opened.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    @property
    def cancel_file(self) -> Path:
        """Stands while somebody wants it to stop; the process that works on it looks for it."""
        return self.path / ".cancel"

    @property
    def launched_file(self) -> Path:
        """Names the process that was started for it, until that speaks for itself in ``status.json``."""
        return self.path / ".launched"

    def write_status(self, state: str, *, progress: float, message: str, queued_at: str = "",
                     seconds: float | None = None, started: bool = True) -> None:
        """Say how it stands, in the name of this process (of none, when ``started`` is false).

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

    @abstractmethod
    def _status_without_file(self) -> Status:
        """How it stands where no status was written: it came with Earshot, or is broken."""


def _as(status: Status, state: str, message: str) -> Status:
    return dataclasses.replace(status, state=state, message=message)
