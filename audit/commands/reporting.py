"""Commands that read a database: report, status, rejects, and the demo that does it all."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import (
    CHECK_FAILED,
    DEFAULT_DB,
    Candidate,
    Db,
    Incumbent,
    Json,
    MonthlyRequests,
    Quiet,
    Settings,
    Since,
    Sources,
    Until,
)


def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the demo's files go.")] = Path("audit-demo"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The whole tour on bundled real data: load, outcomes, report, HTML page."""
    from audit.console import console, print_json
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


def report(
    db: Db = DEFAULT_DB,
    config: Settings = None,
    incumbent: Incumbent = "gpt-4o",
    candidate: Candidate = "gpt-4o-mini",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    monthly_requests: MonthlyRequests = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the report as one offline HTML page.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The savings report: what is measured, what is expected, and what is only a ceiling."""
    from dataclasses import replace

    from audit.assumptions import assumptions_from
    from audit.config import read_config
    from audit.console import console, print_json
    from audit.errors import ConfigError
    from audit.pipeline import run_report
    from audit.progress import shown
    from audit.report.text import render_text
    from audit.scope import Question
    from audit.warehouse import Warehouse

    if html is not None and (html.is_dir() or not html.parent.is_dir()):
        raise ConfigError(f"--html {html}: no file can be written there; name a file in a folder that exists")
    settings = read_config(config)
    if source:
        settings = replace(settings, sources=tuple(source))
    question = Question(
        incumbent=incumbent,
        candidate=candidate,
        since=since.date() if since else None,
        until=until.date() if until else None,
        monthly_requests=monthly_requests,
        today=date.today(),
    )
    asked = {} if monthly_requests is None else {"monthly_requests": monthly_requests}
    assumptions = assumptions_from({**settings.assumptions, **asked})
    with Warehouse.read(db) as warehouse, shown(quiet) as progress:
        document = run_report(warehouse, question, settings, assumptions, progress).document
    if as_json:
        print_json(document)
    else:
        render_text(document, console())
    if html is not None:
        from audit.report.html import render_html

        html.write_text(render_html(document), encoding="utf-8")
        typer.echo(str(html), err=as_json)
    if not all(check["ok"] for check in document["checks"]):
        raise typer.Exit(CHECK_FAILED)


def status(db: Db = DEFAULT_DB, as_json: Json = False, quiet: Quiet = False) -> None:
    """What is in the database: files, window, rows, models, what has no price or no token counts."""
    del quiet  # nothing here takes long
    from audit.console import print_json, print_status
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

    from audit.console import excerpt, print_json_list, print_long_table
    from audit.intake.rejects import counted, folded, listed
    from audit.warehouse import Warehouse

    columns = ("path", "record_number", "line_number", "reason", "text", "unavailable")
    with Warehouse.read(db) as warehouse:
        if as_json:
            print_json_list(asdict(reject) for reject in listed(warehouse))
            return
        if csv:
            import csv as writer

            lines = writer.writer(sys.stdout)
            lines.writerow(columns)
            lines.writerows(tuple(asdict(reject)[name] for name in columns) for reject in listed(warehouse))
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
        print_long_table(f"{counted(warehouse):,} rejected records", ("file", "record", "line", "reason", "text"), rows)
        for path, count, reason in folded(warehouse):
            print(f"{path}: {count:,} {'record' if count == 1 else 'records'}: {reason}")
