"""What was expensive to make, kept by how much memory it takes: Streamlit's caches count entries, and a clip of an hour is
as large as a thousand clips of five seconds."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any


class Kept:
    """Up to ``most`` bytes of what ``make()`` gave, the latest used last to go. The very last is kept whatever its size."""

    def __init__(self, most: int, size: Callable[[Any], int]):
        self.most, self.size = most, size
        self._lock, self._kept = Lock(), OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What is kept under the key, else what ``make`` gives now; what it raises is raised and nothing kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()  # outside the lock: somebody else's clip need not wait for it
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(map(self.size, self._kept.values())) > self.most:
                self._kept.popitem(last=False)
        return made
