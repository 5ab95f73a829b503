"""What is compared with what: one contender per model × protocol, its seeds pooled; runs set otherwise stand apart."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.catalog import CATALOG
from core.config import config_fields, field_named
from core.errors import UserError
from core.finished import Finished
from core.metrics import METRICS, interval_of
from core.presets import PRESETS

if TYPE_CHECKING:
    import pandas as pd

FREE = ("dataset", "model", "protocol", "seed", "final", "device", "mixed_precision", "wandb")  # do not set runs apart


@dataclass(frozen=True)
class Score:
    """One metric, 0 to 1: its mean, the standard deviation beside it, and the ends of its 95 % interval, None where
    undefined. ``pooled``: of accuracy, the share of all clips together, which the interval is of; None where nobody knows."""

    mean: float | None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    pooled: float | None = None


@dataclass(frozen=True)
class Contender:
    """One model × protocol on one data set, with one run per seed. ``set_apart`` says in which settings it differs from
    another contender of the same model and protocol; empty where there is none."""

    runs: tuple[Finished, ...]
    set_apart: str = ""

    @property
    def name(self) -> str:
        """The model, and what sets it apart."""
        return f"{self.model} [{self.set_apart}]" if self.set_apart else self.model

    @property
    def title(self) -> str:
        """The name with its protocol."""
        return f"{self.name} · {self.protocol}"

    @property
    def model(self) -> str:
        return self.runs[0].model

    @property
    def protocol(self) -> str:
        return self.runs[0].protocol

    @property
    def dataset(self) -> str:
        return self.runs[0].dataset

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.runs[0].class_names

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)

    @property
    def setup(self) -> tuple:
        """The settings that its runs share and that make a difference, as ``(name, value)`` pairs."""
        return _apart(self.runs[0])

    @property
    def over(self) -> str:
        """What the standard deviation of its scores is over."""
        return "seeds" if len(self.runs) > 1 else self.runs[0].over

    @property
    def spread(self) -> str:
        """What the standard deviation is over, with their number: ``3 seeds``, ``4 models``."""
        count = len(self.runs) if len(self.runs) > 1 else len(self.runs[0].metrics["folds"])
        return f"{count} {self.over[:-1] if count == 1 else self.over}"

    @cached_property
    def scores(self) -> dict[str, Score]:
        """Accuracy, macro F1 and ROC-AUC on the test clips."""
        return {metric: _pooled([run.metrics[metric] for run in self.runs]) for metric in METRICS}

    @cached_property
    def validation(self) -> Score | None:
        """Accuracy on the validation folds; None under protocols without one."""
        blocks = [(run.metrics.get("validation") or {}).get("accuracy") for run in self.runs]
        if not all(blocks):
            return None
        return _pooled(blocks)

    @property
    def accuracy(self) -> float | None:
        return self.scores["accuracy"].mean

    @property
    def clips(self) -> int:
        """Test clips, each counted once."""
        return self.runs[0].clips

    @property
    def parameters(self) -> int | None:
        """Trainable parameters."""
        return self.runs[0].metrics.get("parameters_trainable")

    @property
    def frozen(self) -> int:
        return self.runs[0].metrics.get("parameters_frozen") or 0

    @property
    def macs(self) -> int | None:
        """Multiply-accumulate operations for one clip."""
        return self.runs[0].metrics.get("macs")

    @property
    def seconds(self) -> float | None:
        """Seconds a run took to train the models that were tested, a mean over seeds; None where these were trained on
        several devices: a mean would be true of neither."""
        if len({run.device for run in self.runs}) > 1:
            return None
        return _mean_of_known(run.seconds for run in self.runs)

    @property
    def training_macs(self) -> float | None:
        """Multiply-accumulates of a run's training, a mean over seeds."""
        return _mean_of_known(run.training_macs for run in self.runs)

    @property
    def heads(self) -> int | None:
        """Attention heads, as the model's name tells them; None where it does not."""
        number = self.model.rpartition("_h")[2]
        return int(number) if number.isdigit() and self.family else None

    @property
    def family(self) -> str:
        card = CATALOG.get(self.model)
        return card.family if card else ""

    def answers(self, seeds: Sequence[int] | None = None) -> "pd.DataFrame":
        """The rows of predictions of the test clips, of all seeds or of some; ``model_fold`` stays as it is."""
        import pandas as pd

        return pd.concat([run.test for run in self.runs if seeds is None or run.seed in seeds], ignore_index=True)


