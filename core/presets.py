"""Ways to begin, for the page Train and ``--preset``: settings with a name, and what they were measured to reach on ESC-10."""

from dataclasses import dataclass, field

from core.errors import UserError


@dataclass(frozen=True)
class Reached:
    """A measured accuracy: with which model, under which protocol, and where its numbers are."""

    accuracy: str
    model: str
    protocol: str
    source: str

    def __str__(self) -> str:
        return f"{self.accuracy} on ESC-10 ({self.model}, {self.protocol}; {self.source})"


@dataclass(frozen=True)
class Preset:
    """Settings that differ from the defaults; ``reached`` is None until somebody has measured it."""

    name: str
    sentence: str
    values: dict = field(default_factory=dict)
    reached: Reached | None = None


STURDY = {"sample_rate": 32_000, "epochs": 60, "mixup": 1.0, "mixup_loudness": True, "fill": 0.5, "equalize": 0.5,
          "label_smoothing": 0.0, "outliers": 0.2, "level": 0.1, "narrow": 0.3, "noise": 0.5, "noise_db": 5.0,
          "noise_tilt": 6.0}

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (
    Preset("quick", "10 epochs, less augmentation: does it learn at all?", {"epochs": 10, "mixup": 0.0, "speed": 0.0,
                                                                            "noise": 0.0},
           reached=Reached("78.1 %", "earshot", "assignment", "seed 0, kept in checkpoints")),
    Preset("standard", "the defaults: 100 epochs, with shift, speed, gain, noise and mixup",
           reached=Reached("82.9 %", "cnn_transformer_h4", "assignment", "mean of seeds 0, 1 and 2, kept in checkpoints")),
    Preset("thorough", "200 epochs: twice as long, to see whether it helps", {"epochs": 200},
           reached=Reached("81.6 %", "cnn_transformer_h4", "assignment", "seed 0, kept in checkpoints")),
    Preset("sturdy", "for recordings made elsewhere: noise, narrow bands and any level are met in training", STURDY,
           reached=Reached("89.5 %", "earshot", "published", "mean of seeds 0, 1 and 2, kept in checkpoints")),
    Preset("wary", "the recipe of the model that comes with Earshot: sturdy, and made-up speech is met as none of the classes",
           STURDY | {"outliers": 0.3, "bursts": 0.67},
           reached=Reached("90.6 %", "earshot", "published", "mean of seeds 0 and 1, kept in checkpoints")),
    Preset("finetune", "for the pre-trained models: 25 epochs of small steps, as the AST was fine-tuned on ESC-50",
           {"epochs": 25, "batch_size": 48, "learning_rate": 1e-5}),
)}


def preset_named(name: str) -> Preset:
    """Raises :class:`UserError` for a name that is none, listing those that are."""
    if name not in PRESETS:
        raise UserError(f"there is no preset called {name!r}; the presets are {', '.join(PRESETS)}")
    return PRESETS[name]
