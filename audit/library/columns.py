"""The column dictionary: what every column of a relation is measured in, where its name comes from, what it means.

A name means the same in every relation, so there is one line per name, in `audit/data/columns.csv`. Its source is
`otel` (OpenTelemetry's GenAI conventions, dots as underscores), `focus` (FinOps cost and usage) or `ours`.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import polars as pl


class Word(NamedTuple):
    """One line of the dictionary; a column without a unit is a text, a flag or a list."""

    column: str
    unit: str
    source: str
    meaning: str


@cache
def words() -> dict[str, Word]:
    """The dictionary by column, in the order of the file."""
    text = files("audit").joinpath("data/columns.csv").read_text(encoding="utf-8")
    return {row["column"]: Word(**row) for row in csv.DictReader(text.splitlines())}


def described(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per column of a frame: column, type, unit, source, meaning; nulls where the dictionary lacks it."""
    schema = dict.fromkeys(("column", "type", *Word._fields[1:]), pl.String)
    known, unknown = words(), Word("", "", "", "")
    rows = [(name, str(kind), *known.get(name, unknown)[1:]) for name, kind in frame.schema.items()]
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.all().replace("", None))
