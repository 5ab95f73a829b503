"""``python -m core runs``: every run here, newest first."""

import argparse
import json

from core.run_folder import Run
from core.runs import headline_accuracy, list_runs

SHOWN = ("run", "model", "protocol", "seed", "state", "progress", "accuracy")


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser("runs", help="list the runs and how they stand",
                                   description="List the runs in checkpoints/, newest first.")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--recompute", metavar="RUN", nargs="+",
                        help="compute the numbers of these runs again from their predictions.csv")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from core.commands.layout import print_table

    for name in args.recompute or []:
        _recompute(name, quiet=args.json)
    entries = [entry_of(each) for each in list_runs()]
    if args.json:
        print(json.dumps(entries, ensure_ascii=False, indent=2))
    elif entries:
        print_table([[_text(key, entry[key]) for key in SHOWN] for entry in entries], SHOWN)
        _explain(entries)
    else:
        print("no runs yet; `python -m core train` makes one")
    return 0


def _recompute(name: str, quiet: bool) -> None:
    from core.runs import get_run
    from core.summary import recompute

    changed = recompute(get_run(name))
    if not quiet:
        print(f"{name}: {', '.join(changed) + ' came out different' if changed else 'every number came out the same'}")


def entry_of(run: Run) -> dict:
    """One entry of ``runs --json``; what a broken folder does not tell is null."""
    status = run.status
    known = {} if run.problem else run.config.to_dict()
    accuracy = headline_accuracy(run) if status.state == "finished" else None
    return {"run": run.name, "experiment": run.experiment, "model": known.get("model"),
            "protocol": known.get("protocol"), "seed": known.get("seed"), "state": status.state,
            "progress": status.progress, "accuracy": accuracy}


def _text(key: str, value) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if key == "accuracy" else f"{value:.0%}" if key == "progress" else str(value)


def _explain(entries: list[dict]) -> None:
    """The sentence behind every failed run, below the table."""
    from core.runs import get_run

    for entry in entries:
        if entry["state"] == "failed":
            print(f"{entry['run']}: {get_run(entry['run']).status.message}")
