"""DuckDB's SQL as other engines': what sqlglot writes, and the rewrites where that would mean something else there.

Spark (`audit/spark_sql`) and ClickHouse were run and compared with DuckDB. BigQuery and Snowflake were not: their
rewrites follow the documentation of the two services.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from audit.dialects import bigquery, clickhouse, snowflake
from audit.spark_sql import to_spark
from audit.spark_sql.rewriting import rewritten

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table

Dialect = Literal["duckdb", "spark", "bigquery", "snowflake", "clickhouse"]
DIALECTS: tuple[Dialect, ...] = ("duckdb", "spark", "bigquery", "snowflake", "clickhouse")
REWRITES = {"bigquery": bigquery.rewrites, "clickhouse": clickhouse.rewrites, "snowflake": snowflake.rewrites}


def written(tree: "Expr", dialect: Dialect) -> str:
    """A tree of DuckDB's SQL as the text of another dialect; the tree is changed."""
    if dialect == "spark":
        return to_spark(tree).sql(dialect=dialect, pretty=True)
    if dialect == "duckdb":
        return duckdb_text(tree, pretty=True)
    # the one folds names that are not quoted to capitals, the other has many words that must be
    is_quoted = dialect in ("snowflake", "bigquery")
    return rewritten(tree, REWRITES[dialect]()).sql(dialect=dialect, pretty=True, identify=is_quoted)


def duckdb_text(tree: "Expr", *, pretty: bool = False) -> str:
    """A tree as DuckDB's text, without the arrows into JSON, which DuckDB takes for lambdas inside of a call."""
    from sqlglot import exp

    def call(name: str) -> "Callable[[Expr], Expr]":
        return lambda node: exp.Anonymous(this=name, expressions=[node.this, node.expression])

    named = {"JSONExtract": call("json_extract"), "JSONExtractScalar": call("json_extract_string")}
    return rewritten(tree.copy(), named).sql(dialect="duckdb", pretty=pretty)


def opening(dialect: Dialect) -> tuple[str, ...]:
    """The statements that a script begins with, for its text to mean the same as here."""
    return {
        "duckdb": ("set timezone = 'UTC'",),
        "clickhouse": clickhouse.OPENING,
        "snowflake": snowflake.OPENING,
        "spark": ("set spark.sql.session.timeZone = UTC", "set spark.sql.ansi.enabled = true"),
    }.get(dialect, ())


def table_from(dialect: Dialect, table: "Table", select: str) -> str:
    """The statement that makes a new table of the rows of a SELECT."""
    kind = {"spark": " using parquet", "clickhouse": " engine = MergeTree order by tuple()"}.get(dialect, "")
    return f"create table {table.sql(dialect)}{kind} as\n{select}"
