"""A report as one HTML file that asks nobody for anything: every text escaped, and a policy that forbids what slipped by."""

import re
from collections.abc import Sequence
from functools import singledispatch
from html import escape

from core.report.blocks import Beside, Block, Code, Drawing, Folded, Heading, Items, Table, Text
from core.report.style import stylesheet

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
NUMBER = re.compile(r"[<>≤≥]?\s?[−-]?\d[\d,.]*( (%|M|s|min|points|h \d\d min))?|–|")


def page(title: str, subtitle: str, blocks: Sequence[Block]) -> str:
    """The whole document."""
    sections = [block.text for block in blocks if isinstance(block, Heading) and block.level == 2]
    contents = "".join(f'<a href="#{_anchor(text)}">{escape(text)}</a>' for text in sections)
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
            f"<style>{stylesheet()}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
            f'<p class="quiet">{escape(subtitle)}</p>\n<nav aria-label="Contents">{contents}</nav>\n'
            f"{_all(blocks)}\n</main>\n</body>\n</html>\n")


def _all(blocks: Sequence[Block]) -> str:
    return "\n".join(map(_markup, blocks))


@singledispatch
def _markup(block) -> str:
    raise TypeError(f"{type(block).__name__} is no block of a report")


@_markup.register
def _(block: Heading) -> str:
    anchor = f' id="{_anchor(block.text)}"' if block.level == 2 else ""
    return f"<h{block.level}{anchor}>{escape(block.text)}</h{block.level}>"


@_markup.register
def _(block: Text) -> str:
    return f'<p class="quiet">{escape(block.text)}</p>' if block.quiet else f"<p>{escape(block.text)}</p>"


@_markup.register
def _(block: Items) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>"


@_markup.register
def _(block: Table) -> str:
    right = [all(NUMBER.fullmatch(row[i].partition("\n")[0]) for row in block.rows) for i in range(len(block.columns))]
    head = _row(block.columns, right, "th")
    body = "".join(_row(row, right, "td") for row in block.rows)
    note = f'<p class="quiet">{escape(block.note)}</p>' if block.note else ""
    return (f'<div class="scroll" tabindex="0" role="region" aria-label="Table"><table><thead>{head}</thead>'
            f"<tbody>{body}</tbody></table></div>{note}")


@_markup.register
def _(block: Drawing) -> str:
    return f'<figure role="img" aria-label="{escape(block.alt)}">{block.svg}</figure>'


@_markup.register
def _(block: Code) -> str:
    return f"<pre>{escape(block.text)}</pre>"


@_markup.register
def _(block: Folded) -> str:
    return f"<details><summary>{escape(block.title)}</summary>{_all(block.blocks)}</details>"


@_markup.register
def _(block: Beside) -> str:
    return '<div class="beside">' + "".join(f"<div>{_all(column)}</div>" for column in block.columns) + "</div>"


def _row(cells: Sequence[str], right: Sequence[bool], tag: str) -> str:
    opening = {False: f"<{tag}>", True: f'<{tag} class="n">'}
    return "<tr>" + "".join(f"{opening[number]}{_lines(cell)}</{tag}>"
                            for cell, number in zip(cells, right, strict=True)) + "</tr>"


def _lines(cell: str) -> str:
    """A cell's first line, and those under it small."""
    first, _, more = cell.partition("\n")
    return escape(first) + (f"<br><small>{escape(more)}</small>" if more else "")


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
