"""Rows of any query on a terminal, in CSV and in JSON: values of any type, a table only where it fits."""

import csv
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from audit.console.terminal import cell, console, print_json_list, print_long_table

Rows = Sequence[Sequence[object]]
LEAST = 1e-6
"""Numbers closer to zero are written with an exponent; others are rounded to as many decimals."""


def print_rows(columns: Sequence[str], rows: Rows) -> None:
    """A table, or where it is wider than the output one block of lines per row."""
    if not rows:
        print(f"no rows ({', '.join(columns)})")
        return
    cells = [[readable(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    if sum(widths) + 2 * len(widths) <= console().width:
        print_long_table("", columns, cells)
        return
    names = max(map(len, columns))
    for number, row in enumerate(cells, start=1):
        print(f"row {number:,} of {len(cells):,}")
        for name, text in zip(columns, row, strict=True):
            print(f"  {name:<{names}}  {text}")


def print_rows_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """CSV with every digit; lists and objects are JSON."""
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows([_in_csv(value) for value in row] for row in rows)


def print_rows_json(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One JSON document: a list of objects."""
    print_json_list(dict(zip(columns, map(plain, row), strict=True)) for row in rows)


def readable(value: object) -> str:
    r"""A value of a query on one line: numbers with all decimals that count, lists and objects as JSON.

    >>> readable(Decimal("25.10000000000000")), readable(1234567.5), readable(1e-9), readable(None), readable("a\nb")
    ('25.1', '1,234,567.5', '1e-09', '-', 'a\\nb')
    """
    if isinstance(value, float | Decimal):
        small = value and abs(value) < LEAST
        return f"{value:.3g}" if small or not math.isfinite(value) else f"{value:,.6f}".rstrip("0").rstrip(".")
    return cell(value if value is None or isinstance(value, str | int) else _json(value))


def plain(value: object) -> object:
    """A value as JSON knows it: decimals are numbers, what JSON has no number for is null, other types are text."""
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return {str(key): plain(entry) for key, entry in pairs.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in cast("list[object]", value)]
    return value if value is None or isinstance(value, str | bool | int) else str(value)


def _in_csv(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _json(cast("object", value)) if isinstance(value, list | dict) else value


def _json(value: object) -> str:
    found = plain(value)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
