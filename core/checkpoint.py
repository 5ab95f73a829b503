"""Weights on disk: safetensors with config and class names in the metadata. Nothing is unpickled."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from core.calibration import Calibration
from core.config import TrainConfig
from core.errors import UserError
from core.files import replacing
from core.models import create_model
from core.training import FoldState

PICKLES, ZIP = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), b"PK\x03\x04"  # how they begin
KEY = "earshot"  # one key of the file's metadata: with several, safetensors writes them in another order every time


@dataclass(frozen=True)
class Checkpoint:
    """A trained model, ready to answer."""

    model: nn.Module  # in evaluation mode
    config: TrainConfig
    class_names: tuple[str, ...]
    calibration: Calibration = field(default_factory=Calibration)


def save_checkpoint(path: Path, model: nn.Module, config: TrainConfig, class_names: tuple[str, ...],
                    calibration: Calibration | None = None) -> None:
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    described = {"architecture": model.architecture} if hasattr(model, "architecture") else {}
    if calibration:
        described["calibration"] = calibration.to_dict()
    _write(path, tensors, {"config": config.to_dict(), "class_names": list(class_names), **described})


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises :class:`UserError` when the file is absent, cut short, no checkpoint of ours, or of another model."""
    tensors, metadata = _read(path)
    config, class_names = metadata.get("config"), metadata.get("class_names")
    if not isinstance(config, dict) or not _is_names(class_names):
        raise UserError(f"{path} holds weights but not Earshot's config and class names; use a checkpoint made here")
    try:
        config, class_names = TrainConfig.from_dict(config), tuple(class_names)
        calibration = Calibration.from_dict(metadata.get("calibration", {}))
        model = create_model(config.model, len(class_names), config.num_samples, config.sample_rate, config,
                             metadata.get("architecture"))
    except UserError as error:
        raise UserError(f"{path} was made by another version of Earshot: {error}") from None
    try:
        model.load_state_dict(tensors)
    except RuntimeError:
        raise UserError(f"the weights in {path} do not fit the model {config.model}; "
                        "it was saved by another version of that model: train it again") from None
    return Checkpoint(model.eval(), config, class_names, calibration)


def save_fold_state(path: Path, state: FoldState) -> None:
    """The full state of an unfinished fold, so that it can go on after a cancel or a crash."""
    _write(path, state.tensors, {"epoch": state.epoch, "history": state.history})


def load_fold_state(path: Path) -> FoldState:
    """Raises :class:`UserError` when the file is absent, cut short or another thing. Whether the state is one of a
    certain model is asked of :func:`core.training.check_state`."""
    tensors, metadata = _read(path)
    if not isinstance(metadata.get("epoch"), int) or not isinstance(metadata.get("history"), list):
        raise UserError(f"{path} is not the saved state of an unfinished fold; delete it to start that fold again")
    return FoldState(metadata["epoch"], metadata["history"], tensors)


def _write(path: Path, tensors: dict, metadata: dict) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, {KEY: json.dumps(metadata)}))


def _read(path: Path) -> tuple[dict, dict]:
    """Tensors by name, and what :func:`_write` noted about them."""
    if not Path(path).is_file():
        raise UserError(f"there is no checkpoint at {path}")
    try:
        with open(path, "rb") as file:
            start = file.read(4)
        if start[:2] in PICKLES or start == ZIP:
            raise UserError(f"{path} is a pickle, as torch.save writes it, and opening one may run what a stranger put "
                            "in it; Earshot reads safetensors only")
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get(KEY, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, ValueError, OSError, RecursionError) as error:
        raise UserError(f"{path} is not a whole safetensors checkpoint ({error}); train it again or fetch it anew") from None
    return tensors, metadata if isinstance(metadata, dict) else {}


def _is_names(value) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(name, str) for name in value)
