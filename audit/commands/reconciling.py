"""The command that holds a bill against the log."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import CHECK_FAILED, DEFAULT_DB, Db, Json, Quiet, Settings, Since, Sources, Until

TABLES = ("causes", "days", "models", "projects", "line_items")


def _table(name: str | None) -> str | None:
    if name is not None and name not in TABLES:
        raise typer.BadParameter(f"{name!r} is no table; the tables are {', '.join(TABLES)}")
    return name


def reconcile(
    costs: Annotated[
        list[str] | None,
        typer.Argument(metavar="COSTS", help="Cost exports: OpenAI, Anthropic, FOCUS; none: those of the database."),
    ] = None,
    db: Db = DEFAULT_DB,
    config: Settings = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="A cost map for COSTS: which column is what.")] = None,
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 where the bill does not tie out.")] = False,
    as_json: Json = False,
    csv: Annotated[
        str | None, typer.Option(metavar="TABLE", callback=_table, help=f"One table as CSV: {', '.join(TABLES)}.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """The provider's bill against the list cost of the log, and what probably explains the difference.

    By day, model, project and line item. More than a tenth unexplained, and the bill does not tie out: savings are
    then of a log that is not what was paid for. `audit formats --map flat_bill > map.toml` is a cost map to edit.
    """
    from audit.console.terminal import paragraph, print_exactly, print_json, print_table
    from audit.ledger import tables
    from audit.library.opened import Audit

    if as_json and csv is not None:
        raise typer.BadParameter("--csv and --json are two forms of the same; name one", param_hint="--csv")
    found = Audit(db).reconcile(
        costs or (),
        map_file=map_file,
        config=config,
        since=since.date() if since else None,
        until=until.date() if until else None,
        sources=source or (),
        progress=not quiet,
    )
    if as_json:
        print_json(found)
    elif csv is not None:
        print_exactly(tables.csv_table(found, csv))
    else:
        for sentence in tables.sentences(found):
            paragraph(sentence)
        for name in ("models", "projects", "line_items", "days"):
            rows, more = tables.shown(found[name])
            print()
            print_table(name.replace("_", " ").capitalize(), ("", "billed", "list cost", "difference"), rows)
            if more:
                print(f"and {more:,} more that differ less; --csv {name} has them all")
    if strict and not found["ties_out"]:
        raise typer.Exit(CHECK_FAILED)