def contenders(runs: Sequence[Finished]) -> list[Contender]:
    """One contender per model × protocol of runs on one data set, the best first; of runs that differ in nothing, the
    first given counts. Raises :class:`UserError` where the runs are of different data sets."""
    if len(grounds := by_dataset(runs)) > 1:
        raise UserError(f"these runs were made on {len(grounds)} data sets ({', '.join(grounds)}); numbers compare only "
                        "within one")
    groups: dict[tuple, dict[int, Finished]] = defaultdict(dict)
    for run in runs:
        groups[_group(run)].setdefault(run.seed, run)
    alike = defaultdict(list)
    for model, protocol, settings in groups:
        alike[model, protocol].append(dict(settings))
    found = [Contender(tuple(seeds[seed] for seed in sorted(seeds)), _said(dict(settings), alike[model, protocol]))
             for (model, protocol, settings), seeds in groups.items()]
    return sorted(found, key=lambda each: (-(each.accuracy or 0.0), each.parameters or 0, each.title))


def twins(runs: Sequence[Finished]) -> dict[str, str]:
    """The runs that :func:`contenders` leaves out, because they differ in nothing from another one, and that one."""
    counted: dict[tuple, str] = {}
    others = {run.name: counted.setdefault((_group(run), run.seed), run.name) for run in runs}
    return {name: other for name, other in others.items() if name != other}


def by_dataset(runs: Sequence[Finished]) -> dict[str, list[Finished]]:
    """The runs by what they can be compared on: a data set with the same classes and the same clips. Where several of a
    name differ, they are its versions, counted in the order of the runs. The clips of ESC-10 are known by their names,
    whichever layout they lie in."""
    groups: dict[tuple, list[Finished]] = defaultdict(list)
    for run in runs:
        groups[run.dataset, run.class_names, "" if run.dataset == "ESC-10" else run.data].append(run)
    names = [dataset for dataset, *_ in groups]
    return {dataset if names.count(dataset) == 1 else
            f"{dataset} (version {names[: place + 1].count(dataset)}: {len(classes)} classes, {classes[0]} …; "
            f"{group[0].metrics.get('clips') or 0:,} clips)": group
            for place, ((dataset, classes, _), group) in enumerate(groups.items())}


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value]
    return float(np.mean(known)) if known else None


def _group(run: Finished) -> tuple:
    """What the seeds of one contender share."""
    return run.model, run.protocol, _apart(run)


def _apart(run: Finished) -> tuple:
    """The settings that make two runs of one model and protocol different things, as ``(name, value)`` pairs."""
    concerned = [field.name for field in config_fields()
                 if field.name not in FREE and run.model in (field.metadata["models"] or (run.model,))
                 and (field.name != "folds" or run.protocol == "kfold")]
    return tuple((name, run.settings[name]) for name in concerned if name in run.settings)


def _said(settings: dict, others: Sequence[dict]) -> str:
    """What tells this one from all ``others``: the name of the preset that these settings are, else the first settings that
    do, as the form calls them: ``epochs 15``; nothing where all are the defaults, or there are no others."""
    defaults = {name: field_named(name).default for name in settings}
    rivals = [other for other in others if other != settings]
    if settings == defaults or not rivals:
        return ""
    for preset in PRESETS.values():
        if settings == defaults | {name: value for name, value in preset.values.items() if name in settings}:
            return preset.name
    labels = {field.name: field.metadata["label"] for field in config_fields()}
    parts = []
    for name, value in sorted(settings.items(), key=lambda item: item[0] != "epochs"):
        left = [other for other in rivals if other.get(name) == value]
        if len(left) < len(rivals):
            told = value if isinstance(value, str) else "all" if value is None else f"{value:g}"
            parts.append(f"{labels[name][0].lower()}{labels[name][1:]} {told}")
            rivals = left
    return ", ".join(parts)


def _pooled(blocks: Sequence[dict]) -> Score:
    """One run's block as it is; of several seeds the mean and the standard deviation over seeds. The seeds share their
    clips (most of them, where the folds are drawn), so they make an interval no narrower: the mean of the ends."""
    means, pooled = ([block.get(name) for block in blocks] for name in ("mean", "pooled"))
    if None in means:
        return Score(None)
    ends = [interval_of(block) for block in blocks]
    low, high = (float(np.mean([end[side] for end in ends])) for side in (0, 1)) if all(ends) else (None, None)
    std = blocks[0].get("std") if len(blocks) == 1 else float(np.std(means, ddof=1))
    return Score(float(np.mean(means)), std, low, high, None if None in pooled else float(np.mean(pooled)))
