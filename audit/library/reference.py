"""What needs no database, or only asks it what has no price: formats, prices, the SQL of the relations."""

from datetime import date
from pathlib import Path

import polars as pl

from audit.config import read_config
from audit.library.asking import path_of


def formats(name: str | None = None) -> pl.DataFrame:
    """One row per export format that `load` reads, or the one of that name: how to export it, and what it lacks.

    >>> "litellm_spend_logs" in formats()["format"]
    True
    """
    from audit.readers.registry import find_reader, readers_document

    return pl.DataFrame(readers_document() if name is None else readers_document((find_reader(name),)))


def column_map(name: str) -> str:
    """A column map that comes with the package, as TOML to copy and edit for `load(map_file=...)`."""
    from audit.readers.mapped import map_text

    return map_text(name)


def prices(model: str, *, config: str | Path | None = None) -> pl.DataFrame:
    """One row per snapshot, tier, token class, input length and stretch of days: usd_per_million, from when, whence.

    `above_tokens` is the input length from which a price holds. UnknownNameError for a model that nobody knows,
    AuditError for one without a known price.
    """
    from audit.catalog.price_list import price_list

    return pl.DataFrame(price_list(model, read_config(path_of(config))), infer_schema_length=None)


def price_template(
    model: str, *, config: str | Path | None = None, today: date | None = None, db: str | Path | None = None
) -> str:
    """A prices.csv for a model, to fill in and to name in audit.toml.

    With a database it has a line for each class of tokens that leaves requests of the model unpriced there.
    """
    from audit.catalog.price_list import price_template as template
    from audit.intake.unpriced import classes_without_price
    from audit.warehouse import Warehouse

    lacking: set[str] = set()
    if db is not None:
        with Warehouse.read(Path(db)) as warehouse:
            lacking = classes_without_price(warehouse, model)
    return template(model, read_config(path_of(config)), today or date.today(), lacking)


def sql_text(relation: str, dialect: str = "duckdb") -> str:
    """The SELECT behind a relation, ready to paste: in duckdb, spark, bigquery, snowflake or clickhouse.

    >>> print(sql_text("request_files"))
    select *
    from files
    where target = 'request_facts'
    """
    from audit.dialects import DIALECTS
    from audit.errors import UnknownNameError
    from audit.sql import find, transpile

    for known in DIALECTS:
        if dialect == known:
            return transpile(find(relation), known)
    raise UnknownNameError("dialect", dialect, DIALECTS, f"Known: {', '.join(DIALECTS)}")
