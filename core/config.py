"""Every setting of a run, defined once: the command line, the form in the browser and ``config.json`` all read it.

Add a setting by adding one field to :class:`TrainConfig`: its type, default, help and range follow it everywhere.
"""

import dataclasses
import json
import os
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache, wraps
from pathlib import Path

from core.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
FINE_TUNED = ("ast_finetune", "wav2vec2_finetune")


def checkpoints_dir() -> Path:
    """Folder that holds one folder per run; ``EARSHOT_CHECKPOINTS`` moves it."""
    return Path(os.environ.get("EARSHOT_CHECKPOINTS") or ROOT / "checkpoints")


def cache_dir() -> Path:
    """Folder for what can be made again (decoded clips, demo sounds); ``EARSHOT_CACHE`` moves it."""
    return Path(os.environ.get("EARSHOT_CACHE") or Path.home() / ".cache" / "earshot")


def own_data_dir() -> Path:
    """Folder for the data sets that are fetched or uploaded; ``EARSHOT_OWN_DATA`` moves it."""
    return Path(os.environ.get("EARSHOT_OWN_DATA") or ROOT / "data")


def data_dirs() -> list[Path]:
    """Folders searched for a data set by name, first match wins."""
    named = os.environ.get("EARSHOT_DATA")
    return ([Path(named)] if named else []) + [own_data_dir(), ROOT.parent / "shared" / "data"]


