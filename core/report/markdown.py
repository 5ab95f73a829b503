"""A report as Markdown, as GitHub shows it: no drawing (inline SVG is thrown away there), tables in their place."""

import re
from collections.abc import Sequence
from functools import singledispatch

from core.report.blocks import Beside, Block, Code, Drawing, Folded, Heading, Items, Table, Text


def page(title: str, subtitle: str, blocks: Sequence[Block]) -> str:
    """The whole document."""
    return f"# {_plain(title)}\n\n{_plain(subtitle)}\n\n{_all(blocks)}\n"


def _all(blocks: Sequence[Block]) -> str:
    return "\n\n".join(filter(None, map(_markup, blocks)))


def _plain(text: str) -> str:
    """Text as text: on one line, and nothing in it means anything to Markdown or HTML."""
    text = " ".join(text.split())
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", escaped)
    escaped = re.sub(r"(?i)\b(https?|ftp|mailto|www)([:.])", r"\1&#8203;\2", escaped)  # no link nobody made
    escaped = re.sub(r"^([#+\-=])|^(\d+)(?=[.)](\s|$))", lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\", escaped)
    return escaped.replace("@", "&#64;")


@singledispatch
def _markup(block) -> str:
    raise TypeError(f"{type(block).__name__} is no block of a report")


@_markup.register
def _(block: Heading) -> str:
    return f"{'#' * block.level} {_plain(block.text)}"


@_markup.register
def _(block: Text) -> str:
    return _plain(block.text)


@_markup.register
def _(block: Items) -> str:
    return "\n".join(f"- {_plain(item)}" for item in block.items)


@_markup.register
def _(block: Table) -> str:
    lines = [" | ".join("<br>".join(map(_plain, cell.split("\n"))) for cell in cells) for cells in (block.columns, *block.rows)]
    lines.insert(1, " | ".join(["---"] * len(block.columns)))
    text = "\n".join(f"| {line} |" for line in lines)
    return text + (f"\n\n{_plain(block.note)}" if block.note else "")


@_markup.register
def _(block: Drawing) -> str:
    return _all(block.instead)


@_markup.register
def _(block: Code) -> str:
    return "\n".join(f"    {line}" for line in block.text.splitlines())


@_markup.register
def _(block: Folded) -> str:
    return f"<details><summary>{_plain(block.title)}</summary>\n\n{_all(block.blocks)}\n\n</details>"


@_markup.register
def _(block: Beside) -> str:
    return "\n\n".join(filter(None, (_all(column) for column in block.columns)))
