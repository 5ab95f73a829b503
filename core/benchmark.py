"""How fast every model trains and answers here, and two of them beside naive references, in one run on one machine.

Clips per second alone say little about a model, because they belong to a machine: the ratio to another that was raced in
the same minute carries over.
"""

import contextlib
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from core.config import TrainConfig
from core.devices import cpu_count
from core.errors import UserError
from core.models import MODELS, count_macs, create_model
from core.pretrained import HUB, RANDOM
from core.references import NaiveConvTransformer, NaiveSANet
from core.splits import Split
from core.training import BatchEnd, Cancelled, fit_fold, pick_device

REFERENCES: dict[str, Callable[[], nn.Module]] = {
    "naive ConvTransformer": NaiveConvTransformer,
    "naive SANet": NaiveSANet,
}
PAIRS = {"conv_transformer_published": "naive ConvTransformer", "sanet": "naive SANet"}
PAIR_BATCH = 8  # a whole batch of 32 takes the references minutes
ENOUGH_SECONDS = 3.0
SLOW_SECONDS = 10.0  # longer than this no batch shall take


@dataclass(frozen=True)
class Speed:
    """One model: ``training_ratio`` is to the first model of the table; ``batch_size`` clips were in an update."""

    name: str
    batch_size: int
    training_clips_per_second: float
    inference_ms: float  # one clip
    training_ratio: float


@dataclass(frozen=True)
class Pair:
    """One model beside a plain one with the same numbers; ``gflops``: billions of operations of the plain program that
    ours gets through in a second, and what a large matrix product reaches here."""

    name: str
    reference: str
    clips_per_second: float
    reference_clips_per_second: float
    ratio: float
    gflops: float
    peak_gflops: float


@dataclass(frozen=True)
class Skipped:
    name: str
    reason: str


def benchmark(names: list[str] | None = None, *, clips: int = 96, repeats: int = 3, device: str = "auto",
              on_done: Callable[["Speed | Pair | Skipped"], None] = lambda row: None) -> list["Speed | Pair | Skipped"]:
    """Race the models over clips of 5 s at 16 kHz with the default settings, augmentation and weight averaging included (32
    clips in a batch, or fewer where that would take long), then those that a naive reference stands beside, turn by turn
    with it. What cannot run here says why.
    """
    waveforms = np.random.default_rng(0).standard_normal((clips, 80_000)).astype(np.float16) / 10
    targets = np.arange(clips) % 10
    rows: list[Speed | Pair | Skipped] = []

    def add(row) -> None:
        rows.append(row)
        on_done(row)

    names = list(names or MODELS)
    for name in names:
        try:
            batch, rate = _race(name, waveforms, targets, device)
        except UserError as error:
            add(Skipped(name, str(error)))
            continue
        yardstick = next((row.training_clips_per_second for row in rows if isinstance(row, Speed)), rate)
        answer = _answer_ms(_model(name), device, 3 * repeats + 1)
        add(Speed(name, batch, round(rate, 2), round(answer, 2), round(rate / yardstick, 3)))
    for name in filter(PAIRS.__contains__, names):
        add(_race_pair(name, waveforms, targets, device, repeats))
    return rows


def machine(device: str = "auto") -> dict:
    """What the numbers belong to."""
    where = pick_device(device)
    name = torch.cuda.get_device_name() if where.type == "cuda" else f"{where.type}, {torch.get_num_threads()} threads"
    return {"device": name, "cores": cpu_count(), "torch": torch.__version__}


def as_json(rows: list[Speed | Pair | Skipped], device: str = "auto") -> dict:
    of = {kind: [asdict(row) for row in rows if isinstance(row, kind)] for kind in (Speed, Pair, Skipped)}
    return {"machine": machine(device), "models": of[Speed], "pairs": of[Pair], "skipped": of[Skipped]}


def _model(name: str) -> nn.Module:
    """One model with ten classes; speed is a matter of the shapes, so no weights are fetched."""
    return create_model(name, 10, options=TrainConfig(model=name, pretrained=RANDOM if name in HUB else ""))


def _race(name: str, waveforms: np.ndarray, targets: np.ndarray, device: str) -> tuple[int, float]:
    """The batch size, and training clips per second with it. A model that is slow with two clips gets no full batch."""
    guess = _clips_per_second(name, waveforms, targets, TrainConfig(device=device, batch_size=2), 0.0)
    config = TrainConfig(device=device)
    config = config.replace(batch_size=min(config.batch_size, max(2, int(guess * SLOW_SECONDS)), len(waveforms)))
    return config.batch_size, _clips_per_second(name, waveforms, targets, config, ENOUGH_SECONDS)


def _clips_per_second(name: str, waveforms: np.ndarray, targets: np.ndarray, config: TrainConfig, enough: float) -> float:
    """Through the real trainer, for ``enough`` seconds and one batch at least, after a first batch to warm up."""
    ends: list[float] = []

    def on_event(event) -> None:
        if isinstance(event, BatchEnd):
            ends.append(time.perf_counter())
            if len(ends) > 1 and ends[-1] - ends[0] > enough:
                raise Cancelled

    split = Split(1, tuple(range(len(waveforms) // config.batch_size * config.batch_size)), (), ())
    with contextlib.suppress(Cancelled):
        fit_fold(_model(name), waveforms, targets, split, config.replace(epochs=1000), num_classes=10, on_event=on_event)
    return config.batch_size * (len(ends) - 1) / (ends[-1] - ends[0])


def _race_pair(name: str, waveforms: np.ndarray, targets: np.ndarray, device: str, repeats: int) -> Pair:
    """Turn by turn on the same batch: forward, backward and a step of AdamW, nothing else. The fastest turns count."""
    where = pick_device(device)
    models = {"ours": _model(name), "naive": REFERENCES[PAIRS[name]]()}
    optimizers = {}
    for who, model in models.items():
        model.to(where).train()
        optimizers[who] = torch.optim.AdamW(model.parameters(), lr=1e-3)
    samples = getattr(models["naive"], "num_samples", waveforms.shape[1])
    waveform = torch.from_numpy(waveforms[:PAIR_BATCH, :samples]).to(where).float()
    target = torch.from_numpy(targets[:PAIR_BATCH]).to(where)
    best = dict.fromkeys(models, math.inf)
    for _ in range(1 + repeats):
        for who, model in models.items():
            started = time.perf_counter()
            optimizers[who].zero_grad()
            nn.functional.cross_entropy(model(waveform), target).backward()
            optimizers[who].step()
            _finish(where)
            best[who] = min(best[who], time.perf_counter() - started)
    rate = {who: len(waveform) / seconds for who, seconds in best.items()}
    done = 3 * 2 * count_macs(models["ours"].eval(), samples) * rate["ours"]  # backward costs two forwards
    return Pair(name, PAIRS[name], round(rate["ours"], 2), round(rate["naive"], 2), round(rate["ours"] / rate["naive"], 2),
                round(done / 1e9, 1), round(_peak_gflops(where), 1))


def _peak_gflops(device: torch.device) -> float:
    """Billions of operations a second of a large matrix product: what this machine can do at best."""
    size = 8192 if device.type == "cuda" else 2048
    matrix, best = torch.randn(size, size, device=device), math.inf
    for _ in range(4):
        started = time.perf_counter()
        matrix @ matrix
        _finish(device)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best / 1e9


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
