"""What Spark found, brought into the local database: counts, rejects, names of models, and at last the cells."""

import csv
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from audit.config import Config
from audit.counting import number_of
from audit.engines import facts as asked
from audit.engines.facts import Group, spark_text, typed
from audit.engines.reading import Reading
from audit.errors import InputError
from audit.intake.duplicates import SAME_WITHOUT_ID
from audit.intake.letting_go import refuse_unseen_duplicates
from audit.intake.locate import UNREADABLE, text_of, why
from audit.intake.resolve import derive, rename_endpoints, resolve_seen
from audit.progress import Progress
from audit.schema import SUMMED, TABLES
from audit.spark_sql import spark_type
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import SparkSession

MOST_REJECTS = 1000
"""Rejects of a file that come home with their place and reason; the others are counted."""
NOT_UTF8 = "invalid encoding: Invalid unicode (byte sequence mismatch) detected. This file is not utf-8 encoded."
NOT_LISTED = "rejected, and not listed after the first 1,000"
LOOKED_UP = ("endpoint_rule", "endpoint_names", "model_resolution", "length_bands")
"""Small tables that requests are joined with."""


def land(
    warehouse: Warehouse,
    spark: "SparkSession",
    groups: Sequence[Group],
    load_id: int,
    config: Config,
    keep_raw: bool,
    progress: Progress,
) -> None:
    """Run the relations over the files of a load and keep what comes of them; runs inside a transaction.

    Raises InputError for records that count only beside others that may be in another load.
    """
    salt = warehouse.setting("salt") or ""
    with progress("reading"):
        facts = typed(spark, groups, load_id, salt, keep_raw=keep_raw)
        _keep_counts(warehouse, spark)
    try:
        with progress("finding rejects and duplicates"):
            _keep_rejects(warehouse, spark, groups, keep_raw)
            _set_aside(warehouse, spark)
        refuse_unseen_duplicates(warehouse, load_id)
        with progress("resolving endpoints, models and prices"):
            _resolve(warehouse, spark, load_id, config)
        with progress("summing into cells"):
            for table in SUMMED:
                warehouse.insert(table, _frame(spark, spark_text(table), TABLES[table]))
    finally:
        facts.unpersist()
    derive(warehouse, config, {load_id}, progress)


def _keep_counts(warehouse: Warehouse, spark: "SparkSession") -> None:
    """What was read, rejected and noted, file by file, and the stretch of time that each shows."""
    counted = _frame(spark, asked.COUNTS, COUNTED)
    warehouse.temporary("spark_counts", counted)
    for path, buckets, nested in warehouse.rows(
        "select path, bucket_count, nested_count from spark_counts inner join files using (file_id) "
        "where bucket_count > 0 or nested_count > 0 order by file_id limit 1"
    ):
        what = (
            number_of(buckets, "bucket") + " of several requests"
            if buckets
            else number_of(nested, "call") + " inside of other calls"
        )
        raise InputError(
            f"{path}: holds {what}, which may be counted again in other files and so are kept one by one; load it "
            "without --engine spark, into the same --db"
        )
    warehouse.execute(
        """
        update files set read_count = counted.read_count, rejected_count = counted.rejected_count,
            not_call_count = counted.not_call_count, first_time = counted.first_time, last_time = counted.last_time,
            duplicate_count = 0, id_collision_count = 0, row_count = 0, first_row = 0,
            loaded_count = counted.read_count - counted.rejected_count
        from spark_counts as counted where files.file_id = counted.file_id
        """
    )
    # a file of blank lines has no record to be counted by
    warehouse.execute(
        """
        update files set read_count = 0, rejected_count = 0, not_call_count = 0, duplicate_count = 0,
            id_collision_count = 0, row_count = 0, first_row = 0, loaded_count = 0
        where read_count is null or loaded_count is null
        """
    )
    warehouse.insert("file_notes", _frame(spark, asked.NOTES, TABLES["file_notes"]))
    warehouse.insert("not_calls", _frame(spark, asked.NO_CALLS, TABLES["not_calls"]))


def _set_aside(warehouse: Warehouse, spark: "SparkSession") -> None:
    """Find what the load states twice: the view `loaded_facts` is without, the counts say how many."""
    suspects = spark.sql(asked.SUSPECTS).persist()
    suspects.createOrReplaceTempView("suspects")
    spark.sql(asked.LOADED).createOrReplaceTempView("loaded_facts")
    warehouse.temporary("spark_suspects", _frame(spark, asked.REPEATED, REPEATED))
    warehouse.execute(
        """
        update files set duplicate_count = repeated.duplicate_count, id_collision_count = repeated.id_collision_count,
            loaded_count = read_count - rejected_count - repeated.duplicate_count
        from spark_suspects as repeated where files.file_id = repeated.file_id
        """
    )
    warehouse.execute(
        "insert into file_notes select file_id, ?, same_without_id_count from spark_suspects "
        "where same_without_id_count > 0",
        [SAME_WITHOUT_ID],
    )


