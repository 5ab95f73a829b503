"""The commands of ``python -m core``: each file has ``add_parser(subparsers)`` and ``run(args) -> int``."""
