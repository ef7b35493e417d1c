"""CSV that any spreadsheet can open: RFC 4180, and no name from a log can become a formula."""

import csv
import json
from collections.abc import Iterable, Sequence
from io import StringIO

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes a cell for a formula by, or skips before one (OWASP, CSV injection)."""


def csv_line(values: Sequence[object]) -> str:
    r"""One record with its CRLF. Numbers stay numbers, null is empty, a text like a formula gets an apostrophe.

    >>> csv_line(["=1+1", -2.5, None, True, 'a "b" c'])
    '\'=1+1,-2.5,,true,"a ""b"" c"\r\n'
    """
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_cell(value) for value in values])
    return out.getvalue()


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole table, its header first."""
    return "".join(map(csv_line, [columns, *rows]))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text
