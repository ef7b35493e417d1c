"""The command that answers one SELECT: what the page shows under "SQL" is put to the database here."""

import sys
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


def query(
    select: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT, or - to read it from standard input.")],
    db: Db = DEFAULT_DB,
    config: Settings = None,
    incumbent: Incumbent = "gpt-4o",
    candidate: Candidate = "gpt-4o-mini",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    monthly_requests: MonthlyRequests = None,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV, numbers in full.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The rows of one SELECT over the database and the report's results, as the SQL of the HTML page asks for them.

    `audit sql` lists the relations. Those of a report (savings_by_level, report_workloads, verdicts and the like) are
    those that `audit report` with the same options makes. The database is opened read-only.
    """
    import audit
    from audit.console.rows import print_rows, print_rows_csv, print_rows_json
    from audit.progress import shown

    if csv and as_json:
        raise typer.BadParameter("--csv and --json are two forms of the same rows; name one", param_hint="--csv")
    with shown(quiet) as progress, progress("asking the database"):
        rows = audit.open(db).sql(
            sys.stdin.read() if select == "-" else select,
            **asked(config, incumbent, candidate, since, until, source, monthly_requests),
        )
    if as_json:
        print_rows_json(rows.columns, rows.iter_rows())
    elif csv:
        print_rows_csv(rows.columns, rows.iter_rows())
    else:
        print_rows(rows.columns, rows.rows())
