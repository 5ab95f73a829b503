"""One fold, epoch by epoch. The trainer knows no screen and no disk layout: it calls back with events.

Every epoch draws its order, its augmentation and its dropout from a seed made of (seed, fold, epoch). So two trainings
with one seed are equal to the byte, and one that is resumed at an epoch's end goes on as if nothing had happened.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.augment import augment, coin, mixup
from core.config import TrainConfig
from core.errors import UserError
from core.outliers import add_outliers
from core.schedule import rate_share
from core.segments import Segments
from core.splits import Split

ROW = {"fold", "epoch", "split", "loss", "accuracy", "learning_rate", "seconds"}  # of the history


class Cancelled(Exception):
    """Raised by an ``on_event`` callback to stop a training at once."""


class Diverged(UserError):
    """The loss is no longer a number: these settings cannot be trained with."""


@dataclass(frozen=True)
class FoldState:
    """All that is needed to go on after the end of an epoch."""

    epoch: int  # epochs done
    history: list[dict]
    tensors: dict[str, Tensor]  # model.*, average.*, best.*, optimizer.<parameter index>.*


@dataclass(frozen=True)
class BatchEnd:
    fold: int | str
    epoch: int
    epochs: int
    batch: int
    batches: int


@dataclass(frozen=True)
class EpochEnd:
    fold: int | str
    epoch: int
    epochs: int
    rows: list[dict]  # of this epoch: one for train and, where there is a validation fold, one for validation
    snapshot: Callable[[], FoldState]


def pick_device(name: str = "auto") -> torch.device:
    """``auto`` takes a CUDA GPU, then Apple's MPS, then the CPU. Raises :class:`UserError` for one that is absent."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, here in present.items() if here)
    if not present[name]:
        here = ", ".join(kind for kind, there in present.items() if there)
        raise UserError(f"device expects something this machine has ({here}), found {name!r}; use device=auto")
    return torch.device(name)


def derive_seed(*parts: int | str) -> int:
    """One well-mixed seed from several numbers or words."""
    numbers = [int.from_bytes(p.encode(), "little") if isinstance(p, str) else p for p in parts]
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def seed_torch(seed: int, device: torch.device | str = "cpu") -> None:
    """:func:`torch.manual_seed`. On a CPU without what that keeps, as long as the process lives, for every other kind of device
    that might be used later: who called it, which takes longer than an epoch of a small model."""
    (torch.default_generator.manual_seed if torch.device(device).type == "cpu" else torch.manual_seed)(seed)


