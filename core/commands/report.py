"""``python -m core report``: an experiment or any runs as one HTML file, or as Markdown."""

import argparse
from pathlib import Path

from core.errors import UserError
from core.files import or_said, write_text

KINDS = {"": "html", ".html": "html", ".htm": "html", ".md": "md", ".markdown": "md"}


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser(
        "report", help="write the report on an experiment or some runs",
        description="Write one file with learning curves, confusion matrices, ROC curves, F1, parameter counts, settings, "
                    "comparison and analysis. The HTML holds everything it shows and asks the network for nothing.")
    parser.add_argument("names", nargs="+", metavar="NAME", help="an experiment, or a run; several make one report")
    parser.add_argument("--format", choices=("html", "md"), help="html (the default) or md; without it as --out ends")
    parser.add_argument("--out", "-o", metavar="FILE", type=Path, help="where to write it (report-NAME.html here)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from core.commands.layout import ProgressLine
    from core.report import agreements, make_report, read_all, runs_named

    if args.out and args.out.is_dir():
        raise UserError(f"--out expects a file, found the folder {args.out}; try {args.out / 'report.html'}")
    kind = args.format or _kind_of(args.out)
    out = args.out or Path(f"report-{args.names[0]}{'-and-more' * (len(args.names) > 1)}.{kind}")
    runs = runs_named(args.names)
    finished = read_all(runs)
    line = ProgressLine()
    attention = agreements(runs, lambda name, done, of: line.show(done / of, f"what the heads of {name} look at"))
    line.clear()
    text = make_report(finished, args.names[0] if len(args.names) == 1 else "", attention).written(kind)
    with or_said(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, text)
    print(f"{out}: {len(finished)} run{'s' * (len(finished) != 1)}, {len(text.encode()) / 1e6:.1f} MB")
    return 0


def _kind_of(out: Path | None) -> str:
    """The format that a file's name asks for: html where it asks for none. Raises :class:`UserError` for any other."""
    kind = KINDS.get(out.suffix.lower() if out else "")
    if not kind:
        raise UserError(f"--out expects a file that ends in .html or .md, found {out}; print the HTML to get a PDF")
    return kind
