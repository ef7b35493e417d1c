"""Requests on Spark: every record of a load typed and judged, and what is asked of them before they are summed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlglot

from audit import sql
from audit.engines.reading import PLACE, RAW, TABLE, Reading, put, with_place, without_ctes
from audit.engines.records import records
from audit.intake.duplicates import REQUEST_KEY
from audit.intake.load_report import NOT_A_CALL
from audit.readers.reader import literal
from audit.schema import REQUEST_FACTS
from audit.spark_sql import to_spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from sqlglot.expressions import Expr

FACTS = "request_facts"
NUMBERS = (
    "start_time", "end_time", "first_chunk_time", "request_count", "usage_input_tokens", "usage_output_tokens",
    "usage_cache_read_input_tokens", "usage_cache_creation_input_tokens", "usage_cache_creation_1h_input_tokens",
    "usage_reasoning_output_tokens", "usage_audio_input_tokens", "usage_audio_output_tokens", "image_count",
    "tool_count",
)  # fmt: skip
"""Columns of staging whose text is judged by its form."""
PLAIN = "case when {name} rlike '^[0-9.]+E[0-9]+$' then cast(cast({name} as decimal(38, 9)) as string) else {name} end"
"""A JSON number with a fraction as it may have been written: Spark writes it as Java does, 1.7E9 for an epoch."""
LET_GO = frozenset(
    {
        "load_id", "file_id", "source_format", "request_key",  # made here
        "attempt", "conversation_id", "customer_id", "error_type", "feedback_score", "http_response_status_code",
        "message_count", "prompt_hash", "response_finish_reason", "stream", "team_id", "time_to_first_chunk_ms",
        "trace_id", "user_id",
    }
)  # fmt: skip
"""What no cell asks for: not kept while a load goes over the records again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Files of one format that are read alike."""

    source_format: str
    relation_name: str
    reading: Reading
    files: Mapping[int, str]
    """Their addresses by file id."""

    def after(self, last_file: int) -> "Group":
        """The group with its files numbered on from `last_file`."""
        return replace(self, files={last_file + file_id: path for file_id, path in self.files.items()})


def typed(spark: "SparkSession", groups: Iterable[Group], load_id: int, salt: str, *, keep_raw: bool) -> "DataFrame":
    """One row per record of all files, readable or not, as `checked_requests.sql` judges it; also the view FACTS."""
    found: DataFrame | None = None
    key = to_spark(sqlglot.parse_one(REQUEST_KEY.format(salt=literal(salt)), read="duckdb")).sql(dialect="spark")
    raw = f"case when reject_reason is not null then {RAW} end as {RAW}"
    kept = [name for name in REQUEST_FACTS if name not in LET_GO]
    for number, group in enumerate(groups):
        stated = (f"{load_id} as load_id", f"{literal(group.source_format)} as source_format")
        rows = _checked(spark, group, number, keep_raw).selectExpr(PLACE, raw, *stated, f"{key} as request_key", *kept)
        found = rows if found is None else found.unionByName(rows)
    assert found is not None
    found = found.persist()
    found.createOrReplaceTempView(FACTS)
    return found


def _checked(spark: "SparkSession", group: Group, number: int, keep_raw: bool) -> "DataFrame":
    """The records of a group through the same text as on DuckDB: raw relation, staging, checks."""
    table = f"{TABLE}_{number}"
    records(spark, group.reading, group.files, keep_raw=keep_raw).createOrReplaceTempView(table)
    raw = sqlglot.parse_one(group.reading.select, read="spark")
    put(raw, TABLE, sqlglot.parse_one(f"select * from {table}"))
    staged = spark_tree(f"stg_{group.relation_name}")
    put(staged, f"raw_{group.relation_name}", raw)
    if group.reading.kind == "json":
        numbers = ", ".join(f"{PLAIN.format(name=name)} as {name}" for name in NUMBERS)
        told = sqlglot.parse_one(f"select * except ({', '.join(NUMBERS)}), {numbers} from told", read="spark")
        put(told, "told", staged)
        staged = told
    checked = spark_tree("checked_requests")
    put(checked, "staged", staged)
    return spark.sql(checked.sql(dialect="spark"))


def spark_tree(name: str, *, placed: bool = True) -> "Expr":
    """A relation of `queries/` in Spark's words, with the columns PLACE and RAW where it has a row per record."""
    tree = without_ctes(to_spark(sqlglot.parse_one(sql.find(name).select, read="duckdb")))
    return with_place(tree) if placed else tree


