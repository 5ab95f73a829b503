"""Fold outside, epoch inside: train every model of a run, test each once, write what the run's folder holds.

Kill it at any moment: what is on disk is whole, and the next :func:`run_training` goes on from there. A fold is done
when its weights and its predictions are; they are written in the order history, weights, predictions, and only then is
the state to resume from removed.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import torch

from core.cache import WaveformCache, open_cache
from core.carry_out import carry_out
from core.checkpoint import load_checkpoint, load_fold_state, save_checkpoint, save_fold_state
from core.copies import copies_heard, copies_told
from core.devices import device_name
from core.errors import UserError
from core.files import write_json
from core.lengths import lengths_told, seconds_of_all
from core.models import count_macs, count_parameters, create_model
from core.plan import PREDICTION_COLUMNS, Plan, make_plan
from core.progress import Progress
from core.run_folder import HISTORY_COLUMNS, Run
from core.run_tables import RunTable
from core.splits import Split, without
from core.state_saver import StateSaver
from core.summary import write_summary
from core.tracking import Tracker
from core.training import (
    BatchEnd,
    Cancelled,
    EpochEnd,
    check_state,
    derive_seed,
    fit_fold,
    pick_device,
    predict_logits,
    seed_torch,
)

FINAL = "final"


def run_training(run: Run, on_progress: Callable[[float, str], None] = lambda share, message: None) -> str:
    """Do, or go on with, all of a run in this process, as :func:`core.carry_out.carry_out` says."""
    return carry_out(run, on_progress, lambda progress: CrossValidation(run, progress).train())


class CrossValidation:
    """One run being trained."""

    def __init__(self, run: Run, progress: Progress):
        self.run, self.progress, self.config = run, progress, run.config
        self.tracker = Tracker(run, run.write_line)
        self.device = pick_device(self.config.device)

    def train(self) -> None:
        """Train what is not trained yet, then write the summary. Raises :class:`Cancelled` when asked to stop."""
        self._prepare()
        for number, split in enumerate(self.splits):
            name = f"fold {number + 1} of {len(self.splits)}"
            if not self._is_done(split):
                self._train_fold(split, number, name)
            self._state(split.model_fold).remove()
        if self.config.final:
            if FINAL not in self.run.checkpoints():
                model = self._fit(Split(0, self.usable, (), (), self.segments), FINAL, len(self.splits), "final model")
                save_checkpoint(self._weights(FINAL), model, self.config, self.dataset.class_names)
            self._state(FINAL).remove()
        self._summarise()

    def _prepare(self) -> None:
        """Open the data, leave unreadable clips out, and see what is there already."""
        self.progress.say("Reading the data set", now=True)
        self.plan: Plan = make_plan(self.config)
        self.dataset = self.plan.dataset
        self.progress.plan(self.plan.trainings)
        self.cache: WaveformCache = open_cache(self.dataset, self.config.sample_rate, self.config.clip_seconds,
                                               on_progress=self._decoding)
        bad = self._unreadable()
        readable = [i for i in range(len(self.dataset.clips)) if i not in bad]
        self.usable = tuple(i for i in readable if not self.dataset.clips[i].segment)
        self.segments = tuple(i for i in readable if self.dataset.clips[i].segment)
        if self.segments and not self.config.dynamic:
            self.run.write_line(f"{len(self.segments)} segments are not used: set dynamic to build clips from them")
        self.splits = [without(split, bad, self.dataset) for split in self.plan.splits]
        self.history = RunTable(self.run.path / "history.csv", HISTORY_COLUMNS, "fold")
        columns = (*PREDICTION_COLUMNS, *self.dataset.class_names)
        self.predictions = RunTable(self.run.path / "predictions.csv", columns, "model_fold")
        for table, lost in ((self.history, "curves"), (self.predictions, "answers")):
            if table.damaged:
                self.run.write_line(f"{table.file.name} could not be read; the {lost} of finished folds were in it")
        self._remember_data()
        self._say_what_is_odd()
        self.run.write_line(f"Training {self.config.model} on {len(self.usable)} clips of {self.dataset.name}; "
                            f"trainings: {self.plan.trainings}, epochs: {self.config.epochs}, protocol: "
                            f"{self.config.protocol}, seed: {self.config.seed}, device: {device_name(self.device.type)}, "
                            f"threads: {torch.get_num_threads()}")

    def _say_what_is_odd(self) -> None:
        """Write down what a person should know of these clips before a number comes of them. Nothing is refused."""
        seconds = seconds_of_all(self.dataset.clips, self.cache.facts, segments=self.config.dynamic > 0)
        for sentence in lengths_told(seconds, self.config.clip_seconds):
            self.run.write_line(sentence)
        self.copies = copies_heard(self.splits, self.cache.facts, bool(self.config.dynamic))
        if told := copies_told(self.copies, len({index for split in self.splits for index in split.test})):
            self.run.write_line(told)

    def _decoding(self, done: int, total: int) -> None:
        self._stop_if_asked()
        self.progress.say(f"Decoding the clips: {done} of {total}")

    def _unreadable(self) -> set[int]:
        for path, sentence in self.cache.unreadable.items():
            self.run.write_line(f"Left out, unreadable: {path}: {sentence}")
        bad = {i for i, fact in enumerate(self.cache.facts) if fact.error}
        if bad:
            many = f"{len(bad)} of {len(self.dataset.clips)} clips"
            self.progress.left_out = f"{many} cannot be read and {'are' if len(bad) > 1 else 'is'} left out"
        return bad

    def _remember_data(self) -> None:
        """Note what the data and the splits are, or refuse to go on with folds that were trained on others.

        Runs that began before splits were noted go on without that check.
        """
        record = self.run.record
        begun = any(self.run.path.glob("fold*")) or FINAL in self.run.checkpoints()
        if begun and record.get("data") not in (None, self.cache.fingerprint):
            raise UserError(f"the clips of {self.dataset.name} have changed since {self.run.name} began; "
                            "start a new run, or bring the old clips back")
        if begun and record.get("splits") not in (None, self.plan.splits_hash):
            raise UserError(f"the recordings or folds of {self.dataset.name} have changed since {self.run.name} began, so "
                            "a model could be tested on clips it trained on; start a new run, or bring the old ones back")
        noted = {"data": self.cache.fingerprint, "splits": self.plan.splits_hash,
                 "class_names": list(self.dataset.class_names),
                 "class_clips": Counter(self.dataset.clips[i].label for i in self.usable),
                 "device": self._devices(self.run.device if begun else "")}
        write_json(self.run.path / "config.json", record | noted)

    def _devices(self, before: str) -> str:
        """All that trained the run: what was done before a resume may be of another machine."""
        return ", ".join(dict.fromkeys([*filter(None, before.split(", ")), device_name(self.device.type)]))

    def _is_done(self, split: Split) -> bool:
        answers = self.predictions.count(split.model_fold)
        return str(split.model_fold) in self.run.checkpoints() and answers == len(split.validation) + len(split.test)

    def _train_fold(self, split: Split, number: int, name: str) -> None:
        fold = split.model_fold
        weights = self._weights(fold)
        model = self._model_without_predictions(fold)
        if model is None:
            model = self._fit(split, fold, number, name)
            save_checkpoint(weights, model, self.config, self.dataset.class_names)
        rows = [*self._answers(model, split, "validation"), *self._answers(model, split, "test")]
        self.predictions.put(fold, rows)
        self.predictions.write()
        self.run.write_line(f"Done: {name} (held out: fold {fold})")

    def _model_without_predictions(self, fold: int) -> torch.nn.Module | None:
        """The trained model of a run that was killed between its weights and its predictions; None where it is not."""
        if not self._weights(fold).exists() or fold not in self.history:
            return None
        try:
            return load_checkpoint(self._weights(fold)).model.to(self.device)  # it answers where it would have at once
        except UserError as error:
            self.run.write_line(f"Training this fold again: {error}")
            return None

    def _fit(self, split: Split, fold: int | str, number: int, name: str) -> torch.nn.Module:
        """The trained model of one split, its history on disk."""
        seed_torch(derive_seed(self.config.seed, fold, 0))  # a model is made on the CPU
        model = create_model(self.config.model, len(self.dataset.class_names), self.config.num_samples,
                             self.config.sample_rate, self.config)
        state = self._state(fold)
        resumed = state.load(lambda saved: check_state(saved, model, self.config))
        rows = list(resumed.history) if resumed else []
        self._put_history(fold, rows)

        def on_event(event) -> None:
            if isinstance(event, BatchEnd):
                self._stop_if_asked()
                self.progress.batch(number, name, event)
            elif isinstance(event, EpochEnd):
                rows.extend(event.rows)
                self._put_history(fold, rows)
                self.tracker.log_epoch(event.rows)
                state.offer(event)

        self.progress.say(f"{name} · starting", now=True)
        self.tracker.start_fold(fold)
        try:
            history = fit_fold(model, self.cache.waveforms, self.dataset.targets, split, self.config, fold=fold,
                               num_classes=len(self.dataset.class_names), on_event=on_event, resume_from=resumed)
        finally:
            self.tracker.end_fold()
        self._put_history(fold, history)
        return model

    def _put_history(self, fold: int | str, rows: list[dict]) -> None:
        self.history.put(fold, [[row[column] for column in HISTORY_COLUMNS] for row in rows])
        self.history.write()

    def _answers(self, model: torch.nn.Module, split: Split, part: str) -> list[list]:
        """Rows of ``predictions.csv``: the model's probabilities for one part of its split, asked once."""
        indices = getattr(split, part)
        if not indices:
            return []
        logits = predict_logits(model, self.cache.waveforms, indices)
        if not np.isfinite(logits).all():
            raise UserError(f"the model of fold {split.model_fold} answers with what is no number; "
                            f"a lower learning rate than {self.config.learning_rate:g} usually helps")
        probs = torch.from_numpy(logits).double().softmax(dim=1).numpy()
        clips = [self.dataset.clips[i] for i in indices]
        return [[clip.key, split.model_fold, int(self.plan.clip_folds[i]), part, clip.label, *map(float, row)]
                for i, clip, row in zip(indices, clips, probs, strict=True)]

    def _summarise(self) -> None:
        """``summary.json`` from ``predictions.csv`` as it stands on disk."""
        self.progress.say("Summing up", share=1.0, now=True)
        config, names = self.config, self.dataset.class_names
        model = load_checkpoint(next(iter(self.run.checkpoints().values()))).model
        trainable, frozen = count_parameters(model)
        facts = {"run": self.run.name, "experiment": self.run.experiment, "model": config.model,
                 "dataset": self.dataset.name, "protocol": config.protocol, "seed": config.seed,
                 "epochs": config.epochs, "clips": len(self.usable), "parameters_trainable": trainable,
                 "parameters_frozen": frozen, "macs": count_macs(model, config.num_samples),
                 "seconds": round(self.progress.seconds, 1), "class_names": list(names), **self.copies}
        write_summary(self.run, facts, self.dataset)

    def _stop_if_asked(self) -> None:
        if self.run.cancel_file.exists():
            raise Cancelled

    def _weights(self, fold: int | str):
        return self.run.path / (f"{FINAL}.safetensors" if fold == FINAL else f"fold{fold}.safetensors")

    def _state(self, fold: int | str) -> StateSaver:
        name = FINAL if fold == FINAL else f"fold{fold}"
        return StateSaver(self.run.path / f"{name}.resume", self.run.write_line, load_fold_state, save_fold_state)