def setting(default, help, *, group, label, low=None, high=None, choices=None, unit="", models=None):
    """A config field with what a form, a help text and a check need to know about it; ``models``: those it concerns,
    where it does not concern all."""
    metadata = dict(help=help, group=group, label=label, low=low, high=high, choices=choices, unit=unit, models=models)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class TrainConfig:
    """One run: one model × one protocol × one seed."""

    dataset: str = setting("demo", "Name of a data set, or a folder", group="data", label="Data set")
    label: str = setting("label", "Column that holds the class, for data sets that are a table",
                         group="data", label="Label column")
    limit: int | None = setting(None, "Keep only this many clips per class", group="data", label="Clips per class",
                                low=2, high=100_000)
    sources: str = setting("auto", "Which clips count as one recording: auto (what the data set says, else what its "
                           "file names suggest), file (each file is one), a column of its table, or a regular expression whose "
                           "group is the recording, found in the file's name (in its path where it has a / in it)",
                           group="data", label="Recordings")
    leave_out: str = setting("", "Classes that the model is not to know, separated by commas: to see whether it says so when "
                             "it hears them", group="data", label="Classes left out")
    sample_rate: int = setting(16_000, "Every clip is resampled to this rate", group="data", label="Sample rate",
                               low=4_000, high=96_000, unit="Hz")
    clip_seconds: float = setting(5.0, "Every clip is cut or padded to this length", group="data",
                                  label="Clip length", low=0.25, high=60.0, unit="s")

    model: str = setting("cnn_transformer_h4", "A name that `python -m core models` lists", group="model",
                         label="Model")

    pooling: str = setting("mean", "What the head reads: the mean of all tokens, or the class token", group="model",
                           label="Pooling", choices=("mean", "cls"), models=("conv_transformer",))
    pretrained: str = setting("", "Weights to start from: a folder saved by transformers, a name on the Hugging Face hub, or "
                              "random; empty for the published ones from the hub", group="model", label="Starts from",
                              models=FINE_TUNED)
    tune: str = setting("full", "What learns: only the new head (frozen), the last layers too, or everything", group="model",
                        label="What learns", choices=("frozen", "last", "full"), models=FINE_TUNED)
    last_layers: int = setting(2, "How many of the last layers learn, where the last ones do", group="model",
                               label="Last layers", low=1, high=48, models=FINE_TUNED)
    frames: int = setting(512, "Frames of 10 ms that the AST takes: 512 for clips of 5 s, 1024 as it was trained",
                          group="model", label="Frames", choices=(512, 1024), models=("ast_finetune",))

    protocol: str = setting("assignment", "Which folds train, choose and test: assignment, published, split or kfold",
                            group="protocol", label="Protocol", choices=("assignment", "published", "split", "kfold"))
    folds: int = setting(5, "Number of folds of the kfold protocol", group="protocol", label="Folds", low=2, high=50)
    seed: int = setting(0, "Everything random follows from it: folds, first weights, batches, augmentation",
                        group="protocol", label="Seed", low=0, high=2**31 - 1)

    epochs: int = setting(100, "Passes over the training clips", group="training", label="Epochs", low=1, high=100_000)
    batch_size: int = setting(32, "Clips per update", group="training", label="Batch size", low=1, high=4_096)
    learning_rate: float = setting(1e-3, "Highest step size, after the warm-up", group="training",
                                   label="Learning rate", low=1e-7, high=1.0)
    weight_decay: float = setting(0.05, "AdamW's decoupled weight decay, on matrices only", group="training",
                                  label="Weight decay", low=0.0, high=1.0)
    warmup: float = setting(0.1, "Share of all updates in which the learning rate rises", group="training",
                            label="Warm-up", low=0.0, high=0.9)
    schedule: str = setting("cosine", "After the warm-up the learning rate falls to zero as half a cosine, or stays constant",
                            group="training", label="Schedule", choices=("cosine", "constant"))
    gradient_clip: float = setting(1.0, "Longest gradient allowed (L2 norm); 0 switches clipping off",
                                   group="training", label="Gradient clipping", low=0.0, high=1e6)
    label_smoothing: float = setting(0.1, "Probability spread over the other classes in the target",
                                     group="training", label="Label smoothing", low=0.0, high=0.9)
    average: float = setting(0.99, "Decay per update of the exponential average of the weights that is kept; 0 keeps "
                             "the last weights themselves", group="training", label="Weight averaging",
                             low=0.0, high=0.99999)
    select: str = setting("last", "Which weights are kept: the last (averaged) ones, or those of the epoch with the "
                          "best validation accuracy, where there is a validation fold", group="training",
                          label="Weights kept", choices=("last", "best_validation"))
    final: bool = setting(False, "Afterwards train one more model on all clips, for use on new sounds; it is never "
                          "tested", group="training", label="Final model on everything")

    dynamic: float = setting(0.0, "Probability that a training clip is replaced by one built from up to four active stretches "
                             "of its class, of training clips only", group="augmentation", label="Built clips", low=0.0,
                             high=1.0)
    fill: float = setting(0.0, "Probability that the silence at a clip's ends is filled with repeats of its sound",
                          group="augmentation", label="Filled silence", low=0.0, high=1.0)
    time_shift: float = setting(1.0, "Each clip is rotated in time by up to this share of its length",
                                group="augmentation", label="Time shift", low=0.0, high=1.0)
    speed: float = setting(0.25, "Each clip is played faster or slower, and so higher or lower, by up to this share",
                           group="augmentation", label="Speed", low=0.0, high=1.0)
    reverb: float = setting(0.0, "Probability that a clip sounds as in a room", group="augmentation", label="Room",
                            low=0.0, high=1.0)
    reverb_seconds: float = setting(0.8, "Longest reverberation of the generated rooms (until 60 dB less)",
                                    group="augmentation", label="Longest reverberation", low=0.1, high=10.0, unit="s")
    reverb_folder: str = setting("", "A folder of impulse responses to use instead of generated rooms",
                                 group="augmentation", label="Impulse responses")
    stretch: float = setting(0.0, "Probability that a clip is faster or slower at the same pitch", group="augmentation",
                             label="Time stretch", low=0.0, high=1.0)
    stretch_range: float = setting(0.03, "Up to this share faster or slower", group="augmentation",
                                   label="Time stretch, up to", low=0.0, high=0.5)
    pitch: float = setting(0.0, "Probability that a clip is higher or lower at the same speed", group="augmentation",
                           label="Pitch shift", low=0.0, high=1.0)
    pitch_semitones: float = setting(0.25, "Up to this much higher or lower", group="augmentation",
                                     label="Pitch shift, up to", low=0.0, high=12.0, unit="semitones")
    equalize: float = setting(0.0, "Probability that a clip sounds as through another microphone", group="augmentation",
                              label="Equalizer", low=0.0, high=1.0)
    equalize_db: float = setting(6.0, "Each of four points of the spectrum is raised or lowered by up to this much",
                                 group="augmentation", label="Equalizer, up to", low=0.0, high=40.0, unit="dB")
    narrow: float = setting(0.0, "Probability that a clip sounds as through a narrow band: a telephone, an old recorder",
                            group="augmentation", label="Narrow band", low=0.0, high=1.0)
    level: float = setting(0.0, "Root mean square that every clip is brought to, in training and in use; 0: none",
                           group="augmentation", label="RMS level", low=0.0, high=0.5)
    gain: float = setting(1.0, "Probability that a clip is made louder or softer", group="augmentation",
                          label="Gain, how often", low=0.0, high=1.0)
    gain_db: float = setting(6.0, "Each clip is made louder or softer by up to this much", group="augmentation",
                             label="Gain", low=0.0, high=40.0, unit="dB")
    polarity: float = setting(0.5, "Probability that a clip is turned upside down (it sounds the same)",
                              group="augmentation", label="Polarity flip", low=0.0, high=1.0)
    noise: float = setting(0.2, "Probability that a clip gets noise, at most 40 dB below it", group="augmentation",
                           label="Noise", low=0.0, high=1.0)
    noise_db: float = setting(15.0, "The loudest noise is this much below the clip", group="augmentation",
                              label="Noise, no closer than", low=0.0, high=40.0, unit="dB")
    noise_tilt: float = setting(0.0, "Noise falls by up to this much per octave: 0 is white, 3 pink, 6 brown",
                                group="augmentation", label="Noise, darker by up to", low=0.0, high=12.0, unit="dB")
    mixup: float = setting(0.5, "Probability that a batch is mixed: two clips added, their labels shared",
                           group="augmentation", label="Mixup", low=0.0, high=1.0)

    mixup_loudness: bool = setting(False, "The louder of two mixed clips is turned down first, so that the label's shares are "
                                   "those that are heard (between-class learning)", group="augmentation",
                                   label="Mixup at equal loudness")

    outliers: float = setting(0.0, "Made-up sounds that are none of the classes (noises, tones, near silence), as a share of "
                              "each batch: the model learns to be sure of no class there (outlier exposure)",
                              group="augmentation", label="Sounds of none", low=0.0, high=0.5)
    bursts: float = setting(0.0, "Share of the made-up sounds that are short bursts and made-up speech instead of steady; only "
                            "together with an RMS level, or their loudness gives them away",
                            group="augmentation", label="Bursts among them", low=0.0, high=1.0)

    device: str = setting("auto", "Where to compute: auto takes a CUDA GPU, then Apple's MPS, then the CPU",
                          group="machine", label="Device", choices=("auto", "cuda", "mps", "cpu"))
    mixed_precision: bool = setting(True, "bfloat16 arithmetic where it is faster (CUDA only)", group="machine",
                                    label="Mixed precision")
    wandb: str = setting("off", "Send loss and accuracy per epoch to Weights & Biases; offline keeps them on this "
                         "machine to sync later", group="machine", label="Weights & Biases",
                         choices=("off", "offline", "online"))

    def __post_init__(self):
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))

    def to_dict(self) -> dict:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "TrainConfig":
        """A config from JSON. Raises :class:`UserError` for a key that is no setting or a value out of range."""
        for name in values:
            field_named(name)
        return cls(**values)

    def replace(self, **values) -> "TrainConfig":
        return self.from_dict({**self.to_dict(), **values})

    @property
    def num_samples(self) -> int:
        """Samples per clip."""
        return round(self.sample_rate * self.clip_seconds)


