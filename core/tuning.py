"""A search for settings, trial by trial: Optuna suggests, the objective trains, the folder keeps what came out.

Trial 0 trains the starting point, so that the search is held against it honestly. Every trial's suggestion is drawn from a
seed of its own and from the trials that ended before it, and all trainings share one seed: the same study comes out however
often it was stopped on the way. A trial that was at work when its process ended is marked failed, and done again.
"""

import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import pandas as pd

from core.carry_out import carry_out
from core.config import TrainConfig
from core.errors import UserError
from core.files import write_json, write_text
from core.finished import recordings_in
from core.objective import Objective
from core.progress import Progress
from core.search_space import starting_point, suggest
from core.study_folder import ANSWER_COLUMNS, ENDED, START, TRIAL_COLUMNS, Study
from core.study_storage import explained, open_study
from core.training import BatchEnd, Cancelled, Diverged, derive_seed
from core.verdict import judge, sentence

AT_RANDOM = 8  # first trials drawn at random, from which Optuna's TPE then learns
BEFORE_PRUNING = 4  # trials trained to their end before one may be stopped
WARM_UP = 1 / 3  # share of its epochs that every trial gets
TWIN = "as trial "  # why a trial was not trained: its settings were tried before


class Pruned(Exception):
    """Ends a trial that does worse than half of those before it did at the same epoch."""


def run_study(study: Study, on_progress: Callable[[float, str], None] = lambda share, message: None) -> str:
    """Do, or go on with, all of a study in this process, as :func:`core.carry_out.carry_out` says."""
    return carry_out(study, on_progress, lambda progress: Search(study, progress).to_its_end())


