"""``python -m core data``: is a data set sound, and where does one come from."""

import argparse
import json
import signal
from pathlib import Path

from core.config import field_named
from core.errors import UserError

LABEL = field_named("label").default
STAGES = {"download": "downloading", "unpack": "unpacking", "check": "checking clips"}


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser("data", help="check a data set, or fetch one",
                                   description="Check a data set, or fetch one.")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="what is in a data set, and what is wrong with it",
                               description="What is in a data set, and what is wrong with it.")
    check.add_argument("dataset", metavar="DATASET", help="a name (esc10, demo, …) or a folder")
    check.add_argument("--label", default=LABEL, metavar="COLUMN", help="the column of a table that holds the class")
    check.add_argument("--limit", type=int, metavar="N", help="look at N clips of each class only")
    check.add_argument("--sources", default="auto", metavar="RULE", help=field_named("sources").metadata["help"])
    check.add_argument("--json", action="store_true", help="print one JSON document")
    check.set_defaults(run=run)
    fetch = actions.add_parser("fetch", help="download ESC-10 or ESC-50 and check it",
                               description="Download ESC-10 and compare every clip with the published one, or ESC-50 and see "
                                           "that every clip of its table is there. A download that was cut goes on where it "
                                           "was.")
    fetch.add_argument("name", metavar="NAME", help="esc10 (42 MB) or esc50 (600 MB); for urbansound8k: says where it is")
    fetch.add_argument("--to", type=Path, metavar="DIR", help="the folder to put it in (default: data)")
    fetch.add_argument("--url", metavar="URL", help="another address of the zip, or a zip file on this machine")
    fetch.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    return _check(args) if args.action == "check" else _fetch(args)


def _check(args: argparse.Namespace) -> int:
    from core.commands.layout import ProgressLine
    from core.datasets import is_table, load_dataset
    from core.health import check

    dataset = load_dataset(args.dataset, label=args.label, limit=args.limit, sources=args.sources)
    if args.label != LABEL and not is_table(args.dataset):
        raise UserError(f"--label names a column of a metadata.csv, and {dataset.name} has none: leave it out")
    line = ProgressLine()
    report = check(dataset, lambda done, total: line.show(done / total, f"decoding {done:,} of {total:,} clips"))
    line.clear()
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _print(dataset, report)
    return 0


def _print(dataset, report: dict) -> None:
    from core.commands.layout import print_table
    from core.health import sentences

    minutes, rates = report["seconds"] / 60, ", ".join(f"{int(rate):,} Hz" for rate in report["sample_rates"])
    print(f"{dataset.name} ({dataset.layout}) in {dataset.root}")
    print(f"{report['clips']:,} clips, {report['sources']:,} recordings, {minutes:.1f} minutes, {rates or 'no sound'}")
    print()
    print_table([[name, f"{count:,}"] for name, count in report["classes"].items()], ("class", "clips"))
    if report["folds"]:
        print()
        print_table([[fold, f"{count:,}"] for fold, count in report["folds"].items()], ("fold", "clips"))
    print()
    said, rule = sentences(report), report["source_rule"]
    print(*said, *[f"Recordings: {rule}."] * (rule not in said[-1]), sep="\n")


def _fetch(args: argparse.Namespace) -> int:
    from core.commands.layout import ProgressLine
    from core.fetch import FETCHED, fetch
    from core.fetching import reported
    from core.readers import normalised

    signal.signal(signal.SIGTERM, _interrupt)
    line = ProgressLine()
    with reported() as report:
        def show(stage: str, done: int, total: int | None) -> None:
            report.show(stage, done, total)
            amount = f"{done / 1e6:.1f} MB" if stage == "download" else f"{done:,} of {total:,}"
            line.show(done / total if total else 0.0, f"{STAGES[stage]} {amount}")

        try:
            folder = fetch(args.name, args.to, args.url, show)
        finally:
            line.clear()
    print(f"{folder.name} is in {folder}: {FETCHED[normalised(args.name)].proven}")
    return 0


def _interrupt(signum, frame) -> None:
    """SIGTERM ends a fetch as Ctrl-C does: what is unpacked goes, what is downloaded stays."""
    raise KeyboardInterrupt
