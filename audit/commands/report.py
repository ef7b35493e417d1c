"""The report command: which database, which pair, which days, and in which form it is printed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer.core import TyperCommand

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
    asked,
)

if TYPE_CHECKING:
    from audit.library.asking import Settled
    from audit.progress import Progress
    from audit.report.change_document import Changes
    from audit.report.document import ReportDocument

Form = Literal["text", "json", "markdown"]

TABLES = (
    "workloads", "savings", "blended", "accounting", "models", "daily", "shape_map", "reasons", "assumptions", "checks",
    "files", "retirements", "columns",
)  # fmt: skip
"""What `--csv` takes; named here so that help and a wrong name need nothing heavy."""


class ReportCommand(TyperCommand):
    """The command, which names the tables where `--csv` comes without one."""

    def parse_args(  # pyright: ignore[reportIncompatibleMethodOverride] - typer's own type of the context is private
        self, ctx: typer.Context, args: list[str]
    ) -> list[str]:
        """Parse the arguments; BadParameter where the last is `--csv`."""
        if args[-1:] == ["--csv"]:
            raise typer.BadParameter(f"--csv needs the name of a table: {', '.join(TABLES)}", ctx=ctx)
        return super().parse_args(ctx, args)


def _table(name: str | None) -> str | None:
    if name is not None and name not in TABLES:
        raise typer.BadParameter(f"{name!r} is no table; the tables are {', '.join(TABLES)}")
    return name


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
    csv: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE", callback=_table, help=f"One table as CSV: {', '.join(TABLES)} (which explains the others)."
        ),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="As a comment on a pull request, in GitHub's Markdown.")
    ] = False,
    earlier: Annotated[
        Path | None,
        typer.Option("--compare", help="Print what changed since this report, a file of --json, or in this database."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 also where the loaded bill does not tie out.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """The savings report: what is measured, what is expected, and what is only a ceiling.

    A month against the one before: `audit report --since 2026-09-01 --until 2026-10-01 --json > september.json`, and
    then `audit report --since 2026-10-01 --until 2026-11-01 --compare september.json`.
    """
    from audit.ledger.costs import add_tie_out
    from audit.library.asking import settled
    from audit.output_files import page_file, written_whole
    from audit.progress import shown
    from audit.warehouse import Warehouse

    _only_one({"--json": as_json, "--csv": csv is not None, "--markdown": as_markdown})
    _only_one({"--csv": csv is not None, "--compare": earlier is not None})
    page = None if html is None else page_file(html)
    wanted = settled(**asked(config, incumbent, candidate, since, until, source, monthly_requests))
    with shown(quiet) as progress:
        before = None if earlier is None else _earlier(earlier, wanted, progress)
        with Warehouse.read(db) as warehouse:
            result = wanted.run(warehouse, progress)
            add_tie_out(warehouse, wanted.question, result)
    document = result.document
    changed = None if before is None else _changes(before, document)
    if page is not None:  # before anything is printed, which a closed pipe may end
        from audit.report.html import render_html

        with written_whole(page) as partial:
            partial.write_text(render_html(document, changed), encoding="utf-8")
    form: Form = "json" if as_json else "markdown" if as_markdown else "text"
    if changed is not None:
        _print_changes(changed, form)
    elif csv is not None:
        _print_table(document, csv)
    else:
        _print(document, form)
    if page is not None:
        typer.echo(str(page), err=form != "text" or csv is not None)
    bill = document.get("reconciliation")
    if not all(check["ok"] for check in document["checks"]) or (strict and bill and not bill["ties_out"]):
        raise typer.Exit(CHECK_FAILED)


def _earlier(path: Path, wanted: "Settled", progress: "Progress") -> "ReportDocument":
    """The report to compare with: a document, or all of the traffic of another database, asked the same."""
    from dataclasses import replace

    from audit.report.previous import read_report
    from audit.warehouse import Warehouse, is_database

    if not path.is_file() or not is_database(path):
        return read_report(path)
    with Warehouse.read(path) as warehouse:
        everything = replace(wanted, question=replace(wanted.question, since=None, until=None))
        return everything.run(warehouse, progress).document


def _changes(before: "ReportDocument", now: "ReportDocument") -> "Changes":
    from audit.changes.reports import changes

    return changes(before, now)


def _only_one(forms: dict[str, bool]) -> None:
    """BadParameter (exit code 2) where more than one form is asked for."""
    asked = [name for name, is_asked in forms.items() if is_asked]
    if len(asked) > 1:
        raise typer.BadParameter(f"{' and '.join(asked)} exclude each other: standard output holds one form")


def _print(document: "ReportDocument", form: Form) -> None:
    from audit.console.terminal import console, print_exactly, print_json

    if form == "json":
        print_json(document)
    elif form == "markdown":
        from audit.report.markdown import render_markdown

        print_exactly(render_markdown(document))
    else:
        from audit.report.text import render_text

        render_text(document, console())


def _print_table(document: "ReportDocument", name: str) -> None:
    from audit.console.terminal import print_exactly
    from audit.report.csv_tables import csv_table

    print_exactly(csv_table(document, name))


def _print_changes(changes: "Changes", form: Form) -> None:
    from audit.console.terminal import console, print_exactly, print_json
    from audit.report.changes_text import markdown_changes, render_changes

    if form == "json":
        print_json(changes)
    elif form == "markdown":
        print_exactly(markdown_changes(changes))
    else:
        render_changes(changes, console())
