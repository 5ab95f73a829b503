"""``python -m core runs``: every run here, newest first; rename, note, delete and restore one."""

import argparse
import json
from collections.abc import Iterator

from core.config import checkpoints_dir
from core.errors import UserError
from core.run_folder import Run
from core.runs import headline_accuracy, list_runs

SHOWN = ("run", "model", "protocol", "seed", "state", "progress", "accuracy")


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser("runs", help="list the runs and how they stand",
                                   description="List the runs in checkpoints/, newest first.")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--recompute", metavar="RUN", nargs="+",
                        help="compute the numbers of these runs again from their predictions.csv")
    parser.add_argument("--passes", metavar=("ACCURACY", "RUN"), nargs=2,
                        help="seconds of training until each model's validation accuracy first passes, say, 0.575")
    parser.add_argument("--rename", metavar=("RUN", "NEW"), nargs=2, help="give a run another name")
    parser.add_argument("--note", metavar=("RUN", "TEXT"), nargs=2, help="keep a text with a run; an empty one removes it")
    parser.add_argument("--delete", metavar="RUN", nargs="+", help="move these runs to the bin")
    parser.add_argument("--restore", metavar="RUN", nargs="+", help="bring these runs back from the bin")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from core.commands.layout import print_table

    asked = False
    for sentence in _done(args):
        asked = True
        if not args.json:
            print(sentence)
    if asked and not args.json:
        return 0
    if checkpoints_dir().is_file():
        raise UserError(f"runs are kept in a folder, and {checkpoints_dir()} is a file; set EARSHOT_CHECKPOINTS to a folder")
    entries = [entry_of(each) for each in list_runs()]
    if args.json:
        print(json.dumps(entries, ensure_ascii=False, indent=2))
    elif entries:
        print_table([[_text(key, entry[key]) for key in SHOWN] for entry in entries], SHOWN)
        _explain(entries)
    else:
        print("no runs yet; `python -m core train` makes one")
    return 0


def _done(args: argparse.Namespace) -> Iterator[str]:
    """Do what was asked for with runs, one after the other, and say each thing that was done."""
    from core import manage

    if args.rename:
        yield f"{args.rename[0]} is called {manage.rename_run(*args.rename).name} now"
    if args.note:
        run = manage.write_note(*args.note)
        yield f"{run.name}: {'noted' if run.note else 'its note is removed'}"
    for name in args.delete or []:
        manage.delete_run(name)
        yield f"{name} is in the bin; `python -m core runs --restore {name}` brings it back"
    for name in args.restore or []:
        yield f"{manage.restore_run(name).name} is back"
    for name in args.recompute or []:
        yield _recomputed(name)
    if args.passes:
        yield _passed(*args.passes)


def _recomputed(name: str) -> str:
    """Compute the numbers of a run again; a sentence on what came out."""
    from core.runs import get_run
    from core.summary import recompute

    changed = recompute(get_run(name))
    return f"{name}: {', '.join(changed) + ' came out different' if changed else 'every number came out the same'}"


def _passed(accuracy: str, name: str) -> str:
    """When each model of a run first passed an accuracy on its validation fold."""
    from core.learning_speed import seconds_until
    from core.runs import get_run

    try:
        wanted = float(accuracy)
    except ValueError:
        wanted = -1.0
    if not 0 < wanted < 1:
        raise UserError(f"--passes expects an accuracy between 0 and 1, found {accuracy!r}")
    found = seconds_until(get_run(name).history(), wanted)
    if not found:
        raise UserError(f"{name} has no validation accuracy; choose a run under the protocol assignment or split")
    return "\n".join(f"{name}, fold {fold}: " + ("never" if seconds is None else f"after {seconds:.1f} s, in epoch {epoch}")
                     for fold, (seconds, epoch) in found.items())


def entry_of(run: Run) -> dict:
    """One entry of ``runs --json``; what a broken folder does not tell is null."""
    status = run.status
    known = {} if run.problem else run.config.to_dict()
    accuracy = headline_accuracy(run) if status.state == "finished" else None
    return {"run": run.name, "experiment": run.experiment, "model": known.get("model"),
            "protocol": known.get("protocol"), "seed": known.get("seed"), "state": status.state,
            "progress": status.progress, "accuracy": accuracy}


def _text(key: str, value) -> str:
    from core.wording import percent  # pandas comes with it

    if value is None:
        return "–"
    return percent(value, gap="") if key == "accuracy" else f"{value:.0%}" if key == "progress" else str(value)


def _explain(entries: list[dict]) -> None:
    """The sentence behind every failed run, below the table."""
    from core.runs import get_run

    for entry in entries:
        if entry["state"] == "failed":
            print(f"{entry['run']}: {get_run(entry['run']).status.message}")
