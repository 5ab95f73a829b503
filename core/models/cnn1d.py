"""Architecture 1 of the assignment: one-dimensional convolutions and a fully connected head."""

import torch
from torch import Tensor, nn

from core.models.stem import ConvStem


class CNN1D(nn.Module):
    """Our 1D-CNN over the whole clip: four strided convolutions, mean and maximum over time, two linear layers.

    ``(batch, samples)`` → ``(batch, num_classes)``, any clip length from a few frames on.
    """

    def __init__(self, num_classes: int, sample_rate: int = 16_000, channels: tuple[int, ...] = (128, 128, 128),
                 dropout: float = 0.3):
        super().__init__()
        self.stem = ConvStem(sample_rate, channels=channels)
        self.head = nn.Sequential(nn.Linear(2 * channels[-1], 128), nn.GELU(), nn.Dropout(dropout),
                                  nn.Linear(128, num_classes))

    def forward(self, waveform: Tensor) -> Tensor:
        features = self.stem(waveform)
        return self.head(torch.cat([features.mean(dim=2), features.amax(dim=2)], dim=1))


class CNN1DPublished(nn.Module):
    """The published layout, to the parameter (2,591,050 at 10 classes): three convolutions on one second, then one
    linear layer that holds 99 % of the weights. It hears only the first ``input_size`` samples of a clip.

    Its published training put a softmax before the cross-entropy; ours takes the logits.
    """

    def __init__(self, num_classes: int, input_size: int = 16_000):
        super().__init__()
        self.input_size = input_size
        self.features = nn.Sequential(
            nn.Conv1d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(64, 128, 3, padding=1), nn.ReLU(), nn.AvgPool1d(2))
        self.classifier = nn.Linear(128 * (input_size // 8), num_classes)

    def forward(self, waveform: Tensor) -> Tensor:
        missing = self.input_size - waveform.shape[1]
        if missing > 0:
            waveform = nn.functional.pad(waveform, (0, missing))
        return self.classifier(self.features(waveform[:, None, : self.input_size]).flatten(1))
