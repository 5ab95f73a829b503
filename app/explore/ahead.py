"""The clips before and after the open one, decoded while the person looks at it, so that the next press finds them ready."""

import contextlib
import threading
from collections.abc import Sequence

from app.state import clip_audio, clip_bytes
from core.clips import Clip, Dataset
from core.errors import UserError

SOON = 0.4  # s: the picture that was asked for comes first


def look_ahead(dataset: Dataset, clips: Sequence[Clip]) -> None:
    """Decode them soon, in a thread; what cannot be read is said when it is opened."""
    timer = threading.Timer(SOON, _load, (dataset, clips))
    timer.daemon = True
    timer.start()


def _load(dataset: Dataset, clips: Sequence[Clip]) -> None:
    for clip in clips:
        with contextlib.suppress(UserError):
            clip_audio(dataset, clip)
            clip_bytes(dataset, clip)
