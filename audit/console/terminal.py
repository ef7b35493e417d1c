"""A terminal, a pipe or a file: its width, tables, paragraphs, JSON, and notes beside the result."""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from textwrap import fill
from typing import TYPE_CHECKING, cast

from audit.errors import visible

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 80
"""Columns where nobody watches: a pipe or a file."""
ROWS_PER_TABLE = 1_000
"""Rows whose widths are looked at before the first of them is printed."""
NARROWEST = 12
"""Columns of a table that words can be broken into; numbers are never broken."""


def console() -> "Console":
    """A rich console for results: as wide as the terminal, 80 columns without colour elsewhere.

    NO_COLOR, FORCE_COLOR, TERM=dumb and COLUMNS mean what they mean everywhere; the first of them wins.
    """
    from rich.console import Console

    asked = os.environ.get
    if asked("NO_COLOR"):
        return Console(color_system=None, width=None if sys.stdout.isatty() else _columns())
    if sys.stdout.isatty():
        return Console()
    return Console(width=_columns()) if asked("FORCE_COLOR") else Console(width=_columns(), color_system=None)


def _columns() -> int:
    """The width where there is no terminal."""
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if asked.isascii() and asked.isdigit() and int(asked) else PLAIN_WIDTH


def print_exactly(text: str) -> None:
    """A file on standard output: UTF-8 and its own line ends, whatever the terminal's are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))


def print_json(document: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, default=_value, ensure_ascii=False, indent=2, allow_nan=False))


def print_json_list(documents: Iterable[object]) -> None:
    """One JSON document on standard output, a list of which only one item is in memory at a time."""
    opening = "["
    for document in documents:
        text = json.dumps(document, default=_value, ensure_ascii=False, indent=2, allow_nan=False)
        print(f"{opening}\n  " + text.replace("\n", "\n  "), end="")
        opening = ","
    print("[]" if opening == "[" else "\n]")


def paragraph(text: str) -> None:
    """A sentence or more on standard output, broken between words at the width of the output."""
    print(fill(text, console().width, break_long_words=False, break_on_hyphens=False))


def note(message: str) -> None:
    """A line on standard error."""
    print(visible(message), file=sys.stderr, flush=True)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A plain table, its numbers to the right and in one piece; a paragraph per row where the output is too narrow."""
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    cells = [[cell(value) for value in row] for row in rows]
    numeric = [bool(cells) and all(_is_number(row[place]) for row in cells) for place in range(len(columns))]
    out = console()
    texts = [" ".join(row[place] for row in [columns, *cells]) for place in range(len(columns))]
    words = [max(map(cell_len, text.split()), default=0) for text in texts]
    least = [size if is_number else min(size, NARROWEST) for size, is_number in zip(words, numeric, strict=True)]
    if len(columns) > 1 and sum(least) + 3 * len(least) > out.width:
        if title:
            out.print(Text(title, style="table.title"))
        print_cards(dict(zip(columns, row, strict=True)) for row in cells)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, is_number, size in zip(columns, numeric, least, strict=True):
        # rich takes width from words and numbers alike, unless told what each needs
        table.add_column(name, justify="right" if is_number else "left", overflow="fold", min_width=size)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    if title:  # not the table's own, which is broken at the width of the table
        out.print(Text(title, style="table.title"))
    out.print(table)


def print_long_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of any length, set in pages of ROWS_PER_TABLE rows: no more are in memory at a time."""
    left = iter(rows)
    print_table(title, columns, islice(left, ROWS_PER_TABLE))
    for first in left:
        print_table("", columns, chain([first], islice(left, ROWS_PER_TABLE - 1)))


def print_cards(rows: Iterable[Mapping[str, object]]) -> None:
    """One paragraph per row: its first two values as the heading, the others under it by name."""
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    for row in rows:
        (_, head), (_, title), *rest = row.items()
        out.print(Text.assemble((str(head), "bold"), f"  {title}"))
        for key, value in rest:
            text = ", ".join(map(str, cast("Sequence[object]", value))) if isinstance(value, list) else str(value)
            if text:
                out.print(
                    Padding(Text.assemble((f"{key.replace('_', ' ')}: ", "dim"), text), (0, 0, 0, 2), expand=False)
                )


def cell(value: object) -> str:
    """A value on one line, without characters that a terminal would obey."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return visible(str(value)).replace("\n", "\\n")


def _is_number(cell: str) -> bool:
    """Counts, money and shares.

    >>> [_is_number(text) for text in ("1,000", "-$0.5", "12 %", "-", "w-1", "1 % of pilots")]
    [True, True, True, True, False, False]
    """
    return re.fullmatch(r"-?[$]?[0-9][0-9.,]*(e[+-]?[0-9]+)?( ?%)?|-", cell) is not None


def _value(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
