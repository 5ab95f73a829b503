"""What the pages keep in memory, by how much it takes, and what goes to the browser to be played."""

import io

import numpy as np
import pytest
import soundfile

from app.kept import Kept
from app.state import WAV_SECONDS, playable


def test_the_latest_used_stays_and_bytes_decide():
    kept, made = Kept(most=10, size=len), []

    def get(key: str, size: int) -> bytes:
        return kept.get(key, lambda: made.append(key) or bytes(size))

    for key, size in (("a", 4), ("b", 4), ("a", 4), ("c", 4), ("a", 4), ("b", 4)):
        get(key, size)
    assert made == ["a", "b", "c", "b"], "a was used after b, so b had to go"
    get("huge", 1_000)
    get("huge", 1_000)
    assert made[4:] == ["huge"], "what is larger than all room is kept as long as nothing else comes"
    get("a", 4)
    get("huge", 1_000)
    assert made[5:] == ["a", "huge"]


def test_what_cannot_be_made_is_not_kept():
    kept = Kept(most=10, size=len)
    with pytest.raises(ValueError, match="broken"):
        kept.get("a", lambda: (_ for _ in ()).throw(ValueError("broken")))
    assert kept.get("a", lambda: b"whole") == b"whole"


@pytest.mark.parametrize(("seconds", "rate", "kind"), [
    (WAV_SECONDS, 44_100, "WAV"), (WAV_SECONDS + 1, 44_100, "OGG"), (WAV_SECONDS + 1, 7_000, "WAV"),
])
def test_a_long_sound_goes_to_the_browser_packed(seconds, rate, kind):
    time = np.arange(round(seconds * rate)) / rate
    data = playable(np.sin(2 * np.pi * 440 * time).astype(np.float32), rate)
    found = soundfile.info(io.BytesIO(data))
    assert (found.format, found.samplerate, found.frames) == (kind, rate, len(time))
    assert len(data) < 2e6
