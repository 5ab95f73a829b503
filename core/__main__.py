"""The command line: ``python -m core COMMAND``. Each command is a file in ``core/commands``."""

import argparse
import errno
import importlib
import os
import sys
import traceback
from datetime import datetime

from core.config import cache_dir
from core.errors import UserError

COMMANDS = ("data", "models", "train", "tune", "runs", "predict", "report", "calibrate", "robustness", "export",
            "benchmark")


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command in one line, as everything else does."""

    def error(self, message: str) -> None:
        print(f"error: {message}; `{self.prog} --help` tells more", file=sys.stderr)
        sys.exit(2)


def make_parser() -> Parser:
    parser = Parser(prog="python -m core", description="Earshot: train small listeners, trust their numbers, see what "
                                                       "they hear.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"core.commands.{name}").add_parser(subparsers)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """0 success, 1 a failure of ours, 2 the user's mistake, 130 Ctrl-C."""
    try:
        args = make_parser().parse_args(arguments)
        return args.run(args)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            print(f"error: {error.filename!r} is a longer name than this system allows; give a shorter one", file=sys.stderr)
            return 2
        print(f"failed: {type(error).__name__}: {error}; the details are in {_keep_details()}", file=sys.stderr)
        return 1


def _keep_details() -> str:
    """The traceback at the end of a log file; returns where."""
    log = cache_dir() / "errors.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {' '.join(sys.argv)}\n{traceback.format_exc()}\n")
    except OSError:
        return f"no file, because {log} cannot be written"
    return str(log)


if __name__ == "__main__":
    sys.exit(main())