def config_fields(group: str | None = None) -> list[dataclasses.Field]:
    """The settings in order, all or those of one group; ``field.metadata`` has help, label, low, high, choices."""
    return [f for f in dataclasses.fields(TrainConfig) if group in (None, f.metadata["group"])]


def field_named(name: str) -> dataclasses.Field:
    fields = _fields()
    if name not in fields:
        raise UserError(f"there is no setting called {name!r}; the settings are {', '.join(fields)}")
    return fields[name]


@cache
def _fields() -> dict[str, dataclasses.Field]:
    return {field.name: field for field in dataclasses.fields(TrainConfig)}


def parse_setting(text: str) -> tuple[str, object]:
    """``"epochs=20"`` from the command line as ``("epochs", 20)``, checked."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"--set expects field=value, found {text!r}")
    field = field_named(name.strip())
    return field.name, _checked(field, value.strip())


def _checked(field: dataclasses.Field, value):
    """``value`` as the field's type and inside its range, or a :class:`UserError` that says what was expected."""
    kind, optional = field.type, False
    if isinstance(kind, types.UnionType):
        kind, optional = next(t for t in typing.get_args(kind) if t is not type(None)), True
    if optional and (value is None or value in ("", "none")):
        return None
    rule = field.metadata
    try:
        value = _converted(kind, value)
    except (ValueError, TypeError, OverflowError):
        noun = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[kind]
        raise UserError(f"{field.name} expects {noun}, found {value!r}") from None
    if rule["choices"] and value not in rule["choices"]:
        raise UserError(f"{field.name} expects one of {', '.join(map(str, rule['choices']))}, found {value!r}")
    low, high = rule["low"], rule["high"]
    if low is not None and not low <= value <= high:
        unit = rule["unit"] and " " + rule["unit"]
        raise UserError(f"{field.name} expects a value from {low:,} to {high:,}{unit}, found {value!r}")
    return value


_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _converted(kind: type, value):
    """``value`` as ``kind``; ValueError or TypeError where that would lose or invent something."""
    if kind is bool:
        if str(value).lower() not in _TRUTH:
            raise ValueError
        return _TRUTH[str(value).lower()]
    if isinstance(value, bool) or (kind is str and not isinstance(value, str)):
        raise TypeError
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise ValueError
    converted = kind(value)
    if kind is float and converted != converted:
        raise ValueError
    return converted


def read_json(path: Path) -> dict:
    """A JSON file of ours; raises :class:`UserError` when it is no longer readable."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} could not be read as JSON: {error}") from None


def while_it_stays(read: Callable[[Path], dict]) -> Callable[[Path], dict]:
    """``read``, a function of a file, called anew only when the file is another one. Nobody may change what it returns: pages
    ask for the same small files of every run again and again. What it raises is not kept."""
    @lru_cache(maxsize=2_000)
    def kept(path: Path, stamp: tuple) -> dict:
        return read(path)

    @wraps(read)
    def asked(path: Path) -> dict:
        try:
            facts = os.stat(path)
        except OSError:
            return read(path)
        return kept(path, (facts.st_ino, facts.st_mtime_ns, facts.st_size))

    return asked


kept_json = while_it_stays(read_json)
