"""Commands that can do without a database: formats, prices, sql."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import DEFAULT_DB, Json, Settings


def formats(
    name: Annotated[str | None, typer.Argument(help="A format; all are listed without it.")] = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Print this column map, to copy and edit.")] = None,
    as_json: Json = False,
) -> None:
    """What `audit load` reads: who has it, how to export it, what it lacks."""
    from audit.console.terminal import print_cards, print_json
    from audit.readers.mapped import map_text
    from audit.readers.registry import find_reader, readers_document

    if map_name is not None:
        print(map_text(map_name), end="")
        return
    rows = readers_document() if name is None else readers_document((find_reader(name),))
    if as_json:
        print_json(rows)
    else:
        print_cards(rows)


def prices(
    model: Annotated[str, typer.Argument(help="A model or alias.")] = "gpt-4o",
    config: Settings = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print a prices.csv for the model, to fill in and name in audit.toml.")
    ] = False,
    db: Annotated[
        Path | None,
        typer.Option(
            "--db",
            envvar="AUDIT_DB",
            help="With --template: a line for each class of tokens that has no price in this database; usage.duckdb "
            "where it exists.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """What a model costs, per million tokens, with source and dates.

    Prices of your own are lines of a CSV file that audit.toml names: [prices] file = "prices.csv". Its columns are
    model, token_class (input, cache_read, cache_creation, cache_creation_1h, output, audio_input, audio_output) and
    usd_per_million, and if you need them provider_name, service_tier (default, batch, flex, priority, fast),
    length_band, valid_from, valid_to (the first day without) and source. A line prices its own class alone; cache
    writes for an hour (cache_creation_1h) take the price of cache_creation only where no list price is known. `audit
    rebuild` prices a database anew.

    An example of two lines, the header first: "model,token_class,usd_per_million" and "our-model,input,2.50".
    """
    from audit.catalog.price_list import price_list, today_card
    from audit.config import read_config
    from audit.console.terminal import print_json, print_table

    if template:
        _print_template(model, config, db)
        return
    rows = price_list(model, read_config(config))
    if as_json:
        print_json(rows)
        return
    shown = today_card(rows, date.today())
    columns = list(shown[0])
    print_table(f"USD per million tokens of {model} today", columns, ([row[name] for name in columns] for row in shown))
    print(f"sources: {'; '.join(sorted({str(row['source']) for row in rows if row['token_class'] == 'input'}))}")
    print("all token classes, dates and sources: --json")


def _print_template(model: str, config: Path | None, db: Path | None) -> None:
    """With what the database lacks: the one named, which must be good, or usage.duckdb if it is there and good."""
    from audit.console.terminal import note
    from audit.errors import DatabaseError
    from audit.library.reference import price_template

    usual = DEFAULT_DB if DEFAULT_DB.is_file() else None
    try:
        text = price_template(model, config=config, db=db or usual)
    except DatabaseError as error:
        if db is not None:
            raise
        note(f"warning: without your traffic: {error}")
        text = price_template(model, config=config)
    print(text, end="")


def sql(
    relation: Annotated[str | None, typer.Argument(help="A relation; all are listed without it.")] = None,
    dialect: Annotated[str, typer.Option(help="duckdb, spark, bigquery, snowflake or clickhouse.")] = "duckdb",
    whole: Annotated[
        bool, typer.Option("--all", help="One script from the logs in a warehouse to their cells, for `audit load`.")
    ] = False,
    source: Annotated[
        str | None, typer.Option("--from", metavar="TABLE", help="With --all: the table with the logs.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", help="With --all: what the rows of the table are; see `audit formats`.")
    ] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="With --all: a TOML column map for the table.")] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="With --all: the columns of the table, where they are not those of the format: NAME,NAME,... and "
            "NAME:json for one that is JSON, a struct or an array."
        ),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="With --all: the table to make, which must not exist; else audit_cells."),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint", help="With --all: where the endpoint is: tag:PREFIX, route, prompt_name, metadata.KEY."
        ),
    ] = None,
    config: Settings = None,
    db: Annotated[
        Path | None,
        typer.Option("--db", help="With --all: find endpoints and hash templates as this database does."),
    ] = None,
    as_json: Json = False,
) -> None:
    """The SQL behind a relation, ready to paste; or one script for a warehouse that holds the logs.

    `audit sql --all --dialect bigquery --format litellm_spend_logs --from project.dataset.spend_logs
    --into project.dataset.audit_cells` prints the script. Run it there, export the table it makes as Parquet, and
    `audit load cells.parquet` loads cells, counts and reasons of rejects; no request leaves the warehouse. Script and
    result hold the salt that templates of prompts are hashed with: keep them as you keep the database.

    There are scripts for tables of litellm_spend_logs, litellm_payload, llm_logs, flat_log, traffic_audit, portkey,
    cloudflare_ai_gateway, envoy_ai_gateway and azure_llm_inference_2023, and of column maps of your own (--map).

    The tests of this program run scripts for DuckDB and Spark, and for ClickHouse where they are given a chDB; those
    for BigQuery and Snowflake are parsed, held against the documentation of these services, and were never run there.
    """
    from audit.console.terminal import print_json, print_table
    from audit.dialects import DIALECTS
    from audit.sql import all_queries, find, transpile

    if dialect not in DIALECTS:
        raise typer.BadParameter(f"{dialect!r} is not one of {', '.join(DIALECTS)}", param_hint="--dialect")
    if whole:
        if relation is not None:
            raise typer.BadParameter(f"--all prints one script of all relations; leave {relation!r} out")
        _print_script(source, dialect, format, map_file, columns, into, endpoint, config, db, as_json=as_json)
        return
    if any(given is not None for given in (source, format, map_file, columns, into, endpoint, config, db)):
        raise typer.BadParameter(
            "--from, --format, --map, --columns, --into, --endpoint, --config and --db are for --all; give it too"
        )
    if relation is None:
        queries = all_queries().values()
        if as_json:
            print_json([{"relation": query.name, "purpose": query.purpose} for query in queries])
        else:
            print_table("Relations", ("relation", "purpose"), ((query.name, query.purpose) for query in queries))
        return
    query = find(relation)
    text = transpile(query, dialect)
    if as_json:
        print_json({"relation": query.name, "purpose": query.purpose, "dialect": dialect, "sql": text})
    else:
        print(text)


def _print_script(
    source: str | None,
    dialect: str,
    format: str | None,
    map_file: Path | None,
    columns: str | None,
    into: str | None,
    endpoint: str | None,
    config: Path | None,
    db: Path | None,
    *,
    as_json: bool,
) -> None:
    """Print the script; a usage error where its table is not named, or not what is in it."""
    from audit.console.terminal import print_json
    from audit.library.scripting import INTO, warehouse_script

    if source is None:
        raise typer.BadParameter("name the table with the logs", param_hint="--from")
    if (format is None) == (map_file is None):
        raise typer.BadParameter("say what the rows of the table are: --format, or --map; one of them")
    text = warehouse_script(
        source,
        dialect=dialect,
        format=format,
        map_file=map_file,
        columns=[name.strip() for name in columns.split(",")] if columns else (),
        into=into or INTO,
        endpoint=endpoint,
        config=config,
        db=db,
    )
    if as_json:
        print_json({"dialect": dialect, "from": source, "into": into or INTO, "sql": text})
    else:
        print(text, end="")
