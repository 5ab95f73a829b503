"""What a config means on its data, found out before anything starts and without torch: splits, trainings, mistakes."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.catalog import check_model
from core.config import TrainConfig
from core.datasets import Dataset, configured_dataset
from core.errors import UserError
from core.pretrained import check_pretrained
from core.readers import impulse_files
from core.run_checks import PREDICTION_COLUMNS
from core.splits import Split, clip_folds, make_splits


@dataclass(frozen=True)
class Plan:
    """The data and the splits of a run; ``final`` when one more model trains on everything."""

    config: TrainConfig
    dataset: Dataset
    splits: tuple[Split, ...]

    @property
    def trainings(self) -> int:
        """Models to train."""
        return len(self.splits) + self.config.final

    @property
    def clips_trained(self) -> int:
        """Clips heard per epoch, summed over all models: with the clips per second of a machine, the cost."""
        everything = sum(not clip.segment for clip in self.dataset.clips) * self.config.final
        return sum(len(split.train) for split in self.splits) + everything

    @cached_property
    def clip_folds(self) -> np.ndarray:
        """The fold of every clip under the protocol, int64 ``(clips,)``."""
        return clip_folds(self.dataset, self.config.protocol, self.config.folds, self.config.seed)

    @cached_property
    def splits_hash(self) -> str:
        """A hash of every clip's recording and fold and of all splits: another one where a clip changed sides."""
        clips = [(clip.key, clip.source, fold)
                 for clip, fold in zip(self.dataset.clips, self.clip_folds.tolist(), strict=True)]
        splits = [(split.model_fold, split.train, split.validation, split.test, *[split.segments] * bool(split.segments))
                  for split in self.splits]
        return hashlib.sha256(json.dumps([clips, splits]).encode()).hexdigest()


def make_plan(config: TrainConfig, opened: Callable[[TrainConfig], Dataset] = configured_dataset) -> Plan:
    """Check everything that can be checked before a start. Raises :class:`UserError` with what to change. ``opened`` gives the
    clips of a config; a page that asks for many plans at once opens them once."""
    check_model(config.model)
    check_pretrained(config)
    if config.reverb and config.reverb_folder:
        impulse_files(config.reverb_folder)
    _check_device(config.device)
    dataset = opened(config)
    for name in dataset.class_names:
        if name in PREDICTION_COLUMNS:
            raise UserError(f"a class cannot be called {name!r}: the table of predictions has a column of that name; "
                            "rename the class")
    splits = tuple(make_splits(dataset, config.protocol, config.folds, config.seed))
    if config.select == "best_validation" and not all(split.validation for split in splits):
        other = "" if config.protocol == "split" else " or split"  # which has none where the data set has no fold 4
        raise UserError(f"select=best_validation needs a validation fold, and the protocol {config.protocol} has none; "
                        f"use select=last, or the protocol assignment{other}")
    return Plan(config, dataset, splits)


def _check_device(device: str) -> None:
    if device in ("cuda", "mps"):
        from core.training import pick_device

        pick_device(device)
