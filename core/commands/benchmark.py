"""``python -m core benchmark``: training and inference speed of every model here, next to naive references."""

import argparse
import itertools
import json

from core.config import field_named


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("benchmark", help="training and inference speed here, next to naive references")
    parser.add_argument("--model", action="append", metavar="NAME", help="only this model (repeatable)")
    parser.add_argument("--device", default="auto", choices=field_named("device").metadata["choices"])
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from core.benchmark import PAIRS, as_json, benchmark, machine
    from core.catalog import check_model
    from core.commands.layout import ProgressLine
    from core.models import MODELS
    from core.processes import keep_memory

    keep_memory()  # as a training does
    for name in args.model or []:
        check_model(name)
    if args.json:
        line, done = ProgressLine(), itertools.count(1)
        total = len(args.model or MODELS) + sum(name in PAIRS for name in args.model or MODELS)
        line.show(0.0, "racing the models")
        rows = benchmark(args.model, device=args.device, on_done=lambda row: line.show(next(done) / total, row.name))
        line.clear()
        print(json.dumps(as_json(rows, args.device), indent=2))
        return 0
    print(", ".join(f"{key}: {value}" for key, value in machine(args.device).items()))
    print(f"{'':28}{'clips in a batch':>18}{'training, clips/s':>20}{'× the first row':>18}{'one answer, ms':>18}")
    benchmark(args.model, device=args.device, on_done=_print_row)
    return 0


def _print_row(row) -> None:
    if hasattr(row, "reason"):
        text = f"{row.name:28}  not here: {row.reason}"
    elif hasattr(row, "reference"):
        text = (f"{row.name}: {row.clips_per_second:.2f} clips/s, {row.reference}: {row.reference_clips_per_second:.2f}, "
                f"{row.ratio:.2f} times as fast; {row.gflops:.0f} Gflop/s (a large matrix product: {row.peak_gflops:.0f})")
    else:
        text = (f"{row.name:28}{row.batch_size:>18}{row.training_clips_per_second:>20.1f}{row.training_ratio:>18.2f}"
                f"{row.inference_ms:>18.1f}")
    print(text, flush=True)
