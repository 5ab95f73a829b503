"""``python -m core export``: a trained model as an ONNX file."""

import argparse
import json
from pathlib import Path

from core.errors import UserError
from core.files import or_said


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "export", help="write a model as ONNX: raw waveform in, probabilities out",
        description="Write a trained model as one ONNX file, which needs nothing of Earshot. In go clips of the model's length "
                    "at its sample rate, out come the probabilities of the classes; the names of the classes and the sample "
                    "rate are in the file's metadata. What the file answers is compared with the model before it is kept.")
    parser.add_argument("checkpoint", metavar="C", help="RUN, RUN:fold, or the path of a .safetensors")
    parser.add_argument("--out", "-o", metavar="FILE", type=Path, required=True, help="where to write it, FILE.onnx")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from core.checkpoint import load_checkpoint
    from core.commands.layout import ProgressLine
    from core.export import export
    from core.runs import resolve_checkpoint

    if args.out.suffix.lower() != ".onnx" or args.out.is_dir():
        raise UserError(f"--out expects a file that ends in .onnx, found {args.out}")
    checkpoint, line = load_checkpoint(resolve_checkpoint(args.checkpoint)), ProgressLine()
    line.show(0.1, f"writing {checkpoint.config.model}")
    try:
        with or_said(args.out):
            args.out.parent.mkdir(parents=True, exist_ok=True)
            exported = export(checkpoint, args.out)
    finally:
        line.clear()
    if args.json:
        print(json.dumps(exported.to_dict(), ensure_ascii=False, indent=2))
        return 0
    print(f"{args.out}: {checkpoint.config.model}, {args.out.stat().st_size / 1e6:.1f} MB; {exported.samples:,} samples at "
          f"{exported.sample_rate:,} Hz go in, {len(exported.class_names)} probabilities come out, which differ from those of "
          f"the model by {exported.difference:.0e} at most")
    return 0
