"""What a search for settings may change, declared once: ranges, scales, choices, and when a setting matters at all.

Every entry names a field of :class:`core.config.TrainConfig` and is checked against its range. A study searches all entries
that concern its model, or those it is told to, in these ranges or others that the field allows. Knows nothing of Optuna but
the three ``suggest_`` methods of a trial.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from core.config import TrainConfig, field_named, parse_setting
from core.errors import UserError

NEAR = 1e-9  # two values closer than this, relative to their range, are one


@dataclass(frozen=True)
class Only:
    """When a setting matters: where the setting ``name`` lies above ``above``, or is ``equals``."""

    name: str
    above: float | None = None
    equals: str | None = None

    def holds(self, values: Mapping) -> bool:
        value = values[self.name]
        return value > self.above if self.above is not None else value == self.equals

    def __str__(self) -> str:
        return f"{self.name} is above {self.above:g}" if self.above is not None else f"{self.name} is {self.equals}"


@dataclass(frozen=True)
class Searched:
    """One setting that is searched: from ``low`` to ``high`` (in steps, or by ratios where ``log``), or among ``choices``.

    Raises :class:`UserError` for what the setting does not allow.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    choices: tuple | None = None
    only: Only | None = None

    def __post_init__(self):
        field_named(self.name)
        ends = self.choices if self.choices is not None else (self.low, self.high)
        checked = tuple(parse_setting(f"{self.name}={value}")[1] for value in ends)
        if self.choices is not None:
            if len(set(checked)) < 2:
                raise UserError(f"a search over {self.name} expects two choices or more, found {_listed(checked)}")
            object.__setattr__(self, "choices", tuple(dict.fromkeys(checked)))
            return
        low, high = checked
        if not low < high:
            raise UserError(f"a search over {self.name} expects a range from low to high, found {low:g} to {high:g}")
        if self.log and low <= 0:
            raise UserError(f"{self.name} is searched by ratios, so its range must begin above 0, found {low:g}")
        if self.step:
            steps = math.floor((high - low) / self.step + 1e-6)
            if steps < 1:
                raise UserError(f"{self.name} is searched in steps of {self.step:g}, found a range from {low:g} to {high:g}")
            high = round(low + steps * self.step, 10)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def __contains__(self, value) -> bool:
        """Whether the search could choose this value."""
        if self.choices is not None:
            return value in self.choices
        steps = (value - self.low) / self.step if self.step else 0.0
        slack = NEAR * (self.high - self.low)
        return self.low - slack <= value <= self.high + slack and abs(steps - round(steps)) < 1e-6

    def suggest(self, trial):
        """Optuna's suggestion for this setting."""
        if self.choices is not None:
            return trial.suggest_categorical(self.name, self.choices)
        if field_named(self.name).type is int:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log, step=self.step)

    @property
    def ends(self) -> str:
        """What a person types: ``0.0001:0.01``, or ``16, 32, 64``."""
        if self.choices is not None:
            return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in self.choices)
        return f"{self.low:g}:{self.high:g}"

    @property
    def words(self) -> str:
        """``0.0001 to 0.01, by ratios``; ``16, 32 or 64``; ``0.2 to 3 s, where reverb is above 0``."""
        unit = field_named(self.name).metadata["unit"]
        if self.choices is not None:
            text = _listed(self.choices)
        else:
            text = f"{self.low:g} to {self.high:g}" + (f" {unit}" if unit else "")
            text += ", by ratios" if self.log else f", in steps of {self.step:g}" if self.step else ""
        return text + (f", where {self.only}" if self.only else "")

    def to_dict(self) -> dict:
        return {key: value for key, value in asdict(self).items() if value is not None and value is not False}

    @classmethod
    def from_dict(cls, values: dict) -> "Searched":
        """An entry from JSON; :class:`UserError` where it is none."""
        try:
            only = Only(**values["only"]) if values.get("only") else None
            choices = tuple(values["choices"]) if "choices" in values else None
            return cls(**values | {"only": only, "choices": choices})
        except (TypeError, KeyError):
            raise UserError(f"{values!r} does not describe a setting that is searched") from None


