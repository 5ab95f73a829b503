"""How fast every model trains and answers here, beside two naive references, in one run on one machine.

Clips per second alone say little about a model, because they belong to a machine: the ratio to a reference that was raced
in the same minute carries over.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from core.config import TrainConfig
from core.devices import cpu_count
from core.models import MODELS, create_model
from core.references import NaiveConvTransformer, NaiveSANet
from core.splits import Split
from core.training import fit_fold, pick_device

REFERENCES: dict[str, Callable[[], nn.Module]] = {
    "naive ConvTransformer": NaiveConvTransformer,
    "naive SANet": NaiveSANet,
}


@dataclass(frozen=True)
class Speed:
    name: str
    training_clips_per_second: float
    inference_ms: float  # one clip
    training_ratio: float | None = None  # to the naive ConvTransformer
    reference: bool = False


def benchmark(names: list[str] | None = None, *, clips: int = 96, repeats: int = 3, device: str = "auto",
              on_done: Callable[[Speed], None] = lambda speed: None) -> list[Speed]:
    """Race the references, then the models, over clips of 5 s at 16 kHz with the default settings (batch 32, augmentation
    and weight averaging included for ours, plain AdamW steps for the references). The median of ``repeats`` is kept.
    """
    waveforms = np.random.default_rng(0).standard_normal((clips, 80_000)).astype(np.float16) / 10
    targets = np.arange(clips) % 10
    speeds: list[Speed] = []
    for name in [*REFERENCES, *(names or MODELS)]:
        if name in REFERENCES:
            model = REFERENCES[name]()
            rate = _race_reference(model, waveforms, targets, device)
        else:
            model = create_model(name, 10)
            rate = statistics.median(_race(model, waveforms, targets, device) for _ in range(repeats))
        yardstick = speeds[0].training_clips_per_second if speeds else rate
        speed = Speed(name, round(rate, 2), round(_answer_ms(model, device, 3 * repeats + 1), 2), round(rate / yardstick, 2),
                      name in REFERENCES)
        speeds.append(speed)
        on_done(speed)
    return speeds


def machine(device: str = "auto") -> dict:
    """What the numbers belong to."""
    where = pick_device(device)
    name = torch.cuda.get_device_name() if where.type == "cuda" else f"{where.type}, {torch.get_num_threads()} threads"
    return {"device": name, "cores": cpu_count(), "torch": torch.__version__}


def as_json(speeds: list[Speed], device: str = "auto") -> dict:
    return {"machine": machine(device), "models": [asdict(speed) for speed in speeds]}


def _race(model: nn.Module, waveforms: np.ndarray, targets: np.ndarray, device: str) -> float:
    """Training clips per second of one epoch, through the real trainer."""
    split = Split(1, tuple(range(len(waveforms))), (), ())
    config = TrainConfig(epochs=2, device=device)
    rows = fit_fold(model, waveforms, targets, split, config, num_classes=10)
    return len(waveforms) / rows[-1]["seconds"]  # the second epoch: the first one warms up


def _race_reference(model: nn.Module, waveforms: np.ndarray, targets: np.ndarray, device: str) -> float:
    """Training clips per second of one update on up to 8 clips (a whole epoch would take the references minutes)."""
    where = pick_device(device)
    model.to(where).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    waveform = torch.from_numpy(waveforms[:8]).to(where).float()
    target = torch.from_numpy(targets[:8]).to(where)
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(waveform), target).backward()
        optimizer.step()
        _finish(where)
        seconds.append(time.perf_counter() - started)
    return len(waveform) / seconds[-1]


@torch.inference_mode()
def _answer_ms(model: nn.Module, device: str, repeats: int) -> float:
    """Milliseconds for the answer to one clip of 5 s, median."""
    where = pick_device(device)
    model.to(where).eval()
    waveform = torch.randn(1, 80_000, device=where) / 10
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        model(waveform).cpu()
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
