"""A model for trainings of which no test asks how well they listen."""

import torch

from core.models import MODELS


class TinyModel(torch.nn.Module):
    """Four filters, a norm, dropout and a linear layer: all that a training has to keep and to repeat, in a tenth of the time
    of the smallest model."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.conv, self.norm = torch.nn.Conv1d(1, 4, 32, 16), torch.nn.BatchNorm1d(4)
        self.dropout, self.head = torch.nn.Dropout(0.1), torch.nn.Linear(4, num_classes)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        features = self.norm(self.conv(waveform[:, None])).relu()
        return self.head(self.dropout(features.mean(dim=2)))


def stand_for_cnn1d() -> None:
    """From here on, in this process, ``cnn1d`` is a :class:`TinyModel`."""
    MODELS["cnn1d"] = lambda wanted: TinyModel(wanted.num_classes)
