"""A trained model as an ONNX file that needs nothing of Earshot: raw waveform in, probabilities out.

What the checkpoint does with its probabilities (the temperature) is in the file, and what a program has to know to use it
(classes, sample rate, when the answer is none of them) is in its metadata. Written by torch's exporter
(https://docs.pytorch.org/docs/stable/onnx_export.html), then asked the same as the model here before it is kept.
"""

import importlib.util
import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from core.checkpoint import Checkpoint
from core.config import TrainConfig
from core.errors import UserError
from core.files import replacing

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
INPUT, OUTPUT = "waveform", "probabilities"
TOLERANCE = 1e-4  # of a probability
KEY = "earshot"  # of the metadata


class Answering(nn.Module):
    """``(batch, samples)`` -> the probabilities that the checkpoint says, ``(batch, classes)``."""

    def __init__(self, checkpoint: Checkpoint):
        super().__init__()
        self.model, self.temperature = checkpoint.model, checkpoint.calibration.temperature

    def forward(self, waveform: Tensor) -> Tensor:
        return (self.model(waveform) / self.temperature).softmax(dim=1)


@dataclass(frozen=True)
class Exported:
    """What was written: clips of ``samples`` go in, ``clips`` at once (None: as many as one likes), and no probability differs
    by more than ``difference`` from the model's here."""

    path: Path
    clips: int | None
    samples: int
    sample_rate: int
    class_names: tuple[str, ...]
    difference: float

    def to_dict(self) -> dict:
        return {"path": str(self.path), "input": [self.clips, self.samples], "sample_rate": self.sample_rate,
                "class_names": list(self.class_names), "largest_difference": self.difference}


def export(checkpoint: Checkpoint, path: Path) -> Exported:
    """Write the checkpoint's model to ``path``. Any number of clips may be asked at once, where the model does not take them
    apart itself (``ast_finetune`` does: one).

    Raises :class:`UserError` where a package is missing, or the exporter does not know something that the model does.
    OSError where the file cannot be written.
    """
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise UserError(f"an export needs the package {missing[0]}, which is not installed; "
                        "`pip install -r requirements-export.txt` brings it")
    answering = Answering(checkpoint).eval()
    config, clips = checkpoint.config, None
    program = _exported(answering, config, clips)
    if isinstance(program.model.graph.inputs[0].shape[0], int):
        clips = 1
        program = _exported(answering, config, clips)
    program.model.metadata_props[KEY] = json.dumps(_described(checkpoint))
    with replacing(path) as temporary:
        program.save(temporary, external_data=False)
        difference = max(_difference(answering, temporary, _noise(count, config.num_samples)) for count in {1, clips or 3})
        if difference > TOLERANCE:
            raise RuntimeError(f"the exported {config.model} answers differently from the model here (by up to "
                               f"{difference:.1e}), so it was not kept")
    return Exported(path, clips, config.num_samples, config.sample_rate, checkpoint.class_names, difference)


def _exported(answering: Answering, config: TrainConfig, clips: int | None):
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of packages that nobody asked for
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return torch.onnx.export(answering, (_noise(clips or 2, config.num_samples),), dynamo=True, verbose=False,
                                     input_names=[INPUT], output_names=[OUTPUT],
                                     dynamic_shapes=None if clips else ({0: torch.export.Dim("clips")},))
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise UserError(f"{config.model} cannot be written as ONNX: {reason}") from error


def _described(checkpoint: Checkpoint) -> dict:
    """What a program has to know to use the file."""
    config = checkpoint.config
    return {"model": config.model, "class_names": list(checkpoint.class_names), "sample_rate": config.sample_rate,
            "samples": config.num_samples, "unknown_below": checkpoint.calibration.unknown_below}


def _difference(answering: Answering, path: Path, clips: Tensor) -> float:
    """The largest difference of a probability between the file and the model."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        ours = answering(clips)
    theirs, = session.run([OUTPUT], {INPUT: clips.numpy()})
    return float((torch.from_numpy(theirs) - ours).abs().max())


def _noise(count: int, samples: int) -> Tensor:
    """Noise, the same every time: ``(count, samples)``."""
    return 0.1 * torch.randn(count, samples, generator=torch.Generator().manual_seed(count))
