"""Processes that tests start, without the seconds of their imports: one process has these behind it and forks for each.

What comes out is a process like the real one: a session and a log of its own, the same command line, killed and resumed as
any. That the real start works is tested too (``test_processes.py``, the journeys in a browser).
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEFORE = [sys.executable, "-m"]  # what every command begins with
TRAINING = ("sklearn.metrics", "torch._dynamo", "core.crossval", "core.tuning")


class WarmStart:
    """Stands for :func:`core.processes.start_detached`; ``imports`` are the modules that its processes have already;
    of ``module:function`` the function is called too."""

    def __init__(self, *imports: str):
        self._process = subprocess.Popen([sys.executable, __file__, *imports], cwd=ROOT, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def __call__(self, command: list[str], *, cwd: Path, log: Path, env: dict[str, str]) -> int:
        assert command[:2] == BEFORE
        job = {"module": command[2], "arguments": command[3:], "cwd": str(cwd), "log": str(log), "env": env}
        print(json.dumps(job), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def serve(imports: list[str]) -> None:
    """Fork for every line of the standard input and tell the process id."""
    for name in imports:
        module, _, function = name.partition(":")
        module = importlib.import_module(module)
        if function:
            getattr(module, function)()
    os.fsync = lambda descriptor: None  # no test pulls the plug
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system collects those that ended
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            become(**json.loads(line))
        print(pid, flush=True)


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
    os.chdir(cwd)
    sys.argv[1:] = arguments
    sys.exit(main())


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    serve(sys.argv[1:])
