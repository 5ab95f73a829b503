"""What a person's next press will most likely ask for, made ready while they look at what is there."""

import contextlib
import threading
from collections.abc import Callable

from core.errors import UserError

SOON = 0.4  # s: what was asked for comes first


def ahead(*works: Callable[[], object]) -> None:
    """Do them soon, one after the other, in a thread; what goes wrong is said when it is asked for."""
    timer = threading.Timer(SOON, _do, works)
    timer.name, timer.daemon = "ahead", True
    timer.start()


def _do(*works: Callable[[], object]) -> None:
    for work in works:
        with contextlib.suppress(UserError):
            work()
