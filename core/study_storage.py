"""Where a study's trials are kept, for Optuna: a journal in its folder, or any database that SQLAlchemy knows by a URL.

Only the process that holds the study's lock writes; pages read the journal without writing or locking.
"""

import json
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import UserError
from core.study_folder import Study

PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521}
PATIENCE = 5.0  # s that a database's host has to answer
OWNER = "earshot"  # attribute of a study in the storage: whose it is


def open_study(study: Study, *, write: bool):
    """The :class:`optuna.Study` with the trials of ``study``; with ``write`` it is begun where there is none yet.

    Raises :class:`UserError` where the storage does not answer, or holds a study of something else by that name.
    """
    with explained(study.storage, opening=True):
        optuna = _optuna()
        storage = _storage(study, write)
        names = [each.study_name for each in storage.get_all_studies()]
        if study.name not in names:
            if not write:
                raise UserError(f"{study.name} has no trials yet")
            opened = optuna.create_study(storage=storage, study_name=study.name, direction="maximize")
            opened.set_user_attr(OWNER, _owner(study))
            opened.set_metric_names(["Validation accuracy"])
            return opened
        opened = optuna.load_study(storage=storage, study_name=study.name)
        _check_owner(opened.user_attrs.get(OWNER), study)
        return opened


def check_storage(url: str, name: str) -> str:
    """The URL as it is kept, once the database has answered and has no study of that name. Raises :class:`UserError`."""
    url = absolute(url.strip())
    with explained(url, opening=True):
        taken = {each.study_name: each.user_attrs.get(OWNER) for each in _database(url).get_all_studies()}
    if name in taken:
        owner = taken[name]
        whose = f"of {owner['model']} on {owner['dataset']}" if isinstance(owner, dict) else "of another program"
        raise UserError(f"the storage {shown(url)} already holds a study called {name!r}, {whose}; choose another name")
    return url


def shown(url: str) -> str:
    """The URL without its password."""
    from sqlalchemy.engine import make_url

    try:
        return make_url(url).render_as_string(hide_password=True)
    except Exception:  # not even a URL
        return repr(url[:80])


def absolute(url: str) -> str:
    """An SQLite URL with its whole path: the process that searches may start elsewhere."""
    scheme, _, place = url.partition(":///")
    if not scheme.startswith("sqlite") or not place or place.startswith((":memory:", "file:")):
        return url
    return f"{scheme}:///{Path(place).expanduser().resolve()}"


def _storage(study: Study, write: bool):
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    if study.storage:
        return _database(study.storage)
    if not write:
        return JournalStorage(_reader(study.journal))
    _end_line(study.journal)
    return JournalStorage(JournalFileBackend(str(study.journal), lock_obj=_Held()))


def _database(url: str):
    from optuna.storages import RDBStorage
    from sqlalchemy.engine import make_url

    where = make_url(url)
    if where.get_backend_name() == "sqlite" and where.database in (None, "", ":memory:"):
        raise UserError("a study in the memory would be lost with its process; give the path of a file, sqlite:///study.db")
    if where.host:  # a driver may wait for minutes where a host is silent
        socket.create_connection((where.host, where.port or PORTS.get(where.get_backend_name(), 80)), PATIENCE).close()
    return RDBStorage(url)


def _owner(study: Study) -> dict:
    config = study.config
    return {"model": config.model, "dataset": config.dataset, "created": study.record.get("created")}


def _check_owner(owner, study: Study) -> None:
    mine = _owner(study)
    if owner != mine:
        whose = f"of {owner.get('model')} on {owner.get('dataset')}" if isinstance(owner, dict) else "of another program"
        raise UserError(f"the storage of {study.name} holds a study of that name {whose}, begun elsewhere, and this one is of "
                        f"{mine['model']} on {mine['dataset']}; choose another name")


@contextmanager
def explained(url: str | None, opening: bool = False) -> Iterator[None]:
    """What a storage says, in one sentence; an error of the system is one of the storage only while it is opened."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a feature is experimental is nothing to the person
            yield
    except UserError:
        raise
    except Exception as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if url is None and isinstance(error, (ValueError, KeyError)):
            raise UserError(f"the journal of the study cannot be read ({_first_line(error)}); delete the study, or bring the "
                            "journal back") from None
        ours = {"SQLAlchemyError", "StorageInternalError"} | ({"OSError", "ImportError"} if opening else set())
        if url and kinds & ours:
            reason = "its driver is not installed: " if isinstance(error, ImportError) else ""
            raise UserError(f"the storage {shown(url)} does not answer: {reason}{_first_line(error)}") from None
        raise


def _first_line(error: Exception) -> str:
    """What the driver said, without the statement and the advice around it."""
    cause = getattr(error, "orig", None) or getattr(error.__cause__, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")[:200]


def _optuna():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)  # what a person needs to know is in the log of the study
    return optuna


def _end_line(journal: Path) -> None:
    """Cut off what a killed process left of its last line: one that is not ended would spoil all that follow."""
    if not journal.exists():
        return
    with open(journal, "rb+") as file:
        text = file.read()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            file.truncate(whole)
            file.flush()
            os.fsync(file.fileno())


def _reader(journal: Path):
    from optuna.storages.journal import BaseJournalBackend

    class Reader(BaseJournalBackend):
        """The journal's whole lines, read as they are; nothing is written."""

        def read_logs(self, log_number_from: int) -> list[dict]:
            try:
                lines = journal.read_bytes().split(b"\n")[:-1]
            except FileNotFoundError:
                return []
            return [json.loads(line) for line in lines[log_number_from:]]

        def append_logs(self, logs: list[dict]) -> None:
            raise UserError(f"{journal} is only read here")

    return Reader()


class _Held:
    """No lock: the process holds the study's own already, which dies with it, as a lock file would not."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass
