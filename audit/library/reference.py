"""What needs no database: two models side by side, formats, prices, the SQL of the relations."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from audit.config import read_config
from audit.library.asking import path_of

if TYPE_CHECKING:
    from audit.catalog.comparison import Document


def compare(a: str, b: str, *, on: date | None = None) -> "Document":
    """Two models side by side on a day (today): the document of `audit compare A B --json`."""
    from audit.catalog.comparison import compare as compare_models

    return compare_models(a, b, on=on or date.today())


def formats() -> pl.DataFrame:
    """One row per export format that `load` reads: format, title, audience, how_to_export, lacks."""
    from audit.readers.registry import readers_document

    return pl.DataFrame(readers_document())


def prices(model: str, *, config: str | Path | None = None) -> pl.DataFrame:
    """One row per snapshot, tier, token class, input length and stretch of days, in USD per million tokens.

    `above_tokens` is the input length from which a price holds; usd_per_million is DECIMAL.
    """
    from audit.catalog.price_list import price_list

    return pl.DataFrame(price_list(model, read_config(path_of(config))), infer_schema_length=None)


def sql_text(relation: str, dialect: str = "duckdb") -> str:
    """The SELECT behind a relation, ready to paste: in duckdb, spark, bigquery, snowflake or clickhouse."""
    from audit.errors import UnknownNameError
    from audit.sql import DIALECTS, find, transpile

    for known in DIALECTS:
        if dialect == known:
            return transpile(find(relation), known)
    raise UnknownNameError("dialect", dialect, DIALECTS, f"Known: {', '.join(DIALECTS)}")
