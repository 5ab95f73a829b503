"""The clips before and after the open one, decoded and transformed while the person looks at it, so that the next press finds
them ready."""

import contextlib
import threading
from collections.abc import Sequence

from app.explore.pictures import clip_spectrogram
from app.state import clip_bytes
from core.clips import Clip, Dataset
from core.errors import UserError

SOON = 0.4  # s: the picture that was asked for comes first


def look_ahead(dataset: Dataset, clips: Sequence[Clip], settings: dict) -> None:
    """Read them soon, in a thread, with the settings of the open one; what cannot be read is said when it is opened."""
    timer = threading.Timer(SOON, _load, (dataset, clips, settings))
    timer.daemon = True
    timer.start()


def _load(dataset: Dataset, clips: Sequence[Clip], settings: dict) -> None:
    for clip in clips:
        with contextlib.suppress(UserError):
            clip_spectrogram(dataset, clip, settings)
            clip_bytes(dataset, clip)