def _keep_rejects(warehouse: Warehouse, spark: "SparkSession", groups: Sequence[Group], keep_raw: bool) -> None:
    """The first rejects of each file with the number of their record, and a note of how many more there are."""
    import polars as pl

    found = spark.sql(asked.REJECTS.format(most=MOST_REJECTS)).collect()
    concerned = sorted({int(row["file_id"]) for row in found})
    if not concerned:
        return
    before = _records_before(spark, concerned)
    readings = {file_id: group.reading for group in groups for file_id in group.files}
    rows: list[tuple[int, int, str, str | None]] = []
    for row in found:
        file_id, raw = int(row["file_id"]), None if row["raw"] is None else bytes(row["raw"])
        number = before[file_id, int(row["block"])] + int(row["number"]) + 1
        kept = text_of(raw) if keep_raw and raw is not None else None
        rows.append((file_id, number, _reason(str(row["reason"]), readings[file_id], raw), kept))
    schema = {"file_id": pl.Int32, "record_number": pl.Int64, "reason": pl.String, "raw_text": pl.String}
    warehouse.insert("rejects", pl.DataFrame(rows, schema=schema, orient="row"))
    warehouse.execute(
        f"""
        insert into file_notes
        select files.file_id, ?, rejected_count - not_call_count - count(*)
        from files inner join rejects using (file_id)
        where files.file_id in ({", ".join(map(str, concerned))})
        group by files.file_id, rejected_count, not_call_count
        having rejected_count - not_call_count > count(*)
        """,
        [NOT_LISTED],
    )


def _records_before(spark: "SparkSession", files: Sequence[int]) -> dict[tuple[int, int], int]:
    """By file and split what to add to the number of a record there to have its ordinal in the file, from 0."""
    offsets: dict[tuple[int, int], int] = {}
    counts: dict[int, int] = {}
    for row in spark.sql(asked.BLOCKS.format(files=", ".join(map(str, files)))).collect():
        file_id = int(row["file_id"])
        offsets[file_id, int(row["block"])] = counts.get(file_id, 0) - int(row["first_number"])
        counts[file_id] = counts.get(file_id, 0) + int(row["records"])
    return offsets


def _reason(reason: str, reading: Reading, raw: bytes | None) -> str:
    """The reason of a reject; of what could not be read, what is wrong with its text, in the words of a load here."""
    if reason != UNREADABLE or raw is None:
        return reason
    if reading.kind == "json":
        return why(raw + b"\n")
    try:
        (fields,) = csv.reader([raw.decode()], delimiter=reading.delimiter)
    except UnicodeDecodeError:
        return NOT_UTF8
    except ValueError:
        return "a field of several lines that nobody closes"
    wrong = "missing columns" if len(fields) < len(reading.columns) else "too many columns"
    return f"{wrong}: Expected Number of Columns: {len(reading.columns)} Found: {len(fields)}"


def _resolve(warehouse: Warehouse, spark: "SparkSession", load_id: int, config: Config) -> None:
    """Resolve the names that the load shows, note how, and give Spark the tables to join its requests with."""
    warehouse.temporary("spark_models", _frame(spark, asked.MODELS, SEEN))
    resolve_seen(warehouse, "spark_models", load_id, config)
    for table in LOOKED_UP:
        _hand_over(warehouse, spark, table)
    requests = spark_text("requests")
    spark.sql(requests).createOrReplaceTempView("requests")
    if config.rewrites:
        texts = [str(row["endpoint"]) for row in spark.sql("select distinct endpoint from requests").collect()]
        rename_endpoints(warehouse, texts, config)
        _hand_over(warehouse, spark, "endpoint_names")
        spark.sql(requests).createOrReplaceTempView("requests")


def _hand_over(warehouse: Warehouse, spark: "SparkSession", table: str) -> None:
    described = warehouse.rows(f"describe {table}")
    columns = ", ".join(f"`{name}` {spark_type(str(kind))}" for name, kind, *_ in described)
    rows = warehouse.rows(f"select * from {table}")
    spark.createDataFrame(rows, columns).createOrReplaceTempView(table)  # pyright: ignore[reportUnknownMemberType]


def _frame(spark: "SparkSession", query: str, columns: Mapping[str, str]) -> "pl.DataFrame":
    """The result of a query of Spark's as a frame with `columns` of DuckDB's types."""
    import polars as pl

    kinds = {
        "VARCHAR": pl.String, "BIGINT": pl.Int64, "INTEGER": pl.Int32, "BOOLEAN": pl.Boolean, "DATE": pl.Date,
        "TIMESTAMP": pl.Datetime("us"), "DECIMAL(38,12)": pl.Decimal(38, 12),
    }  # fmt: skip
    rows = [tuple(row[name] for name in columns) for row in spark.sql(query).collect()]
    return pl.DataFrame(rows, schema={name: kinds[kind] for name, kind in columns.items()}, orient="row")


COUNTED = {
    "file_id": "INTEGER", "read_count": "BIGINT", "rejected_count": "BIGINT", "not_call_count": "BIGINT",
    "first_time": "TIMESTAMP", "last_time": "TIMESTAMP", "bucket_count": "BIGINT", "nested_count": "BIGINT",
}  # fmt: skip
REPEATED = {
    "file_id": "INTEGER", "duplicate_count": "BIGINT", "id_collision_count": "BIGINT",
    "same_without_id_count": "BIGINT",
}  # fmt: skip
SEEN = {"provider_name": "VARCHAR", "request_model": "VARCHAR", "response_model": "VARCHAR", "usage_date": "DATE"}
