"""What a reader's relation reads, taken out of its text: the same text then runs over a table that Spark reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.spark_sql import to_spark

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

PLACE = "record_at"
"""The column that leads back to a record: the file, the split of it, and the number of the record in the split."""
RAW = "raw_record"
"""The bytes of a record that cannot be read; carried along with its place."""
TABLE = "records_read"
"""Stands where DuckDB's text reads the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the records of a file are read and turned into the raw relation of its reader."""

    kind: str
    """'json', 'csv' or 'parquet'."""
    columns: tuple[tuple[str, str], ...]
    """Name and DuckDB type of what is declared, in the order of a CSV file; a Parquet file declares itself."""
    delimiter: str
    select: str
    """The raw relation over TABLE, in Spark's dialect, with the columns PLACE and RAW."""
    is_alone: bool
    """Whether records are numbered or compared, which is meant among those of one file."""


def reading_of(name: str, relation: str) -> Reading:
    """The reading behind a relation of DuckDB's; InputError where it reads more than this file."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(relation, read="duckdb")
    sources = [table for table in tree.find_all(exp.Table) if not isinstance(table.this, exp.Identifier)]
    if len(sources) != 1 or list(tree.find_all(exp.Join, exp.Union, exp.Group)):
        raise InputError(f"{name}: records of this format are made of several, which Spark does not put together here")
    (source,) = sources
    given = {each.this.name: each.expression for each in _arguments(source.this) if isinstance(each, exp.EQ)}
    columns: list[Expr] = given["columns"].expressions if "columns" in given else []
    windows = [window for window in tree.find_all(exp.Window) if window.args.get("partition_by")]
    source.replace(exp.to_table(TABLE))
    _number(tree)
    return Reading(
        kind={"ReadCSV": "csv", "ReadParquet": "parquet"}.get(type(source.this).__name__, "json"),
        columns=tuple((each.this.name, each.expression.name) for each in columns),
        delimiter=given["delim"].name if "delim" in given else ",",
        select=with_place(to_spark(tree)).sql(dialect="spark"),
        is_alone=bool(windows),
    )


def with_place(tree: "Expr") -> "Expr":
    """The tree with the columns PLACE and RAW in what every SELECT of it gives, but for those inside of expressions."""
    from sqlglot import exp

    for select in tree.find_all(exp.Select):
        is_relation = isinstance(select.parent, (exp.CTE, exp.Subquery, type(None)))
        if is_relation and not any(_is_star(each) for each in select.expressions):
            select.append("expressions", exp.column(PLACE))
            select.append("expressions", exp.column(RAW))
    return tree


def without_ctes(tree: "Expr") -> "Expr":
    """The tree with each common table expression in the one place that names it.

    Spark takes a plan with its own WITH for another one inside of a query that has one too, and reads again what it
    was told to keep.
    """
    from sqlglot import exp

    for select in list(tree.find_all(exp.Select)):
        with_ = select.args.get("with_")
        select.set("with_", None)
        for cte in reversed(with_.expressions if with_ is not None else []):
            put(tree, cte.alias, cte.this)
    return tree


def put(tree: "Expr", name: str, relation: "Expr") -> None:
    """Make `relation` what `tree` reads in the one place where it names the table `name`."""
    from sqlglot import exp

    (named,) = [table for table in tree.find_all(exp.Table) if table.name == name]
    named.replace(exp.Subquery(this=relation, alias=exp.TableAlias(this=exp.to_identifier(named.alias_or_name))))


def _arguments(source: "Expr") -> "list[Expr]":
    return list(source.expressions)


def _is_star(item: "Expr") -> bool:
    from sqlglot import exp

    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def _number(tree: "Expr") -> None:
    """Number records by their place: Spark's row_number() wants an order, and a file read in parts has no other.

    An order of the whole relation is dropped: nothing after it keeps one.
    """
    from sqlglot import exp

    for window in list(tree.find_all(exp.Window)):
        if not any(window.args.get(part) for part in ("partition_by", "order")):
            window.replace(exp.column(PLACE))
    for select in tree.find_all(exp.Select):
        select.set("order", None)


def spark_columns(columns: Mapping[str, str]) -> str:
    """`columns` as the fields of a STRUCT in Spark's words."""
    from audit.spark_sql import spark_type

    return ", ".join(f"`{name}`: {spark_type(kind)}" for name, kind in columns.items())