def fit_fold(model: nn.Module, waveforms: np.ndarray, targets: np.ndarray, split: Split, config: TrainConfig, *,
             num_classes: int, fold: int | str | None = None, on_event: Callable = lambda event: None,
             resume_from: FoldState | None = None) -> list[dict]:
    """Train ``model`` on ``split.train`` and leave the kept weights in it. ``split.test`` is never looked at.

    ``waveforms`` ``(clips, samples)`` of any float type, memory-mapped if you like; ``targets`` ``(clips,)`` class indices.
    Returns the history: one row per epoch and split (``train``, ``validation``). Raises :class:`Diverged` when the loss
    is no longer a number, and whatever ``on_event`` raises.
    """
    fold = split.model_fold if fold is None else fold
    device = pick_device(config.device)
    model.to(device)
    optimizer = torch.optim.AdamW(_parameter_groups(model, config.weight_decay), lr=config.learning_rate)
    average = copy.deepcopy(model).eval() if config.average else model
    best: dict[str, Tensor] = {}
    history: list[dict] = []
    done = 0
    if resume_from:
        done, history = resume_from.epoch, list(resume_from.history)
        best = _restore(resume_from, model, average, optimizer)

    batches = math.ceil(len(split.train) / config.batch_size)
    train_index, steps = np.array(split.train), config.epochs * batches
    segments = Segments(waveforms, targets, split.train + split.segments, config.sample_rate) if config.dynamic else None
    for epoch in range(done + 1, config.epochs + 1):
        started = time.perf_counter()
        seed = derive_seed(config.seed, fold, epoch)
        seed_torch(seed, device)  # dropout
        generator = torch.Generator(device).manual_seed(seed)  # order and augmentation
        order = torch.randperm(len(train_index), generator=torch.Generator().manual_seed(seed)).numpy()
        model.train()
        total_loss = torch.zeros((), device=device)
        total_correct = torch.zeros((), device=device)
        for batch, index in enumerate(np.array_split(train_index[order], batches)):
            step = (epoch - 1) * batches + batch
            rate = config.learning_rate * rate_share(step, steps, config.warmup, config.schedule)
            for group in optimizer.param_groups:
                group["lr"] = rate
            waveform = _to_device(waveforms, index, device)
            if segments:
                _build_some(waveform, targets[index], segments, config.dynamic, derive_seed(seed, batch))
            target = F.one_hot(torch.from_numpy(targets[index]).to(device), num_classes).float()
            loss, correct = _update(model, optimizer, waveform, target, config, generator)
            total_loss += loss * len(index)
            total_correct += correct
            if config.average:
                _average(average, model, min(config.average, (1 + step) / (10 + step)))
            on_event(BatchEnd(fold, epoch, config.epochs, batch + 1, batches))
        loss = total_loss.item() / len(train_index)
        if not math.isfinite(loss):
            raise Diverged(f"the loss of fold {fold} is no longer a number in epoch {epoch}; "
                            f"a lower learning rate than {config.learning_rate:g} usually helps")
        rows = [_row(fold, epoch, "train", loss, total_correct.item() / len(train_index), rate)]
        if split.validation:
            rows.append(_validation_row(average, waveforms, targets, split.validation, fold, epoch, rate))
            if config.select == "best_validation" and _is_best(rows[-1], history):
                best = {name: value.clone() for name, value in average.state_dict().items()}
        seconds = round(time.perf_counter() - started, 3)
        history += [row | {"seconds": seconds} for row in rows]
        on_event(EpochEnd(fold, epoch, config.epochs, history[-len(rows):],
                          partial(_snapshot, epoch, history, model, average, best, optimizer)))
    model.load_state_dict(best or average.state_dict())
    model.eval()
    return history


@torch.inference_mode()
def predict_logits(model: nn.Module, waveforms: np.ndarray, indices, batch_size: int = 64) -> np.ndarray:
    """Logits ``(len(indices), num_classes)`` float32 of the chosen clips, on the device where the model is."""
    device = next(model.parameters()).device
    model.eval()
    indices = np.asarray(indices, dtype=int)
    parts = [model(_to_device(waveforms, indices[start : start + batch_size], device)).float().cpu()
             for start in range(0, len(indices), batch_size)]
    return torch.cat(parts).numpy()


def _build_some(waveform: Tensor, targets: np.ndarray, segments: Segments, chance: float, seed: int) -> None:
    """Replace a share of a batch ``(batch, samples)`` by clips built from segments of the same class."""
    random = np.random.default_rng(seed)
    for row, target in enumerate(targets):
        if random.random() < chance and (built := segments.build(int(target), random)) is not None:
            waveform[row] = torch.from_numpy(built).to(waveform)


