"""Relations written to files: as tables, and as charges in the form of FOCUS."""

import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

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


def export(
    relation: Annotated[
        str | None,
        typer.Argument(metavar="[RELATION]", help="focus, or a relation; without one they are listed."),
    ] = None,
    db: Db = DEFAULT_DB,
    config: Settings = None,
    incumbent: Incumbent = "gpt-4o",
    candidate: Candidate = "gpt-4o-mini",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    monthly_requests: MonthlyRequests = None,
    form: Annotated[
        Literal["csv", "excel", "parquet"] | None,
        typer.Option(
            "--format", help="csv, excel (a CSV in which no text becomes a formula) or parquet; else by the ending."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; standard output if left out.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """A relation as CSV or Parquet; `focus` is one row per day and charge, as FOCUS 1.2 names its columns.

    Exported costs are list costs of priced traffic, recomputed from the log; they add up to the bill of `audit report`.
    """
    import audit
    from audit.console.rows import print_rows
    from audit.console.terminal import print_json
    from audit.library.relations import listing

    if relation is None:
        rows = listing()
        if as_json:
            print_json({"schema": "traffic-audit/relations/1", "relations": rows})
        else:
            print_rows(("relation", "purpose"), [(row["relation"], row["purpose"]) for row in rows])
        return
    if as_json:
        raise typer.BadParameter("--json lists the relations; with one of them name --format", param_hint="--json")
    traffic = audit.open(db)

    def write(path: Path, *, may_replace: bool) -> None:
        traffic.export(
            relation,
            path,
            form=form,
            force=may_replace,
            progress=not quiet,
            **asked(config, incumbent, candidate, since, until, source, monthly_requests),
        )

    if out is not None:
        write(out, may_replace=force)
        print(out)
        return
    if form == "parquet":
        raise typer.BadParameter("Parquet is no text; name a file with --out", param_hint="--format")
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="audit-") as folder:
        path = Path(folder) / "rows.csv"
        write(path, may_replace=False)
        sys.stdout.flush()
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
