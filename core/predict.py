"""The answer for one sound, and what the model attended to while it gave it.

A clip is resampled to the model's rate. One shorter than the model's length stands in the middle of zeros, as in
training; a longer one is cut into windows that overlap by half, and the probabilities of its loud windows are averaged:
those within ``LOUD_DB`` of the loudest, because the pause around an event is not what a recording is about. Times are
always seconds of the clip, so a window that begins in the padding before the clip begins at a negative time.

A checkpoint that was calibrated (:mod:`core.calibration`) says its probabilities at its temperature, and that a sound is
none of its classes where that average is not sure enough of any.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from core.errors import UserError

if TYPE_CHECKING:
    from core.attention import AttentionMap
    from core.checkpoint import Checkpoint

SLACK = 0.02  # a clip longer than the model's by up to this share is cut to its centre, not heard twice
WINDOWS_AT_ONCE = 32
LOUD_DB = 10  # chosen on validation clips within 30 s of faint noise, among 10 to 200: docs/research.md, "In a long file"


@dataclass(frozen=True)
class Window:
    """One stretch the model heard: seconds of the clip, its probabilities ``(classes,)``, and how loud it is."""

    start: float
    end: float
    probs: np.ndarray
    rms: float = 0.0  # root mean square of its samples, where it was asked for


@dataclass(frozen=True)
class Prediction:
    """A model's answer for a whole clip."""

    model: str
    class_names: tuple[str, ...]
    seconds: float
    probs: np.ndarray  # (classes,), the mean over the loud windows
    windows: tuple[Window, ...]
    unknown: bool  # true when there is nothing to hear, or nothing that the model knows; `remark` says which
    remark: str | None = None
    silent: bool = False

    @property
    def said(self) -> str:
        """The answer in a word or three: a class, or why none."""
        return "nothing to hear" if self.silent else "none of these" if self.unknown else self.ranked[0][0]

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """Every class with its probability, best first."""
        order = np.argsort(-self.probs, kind="stable")
        return [(self.class_names[i], float(self.probs[i])) for i in order]

    @property
    def loud(self) -> list[int]:
        """Indices of the windows that the answer was made of."""
        return loud_windows(self.windows)

    @property
    def surest_window(self) -> int:
        """Index of the loud window that is surest of the clip's best class."""
        best = int(np.argmax(self.probs))
        return max(self.loud, key=lambda index: self.windows[index].probs[best])


@dataclass(frozen=True)
class Explanation:
    """What stood behind one window: the attention of every layer and the log-mel spectrogram of what was heard."""

    window: Window
    maps: tuple["AttentionMap", ...]  # empty for a model without attention; times in seconds of the clip
    log_mel: np.ndarray  # (bands, frames) float32, dB
    times: np.ndarray  # (frames,) seconds of the clip
    frequencies: np.ndarray  # (bands,) Hz


def load_predictor(path: Path) -> "Checkpoint":
    """The model of a checkpoint file, ready to answer. Load it once and keep it. Raises :class:`UserError`."""
    from core.checkpoint import load_checkpoint

    return load_checkpoint(Path(path))


def predict(checkpoint: "Checkpoint", waveform: np.ndarray, sample_rate: int) -> Prediction:
    """The answer for ``waveform`` ``(samples,)`` at ``sample_rate`` Hz; :class:`UserError` where there is none."""
    heard, offsets = _prepared(checkpoint, waveform, sample_rate)
    return answered(checkpoint, hear_windows(checkpoint, heard, offsets), len(waveform) / sample_rate,
                    bool(np.ptp(waveform) == 0))


def hear_windows(checkpoint: "Checkpoint", heard: np.ndarray, offsets: Sequence[int], skipped: int = 0,
                 on_progress: Callable[[int], None] | None = None) -> list[Window]:
    """The window at each of ``offsets``, in samples of a sound at the model's rate whose first ``skipped`` ``heard`` lacks.

    ``on_progress(windows done)`` is called after every batch.
    """
    import torch

    length, rate, windows = checkpoint.config.num_samples, checkpoint.config.sample_rate, []
    with torch.inference_mode(), _one_thread:
        for first in range(0, len(offsets), WINDOWS_AT_ONCE):
            some = offsets[first : first + WINDOWS_AT_ONCE]
            batch = np.stack([_stretch(heard, offset - skipped, length) for offset in some])
            loudness = np.sqrt(np.mean(batch**2, axis=1, dtype=np.float64))
            windows += [Window(offset / rate, (offset + length) / rate, probs, float(rms))
                        for offset, probs, rms in zip(some, _probabilities(checkpoint, batch), loudness, strict=True)]
            if on_progress:
                on_progress(len(windows))
    return windows


def loud_windows(windows: Sequence[Window]) -> list[int]:
    """Indices of the windows at most ``LOUD_DB`` below the loudest; of all where none has a sound in it."""
    quietest = max(window.rms for window in windows) * 10 ** (-LOUD_DB / 20)
    return [index for index, window in enumerate(windows) if window.rms >= quietest]


def answered(checkpoint: "Checkpoint", windows: Sequence[Window], seconds: float, silent: bool) -> Prediction:
    """The answer made of what every window said."""
    probs = np.stack([windows[index].probs for index in loud_windows(windows)]).mean(axis=0)
    names, remark = tuple(checkpoint.class_names), None
    if silent:
        remark = "This clip is digitally silent: every sample has the same value, so there is nothing to name."
    elif (surest := probs.max()) < checkpoint.calibration.unknown_below:
        parts = _sure_of(checkpoint, windows)
        remark = (f"{'As a whole this' if parts else 'This'} sounds like none of the {len(names)} classes: the nearest is "
                  f"{names[int(probs.argmax())]}, and the model is only {100 * surest:.0f} % sure of it.")
        if parts:
            few = ", ".join(parts) if len(parts) < 4 else f"{len(parts)} of them"
            remark += f" In parts of it the model is sure: of {few}."
    return Prediction(checkpoint.config.model, names, seconds, probs, tuple(windows), remark is not None, remark, silent)


