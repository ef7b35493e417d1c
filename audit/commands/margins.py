"""What customers pay against what their traffic costs."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import (
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


def margin(
    revenue: Annotated[
        Path,
        typer.Argument(
            metavar="REVENUE",
            help="CSV, JSONL or Parquet with customer_id and revenue; optional period_start, period_end (the first day "
            "after), currency, plan, documents.",
        ),
    ],
    db: Db = DEFAULT_DB,
    config: Settings = None,
    incumbent: Incumbent = "gpt-4o",
    candidate: Candidate = "gpt-4o-mini",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    monthly_requests: MonthlyRequests = None,
    unit: Annotated[
        list[str] | None,
        typer.Option("--unit", metavar="COLUMN", help="A column of REVENUE that counts what is sold; repeatable."),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option("--rate", metavar="EUR=1.08", help="USD for one unit of another currency; repeatable."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write the report with its margins as one offline HTML page.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="One line per customer as CSV, safe for spreadsheets.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Revenue against cost per customer: today, and after what is measured, expected or conceivable has moved."""
    import audit
    from audit.console.terminal import console, print_exactly, print_json
    from audit.output_files import page_file
    from audit.report.margin_words import csv_rows
    from audit.report.margins import render_margins
    from audit.report.spreadsheet import csv_text

    if csv and as_json:
        raise typer.BadParameter("--csv and --json are two forms of the same; name one", param_hint="--csv")
    page = None if html is None else page_file(html)
    document = audit.open(db).margin(
        revenue,
        units=unit or (),
        rates=_rates(rate or []),
        html=page,
        progress=not quiet,
        **asked(config, incumbent, candidate, since, until, source, monthly_requests),
    )
    if as_json:
        print_json(document)
    elif csv:
        print_exactly(csv_text(*csv_rows(document)))
    else:
        render_margins(document, console())
    if page is not None:
        typer.echo(str(page), err=as_json or csv)


def _rates(texts: list[str]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for text in texts:
        currency, _, number = text.partition("=")
        try:
            rates[currency.strip().upper()] = float(number)
        except ValueError as error:
            raise typer.BadParameter(f"{text!r} is no rate; write EUR=1.08", param_hint="--rate") from error
    return rates
