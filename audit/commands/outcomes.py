"""Paired outcomes: what both models scored on the same prompts."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import DEFAULT_DB, Db, Json


def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSONL or Parquet with one row per pair.")],
    db: Db = DEFAULT_DB,
    scale: Annotated[
        str, typer.Option("--scale", help="The range of the scores: '5' is 0 to 5, '1-10' is 1 to 10.")
    ] = "1",
    as_json: Json = False,
) -> None:
    """Add paired outcomes; adding a file again changes nothing."""
    from dataclasses import asdict

    from audit.console import print_added, print_json
    from audit.evidence.outcome_log import add_outcomes

    added = add_outcomes(db, file, today=date.today(), scale=scale)
    if as_json:
        print_json(asdict(added))
    else:
        print_added(added)


def show(db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    """The paired outcomes in the database, by endpoint and pair of models."""
    from audit.console import print_json, print_table
    from audit.evidence.outcome_log import stored_outcomes
    from audit.warehouse import Warehouse

    with Warehouse.read(db) as warehouse:
        rows = stored_outcomes(warehouse)
    if as_json:
        print_json(rows)
    elif rows:
        print_table("Paired outcomes", list(rows[0]), (list(row.values()) for row in rows))
    else:
        print("no paired outcomes; `audit outcomes add FILE` adds some")