def _update(model, optimizer, waveform, target, config, generator) -> tuple[Tensor, Tensor]:
    """One step of the optimizer; returns the batch's mean loss and its number of right answers, still on the device."""
    clips = len(waveform)
    if config.outliers:  # before the effects: nothing but what they are may tell them from clips
        waveform, target = add_outliers(waveform, target, config, generator)
    waveform = augment(waveform, config, generator)
    if config.mixup and clips > 1 and coin(config.mixup, generator):
        mixed, shared = mixup(waveform[:clips], target[:clips], generator, config.mixup_loudness)
        waveform, target = torch.cat([mixed, waveform[clips:]]), torch.cat([shared, target[clips:]])
    with torch.autocast(waveform.device.type, torch.bfloat16,
                        enabled=config.mixed_precision and waveform.device.type == "cuda"):
        logits = model(waveform)
    loss = F.cross_entropy(logits.float(), target, label_smoothing=config.label_smoothing)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if config.gradient_clip:
        nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
    optimizer.step()
    return loss.detach(), (logits[:clips].argmax(1) == target[:clips].argmax(1)).sum()


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay pulls on matrices and filters, not on biases, norms and single tokens."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in parameters if p.squeeze().ndim >= 2]
    others = [p for p in parameters if p.squeeze().ndim < 2]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Exponential moving average of the weights; running statistics and counters are copied."""
    for mean, now in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(now, 1 - decay)
    for kept, now in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(now)


def _validation_row(model, waveforms, targets, indices, fold, epoch, rate) -> dict:
    logits = torch.from_numpy(predict_logits(model, waveforms, indices))
    target = torch.from_numpy(targets[np.array(indices)])
    accuracy = (logits.argmax(1) == target).float().mean().item()
    return _row(fold, epoch, "validation", F.cross_entropy(logits, target).item(), accuracy, rate)


def _row(fold, epoch, split, loss, accuracy, rate) -> dict:
    return {"fold": fold, "epoch": epoch, "split": split, "loss": round(loss, 6), "accuracy": round(accuracy, 6),
            "learning_rate": float(f"{rate:.6g}")}


def _is_best(row: dict, history: list[dict]) -> bool:
    """Higher accuracy than every epoch before, or the same at a lower loss."""
    before = [(r["accuracy"], -r["loss"]) for r in history if r["split"] == "validation"]
    return not before or (row["accuracy"], -row["loss"]) > max(before)


def _to_device(waveforms: np.ndarray, index: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(waveforms[index])).to(device).float()


def _snapshot(epoch, history, model, average, best, optimizer) -> FoldState:
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    if average is not model:
        tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in best.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    return FoldState(epoch, list(history), {name: value.detach().cpu().clone() for name, value in tensors.items()})


def check_state(state: FoldState, model: nn.Module, config: TrainConfig) -> None:
    """Raise :class:`UserError` unless the state was saved in the middle of training this model with this config."""
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    weights = {f"model.{name}": shape for name, shape in shapes.items()}
    if config.average:
        weights |= {f"average.{name}": shape for name, shape in shapes.items()}
    moments = {}
    parameters = [p for group in _parameter_groups(model, config.weight_decay) for p in group["params"]]
    for index, parameter in enumerate(parameters):
        moments |= {f"optimizer.{index}.{name}": parameter.shape for name in ("exp_avg", "exp_avg_sq")}
        moments[f"optimizer.{index}.step"] = torch.Size([])
    best = {f"best.{name}": shape for name, shape in shapes.items()}
    found = {name: value.shape for name, value in state.tensors.items()}
    allowed = weights | moments | best
    if any(found.get(name) != shape for name, shape in weights.items()) or any(
            allowed.get(name) != shape for name, shape in found.items()):
        raise UserError(f"the saved state is not one of the model {config.model}")
    if not 1 <= state.epoch <= config.epochs or not all(
            isinstance(row, dict) and row.keys() >= ROW for row in state.history):
        raise UserError(f"the saved state is not one of a training of {config.epochs} epochs")


def _restore(state: FoldState, model, average, optimizer) -> dict[str, Tensor]:
    """Put a snapshot back; returns the best weights so far (empty where none are kept)."""
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "best": {}, "optimizer": {}}
    for name, value in state.tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = value.clone()
    model.load_state_dict(parts["model"])
    if average is not model:
        average.load_state_dict(parts["average"])
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in parts["optimizer"].items():
        index, _, key = name.partition(".")
        moments.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    return parts["best"]
