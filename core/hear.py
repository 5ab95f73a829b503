"""What augmentation does to one clip, so that a person can hear it before a training does. torch is imported when asked."""

import numpy as np

from core.audio import fit_length, resample
from core.config import TrainConfig

ALL = "all"
OFF = {"fill": 0.0, "time_shift": 0.0, "speed": 0.0, "reverb": 0.0, "stretch": 0.0, "pitch": 0.0, "equalize": 0.0,
       "narrow": 0.0, "level": 0.0, "gain_db": 0.0, "polarity": 0.0, "noise": 0.0}  # effect -> its setting's value when off
SETTING = {"gain": "gain_db"} | {name: name for name in OFF if name != "gain_db"}
TITLES = {ALL: "Everything that is on", "fill": "Filled silence", "time_shift": "Time shift", "speed": "Speed",
          "reverb": "Room", "stretch": "Time stretch", "pitch": "Pitch shift", "equalize": "Equalizer", "narrow": "Narrow band",
          "level": "RMS level", "gain": "Gain", "polarity": "Polarity flip", "noise": "Noise"}


def effects_on(config: TrainConfig) -> list[str]:
    """Names of the effects that these settings switch on, in the order in which they are done."""
    values = config.to_dict()
    return [name for name in TITLES if name != ALL and values[SETTING[name]] > OFF[SETTING[name]]]


def before_and_after(waveform: np.ndarray, sample_rate: int, config: TrainConfig, seed: int, only: str = ALL,
                     ) -> tuple[np.ndarray, np.ndarray]:
    """The clip as training gets it, at ``config.sample_rate`` and the clip length, and one draw of what it makes of it: with
    all effects that are on, each as often as its probability says, or with ``only`` one of them
    for sure. float32 ``(samples,)``
    """
    import torch

    from core.augment import CHANCES, EFFECTS, augment

    before = fit_length(resample(waveform, sample_rate, config.sample_rate), config.num_samples).astype(np.float32)
    batch, generator = torch.from_numpy(before)[None], torch.Generator().manual_seed(seed)
    if only == ALL:
        after = augment(batch, config, generator)
    else:
        after = EFFECTS[only](batch, config.replace(**({only: 1.0} if only in CHANCES else {})), generator)
    return before, after[0].numpy()
