"""``python -m core tune``: search a model's settings by validation accuracy, in the queue, in the foreground."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from core.commands.foreground import carried_out, settings_of
from core.config import TrainConfig, field_named
from core.errors import UserError
from core.presets import PRESETS
from core.processes import give_way
from core.runs import LAUNCHED, cancel, check_resumable
from core.search_space import SPACE, USUAL, default_space, parse_search
from core.studies import create_study, get_study, list_studies, want_more
from core.study_folder import Study
from core.turns import claim
from core.worker import set_aside

OWN_OPTIONS = ("dataset", "label", "limit", "sources", "model", "epochs", "seed")


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "tune", help="search for better settings of a model",
        description="Try settings of a model and keep those with the best validation accuracy, the mean over folds 2 to 5 of "
                    "the protocol assignment; its test fold is never read. The first trial is the starting point, bad trials "
                    "are stopped early. Ctrl-C stops and keeps what is done; --resume goes on.")
    parser.add_argument("--dataset", metavar="NAME|PATH", help="data set by name, or a folder (ESC-10, else demo)")
    for name in OWN_OPTIONS[1:]:
        parser.add_argument(f"--{name}", metavar=name[0].upper(), help=field_named(name).metadata["help"])
    parser.add_argument("--trials", type=int, metavar="N", help="trials, the first of which is the starting point (20)")
    parser.add_argument("--search", action="append", metavar="FIELD[=LOW:HIGH|=A,B]",
                        help="a setting to search, in its declared range or in this one; may be repeated; without it those of "
                             f"{', '.join(USUAL)} that concern the model; also {', '.join(n for n in SPACE if n not in USUAL)}")
    parser.add_argument("--preset", metavar="NAME", help="settings of the starting point, as on the page Train: "
                                                         + ", ".join(PRESETS))
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings",
                        help="any other setting of the starting point; may be repeated")
    parser.add_argument("--storage", metavar="URL", help="keep the trials in this database (any SQLAlchemy URL) rather than in "
                                                         "a journal in the study's folder")
    parser.add_argument("--name", metavar="STUDY", help="name of the study")
    parser.add_argument("--resume", metavar="STUDY", help="go on with a study; with --trials also with a finished one")
    parser.add_argument("--list", action="store_true", help="list the studies and how they stand")
    parser.add_argument("--cancel", metavar="STUDY", help="stop a study, wherever it is at work; what is done is kept")
    parser.add_argument("--json", action="store_true", help="print one JSON document when all is done")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when the study finished, 130 when it was stopped, 2 or 1 when it failed."""
    if args.list:
        return _listed(as_json=args.json)
    if args.cancel:
        return _cancelled(get_study(args.cancel), as_json=args.json)
    give_way()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    study = _resumed(args) if args.resume else _created(args)
    try:
        code = carried_out(study, _result, quiet=args.json or LAUNCHED in os.environ)
    except KeyboardInterrupt:
        if study.status.pid == os.getpid() and study.status.active:
            set_aside(study)
        print(f"stopped; `python -m core tune --resume {study.name}` goes on", file=sys.stderr)
        code = 130
    if args.json:
        print(json.dumps(entry_of(study), ensure_ascii=False, indent=2))
    return code


def entry_of(study: Study) -> dict:
    """What ``tune --json`` prints: how the study stands, and its best set."""
    status = study.status
    return {"study": study.name, "state": status.state, "progress": status.progress, "best": study.best}


def _listed(*, as_json: bool) -> int:
    from core.commands.layout import print_table

    studies = list_studies()
    if as_json:
        print(json.dumps([entry_of(study) for study in studies], ensure_ascii=False, indent=2))
    elif studies:
        print_table([_row(study) for study in studies], ("study", "model", "data set", "state", "trials", "best"))
    else:
        print("no studies yet; `python -m core tune` makes one")
    return 0


def _row(study: Study) -> list[str]:
    """How a study stands in a line; what a broken folder does not tell is a dash."""
    from core.wording import percent  # pandas comes with it

    if study.problem:
        return [study.name, "–", "–", study.state, "–", "–"]
    best = study.best
    return [study.name, study.config.model, Path(study.config.dataset).name, study.state,
            f"{study.trials_ended} of {study.trials_wanted}", percent(best["validation_accuracy"], gap="") if best else "–"]


def _cancelled(study: Study, *, as_json: bool) -> int:
    status = study.status
    if not status.active:
        raise UserError(f"{study.name} is {status.state}; there is nothing to cancel")
    cancel(study)
    if as_json:
        print(json.dumps(entry_of(study), ensure_ascii=False, indent=2))
    else:
        print(f"{study.name} is asked to stop; `python -m core tune --resume {study.name}` goes on")
    return 0


def _created(args: argparse.Namespace) -> Study:
    config = TrainConfig.from_dict(settings_of(args, OWN_OPTIONS))
    space = parse_search(args.search) if args.search else default_space(config.model)
    study = create_study(config, space, 20 if args.trials is None else args.trials, name=args.name, storage=args.storage)
    claim(study)
    return study


def _resumed(args: argparse.Namespace) -> Study:
    """The study to go on with: the one this process was launched for, or one that a person names."""
    given = [name for name in (*OWN_OPTIONS, "preset", "search", "storage", "name") if getattr(args, name) is not None]
    if given or args.settings:
        raise UserError(f"--resume goes on with a study as it was begun; leave out --{(given or ['set'])[0]}")
    study = get_study(args.resume)
    if os.environ.get(LAUNCHED) != study.name:
        status = study.status
        if args.trials is not None and args.trials != study.trials_wanted:
            want_more(study, args.trials)
        elif status.state != "queued" or status.pid is not None:
            check_resumable(study)
        study.cancel_file.unlink(missing_ok=True)
    return study


def _result(study: Study, state: str) -> str:
    if state != "finished":
        return f"{study.name}: stopped; `python -m core tune --resume {study.name}` goes on"
    best = study.best
    if best is None:
        return f"{study.name}: no trial could be trained to its end; the log is in {study.path / 'log.txt'}"
    told = best.get("sentence") or f"Trial {best['trial']} is the best."
    return f"{study.name}: {told} The best set is in {study.path / 'best.json'}"
