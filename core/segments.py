"""Dynamic clips: a training clip built anew from active stretches of its class, as SANet's data side does.

Up to four stretches are joined; one longer than two seconds is first cut to a random 30 to 60 % of itself; then the whole is
placed at random within silence. Only clips of the training side are ever used, so nothing crosses a source or a fold.
"""

import numpy as np

MOST, LONG_SECONDS, PORTION = 4, 2.0, (0.3, 0.6)
FRAME_SECONDS, BELOW_PEAK_DB, SILENT_DB = 0.02, 40.0, -60.0


class Segments:
    """The active stretch of every training clip, by class.

    ``waveforms`` ``(clips, samples)`` of any float type, ``targets`` ``(clips,)``; only the rows in ``train`` are read.
    """

    def __init__(self, waveforms: np.ndarray, targets: np.ndarray, train: tuple[int, ...], sample_rate: int):
        self._waveforms, self._rate = waveforms, sample_rate
        self._by_class: dict[int, list[tuple[int, int, int]]] = {}
        for index in train:
            start, end = active_stretch(np.asarray(waveforms[index], dtype=np.float32), sample_rate)
            if end > start:
                self._by_class.setdefault(int(targets[index]), []).append((index, start, end))

    def build(self, target: int, random: np.random.Generator) -> np.ndarray | None:
        """A new clip of that class, float32 ``(samples,)``; None where the class has no active stretch."""
        stretches = self._by_class.get(target)
        if not stretches:
            return None
        length = self._waveforms.shape[1]
        parts = []
        for choice in random.integers(len(stretches), size=random.integers(1, MOST + 1)):
            index, start, end = stretches[choice]
            if end - start > LONG_SECONDS * self._rate:
                kept = round((end - start) * random.uniform(*PORTION))
                start += random.integers(end - start - kept + 1)
                end = start + kept
            parts.append(np.asarray(self._waveforms[index, start:end], dtype=np.float32))
        joined = np.concatenate(parts)[:length]
        before = random.integers(length - len(joined) + 1)
        return np.pad(joined, (before, length - len(joined) - before))


def active_stretch(waveform: np.ndarray, sample_rate: int) -> tuple[int, int]:
    """First and last sample of what is heard: from the first to the last 20 ms frame less than 40 dB below the loudest one.
    ``(0, 0)`` for silence."""
    size = max(1, round(FRAME_SECONDS * sample_rate))
    frames = np.pad(waveform, (0, -len(waveform) % size)).reshape(-1, size)
    power = np.mean(np.square(frames), axis=1)
    floor = max(power.max() * 10 ** (-BELOW_PEAK_DB / 10), 10 ** (SILENT_DB / 10))
    active = np.flatnonzero(power > floor)
    return (int(active[0]) * size, min(len(waveform), int(active[-1] + 1) * size)) if len(active) else (0, 0)
