"""Commands that read a database: status, rejects, and the demo that does it all."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import DEFAULT_DB, Db, Json, Quiet
from audit.counting import number_of


def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the demo's files go.")] = Path("audit-demo"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The whole tour on bundled real data: load, outcomes, report, HTML page."""
    from audit.console.terminal import console, print_json
    from audit.demo import run_demo
    from audit.progress import shown
    from audit.report.text import render_text

    with shown(quiet) as progress:
        result = run_demo(directory, progress=progress)
    if as_json:
        print_json(result.document)
        return
    render_text(result.document, console())
    print(result.html)


def status(db: Db = DEFAULT_DB, as_json: Json = False, quiet: Quiet = False) -> None:
    """What is in the database: files, window, rows, models, what has no price or no token counts."""
    del quiet  # nothing here takes long
    from audit.console.loads import print_status
    from audit.console.terminal import print_json
    from audit.intake.status import status as read_status
    from audit.warehouse import Warehouse

    with Warehouse.read(db) as warehouse:
        document = read_status(warehouse)
    if as_json:
        print_json(document)
    else:
        print_status(document)


def rejects(
    db: Db = DEFAULT_DB,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Every rejected record: file, number, reason, and its text read again from the export.

    The terminal shows records that are no model calls by nature as one line per file and reason.
    """
    del quiet  # nothing here takes long
    from dataclasses import asdict

    from audit.console.loads import excerpt
    from audit.console.terminal import print_exactly, print_json_list, print_long_table
    from audit.intake.rejects import counted, folded, listed
    from audit.warehouse import Warehouse

    columns = ("path", "record_number", "line_number", "reason", "text", "unavailable")
    with Warehouse.read(db) as warehouse:
        if as_json:
            print_json_list(asdict(reject) for reject in listed(warehouse))
            return
        if csv:
            from audit.report.spreadsheet import csv_line

            print_exactly(csv_line(columns))
            for reject in listed(warehouse):
                print_exactly(csv_line([asdict(reject)[name] for name in columns]))
            return
        rows = (
            (
                reject.path,
                reject.record_number,
                reject.line_number,
                reject.reason,
                excerpt(reject.text or f"({reject.unavailable})"),
            )
            for reject in listed(warehouse, with_others=False)
        )
        print_long_table(
            number_of(counted(warehouse), "rejected record"), ("file", "record", "line", "reason", "text"), rows
        )
        for path, count, reason in folded(warehouse):
            print(f"{path}: {number_of(count, 'record')}: {reason}")
