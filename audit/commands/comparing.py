"""`audit compare`: two models, with the user's own traffic where there is a database, or the pairs worth a look."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.commands.options import DEFAULT_DB, Json, Quiet, Settings, Sources

if TYPE_CHECKING:
    from audit.catalog.comparison import Document
    from audit.config import Config
    from audit.progress import Progress


def compare(
    a: Annotated[str | None, typer.Argument(help="A model; without any, pairs worth a look in your traffic.")] = None,
    b: Annotated[str | None, typer.Argument(help="Another model.")] = None,
    db: Annotated[
        Path | None, typer.Option("--db", envvar="AUDIT_DB", help="The DuckDB file; usage.duckdb where it exists.")
    ] = None,
    config: Settings = None,
    source: Sources = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write it as one offline HTML page.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Two models side by side: benchmarks, prices, request costs, value for money.

    With a database, also what a typical request of your own costs on both. Without names: for every model you pay for,
    what it could move to, and what follows the models that are switched off.
    """
    from audit.library.asking import settled
    from audit.output_files import page_file
    from audit.progress import shown

    if a is not None and b is None:
        raise typer.BadParameter(f"{a!r} is one model; name two, or none to see what is worth comparing")
    if html is not None and (a is None or b is None):
        raise typer.BadParameter("a page needs two models: audit compare A B --html F", param_hint="--html")
    page = None if html is None else page_file(html)
    settings = settled(config=config, sources=source or ()).config
    with shown(quiet) as progress:
        if a is None or b is None:
            _pairs(db or DEFAULT_DB, settings, progress, as_json=as_json)
        else:
            _two(a, b, db, settings, progress, page, as_json=as_json)


def _pairs(db: Path, config: "Config", progress: "Progress", *, as_json: bool) -> None:
    from audit.comparing.candidate_pairs import candidate_pairs
    from audit.console.terminal import print_json
    from audit.errors import DatabaseError
    from audit.report.pairs_text import pairs_text
    from audit.warehouse import Warehouse

    if not db.is_file():
        raise DatabaseError(
            f"{db}: no such database; make one with `audit load PATH --db {db}`, or name two models: "
            "`audit compare gpt-4o gpt-4o-mini`"
        )
    with Warehouse.read(db) as warehouse, progress("price your traffic on other models"):
        document = candidate_pairs(warehouse, config, date.today())
    if as_json:
        print_json(document)
    else:
        print(pairs_text(document), end="")


def _two(
    a: str, b: str, db: Path | None, config: "Config", progress: "Progress", page: Path | None, *, as_json: bool
) -> None:
    from audit.console.terminal import print_json
    from audit.report.comparison_text import comparison_text

    document = _document(a, b, db, config, progress)
    if as_json:
        print_json(document)
    else:
        print(comparison_text(document), end="")
    if page is not None:
        from audit.output_files import written_whole
        from audit.report.html import render_comparison

        with written_whole(page) as partial:
            partial.write_text(render_comparison(document), encoding="utf-8")
        typer.echo(str(page), err=as_json)


def _document(a: str, b: str, db: Path | None, config: "Config", progress: "Progress") -> "Document":
    """With the traffic of the database: the one named, which must be good, or usage.duckdb if it is there and good."""
    from audit.comparing.two_models import compare, without_traffic
    from audit.console.terminal import note
    from audit.errors import AuditError
    from audit.scope import Question
    from audit.warehouse import Warehouse

    question = Question(incumbent=a, candidate=b, today=date.today())
    if db is None and not DEFAULT_DB.is_file():
        return without_traffic(question, config)
    try:
        with Warehouse.read(db or DEFAULT_DB) as warehouse, progress("price your typical request"):
            return compare(warehouse, question, config)
    except AuditError as error:
        if db is not None:
            raise
        document = without_traffic(question, config)  # raises what concerns the models themselves
        note(f"warning: without your traffic: {error}")
        return document
