"""What one sound may cost at most: environment variables with defaults, checked whenever they are read."""

import os
from dataclasses import dataclass

from core.errors import UserError


@dataclass(frozen=True)
class Limit:
    """A whole number of ``unit`` that an environment variable may move between ``low`` and ``high``."""

    variable: str
    default: int
    low: int
    high: int
    unit: str
    help: str

    def __call__(self) -> int:
        """The limit in force. Raises :class:`UserError` when the variable holds something else than such a number."""
        text = os.environ.get(self.variable, "").strip()
        if not text:
            return self.default
        if not (text.isascii() and text.isdigit() and self.low <= int(text[:12]) <= self.high):
            raise UserError(f"{self.variable} expects a whole number of {self.unit} from {self.low:,} to {self.high:,}, "
                            f"found {text[:40]!r}; without it {self.default:,} are allowed")
        return int(text)


max_upload_mb = Limit("EARSHOT_MAX_UPLOAD_MB", 200, 1, 1_000, "MB", "Largest sound that may be uploaded")
max_minutes = Limit("EARSHOT_MAX_MINUTES", 60, 1, 1_440, "minutes", "Longest sound that is read")
decode_seconds = Limit("EARSHOT_DECODE_SECONDS", 120, 1, 3_600, "seconds", "Longest time that decoding one sound may take")
decoder_mb = Limit("EARSHOT_DECODER_MB", 1_024, 256, 65_536, "MB",
                   "Memory that decoding one sound may take, where the system can limit it (Linux)")

LIMITS = (max_upload_mb, max_minutes, decode_seconds, decoder_mb)


def longest_seconds() -> float:
    """``max_minutes`` in seconds, and one more: coders like mp3's fill up the last of their blocks."""
    return 60.0 * max_minutes() + 1
