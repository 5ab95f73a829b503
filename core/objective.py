"""What a search maximises: mean validation accuracy over folds 2 to 5 of the protocol ``assignment``, and nothing of fold 1.

The test clips are taken out of the data set before anything of it is opened, so no index leads to them. The four models of
a trial are trained in lock step, an epoch each in turn: after every epoch there is a value over all validation clips (320 on
ESC-10 rather than the 80 of one fold), so that a bad trial is stopped on evidence that is comparable from trial to trial. The
trainer is :func:`core.training.fit_fold`, resumed at every epoch's end: a trial that is not stopped gives, to the byte, the
models of a run with the same settings.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np
import torch

from core.cache import open_cache
from core.config import TrainConfig
from core.datasets import Dataset
from core.models import create_model
from core.plan import Plan, make_plan
from core.splits import Split, without
from core.study_folder import base_config
from core.training import BatchEnd, Diverged, EpochEnd, FoldState, derive_seed, fit_fold, predict_logits, seed_torch


class _EpochDone(Exception):
    """Ends :func:`fit_fold` after one epoch."""


class Objective:
    """The validation folds of a data set, opened once for all trials of a study.

    ``on_line(text)`` is told of clips that are left out, ``on_decoding(done, total)`` of progress; what they raise stops it.
    Raises :class:`core.errors.UserError` as a run would.
    """

    def __init__(self, config: TrainConfig, on_line: Callable[[str], None], on_decoding: Callable[[int, int], None]):
        self.plan = make_plan(base_config(config))
        self.dataset, splits = without_test(self.plan)
        self.cache = open_cache(self.dataset, config.sample_rate, config.clip_seconds, on_progress=on_decoding)
        for path, sentence in self.cache.unreadable.items():
            on_line(f"Left out, unreadable: {path}: {sentence}")
        self.unreadable = {i for i, fact in enumerate(self.cache.facts) if fact.error}
        self.splits = [without(split, self.unreadable, self.dataset) for split in splits]

    def train(self, config: TrainConfig, on_batch: Callable[[int, BatchEnd], None],
              on_epoch: Callable[[int, float], None]) -> tuple[float, dict[int, np.ndarray]]:
        """Train one trial. Returns the mean validation accuracy, 0 to 1, and for every fold the class indices that its
        model answers with, in the order of ``split.validation``.

        ``on_batch(folds done in this epoch, event)`` and ``on_epoch(epoch, mean validation accuracy)`` are called on the
        way; what they raise stops the trial. Raises :class:`core.training.Diverged`.
        """
        models = [self._fresh(config, split) for split in self.splits]
        states: list[FoldState | None] = [None] * len(self.splits)
        for epoch in range(1, config.epochs + 1):
            accuracies = []
            for number, split in enumerate(self.splits):
                accuracy, states[number] = self._epoch(models[number], split, config, states[number],
                                                       lambda event, number=number: on_batch(number, event))
                accuracies.append(accuracy)
            if epoch < config.epochs:
                on_epoch(epoch, float(np.mean(accuracies)))
        answers = {split.model_fold: self._answers(model, split) for model, split in zip(models, self.splits, strict=True)}
        value = float(np.mean([np.mean(answers[split.model_fold] == self.targets(split)) for split in self.splits]))
        on_epoch(config.epochs, value)
        return value, answers

    def targets(self, split: Split) -> np.ndarray:
        """Class indices of the split's validation clips, int64."""
        return self.dataset.targets[np.array(split.validation)]

    def _fresh(self, config: TrainConfig, split: Split) -> torch.nn.Module:
        seed_torch(derive_seed(config.seed, split.model_fold, 0))
        return create_model(config.model, len(self.dataset.class_names), config.num_samples, config.sample_rate, config)

    def _epoch(self, model, split: Split, config: TrainConfig, state: FoldState | None,
               on_batch: Callable[[BatchEnd], None]) -> tuple[float, FoldState | None]:
        """One more epoch of one fold: its validation accuracy, and the state to go on from (None after the last one)."""
        accuracy, after = 0.0, None

        def on_event(event) -> None:
            nonlocal accuracy, after
            if isinstance(event, BatchEnd):
                on_batch(event)
            elif isinstance(event, EpochEnd):
                accuracy = event.rows[-1]["accuracy"]
                if event.epoch < event.epochs:
                    after = event.snapshot()
                    raise _EpochDone

        with suppress(_EpochDone):
            fit_fold(model, self.cache.waveforms, self.dataset.targets, split, config,
                     num_classes=len(self.dataset.class_names), on_event=on_event, resume_from=state)
        return accuracy, after

    def _answers(self, model, split: Split) -> np.ndarray:
        logits = predict_logits(model, self.cache.waveforms, split.validation)
        if not np.isfinite(logits).all():
            raise Diverged(f"the model of fold {split.model_fold} answers with what is no number")
        return logits.argmax(axis=1)


def without_test(plan: Plan) -> tuple[Dataset, list[Split]]:
    """The data set without the clips that only test, and the splits within it."""
    kept = sorted({i for split in plan.splits for i in (*split.train, *split.validation, *split.segments)})
    place = {index: position for position, index in enumerate(kept)}
    tested = {i for split in plan.splits for i in split.test}
    assert not tested & place.keys(), "a clip that tests cannot choose"
    dataset = replace(plan.dataset, clips=tuple(plan.dataset.clips[i] for i in kept))
    splits = [replace(split, test=(), **{part: tuple(place[i] for i in getattr(split, part))
                                         for part in ("train", "validation", "segments")}) for split in plan.splits]
    return dataset, splits
