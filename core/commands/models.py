"""``python -m core models``: every registered model, built and measured here."""

import argparse
import dataclasses
import json

COLUMNS = ("name", "family", "parameters", "frozen", "MACs", "clip", "tokens", "attention", "source")


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "models", help="list the models with their size and cost",
        description="List every registered model at 10 classes and its default clip length, measured.")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from core.commands.layout import ProgressLine, print_table
    from core.models import list_models

    line = ProgressLine()
    found = list_models(on_progress=lambda done, total, name: line.show(done / total, name))
    line.clear()
    models = [dataclasses.asdict(info) for info in found]
    if args.json:
        print(json.dumps(models, ensure_ascii=False, indent=2))
        return 0
    print_table([_row(model) for model in models], COLUMNS)
    for model in models:
        if not model["available"]:
            print(f"{model['name']} is not available here: {model['reason']}")
    return 0


def _row(model: dict) -> list[str]:
    return [model["name"], model["family"], f"{model['parameters_trainable']:,}", f"{model['parameters_frozen']:,}",
            f"{model['macs'] / 1e6:,.0f} M", f"{model['clip_seconds']:g} s at {model['sample_rate']:,} Hz",
            "–" if model["tokens"] is None else str(model["tokens"]), "yes" if model["attention"] else "no",
            model["source"]]
