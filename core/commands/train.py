"""``python -m core train``: one run per combination of model, protocol and seed, in the queue, in the foreground."""

import argparse
import json
import os
import signal
import sys
from datetime import datetime

from core.commands.foreground import carried_out, settings_of
from core.commands.runs import entry_of
from core.config import field_named
from core.errors import UserError
from core.presets import PRESETS
from core.processes import give_way
from core.run_folder import Run
from core.runs import LAUNCHED, check_resumable, get_run
from core.turns import claim
from core.wording import count
from core.worker import set_aside

OWN_OPTIONS = ("dataset", "label", "limit", "sources", "folds", "epochs")
REPEATED = ("model", "protocol", "seed")


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "train", help="train models under cross-validation",
        description="Train one run per combination of models, protocols and seeds, one after the other. Runs started "
                    "here and in the app share one queue. Ctrl-C stops and keeps what is done; --resume goes on.")
    parser.add_argument("--dataset", metavar="NAME|PATH", help="data set by name, or a folder (ESC-10, else demo)")
    for name in REPEATED:
        parser.add_argument(f"--{name}", action="extend", nargs="+", metavar=name[0].upper(),
                            help=f"{field_named(name).metadata['help']}; several make a run each")
    for name in OWN_OPTIONS[1:]:
        parser.add_argument(f"--{name}", metavar=name[0].upper(), help=field_named(name).metadata["help"])
    parser.add_argument("--preset", metavar="NAME", help="settings to begin with, as on the page Train: "
                                                         + ", ".join(PRESETS))
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings",
                        help="any other setting; may be repeated")
    parser.add_argument("--name", metavar="RUN", help="name of the run, when it is only one")
    parser.add_argument("--experiment", metavar="NAME", help="name that these runs share")
    parser.add_argument("--add", action="store_true", help="let these runs join an experiment that is there already")
    parser.add_argument("--assignment", action="store_true",
                        help="the whole assignment: cnn1d and cnn_transformer_h1, _h2, _h4, each under split and assignment")
    parser.add_argument("--resume", metavar="RUN|EXPERIMENT",
                        help="go on with a stopped, interrupted or failed run, or with all such runs of an experiment")
    parser.add_argument("--json", action="store_true", help="print one JSON document when all is done")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when every run finished, 130 when one was stopped, 2 or 1 when one failed."""
    give_way()
    signal.signal(signal.SIGTERM, _interrupt)
    runs = _resumed(args) if args.resume else _created(args)
    codes = []
    try:
        for each in runs:
            alone = bool(args.resume) and len(runs) == 1  # it was not claimed before
            ours = alone or _is_ours(each)
            codes.append(carried_out(each, _result, quiet=args.json or LAUNCHED in os.environ) if ours else 130)
    except KeyboardInterrupt:
        for each in runs:
            if each.status.pid == os.getpid() and each.status.active:
                set_aside(each)
        print(f"stopped; `python -m core train --resume {runs[len(codes)].name}` goes on", file=sys.stderr)
        codes = [130]
    if args.json:
        print(json.dumps([entry_of(each) for each in runs], ensure_ascii=False, indent=2))
    return max(codes, key=(0, 2, 1, 130).index)


def plans_of(args: argparse.Namespace) -> list:
    """A :class:`core.plan.Plan` of every run asked for, checked against its data. Raises :class:`UserError`."""
    from core.experiments import ASSIGNMENT, combinations
    from core.plan import make_plan

    common = settings_of(args, OWN_OPTIONS)
    choices = {f"{name}s": getattr(args, name) or [common.pop(name, field_named(name).default)] for name in REPEATED}
    if args.assignment:
        if args.model or args.protocol:
            raise UserError("--assignment says itself which models and protocols; leave out --model and --protocol")
        choices |= ASSIGNMENT
    return [make_plan(config) for config in combinations(**choices, **common)]


def _created(args: argparse.Namespace) -> list[Run]:
    """The runs asked for, all or none, each waiting for its turn in the name of this process."""
    from core import experiments
    from core.costs import estimate

    plans, name = plans_of(args), args.experiment
    if args.name and len(plans) > 1:
        raise UserError(f"--name names one run, and these are {len(plans)}; use --experiment for what they share")
    if args.assignment and not name:
        name = f"assignment-{datetime.now():%y%m%d-%H%M%S}"
    there = experiments.taken(name)
    if there and not args.add:
        _check_new(name, there, plans, args.assignment)
    runs = experiments.create(plans, name, add=True, run_name=args.name)
    for each in runs:
        claim(each)
    if not args.json:
        for sentence in dict.fromkeys(_of_folds(plan) for plan in plans):
            print(sentence, end="")
    if not args.json and (len(runs) > 1 or there):
        joined = f", beside the {count(len(there), 'run')} it has" if there else ""
        print(f"experiment {runs[0].experiment}: {experiments.in_short(estimate(plans))}{joined}")
    return runs


def _of_folds(plan) -> str:
    """A line where the data set has folds that the protocol does not go by: who numbered them may expect that it does."""
    from core.splits import explained, unused_folds

    protocol = plan.config.protocol
    return f"{protocol}: {explained(protocol, plan.dataset)}\n" if unused_folds(protocol, plan.dataset) else ""


def _check_new(name: str, there: list[Run], plans: list, assignment: bool) -> None:
    """Raise :class:`UserError` where an experiment of this name holds the same runs, or is another whole assignment.
    Other runs may join it: that is how a script adds to one."""
    had = {each.config: each.name for each in there if not each.problem}
    same = next((had[plan.config] for plan in plans if plan.config in had), None)
    if same or assignment:
        holds = f"and {same} in it is the same run" if same else f"with {len(there)} run{'s' * (len(there) > 1)} in it"
        raise UserError(f"there is already an experiment called {name!r}, {holds}; choose another name, go on with what is "
                        f"unfinished by --resume {name}, or say --add to let these runs join it")


def _resumed(args: argparse.Namespace) -> list[Run]:
    """What to go on with: the run this process was launched for, or one that a person names; or, by the name of an
    experiment, every run of it that is unfinished and that nobody works on."""
    given = [name for name in (*OWN_OPTIONS, *REPEATED, "preset", "name", "experiment") if getattr(args, name) is not None]
    given += [name for name in ("add", "assignment") if getattr(args, name)]
    if given or args.settings:
        raise UserError(f"--resume goes on with a run as it was begun; leave out --{(given or ['set'])[0]}")
    try:
        runs = [get_run(args.resume)]
    except UserError:
        from core.experiments import taken, unfinished

        if not (runs := taken(args.resume)):
            raise
        runs = unfinished(runs)
    if os.environ.get(LAUNCHED) == runs[0].name:
        return runs
    for each in runs:
        status = each.status
        if status.state != "queued" or status.pid is not None:
            check_resumable(each)
        each.cancel_file.unlink(missing_ok=True)
        if len(runs) > 1:
            claim(each)
    return runs


def _is_ours(each: Run) -> bool:
    """Whether a run that waited in this process still does: meanwhile it may have been cancelled, even resumed."""
    status = each.status
    if each.cancel_file.exists() and status.pid == os.getpid():
        set_aside(each)
        return False
    return status.state == "queued" and status.pid == os.getpid()


def _result(each: Run, state: str) -> str:
    from core.wording import percent  # pandas comes with it

    if state != "finished":
        return f"{each.name}: stopped; `python -m core train --resume {each.name}` goes on"
    accuracy = each.summary["accuracy"]
    spread = "" if accuracy["std"] is None else f" ± {percent(accuracy['std'], gap='')}"
    left_out = each.status.message.removeprefix("Finished")
    return (f"{each.name}: accuracy {percent(accuracy['mean'], gap='')}{spread} on {each.summary['dataset']}, results in "
            f"{each.path}{left_out}")


def _interrupt(signum, frame) -> None:
    """SIGTERM stops a training as Ctrl-C does."""
    raise KeyboardInterrupt
