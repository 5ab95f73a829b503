"""One study's folder, read: what it varies and how, its trials, its best set. Imports neither torch nor Optuna."""

from dataclasses import dataclass
from pathlib import Path

from core.config import TrainConfig, config_fields, field_named, read_json
from core.errors import UserError
from core.search_space import Searched
from core.work_folder import Status, Work

TRIAL_COLUMNS = ("trial", "state", "validation_accuracy", "epochs", "seconds", "why")  # then one column per setting
ANSWER_COLUMNS = ("path", "fold", "target")  # then one column per trial that ended
START = "the starting point"  # why the first trial is made
ENDED = ("complete", "pruned")  # states of a trial that counts; one that failed was interrupted and is done again
PROTOCOL = "assignment"  # the one whose validation folds decide


def base_config(config: TrainConfig) -> TrainConfig:
    """What a study varies: the config under the protocol that decides, without a final model and without tracking."""
    return config.replace(protocol=PROTOCOL, final=False, wandb="off")


@dataclass(frozen=True)
class Study(Work):
    """A search for the settings of one model on one data set, by validation accuracy. Read from disk when asked for."""

    kind = "study"
    command = "tune"
    record_name = "study.json"

    @property
    def config(self) -> TrainConfig:
        """The settings it starts from, those of trial 0."""
        return TrainConfig.from_dict(self.record["config"])

    @property
    def space(self) -> tuple[Searched, ...]:
        """What is searched, in the order in which it is suggested."""
        return tuple(Searched.from_dict(entry) for entry in self.record["space"])

    @property
    def trials_wanted(self) -> int:
        """Trials that count, the one of the starting point among them."""
        return int(self.record["trials"])

    @property
    def trials_ended(self) -> int:
        """Trials that count so far, as ``best.json`` says them; 0 before the first."""
        counts = (self.best or {}).get("trials") or {}
        return sum(counts.get(state, 0) for state in ENDED)

    @property
    def storage(self) -> str | None:
        """URL of the database that holds the trials; None for the journal in the folder."""
        return self.record.get("storage") or None

    @property
    def start_in_words(self) -> str:
        """What trial 0 trained: "the defaults" where nothing but the length and the data was set, else "the starting point"."""
        given = {"model", "protocol", "seed", "epochs", "folds", "final", "wandb"}
        kept = [field.name for field in config_fields() if field.metadata["group"] not in ("data", "machine")]
        values = self.config.to_dict()
        same = all(values[name] == field_named(name).default for name in kept if name not in given)
        return "the defaults" if same else START

    @property
    def journal(self) -> Path:
        return self.path / "journal.log"

    @property
    def problem(self) -> str:
        try:
            self.config, self.space, self.trials_wanted  # noqa: B018 - read for their errors
        except UserError as error:
            return str(error)
        except (TypeError, KeyError, ValueError, AttributeError):
            return f"{self.record_file} is no whole record of a study"
        return ""

    @property
    def best(self) -> dict | None:
        """``best.json``, None where there is none that can be read."""
        try:
            best = read_json(self.path / "best.json")
        except UserError:
            return None
        return best if isinstance(best, dict) and isinstance(best.get("config"), dict) else None

    @property
    def best_config(self) -> TrainConfig:
        """The config to train the best set with; :class:`UserError` where there is none."""
        if self.best is None:
            raise UserError(f"{self.name} has no best set yet: no trial was trained to its end")
        return TrainConfig.from_dict(self.best["config"])

    @property
    def shipped(self) -> bool:
        """Whether the study came ready-made: it has a best set, and no process of this machine ever worked on it."""
        return self.best is not None and not (self.path / "status.json").exists()

    def trials(self):
        """``trials.csv`` as a DataFrame with one row per trial, empty where there is none yet; UserError where it is no
        such table."""
        return self._table("trials.csv", TRIAL_COLUMNS, dict.fromkeys(("state", "why"), str))

    def answers(self):
        """``answers.csv`` as a DataFrame: every validation clip, its class, and the answer of every finished trial in a
        column named by the trial's number."""
        table = self._table("answers.csv", ANSWER_COLUMNS, str)  # a class may be called 01 or True
        try:
            return table.astype({"fold": int})
        except ValueError:
            raise UserError(f"{self.path / 'answers.csv'}: the column 'fold' holds what is no number; resuming the study "
                            "writes it again") from None

    def _table(self, name: str, columns: tuple[str, ...], types):
        import pandas as pd

        try:
            table = pd.read_csv(self.path / name, dtype=types, keep_default_na=False, na_values=[""])
        except FileNotFoundError:
            return pd.DataFrame(columns=list(columns))
        except (OSError, ValueError) as error:
            raise UserError(f"{self.path / name} cannot be read as a table: {error}") from None
        if missing := [column for column in columns if column not in table.columns]:
            raise UserError(f"{self.path / name} has no column {missing[0]!r}; resuming the study writes it again")
        return table

    def _status_without_file(self) -> Status:
        if self.best is not None:
            return Status("finished", 1.0, updated=self.created)
        return Status("failed", message=self.problem or f"{self.path} holds a study but neither a status nor a best set")
