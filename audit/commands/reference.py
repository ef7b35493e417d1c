"""Commands that need no database: formats, prices, sql."""

from datetime import date
from typing import Annotated

import typer

from audit.commands.options import Json, Settings


def formats(
    name: Annotated[str | None, typer.Argument(help="A format; all are listed without it.")] = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Print this column map, to copy and edit.")] = None,
    as_json: Json = False,
) -> None:
    """What `audit load` reads: who has it, how to export it, what it lacks."""
    from audit.console import print_cards, print_json
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
    as_json: Json = False,
) -> None:
    """What a model costs, per million tokens, with source and dates.

    Prices of your own are lines of a CSV file that audit.toml names: [prices] file = "prices.csv". Its columns are
    model, token_class (input, cache_read, cache_creation, output, audio_input, audio_output) and usd_per_million, and
    if you need them provider_name, service_tier (default, batch, flex, priority), length_band, valid_from, valid_to
    (the first day without) and source. `audit rebuild` prices a database anew.

    An example of two lines, the header first: "model,token_class,usd_per_million" and "our-model,input,2.50".
    """
    from audit.catalog.price_list import price_list, price_template, today_card
    from audit.config import read_config
    from audit.console import print_json, print_table

    if template:
        print(price_template(model, read_config(config), date.today()), end="")
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


def sql(
    relation: Annotated[str | None, typer.Argument(help="A relation; all are listed without it.")] = None,
    dialect: Annotated[str, typer.Option(help="duckdb, spark, bigquery, snowflake or clickhouse.")] = "duckdb",
    as_json: Json = False,
) -> None:
    """The SQL behind a relation, ready to paste."""
    from audit.console import print_json, print_table
    from audit.sql import DIALECTS, all_queries, find, transpile

    if dialect not in DIALECTS:
        raise typer.BadParameter(f"{dialect!r} is not one of {', '.join(DIALECTS)}", param_hint="--dialect")
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
