"""Processes that tests start, without the seconds of their imports: one process has these behind it and forks for each.

What comes out is a process like the real one: a session and a log of its own, the same command line, killed and resumed as
any. That the real start works is tested too (``test_processes.py``, ``test_data_journey.py``).
"""

import gc
import importlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEFORE = [sys.executable, "-m"]  # what every command begins with
TRAINING = ("sklearn.metrics", "torch._dynamo", "core.crossval", "core.tuning")
ADDRESS = "EARSHOT_TEST_WARM_START"  # names, to a process that is started so, the one that starts its trainings


class WarmStart:
    """Stands for :func:`core.processes.start_detached`; ``imports`` are the modules that its processes have already;
    of ``module:function`` the function is called too. ``address`` is for :func:`started_by`, in another process."""

    def __init__(self, *imports: str):
        self.address = f"earshot-{os.getpid()}-{secrets.token_hex(4)}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"\0{self.address}")  # in Linux's own space of names: no file is left
            listener.listen()
            self._process = subprocess.Popen([sys.executable, __file__, str(listener.fileno()), *imports], cwd=ROOT,
                                             stdin=subprocess.PIPE, pass_fds=[listener.fileno()])

    def __call__(self, command: list[str], **places) -> int:
        return started_by(self.address)(command, **places)

    def close(self) -> None:
        self._process.communicate()


def started_by(address: str) -> Callable[..., int]:
    """Stands for :func:`core.processes.start_detached`; the process of the :class:`WarmStart` at ``address`` forks."""
    def start(command: list[str], *, cwd: Path, log: Path, env: dict[str, str]) -> int:
        assert command[:2] == BEFORE
        job = {"module": command[2], "arguments": command[3:], "cwd": str(cwd), "log": str(log), "env": env}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"\0{address}")
            with connection.makefile("rw") as lines:
                print(json.dumps(job), file=lines, flush=True)
                return int(lines.readline())

    return start


def serve(listener: socket.socket, imports: list[str]) -> None:
    """Fork for every connection and tell the process id, until the standard input is closed."""
    for name in imports:
        module, _, function = name.partition(":")
        module = importlib.import_module(module)
        if function:
            getattr(module, function)()
    os.fsync = lambda descriptor: None  # no test pulls the plug
    gc.freeze()  # the processes to come share what is there now
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system collects those that ended
    while True:
        if sys.stdin in select.select([sys.stdin, listener], [], [])[0]:
            return
        connection = listener.accept()[0]
        with connection, connection.makefile("rw") as lines:
            job = json.loads(lines.readline())
            pid = os.fork()
            if pid:
                print(pid, file=lines, flush=True)
        if not pid:
            listener.close()
            become(**job)


def become(module: str, arguments: list[str], cwd: str, log: str, env: dict[str, str]) -> None:
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
    sys.argv[1:] = arguments
    sys.exit(main())


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
