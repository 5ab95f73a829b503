"""How much of their attention the heads of a trained model share, measured on its test clips. Kept until weights change.

A head's profile of a clip (:func:`core.attention_stats.over_time`) is brought to the sum 1; two profiles share the sum of
the smaller of both at every moment: 1 where they are equal, 0 where they never meet. Heads that look at the same *because of
the clip* share more on one clip than a head on this clip shares with another head on another clip: that is the chance level.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core.attention_stats import over_time
from core.config import cache_dir, read_json
from core.errors import UserError
from core.files import write_json
from core.intervals import DRAWS
from core.metrics import of_split
from core.readers import clip_identity
from core.run_folder import Run

VERSION, MOST = 3, 40  # clips looked at


@dataclass(frozen=True)
class HeadAgreement:
    """``shared`` and ``by_chance`` are shares of attention, means over clips, layers and pairs of heads; ``low`` and
    ``high`` the 95 % interval of their difference; ``by_layer`` has ``(layer, shared)``."""

    run: str
    heads: int
    clips: int
    shared: float
    by_chance: float
    low: float
    high: float
    by_layer: tuple[tuple[int, float], ...]
    final: bool = False  # measured on the model that was trained on everything, these clips too


def kept_agreement(run: Run) -> HeadAgreement | None:
    """What was measured before with these weights; None where nothing was. Cheap: no torch."""
    with suppress(UserError, TypeError, KeyError, ValueError):
        values = read_json(_place(run, _weights(run)))
        return HeadAgreement(**values | {"by_layer": tuple((int(i), float(v)) for i, v in values["by_layer"]), "run": run.name})
    return None


def head_agreement(run: Run, on_progress: Callable[[int, int], None] | None = None) -> HeadAgreement:
    """Measure it (seconds), or take what was measured before. Raises :class:`UserError` where weights, clips or a second
    head are missing."""
    if kept := kept_agreement(run):
        return kept
    weights = _weights(run)
    profiles = _profiles(run, weights, on_progress)
    found = replace(measured(run.name, profiles), final=weights.stem == "final")
    place = _place(run, weights)
    with suppress(OSError):  # nowhere to keep it: it is measured again next time
        place.parent.mkdir(parents=True, exist_ok=True)
        write_json(place, asdict(found))
    return found


def measured(name: str, profiles: dict[int, np.ndarray]) -> HeadAgreement:
    """From each layer's profiles ``(clips, heads, times)``, every row summing to 1; layers of one head are left out."""
    layers = {layer: values for layer, values in profiles.items() if values.shape[1] > 1}
    if not layers:
        raise UserError(f"{name} has no layer with two heads or more, so there is nothing to compare")
    both = {layer: _shares(values) for layer, values in layers.items()}
    shared = np.mean([pair[0] for pair in both.values()], axis=0)
    by_chance = np.mean([pair[1] for pair in both.values()], axis=0)
    difference = shared - by_chance
    drawn = np.random.default_rng(0).integers(0, len(difference), (DRAWS, len(difference)))
    low, high = np.percentile(difference[drawn].mean(axis=1), [2.5, 97.5])
    return HeadAgreement(name, max(values.shape[1] for values in layers.values()), len(difference), float(shared.mean()),
                         float(by_chance.mean()), float(low), float(high),
                         tuple((layer, float(pair[0].mean())) for layer, pair in both.items()))


def _shares(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per clip the mean over pairs of heads of what they share on it, and of what one shares with the other elsewhere."""
    clips, heads, _ = values.shape
    pairs = [(i, j) for i in range(heads) for j in range(heads) if i != j]
    own = np.mean([np.minimum(values[:, i], values[:, j]).sum(axis=1) for i, j in pairs], axis=0)
    if clips < 2:
        raise UserError("one clip alone says nothing about chance; two or more are needed")
    elsewhere = [np.minimum(values[:, i], np.roll(values[:, j], shift, axis=0)).sum(axis=1)
                 for i, j in pairs for shift in range(1, clips)]
    return own, np.mean(elsewhere, axis=0)


def _profiles(run: Run, weights: Path, on_progress) -> dict[int, np.ndarray]:
    """Every layer's attention over time on test clips, ``(clips, heads, times)``, rows summing to 1."""
    from core.audio import read_audio
    from core.checkpoint import load_checkpoint
    from core.models.layers import attention_layers
    from core.predict import explain

    checkpoint = load_checkpoint(weights)
    if not attention_layers(checkpoint.model):
        raise UserError(f"{run.name} has no attention to look at")
    dataset, clips = _test_clips(run, weights)
    found: dict[int, list] = {}
    for done, clip in enumerate(clips, start=1):
        waveform, rate = read_audio(dataset.path_of(clip), start=clip.start, end=clip.end)
        for attention in explain(checkpoint, waveform, rate).maps:
            rows = np.stack([over_time(head, attention.layout).weight for head in attention.weights])
            found.setdefault(attention.layer, []).append(rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-12))
        if on_progress:
            on_progress(done, len(clips))
    return {layer: np.stack(rows) for layer, rows in found.items()}


def _test_clips(run: Run, weights: Path):
    """The data set, and up to :data:`MOST` of its clips that this model was tested on, evenly over their list; for the model
    that was trained on everything, those that the others were tested on."""
    from core.datasets import configured_dataset

    predictions = run.predictions()
    if predictions is None:
        raise UserError(f"{run.name} has no predictions.csv, so its test clips are not known")
    dataset = configured_dataset(run.config)
    rows = of_split(predictions, "test")
    if weights.stem != "final":
        rows = rows[rows["model_fold"].astype(str) == weights.stem.removeprefix("fold")]
    tested = {clip_identity(dataset.name, path) for path in rows["path"]}
    clips = [clip for clip in dataset.clips if clip_identity(dataset.name, clip.key) in tested]
    if len(clips) < 2:
        raise UserError(f"the test clips of {run.name} are not in {dataset.name} at {dataset.root}")
    return dataset, [clips[i] for i in np.unique(np.linspace(0, len(clips) - 1, MOST).round().astype(int))]


def _weights(run: Run) -> Path:
    """A model that was tested, else the final one. Raises :class:`UserError` where there is none."""
    found = run.checkpoints()
    if not found:
        raise UserError(f"{run.name} has no weights here: train it again, or keep its .safetensors")
    return next(iter(found.values()))


def _place(run: Run, weights: Path) -> Path:
    facts = weights.stat()
    key = json.dumps([VERSION, MOST, str(weights.resolve()), facts.st_size, facts.st_mtime_ns])
    return cache_dir() / "heads" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
