"""What the commands print: results on standard output, everything else on standard error."""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice, takewhile
from textwrap import fill
from typing import TYPE_CHECKING, TypeVar, cast

from audit.errors import visible

if TYPE_CHECKING:
    from rich.console import Console

    from audit.evidence.outcome_log import Added
    from audit.intake.loading import LoadReport
    from audit.intake.merging import Merged

T = TypeVar("T")

PLAIN_WIDTH = 80
"""Columns where nobody watches: a pipe or a file."""
ROWS_PER_TABLE = 1_000
"""Rows whose widths are looked at before the first of them is printed."""
NARROWEST = 12
"""Columns of a table that words can be broken into; numbers are never broken."""
EXCERPT = 100
"""Characters of a rejected record on a terminal; `--json` and `--csv` have all of it."""
FILES_SHOWN = 20
"""Files listed one by one; a folder can hold a hundred thousand, which `--json` and `audit sql` have in full."""


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


def print_load(report: "LoadReport") -> None:
    """The counts of a load, file by file, and what was refused."""
    counts = ("read", "loaded", "duplicate", "rejected")
    shown, more = folded(report.files)
    folder = common_folder([file.path for file in shown])
    rows: list[tuple[object, ...]] = [
        (file.path.removeprefix(folder), file.format, *(getattr(file, name) for name in counts)) for file in shown
    ]
    if more:
        rest = report.files[len(shown) :]
        rows.append((f"and {more:,} more files", "", *(sum(getattr(file, name) for file in rest) for name in counts)))
    if len(report.files) > 1:
        rows.append(("all files", "", *(report.total(name) for name in counts)))
    if rows:
        print_table(f"Loaded from {folder}" if folder else "Loaded", ("file", "format", *counts), rows)
    collisions = sum(file.id_collisions for file in report.files)
    if collisions:
        note(f"note: {collisions:,} requests share an id with another of different content; both were loaded")
    if not_calls := report.total("not_calls"):
        note(
            f"note: {not_calls:,} of the rejected records were never meant to be requests: other spans of a trace, say"
        )
    if report.total("rejected") > not_calls + report.total("rejected_there"):
        note("note: `audit rejects` lists the rejected records with their reasons")
    complain(report)


def print_merge(merged: "Merged") -> None:
    """The counts of a merge, database by database, as they stand in the sum."""
    counts = ("files", "read", "loaded", "duplicate", "rejected")
    rows = [(each["path"], *(each[name] for name in counts)) for each in merged.databases]
    print_table(f"Merged into {merged.db}", ("database", *counts), rows)
    if merged.repeated:
        note(f"note: {merged.repeated:,} requests that several databases have count once")
    for message in merged.warnings:
        note(f"warning: {message}")
    for failed in merged.failed_checks:
        note(f"check failed: {failed}")


def complain(report: "LoadReport") -> None:
    """Notes, warnings, refusals and failed checks of a load on standard error."""
    notes = [(file.path, text, count) for file in report.files for text, count in file.notes.items()]
    if len(notes) > FILES_SHOWN:
        for text in dict.fromkeys(text for _, text, _ in notes):
            counted = [count for _, other, count in notes if other == text]
            note(f"note: {len(counted):,} files: {sum(counted):,} records: {text}")
    else:
        for path, text, count in notes:
            note(f"note: {path}: {count:,} records: {text}")
    for kind, messages in (("warning", report.warnings), ("error", report.refused)):
        shown, more = folded(messages)
        for message in shown:
            note(f"{kind}: {message}")
        if more:
            note(f"{kind}: and {more:,} more like these; --json lists them all")
    for failed in report.failed_checks:
        note(f"check failed: {failed}")


def common_folder(paths: Sequence[str]) -> str:
    """The folder that all of several files lie in, with its slash: said once, it leaves room for their names.

    >>> common_folder(["logs/may/a.csv", "logs/june/b.csv"])
    'logs/'
    """
    folders = [path.split("/")[:-1] for path in paths] if len(paths) > 1 else []
    shared = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))]
    return "/".join([*shared, ""]) if any(shared) else ""


def excerpt(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


def folded(items: Sequence[T]) -> tuple[Sequence[T], int]:
    """The items to show, and how many more there are."""
    return (items, 0) if len(items) <= FILES_SHOWN + 1 else (items[:FILES_SHOWN], len(items) - FILES_SHOWN)


def print_added(added: "Added") -> None:
    """What became of an outcomes file."""
    known = " (added before; nothing changed)" if added.already_known else ""
    replaced = f" ({added.replaced:,} of them in place of earlier ones)" if added.replaced else ""
    print(f"{added.path}: {added.pairs:,} pair{'s' * (added.pairs != 1)}{known}{replaced}")
    if added.unknown_requests:
        note(f"warning: {added.unknown_requests:,} pairs name a request that is in no loaded export; left out")
    for unknown in added.waiting:
        note(f"warning: {unknown}; its pairs wait for it")


def print_status(document: Mapping[str, object]) -> None:
    """The tables of `audit status`."""
    window = cast("Mapping[str, object]", document["window"])
    start, end = _minute(window["start"]), _minute(window["end"])
    print(f"window {start} to {end} UTC, {document['paired_outcomes']} paired outcomes")
    for name in ("files", "endpoints", "models"):
        rows = cast("Sequence[Mapping[str, object]]", document[name])
        if rows:
            columns = [column for column in rows[0] if column not in ("loaded_at", "id_collisions")]
            shown, more = (rows, 0) if name == "models" else folded(rows)
            folder = common_folder([str(row["path"]) for row in shown]) if name == "files" else ""
            print_table(
                f"{name.capitalize()} in {folder}" if folder else name.capitalize(),
                [column.replace("_requests", "").replace("_", " ") for column in columns],
                (
                    [str(row[column]).removeprefix(folder) if column == "path" else row[column] for column in columns]
                    for row in shown
                ),
            )
            if more:
                print(f"and {more:,} more {name}; --json lists them all\n")
    for overlap in cast("Sequence[Mapping[str, object]]", document["overlaps"]):
        note(f"warning: {overlap['text']}")
    for dispute in cast("Sequence[Mapping[str, object]]", document["disputes"]):
        note(f"warning: {dispute['sentence']}")
    for bill in cast("Sequence[Mapping[str, object]]", document["billed_costs"]):
        amount = f"{float(str(bill['amount'])):,.2f} {str(bill['currency']).upper()}"
        print(f"billed {amount} from {bill['start']} to {bill['end']}")
    requests = cast("Mapping[str, int]", document["requests"])
    print_table("Requests by outcome", ("outcome", "requests"), requests.items())


def _minute(moment: object) -> str:
    return str(moment).removesuffix("+00:00").replace("T", " ") if moment else "-"


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
