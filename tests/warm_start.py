"""Processes that tests start, without the seconds of their imports: one process has these behind it and forks for each.

What comes out is a process like the real one: a session and a log of its own, the same command line, killed and resumed as
any. That the real start works is tested too (``test_processes.py``, ``test_data_journey.py``).
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEFORE = [sys.executable, "-m"]  # what every command begins with
IMPORTS = ("sklearn.metrics", "torch._dynamo", "core.crossval", "core.tuning", "streamlit.web.cli", "streamlit.web.bootstrap")
ADDRESS = "EARSHOT_TEST_WARM_START"  # names, to a process that is started so, the one that starts its trainings


class WarmStart:
    """Stands for :func:`core.processes.start_detached`. All test processes of one run share the process that forks: it is
    there as long as one of them needs it. ``address`` is for :func:`started_by`, in another process; ``first`` is a
    ``module:function`` that what is started calls before all else."""

    def __init__(self, first: str = ""):
        self.first, self.address = first, f"earshot-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
        self._need = None
        while self._need is None:  # it may just be ending: nobody else needed it any more
            _begin(self.address)
            self._need = _need_of(self.address)

    def __call__(self, command: list[str], **places) -> int:
        return started_by(self.address, self.first)(command, **places)

    def close(self) -> None:
        self._need.close()


def _begin(address: str) -> None:
    """Start the process that forks, unless it is there."""
    with socket.socket(socket.AF_UNIX) as listener, suppress(OSError):  # the address is taken
        listener.bind(f"\0{address}")  # in Linux's own space of names: no file is left
        listener.listen()
        subprocess.Popen([sys.executable, __file__, str(listener.fileno())], cwd=ROOT, stdin=subprocess.DEVNULL,
                         pass_fds=[listener.fileno()])


def _need_of(address: str) -> socket.socket | None:
    """A connection that keeps the process; None where that ended before it heard of it."""
    connection = socket.socket(socket.AF_UNIX)
    with suppress(OSError):
        connection.connect(f"\0{address}")
        connection.sendall(b"null\n")
        if connection.recv(1):
            return connection
    connection.close()
    return None


def started_by(address: str, first: str = "") -> Callable[..., int]:
    """Stands for :func:`core.processes.start_detached`; the process of the :class:`WarmStart` at ``address`` forks."""
    def start(command: list[str], *, cwd: Path, log: Path, env: dict[str, str]) -> int:
        assert command[:2] == BEFORE
        job = {"module": command[2], "arguments": command[3:], "cwd": str(cwd), "log": str(log), "env": env, "first": first}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"\0{address}")
            with connection.makefile("rw") as lines:
                print(json.dumps(job), file=lines, flush=True)
                return int(lines.readline())

    return start


def serve(listener: socket.socket) -> None:
    """Fork for every job and tell the process id, until nobody needs it any more."""
    from app.warm_up import SLOW

    for name in (*IMPORTS, *SLOW):
        importlib.import_module(name)
    os.fsync = lambda descriptor: None  # no test pulls the plug
    gc.freeze()  # the processes to come share what is there now
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system collects those that ended
    needs, begun = [], False
    while needs or not begun:
        for ready in select.select([listener, *needs], [], [])[0]:
            if ready is not listener:  # somebody no longer needs it
                needs.remove(ready)
                ready.close()
                continue
            connection = listener.accept()[0]
            with connection.makefile("rw") as lines:
                job = json.loads(lines.readline())
                if job is None:
                    needs.append(connection)
                    begun = True
                    connection.sendall(b"!")
                    continue
                pid = os.fork()
                if pid:
                    print(pid, file=lines, flush=True)
            connection.close()
            if not pid:
                for opened in (listener, *needs):
                    opened.close()
                become(**job)


def become(module: str, arguments: list[str], cwd: str, log: str, env: dict[str, str], first: str) -> None:
    """Be what ``python -m MODULE ARGUMENTS`` is, detached."""
    main = importlib.import_module({"core": "core.__main__", "streamlit": "streamlit.web.cli"}[module]).main
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(env)
    if ADDRESS in env:
        importlib.import_module("core.runs").start_detached = started_by(env[ADDRESS])
    os.chdir(cwd)
    if first:
        module, _, function = first.partition(":")
        getattr(importlib.import_module(module), function)()
    sys.argv[1:] = arguments
    sys.exit(main())


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    serve(socket.socket(fileno=int(sys.argv[1])))