def _sure_of(checkpoint: "Checkpoint", windows: Sequence[Window]) -> list[str]:
    """The classes that some loud window is sure of."""
    surest = {int(probs.argmax()) for index in loud_windows(windows)
              if (probs := windows[index].probs).max() >= checkpoint.calibration.unknown_below}
    return [checkpoint.class_names[number] for number in sorted(surest)]


def explain(checkpoint: "Checkpoint", waveform: np.ndarray, sample_rate: int, window: int = 0) -> Explanation:
    """Attention and log-mel of one of the windows of :func:`predict`; raises :class:`UserError` as it does."""
    import torch

    from core.attention import record_attention
    from core.models.layers import attention_layers

    heard, offsets = _prepared(checkpoint, waveform, sample_rate)
    if not 0 <= window < len(offsets):
        raise UserError(f"this clip has windows 0 to {len(offsets) - 1}, found {window}")
    length, rate = checkpoint.config.num_samples, checkpoint.config.sample_rate
    stretch, offset = _stretch(heard, offsets[window], length), offsets[window] / rate
    recording = record_attention(checkpoint.model) if attention_layers(checkpoint.model) else nullcontext()
    with torch.inference_mode(), _one_thread:
        with recording as record:
            probs = _probabilities(checkpoint, stretch[None])[0]
        frontend = _log_mel(rate)
        log_mel = frontend(torch.from_numpy(stretch)).numpy()
    maps = tuple(_moved(attention, offset) for attention in record.maps) if record else ()
    times = offset + np.arange(log_mel.shape[1]) * frontend.hop_length / rate
    return Explanation(Window(offset, offset + length / rate, probs), maps, log_mel, times, frontend.frequencies())


def shifted(explanation: Explanation, seconds: float) -> Explanation:
    """The same explanation with every time ``seconds`` later: that of a stretch, in seconds of the whole sound."""
    window = explanation.window
    return replace(explanation, window=replace(window, start=window.start + seconds, end=window.end + seconds),
                   maps=tuple(_moved(attention, seconds) for attention in explanation.maps),
                   times=explanation.times + seconds)


def window_offsets(num_samples: int, length: int) -> list[int]:
    """First sample of every window of ``length``: one window when the clip is about that long (its centre), else
    windows half a length apart, the last one ending with the clip."""
    spare = num_samples - length
    if spare <= SLACK * length:
        return [int(spare / 2)]  # towards zero, as core.audio.fit_length does
    hop = length // 2
    return [*range(0, spare, hop), spare]


def _prepared(checkpoint: "Checkpoint", waveform: np.ndarray, sample_rate: int) -> tuple[np.ndarray, list[int]]:
    """The waveform at the model's rate and the first samples of its windows."""
    from core.audio import resample

    if not len(waveform):
        raise UserError("this clip holds no samples; a clip needs at least one")
    if not np.isfinite(waveform).all():
        raise UserError("this clip holds samples that are no numbers (NaN or infinite); save it again as 16-bit WAV")
    config = checkpoint.config
    heard = resample(np.asarray(waveform, dtype=np.float32), sample_rate, config.sample_rate)
    return heard, window_offsets(len(heard), config.num_samples)


def _stretch(waveform: np.ndarray, offset: int, length: int) -> np.ndarray:
    """``length`` samples from ``offset`` on, zeros where the waveform has none."""
    stretch = np.zeros(length, dtype=np.float32)
    first, last = max(offset, 0), min(offset + length, len(waveform))
    stretch[first - offset : last - offset] = waveform[first:last]
    return stretch


def _probabilities(checkpoint: "Checkpoint", batch: np.ndarray) -> np.ndarray:
    """``(windows, samples)`` -> ``(windows, classes)``, on the device the model is on."""
    import torch

    device = next(checkpoint.model.parameters()).device
    logits = checkpoint.model(torch.from_numpy(batch).to(device)).float()
    return (logits / checkpoint.calibration.temperature).softmax(dim=1).cpu().numpy()


class _OneThread:
    """One clip is a few milliseconds of work. Two threads of which one must wait for a core, because a training has
    them, take twenty times as long as one thread alone.

    Sessions answer at the same time, and torch keeps the number both per process (for threads that begin later) and
    per thread. So the first to enter notes it, and everybody who leaves puts that number back.
    """

    def __init__(self):
        self._lock, self._users, self._before = Lock(), 0, 1

    def __enter__(self) -> None:
        import torch

        with self._lock:
            if not self._users:
                self._before = torch.get_num_threads()
            self._users += 1
            torch.set_num_threads(1)

    def __exit__(self, *error: object) -> None:
        import torch

        with self._lock:
            self._users -= 1
            torch.set_num_threads(self._before)


_one_thread = _OneThread()


def _moved(attention: "AttentionMap", offset: float) -> "AttentionMap":
    """The same map with token times in seconds of the clip; times that are no places in the clip stay as they are."""
    layout = attention.layout
    if not layout.clip_time:
        return attention
    return replace(attention, layout=replace(layout, start=layout.start + offset, end=layout.end + offset))


@lru_cache(maxsize=4)
def _log_mel(sample_rate: int):
    """25 ms windows every 10 ms, 64 bands up to half the sample rate."""
    from core.mel import LogMel

    window, hop = round(0.025 * sample_rate), round(0.010 * sample_rate)
    return LogMel(sample_rate, n_fft=2 ** int(np.ceil(np.log2(2 * window))), win_length=window, hop_length=hop)
