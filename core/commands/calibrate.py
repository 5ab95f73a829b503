"""``python -m core calibrate``: make a run's models say what they know and what they do not."""

import argparse
import json

from core.files import write_json


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "calibrate", help="fit the temperature of a run's models, and when they say none of these",
        description="Fit the temperature on the validation clips of a run of the same model, choose with a side experiment "
                    "(a run trained with --set leave_out=CLASS,CLASS) when the answer is none of the classes, and write both "
                    "into the checkpoints of RUN. Test clips take part in neither.")
    parser.add_argument("run_name", metavar="RUN")
    parser.add_argument("--validation", metavar="RUN", help="the run whose validation clips count (RUN itself)")
    parser.add_argument("--side", metavar="RUN", help="the side experiment; without it every sound gets a class")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from core.commands.layout import ProgressLine
    from core.reliability import calibrate
    from core.runs import get_run

    calibrated, line = get_run(args.run_name), ProgressLine()
    report = calibrate(calibrated, get_run(args.validation) if args.validation else calibrated,
                       get_run(args.side) if args.side else None, line.show)
    line.clear()
    found = report.to_dict() | {"validation": args.validation or args.run_name, "side": args.side}
    write_json(calibrated.path / "calibration.json", found)
    if args.json:
        print(json.dumps(found, indent=2))
        return 0
    print(f"temperature {report.calibration.temperature:.3f}; ECE of the test answers {report.ece_before:.3f} before, "
          f"{report.ece_after:.3f} after, each fold at a temperature fitted without its clips ({report.ece_as_shipped:.3f} at "
          f"the one that is written; faultless answers as sure as these show {report.ece_by_chance:.3f} on so many clips, "
          f"and {report.chance_is_larger:.0%} of the time no less than {report.ece_after:.3f})")
    if args.side:
        kept, noises, others = (f"{share:.0%}" for share in (report.known_kept, report.noises_refused, report.left_out_refused))
        print(f"none of these below {report.calibration.unknown_below:.0%}: {kept} of validation clips keep a class; in the "
              f"side experiment {noises} of noises and {others} of clips of the classes left out get none")
    return 0
