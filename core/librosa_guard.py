"""librosa's compiled functions, in the one place that knows the difficulty: one process at a time compiles them.

numba keeps what it compiled on disk, for all processes. Of a ``guvectorize`` function it keeps two files that belong
together, and two processes that compile at once may each leave one of them: whoever uses that pair crashes, then and ever
after (https://github.com/numba/numba/issues/10128, still so in numba 0.68.1). librosa compiles such functions while it is
imported, for some 20 s after an installation, so a second server at that time is enough.

Call :func:`import_librosa` instead of ``import librosa``.
"""

import importlib
import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.processes import SystemLock

COMPILED = ("librosa.util.utils", "librosa.core.audio", "librosa.core.pitch")  # compile while they are imported
PATIENCE = 180.0  # s; whoever holds the lock for longer hangs


def import_librosa(*parts: str) -> types.ModuleType:
    """The librosa package, with ``parts`` of :data:`COMPILED`, or all of them, imported and compiled.

    Safe to call from several threads and processes and as often as wanted. Raises ImportError when librosa is not installed.
    """
    librosa = importlib.import_module("librosa")
    missing = [name for name in parts or COMPILED if name not in sys.modules]
    if missing:
        with _alone(Path(librosa.__file__).parent):
            for name in missing:
                importlib.import_module(name)
    return librosa


@contextmanager
def _alone(package: Path) -> Iterator[None]:
    """Hold the lock that lies beside what it guards: numba's files are in the package, or with the person where that cannot
    be written (``NUMBA_CACHE_DIR`` moves them). Where no lock can be had either, go on without."""
    place = package / "__pycache__" if os.access(package, os.W_OK) else Path.home() / ".cache" / "earshot"
    lock = SystemLock(Path(os.environ.get("NUMBA_CACHE_DIR") or place) / "librosa.lock")
    with suppress(OSError):  # no such folder, and none can be made
        lock.acquire(within=PATIENCE)
    with lock:
        yield