class Search:
    """One study being worked on."""

    def __init__(self, study: Study, progress: Progress):
        self.study, self.progress, self.config, self.space = study, progress, study.config, study.space
        self.wanted = study.trials_wanted

    def to_its_end(self) -> None:
        """Do the trials that are missing. Raises :class:`Cancelled` when asked to stop, and what a run would."""
        self.progress.say("Reading the data set", now=True)
        self.objective = Objective(self.config, self.study.write_line, self._decoding)
        self._remember_data()
        self.trials = open_study(self.study, write=True)
        self._set_interrupted_aside()
        self._keep_tables()
        clips = sum(len(split.validation) for split in self.objective.splits)
        self.study.write_line(f"Searching {', '.join(entry.name for entry in self.space)} for {self.config.model}; trials: "
                              f"{self.wanted}, epochs: {self.config.epochs}, validation clips: {clips}, "
                              f"seed: {self.config.seed}")
        with explained(self.study.storage):
            while (ended := len(self._ended())) < self.wanted:
                self._stop_if_asked()
                self._one(ended)
        self.progress.share = 1.0

    def _one(self, slot: int) -> None:
        """One trial; ``slot`` trials ended before it."""
        trial = self._asked(slot)
        values = suggest(starting_point(self.space, self.config) if slot == 0 else self.space, trial, self.config)
        started, why = time.monotonic(), START if slot == 0 else ""
        epochs = 0

        def on_batch(fold: int, event: BatchEnd) -> None:
            self._stop_if_asked()
            folds = len(self.objective.splits)
            done = (event.epoch - 1 + (fold + event.batch / event.batches) / folds) / event.epochs
            self.progress.at((slot + done) / self.wanted, f"trial {slot + 1} of {self.wanted} · epoch {event.epoch} of "
                                                          f"{event.epochs} · fold {fold + 1} of {folds}")

        def on_epoch(epoch: int, accuracy: float) -> None:
            nonlocal epochs
            epochs = epoch
            trial.report(accuracy, epoch)
            if slot and epoch < self.config.epochs and trial.should_prune():
                raise Pruned

        try:
            if twin := self._twin(values, trial.number):
                why = TWIN + str(twin.number)
                for epoch, accuracy in twin.intermediate_values.items():
                    trial.report(accuracy, epoch)
                self._tell(trial, twin.state.name, twin.value, why, 0, 0.0, twin=twin.number)
            else:
                value, answers = self.objective.train(self.config.replace(**values), on_batch, on_epoch)
                self._tell(trial, "COMPLETE", value, why, epochs, time.monotonic() - started, answers)
        except (Pruned, Diverged) as error:
            self._tell(trial, "PRUNED", None, str(error) or why, epochs, time.monotonic() - started)
        except BaseException:  # whatever it was, also Ctrl-C and "Cancel"; it is raised again
            with suppress(Exception):  # what went wrong is raised; a trial left running is set aside later
                self._tell(trial, "FAIL", None, "interrupted; done again", epochs, time.monotonic() - started)
            raise

    def _asked(self, slot: int):
        """A new trial of Optuna's. The sampler is seeded anew for each, so that it does not matter which process asks."""
        from optuna.pruners import MedianPruner
        from optuna.samplers import PartialFixedSampler, TPESampler

        sampler = TPESampler(seed=derive_seed(self.config.seed, "trial", slot), n_startup_trials=AT_RANDOM)
        if slot == 0:
            before = self.config.to_dict()
            fixed = {entry.name: before[entry.name] for entry in starting_point(self.space, self.config)}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it is experimental is nothing to the person
                sampler = PartialFixedSampler(fixed, sampler)
        self.trials.sampler = sampler
        self.trials.pruner = MedianPruner(n_startup_trials=BEFORE_PRUNING,
                                          n_warmup_steps=max(1, round(WARM_UP * self.config.epochs)))
        return self.trials.ask()

    def _ended(self) -> list:
        return [trial for trial in self.trials.trials if trial.state.name.lower() in ENDED]

    def _twin(self, values: dict, number: int):
        """A trial that ended with the very same settings: its result is known."""
        full = self.config.replace(**values)
        return next((trial for trial in self._ended() if trial.number != number and trial.intermediate_values
                     and self.config.replace(**trial.params) == full), None)

    def _tell(self, trial, state: str, value: float | None, why: str, epochs: int, seconds: float, answers=None,
              twin: int | None = None) -> None:
        """Optuna, the tables and the log are told how a trial ended."""
        from optuna.trial import TrialState

        for name, fact in (("why", why), ("epochs", epochs), ("seconds", round(seconds, 2))):
            trial.set_user_attr(name, fact)
        if state == "COMPLETE":
            self._keep_answers(trial.number, answers, twin)
        self.trials.tell(trial.number, value if state == "COMPLETE" else None, TrialState[state])
        self._keep_tables()
        said = f"{value:.2%}" if state == "COMPLETE" else "stopped early" if state == "PRUNED" else "failed"
        settings = ", ".join(f"{name}={_short(chosen)}" for name, chosen in trial.params.items())
        self.study.write_line(f"Trial {trial.number}: {said}{f' ({why})' if why else ''} {settings}")

    def _set_interrupted_aside(self) -> None:
        """Trials that were at work when a process was killed count as failed."""
        from optuna.trial import TrialState

        for trial in self.trials.trials:
            if trial.state.name == "RUNNING":
                self.trials.tell(trial.number, state=TrialState.FAIL)
                self.study.write_line(f"Trial {trial.number} was at work when its process ended; it is done again")

    def _keep_answers(self, number: int, answers: dict | None, twin: int | None) -> None:
        """``answers.csv`` with one more column; written before the trial counts, so that none that counts lacks it."""
        clips, names = self.objective.dataset.clips, self.objective.dataset.class_names
        rows = [(clips[i].key, split.model_fold, clips[i].label) for split in self.objective.splits for i in split.validation]
        table = pd.DataFrame(rows, columns=list(ANSWER_COLUMNS))
        try:
            kept = self.study.answers()
        except UserError as error:
            self.study.write_line(f"The answers of earlier trials are lost: {error}")
            kept = table[[]]
        counted = {str(trial.number) for trial in self._ended()}
        table = table.join(kept[[column for column in kept.columns if column in counted and len(kept) == len(table)]])
        if twin is None:
            table[str(number)] = [names[k] for split in self.objective.splits for k in answers[split.model_fold]]
        elif str(twin) in table:
            table[str(number)] = table[str(twin)]
        write_text(self.study.path / "answers.csv", table.to_csv(index=False))

    def _keep_tables(self) -> None:
        """``trials.csv``, and the best set so far as ``best.json``."""
        names = [entry.name for entry in self.space]
        rows = [[trial.number, trial.state.name.lower(), _value(trial), trial.user_attrs.get("epochs"),
                 trial.user_attrs.get("seconds"), trial.user_attrs.get("why", ""), *(trial.params.get(n) for n in names)]
                for trial in self.trials.trials]
        table = pd.DataFrame(rows, columns=[*TRIAL_COLUMNS, *names])
        write_text(self.study.path / "trials.csv", table.to_csv(index=False))
        complete = [trial for trial in self.trials.trials if trial.state.name == "COMPLETE"]
        if complete:
            best = max(complete, key=lambda trial: (trial.value, -trial.number))
            write_json(self.study.path / "best.json", self._best(best, table))

    def _best(self, best, table: pd.DataFrame) -> dict:
        """The best set, the config to train it with, and what the search is worth."""
        config: TrainConfig = self.config.replace(**best.params)
        settings = {trial.number: trial.params for trial in self.trials.trials}
        states = table["state"].value_counts()
        verdict = None
        with suppress(UserError):  # answers that cannot be read are written again; the verdict comes back with them
            answers = self.study.answers()
            sources = recordings_in(self.objective.plan.dataset, answers["path"])
            verdict = judge(self.config, table, answers, settings, sources)
        told = {} if verdict is None else {
            "start": {"trial": verdict.start, "validation_accuracy": round(verdict.start_accuracy, 6)},
            "validation_clips": verdict.clips, "only_best_right": verdict.only_best, "only_start_right": verdict.only_start,
            "p": round(verdict.p, 6), "won": verdict.won, "sentence": sentence(verdict, self.study.start_in_words)}
        return {"study": self.study.name, "model": self.config.model, "dataset": self.objective.plan.dataset.name,
                "trial": best.number, "validation_accuracy": round(best.value, 6), "settings": best.params,
                "trials": {state: int(states.get(state, 0)) for state in (*ENDED, "fail")}, **told, "config": config.to_dict()}

    def _remember_data(self) -> None:
        """Note what the clips and their folds are, or refuse to go on with trials that were made on others."""
        record = self.study.record
        found = {"data": self.objective.cache.fingerprint,
                 "folds": {str(split.model_fold): len(split.validation) for split in self.objective.splits},
                 "splits": self.objective.plan.splits_hash}
        if any(record.get(key) not in (None, value) for key, value in found.items()):
            raise UserError(f"the clips or folds of {self.objective.plan.dataset.name} have changed since {self.study.name} "
                            "began, so its trials cannot be compared; start a new study, or bring the old ones back")
        names = list(self.objective.dataset.class_names)
        write_json(self.study.record_file, record | found | {"class_names": names})

    def _decoding(self, done: int, total: int) -> None:
        self._stop_if_asked()
        self.progress.say(f"Decoding the clips: {done} of {total}")

    def _stop_if_asked(self) -> None:
        if self.study.cancel_file.exists():
            raise Cancelled


def _value(trial) -> float | None:
    """A trial's validation accuracy: its last one where it was stopped early."""
    if trial.value is not None:
        return round(trial.value, 6)
    return round(trial.intermediate_values[max(trial.intermediate_values)], 6) if trial.intermediate_values else None


def _short(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
