"""``python -m core robustness``: how many answers stay right when the clips are spoilt, and what sounds of none become."""

import argparse
import json


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "robustness", help="spoil a run's test clips in six ways and count right answers",
        description="Every model of a run answers its own test clips again, through the path of an uploaded file: as mp3, in "
                    "telephone band, in noise, through a small microphone, quieter, within a long file. Then sounds that "
                    "are none of the classes: how many get one.")
    parser.add_argument("run_name", metavar="RUN")
    parser.add_argument("--foreign", metavar="DATASET", help="also clips of a data set whose classes the models do not know")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from core.commands.layout import ProgressLine, print_table
    from core.robustness import FOREIGN, WAYS, measure_foreign, measure_robustness
    from core.runs import get_run

    measured, line, rows = get_run(args.run_name), ProgressLine(), []
    line.show(0.0, next(iter(WAYS)))
    for kept in measure_robustness(measured):
        rows.append(kept)
        line.show(len(rows) / len(WAYS), kept.way)
    line.clear()
    foreign = []
    for row in measure_foreign(measured, args.foreign):
        foreign.append(row)
        line.show(len(foreign) / (len(FOREIGN) + bool(args.foreign)), row.kind)
    line.clear()
    if args.json:
        print(json.dumps({"run": measured.name, "ways": [row.to_dict() for row in rows],
                          "foreign": [row.to_dict() for row in foreign]}, indent=2))
        return 0
    best = rows[0].accuracy
    print_table([[row.way, f"{100 * row.accuracy:.1f}", f"{100 * (row.accuracy - best):+.1f}",
                  *(f"{100 * end:.1f}" for end in row.ci95 or ()), *["–"] * (0 if row.ci95 else 2),
                  f"{100 * row.refused:.1f}"] for row in rows],
                ["clips", "right %", "change", "from", "to", "none of these %"])
    print()
    print_table([[row.kind, str(row.sounds), *("–" if share is None else f"{100 * share:.1f}" for share in
                                               (row.named, row.confident, row.final_named, row.final_confident))]
                 for row in foreign],
                ["sounds that are none", "answers", "get a class %", "surer than 90 % of it %", "final model: a class %",
                 "surer %"])
    return 0