def spark_text(name: str) -> str:
    """A relation of `queries/` as Spark reads it."""
    return spark_tree(name, placed=False).sql(dialect="spark")


IS_EXPECTED = f"startswith(reject_reason, '{NOT_A_CALL}')"
COUNTS = f"""
select {PLACE}.file_id as file_id, count(*) as read_count, count(reject_reason) as rejected_count,
    count_if({IS_EXPECTED}) as not_call_count,
    min(start_time) filter (where reject_reason is null) as first_time,
    max(start_time) filter (where reject_reason is null) as last_time,
    count_if(reject_reason is null and (request_grain <> 'request' or request_count <> 1)) as bucket_count,
    count_if(reject_reason is null and parent_id is not null) as nested_count
from {FACTS}
group by {PLACE}.file_id
"""
NOTES = f"""
select {PLACE}.file_id as file_id, usage_note as note, count(*) as record_count from {FACTS}
where reject_reason is null and usage_note is not null
group by {PLACE}.file_id, usage_note
"""
NO_CALLS = f"""
select {PLACE}.file_id as file_id, reject_reason as reason, count(*) as record_count from {FACTS}
where {IS_EXPECTED}
group by {PLACE}.file_id, reject_reason
"""
MODELS = f"""
select distinct coalesce(provider_name, '') as provider_name, coalesce(request_model, '') as request_model,
    coalesce(response_model, '') as response_model, cast(start_time as date) as usage_date
from {FACTS} where reject_reason is null
"""
LOADED = f"""
select facts.* from {FACTS} as facts
left anti join (select {PLACE} from suspects where occurrence > 1) as repeated on facts.{PLACE} = repeated.{PLACE}
where facts.reject_reason is null
"""
REPEATED = f"""
select {PLACE}.file_id as file_id, count_if(occurrence > 1) as duplicate_count,
    count_if(is_collision) as id_collision_count, count_if(is_same_without_id) as same_without_id_count
from suspects group by {PLACE}.file_id
"""
REJECTS = f"""
select {PLACE}.file_id as file_id, {PLACE}.block as block, {PLACE}.number as number, reject_reason as reason,
    {RAW} as raw
from (
    select *, row_number() over (partition by {PLACE}.file_id order by {PLACE}) as position from {FACTS}
    where reject_reason is not null and not {IS_EXPECTED}
)
where position <= {{most}}
order by file_id, block, number
"""
BLOCKS = f"""
select {PLACE}.file_id as file_id, {PLACE}.block as block, min({PLACE}.number) as first_number, count(*) as records
from {FACTS} where {PLACE}.file_id in ({{files}})
group by {PLACE}.file_id, {PLACE}.block
order by file_id, block
"""
SUSPECTS = f"""
with keyed as (
    select {PLACE}, request_key, request_id is not null as has_id,
        case when request_id is null then request_key else xxhash64(request_id) end as identity
    from {FACTS} where reject_reason is null
),
repeated as (
    select identity from keyed group by identity having count(*) > 1
),
ordered as (
    select keyed.*, row_number() over (partition by identity, request_key order by {PLACE}) as occurrence,
        min({PLACE}.file_id) over (partition by identity, request_key) as first_file_id
    from keyed left semi join repeated on keyed.identity = repeated.identity
)
select {PLACE}, occurrence, has_id and occurrence = 1
    and row_number() over (partition by identity, occurrence order by {PLACE}) > 1 as is_collision,
    not has_id and occurrence > 1 and {PLACE}.file_id = first_file_id as is_same_without_id
from ordered
"""
"""The records with the identity of another one, as `duplicates.py` finds them on DuckDB, and which of them repeat it.

Places are ordered by their file first, so that the first record is in the first of the files.

`xxhash64(NULL)` is a number: that of a request without an id is asked for only where there is one.
"""
