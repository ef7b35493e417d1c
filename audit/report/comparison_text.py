"""`audit compare` for people at a terminal: display only, every figure comes from the document."""

from __future__ import annotations

from io import StringIO
from textwrap import wrap
from typing import TYPE_CHECKING, cast

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from audit.report import words
from audit.report.comparison_cells import Table, names
from audit.report.comparison_tables import ENDPOINTS_SHOWN, sources, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WIDTH = 80


def comparison_text(document: Mapping[str, object]) -> str:
    """The comparison as text of at most 80 columns, without colours: the bottom line first, sources last."""
    one, other = names(document)
    opening = [f"{one} and {other} on {document['on']}", ""]
    opening += [f"- {sentence}" for sentence in cast("list[str]", document["bottom_line"])]
    drawn = (_table(table) for table in tables(document, ENDPOINTS_SHOWN))
    return "\n\n".join([lines_text(opening), *drawn, lines_text(_ending(document))]) + "\n"


def lines_text(lines: Iterable[str]) -> str:
    """Sentences broken at 80 columns, the rest of one that begins with '- ' below its first word."""
    broken: list[str] = []
    for line in lines:
        indent = "  " if line.startswith("- ") else ""
        broken += wrap(words.clean(line, 1000), WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]
    return "\n".join(broken)


def table_text(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]], labels: int = 1) -> str:
    """A table at 80 columns; the columns after `labels` are set to the right."""
    out = StringIO()
    console = Console(file=out, width=WIDTH, color_system=None, highlight=False)
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, head in enumerate(heads):
        drawn.add_column(Text(head), justify="left" if place < labels else "right", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return "\n".join([*wrap(title, WIDTH), *(line for line in lines if line)])


def _table(table: Table) -> str:
    text = table_text(table.title, table.heads, table.rows, table.labels)
    after = [each for each in (table.left_out, table.note) if each]
    return "\n".join([text, lines_text(after)]) if after else text


def _ending(document: Mapping[str, object]) -> list[str]:
    """Notes, what is not verified, and where every figure comes from."""
    lines = [f"- {note}" for note in cast("list[str]", document["notes"])]
    claims = cast("list[dict[str, str]]", document["unverified_claims"])
    lines += [f'- Not verified: "{claim["claim"]}" ({claim["status"]}).' for claim in claims]
    catalogue = cast("Mapping[str, str]", document["catalogue"])
    lines += [
        "",
        f"Prices on {document['on']}: genai-prices {catalogue['version']}, verified {catalogue['checked_on']}.",
    ]
    return [*lines, *(f"Source: {source}" for source in sources(document))]
