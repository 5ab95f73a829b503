"""A run or a study carried out by the command line itself, told in one line."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from core.commands.layout import ProgressLine
from core.config import parse_setting
from core.errors import UserError
from core.presets import preset_named
from core.work_folder import Work
from core.worker import work


def carried_out(each: Work, told: Callable[[Work, str], str], *, quiet: bool) -> int:
    """Work on it; ``told(each, state)`` says how it ended. The exit status: 0 finished, 130 stopped, 2 the user's mistake,
    1 any other."""
    line = ProgressLine()
    try:
        state = work(each, line.show)
    except KeyboardInterrupt:
        line.clear()
        raise
    except UserError as error:
        line.clear()
        print(f"error: {each.name}: {error}", file=sys.stderr)
        return 2
    except Exception:  # already in its log and status; one line is enough here
        line.clear()
        print(f"failed: {each.name}: {each.status.message}; the details are in {each.path / 'log.txt'}", file=sys.stderr)
        return 1
    line.clear()
    if not quiet:
        print(told(each, state))
    return 0 if state == "finished" else 130


def settings_of(args, own_options: tuple[str, ...]) -> dict:
    """The config's values of a ``--preset``, over them those given by ``--set`` and by options of their own; the data set is
    always among them."""
    from core.datasets import default_dataset  # not needed to resume, and heavy

    values = dict(preset_named(args.preset).values) if args.preset else {}
    values |= dict(parse_setting(text) for text in args.settings)
    values |= {name: value for name in own_options if (value := getattr(args, name)) is not None}
    values.setdefault("dataset", default_dataset())
    if os.path.isdir(values["dataset"]) and len(Path(values["dataset"]).parts) > 1:
        values["dataset"] = str(Path(values["dataset"]).resolve())
    return values