SPACE: dict[str, Searched] = {entry.name: entry for entry in (
    Searched("pooling", choices=("mean", "cls")),
    Searched("tune", choices=("frozen", "last", "full")),
    Searched("last_layers", 1, 6, only=Only("tune", equals="last")),
    Searched("learning_rate", 1e-4, 1e-2, log=True),
    Searched("weight_decay", 1e-3, 0.5, log=True),
    Searched("batch_size", choices=(16, 32, 64)),
    Searched("label_smoothing", 0.0, 0.3, step=0.05),
    Searched("average", choices=(0.0, 0.9, 0.99, 0.999)),
    Searched("time_shift", 0.0, 1.0, step=0.25),
    Searched("speed", 0.0, 0.5, step=0.05),
    Searched("noise", 0.0, 1.0, step=0.2),
    Searched("mixup", 0.0, 1.0, step=0.25),
    Searched("reverb", 0.0, 0.8, step=0.2),
    Searched("reverb_seconds", 0.2, 3.0, log=True, only=Only("reverb", above=0)),
    Searched("pitch", 0.0, 0.8, step=0.2),
    Searched("pitch_semitones", 0.1, 2.0, log=True, only=Only("pitch", above=0)),
)}

USUAL = ("pooling", "tune", "last_layers", "learning_rate", "weight_decay", "batch_size", "label_smoothing", "average", "speed",
         "noise", "mixup")  # searched unless others are asked for; rooms and pitch cost much time


def concerns(name: str, model: str) -> bool:
    """Whether a setting has any meaning for a model."""
    models = field_named(name).metadata["models"]
    return models is None or model in models


def whole_space(model: str) -> tuple[Searched, ...]:
    """Every declared setting that concerns the model."""
    return tuple(entry for entry in SPACE.values() if concerns(entry.name, model))


def default_space(model: str) -> tuple[Searched, ...]:
    """Those of them that are searched unless others are asked for."""
    return tuple(entry for entry in whole_space(model) if entry.name in USUAL)


def parse_search(texts: Iterable[str]) -> tuple[Searched, ...]:
    """``["mixup", "learning_rate=0.001:0.01", "batch_size=16,32"]`` as entries: the declared range, or the one given."""
    texts = list(texts)
    for text in texts:
        if text.strip().endswith("="):
            raise UserError(f"--search {text.strip()} expects a range or choices after the =, found nothing; leave the = out "
                            "for the usual ones")
    return tuple(narrowed(*text.partition("=")[::2]) for text in texts)


def narrowed(name: str, text: str = "") -> Searched:
    """The declared entry of a setting, in the range ``low:high`` or among the choices ``a,b`` that ``text`` gives."""
    name, text = name.strip(), text.strip()
    field_named(name)
    if name not in SPACE:
        raise UserError(f"{name} is not searched; the settings that can be are {', '.join(SPACE)}")
    entry = SPACE[name]
    if not text:
        return entry
    if entry.choices is not None:
        values = tuple(parse_setting(f"{name}={part}")[1] for part in text.split(","))
        return replace(entry, choices=values)
    low, colon, high = text.replace(" to ", ":").partition(":")
    if not colon:
        raise UserError(f"a search over {name} expects both ends of a range, such as {entry.ends}, found {text!r}")
    return replace(entry, low=parse_setting(f"{name}={low}")[1], high=parse_setting(f"{name}={high}")[1])


def check_space(space: Iterable[Searched], config: TrainConfig) -> tuple[Searched, ...]:
    """The entries, those that a condition names before those that have it. Raises :class:`UserError` where a setting does
    not concern the model, stands twice, or can never matter."""
    space = tuple(space)
    names = [entry.name for entry in space]
    if not space:
        raise UserError("the search has no setting to search; choose one or more")
    for entry in space:
        if not concerns(entry.name, config.model):
            models = _listed(field_named(entry.name).metadata["models"], "and")
            raise UserError(f"{entry.name} concerns only {models}, not {config.model}; leave it out of the search")
        if names.count(entry.name) > 1:
            raise UserError(f"{entry.name} is to be searched twice; name it once")
        if entry.only and entry.only.name not in names and not entry.only.holds(config.to_dict()):
            raise UserError(f"{entry.name} matters only where {entry.only}, and it is "
                            f"{getattr(config, entry.only.name)}; search {entry.only.name} too, or set it")
    order = list(SPACE)
    return tuple(sorted(space, key=lambda entry: order.index(entry.name)))


def suggest(space: Iterable[Searched], trial, config: TrainConfig) -> dict:
    """The settings that a trial changes: suggestions for all entries whose condition holds."""
    values = config.to_dict()
    chosen = {}
    for entry in space:
        if entry.only is None or entry.only.holds(values):
            chosen[entry.name] = values[entry.name] = entry.suggest(trial)
    return chosen


def starting_point(space: Iterable[Searched], config: TrainConfig) -> tuple[Searched, ...]:
    """The entries whose value in ``config`` matters and is one that the search could choose."""
    values = config.to_dict()
    return tuple(entry for entry in space
                 if (entry.only is None or entry.only.holds(values)) and values[entry.name] in entry)


def _listed(values: Iterable, word: str = "or") -> str:
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return f" {word} ".join(filter(None, [", ".join(texts[:-1]), texts[-1]])) if texts else "none"
