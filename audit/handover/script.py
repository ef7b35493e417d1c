"""`audit sql --all`: one script that makes, of a table with logs in a warehouse, a small table of what is kept here.

It is the text of `queries/` from staging to cells. Two tables are made: one with the checked records, which the script
drops again, and the result. No statement replaces or drops a table that was there before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from audit import sql
from audit.config import EndpointRule
from audit.dialects import Dialect, duckdb_text, opening, table_from, written
from audit.errors import ConfigError
from audit.handover import result
from audit.handover.requests import requests
from audit.handover.result import (
    CELL,
    CELL_KEY,
    COLUMNS,
    COUNT,
    COUNTS,
    MARK,
    MOST_REASONS,
    NOT_CALL,
    NOTE,
    OTHER_REASONS,
    REJECT,
    SETTING,
    TEMPLATE,
    TOTAL,
)
from audit.handover.table import TABLE, raw_relation, structs_as_paths
from audit.intake.load_report import NOT_A_CALL
from audit.measures import COUNTS_OF, MEASURES
from audit.readers.reader import Context, Reader, literal
from audit.schema import REQUEST_FACTS

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

RECORDS = "checked_records"
"""Stands for the table of the checked records."""
REQUEST = (
    "request_id", "start_time", "coalesce(response_model, request_model)", "usage_input_tokens", "usage_output_tokens",
)  # fmt: skip
"""What two records with an id have in common that are one request."""
ALL_CONTENT = (
    "request_model", "response_model", "usage_cache_read_input_tokens", "usage_reasoning_output_tokens",
    "request_grain", "request_count", "bucket_seconds", "duration_ms", "operation_name",
    "cast(to_json(tags) as varchar)", "route", "prompt_name", "prompt_hash", "service_tier", "is_failed", "user_id",
    "customer_id", "team_id", "project_id", "api_key_id", "conversation_id", "trace_id", "billed_cost",
)  # fmt: skip
"""What they have in common too where there is no id. Compared, not hashed: each engine hashes in its own way."""
LET_GO = frozenset(
    {
        "load_id", "file_id", "source_format", "request_key",  # made here
        "attempt", "bucket_seconds", "conversation_id", "customer_id", "error_type", "feedback_score",
        "http_response_status_code", "message_count", "prompt_hash", "response_finish_reason", "stream", "team_id",
        "time_to_first_chunk_ms", "trace_id", "user_id",
    }
)  # fmt: skip
"""What no cell asks for: not in the table of the checked records."""
KEPT = [each for each in REQUEST_FACTS if each not in LET_GO]
WHICH_COUNTS = (
    "is_failed asc nulls first",
    "billed_cost asc nulls last",
    *(
        f"{'cast(to_json(tags) as varchar)' if each == 'tags' else each} desc nulls last"
        for each in KEPT
        if each not in (*REQUEST, "reject_reason", "is_failed", "billed_cost")
    ),
)
"""The order of records that are one request: the first counts. A table has no order to tell the first, as a file has;
only those that are the same in all that is kept tie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a script is to be made of."""

    dialect: Dialect
    reader: Reader
    source: str
    """The table with the logs, as the warehouse names it."""
    columns: Sequence[str]
    into: str
    """The table that the result shall be, named in the same way."""
    context: Context
    endpoint: EndpointRule | None
    length_bands: Sequence[int]


def script(order: Order) -> str:
    """The text of the script; ConfigError for a format or a name that cannot be in a warehouse."""
    source, into = _named(order.source, order.dialect, "--from"), _named(order.into, order.dialect, "--into")
    records = into.copy()
    records.this.set("this", f"{into.name}_records")
    if source.sql(order.dialect) in (into.sql(order.dialect), records.sql(order.dialect)):
        raise ConfigError(f"--into {order.into}: is the table of the logs; name a new one")
    places = {TABLE: source, RECORDS: records}
    statements = [
        *opening(order.dialect),
        table_from(order.dialect, records, _written(_checked(order), places, order)),
        table_from(order.dialect, into, _written(_result(order), places, order)),
        f"drop table {records.sql(order.dialect)}",
    ]
    return _header(order) + "\n".join(f"{statement};\n" for statement in statements)


def _header(order: Order) -> str:
    return f"""\
-- Cells of the {order.reader.format} in {order.source}, for `audit load` (traffic-audit, result {result.VERSION}).
-- It makes {order.into}, and beside it {order.into}_records, which it drops again; of an earlier run, drop both first.
-- Export {order.into} as Parquet, one file or a folder of parts, and give that to `audit load`.
-- A time that states no offset is taken for UTC.
-- Of records of one id, time, model and tokens the cheapest counts that did not fail: a table does not say which was
-- first, and a load of files counts that one.{NEVER_RUN.get(order.dialect, "")}

"""


NEVER_RUN = {
    name: f"\n-- Written by the documentation of {title}, and never run there: look at it before you rely on it."
    for name, title in (("bigquery", "BigQuery"), ("snowflake", "Snowflake"))
}


def _named(table: str, dialect: Dialect, option: str) -> exp.Table:
    try:
        found = exp.to_table(table, dialect=dialect)
    except ParseError:
        found = None
    if found is None or not table.isprintable() or not all(part.strip() for part in table.split(".")):
        raise ConfigError(f"{option} {table!r}: is no name of a table in {dialect}")
    return found


def _written(text: "Expr", places: Mapping[str, exp.Table], order: Order) -> str:
    for table in list(text.find_all(exp.Table)):
        if table.name in places:
            table.replace(places[table.name].copy())
    for node in text.walk():
        node.comments = None  # they come out beside other lines than they were written for
    return written(text, order.dialect)


def _checked(order: Order) -> "Expr":
    """One row per record, judged as `checked_requests.sql` does, and how often what it states came before it."""
    name = order.reader.relation_name
    raw = raw_relation(order.reader, order.columns, order.context)
    staging = _parsed(sql.find(f"stg_{name}").select)
    structs_as_paths(raw, staging)
    same = [*REQUEST, *(f"case when request_id is null then {each} end" for each in ALL_CONTENT)]
    return _parsed(
        f"""
        with raw_{name} as ({duckdb_text(raw)}),
        staged as ({duckdb_text(staging)}),
        checked as ({sql.find("checked_requests").select})
        select {", ".join(KEPT)},
            row_number() over (
                partition by {", ".join(same)}, reject_reason order by {", ".join(WHICH_COUNTS)}
            ) as occurrence
        from checked
        """
    )


def _result(order: Order) -> "Expr":
    """All rows of the result over the checked records; see `result.py`."""
    # one row per count by way of their names: to read the counts once for each would be to count once for each
    picked = " ".join(f"when count_names.name = '{name}' then counts.{name}" for name in COUNTS)
    names = " union all ".join(f"select '{name}' as name" for name in COUNTS)
    rows = [
        *(_row(f"'{SETTING}'", None, name=f"'{name}'", value=literal(value)) for name, value in _settings(order)),
        _row(f"'{COUNT}'", "counts cross join count_names", name="count_names.name", record_count=f"case {picked} end"),
        _row(f"'{NOTE}'", "notes", name="usage_note", record_count="record_count"),
        _row("disposition", "reasons", name="reason", record_count="record_count"),
        _row(f"'{TEMPLATE}'", "templates", **{name: name for name in TEMPLATE_KEY}),
        _row(f"'{TOTAL}'", "totals", **{name: name for name in MEASURES}),
        _row(f"'{CELL}'", "daily_cells", **{name: name for name in (*CELL_KEY, *MEASURES)}),
    ]
    templates = ", ".join(f"{value} as {name}" for name, value in TEMPLATE_KEY.items())
    return _parsed(
        f"""
        with counts as ({COUNTED}),
        count_names as ({names}),
        notes as ({NOTES}),
        reasons as ({REASONS}),
        loaded_facts as (
            select *, 1 as load_id, {literal(order.reader.format)} as source_format from {RECORDS} where {COUNTS_ONCE}
        ),
        requests as ({requests(order.endpoint, order.length_bands)}),
        totals as (select {", ".join(f"{_total(name)} as {name}" for name in MEASURES)} from loaded_facts),
        templates as (select distinct {templates} from requests where outcome = 'billed' and template_hash <> ''),
        daily_cells as ({sql.find("daily_cells").select})
        {" union all ".join(rows)}
        """
    )


def _settings(order: Order) -> list[tuple[str, str]]:
    rule = order.endpoint
    return [
        ("version", str(result.VERSION)),
        ("source_format", order.reader.format),
        ("source", order.source),
        ("salt", order.context.salt),
        ("endpoint_rule", rule.stored if rule is not None else ""),
        ("length_bands", ",".join(map(str, order.length_bands))),
    ]


def _row(kind: str, origin: str | None, **given: str) -> str:
    """A SELECT of rows of the result of one kind, with NULL for what none of `given` says."""
    values = {MARK: kind, **given}
    typed = {name: f"cast({values.get(name, 'null')} as {type_})" for name, type_ in COLUMNS.items()}
    # as text, for a decimal of one engine is none of another
    typed["billed_cost"] = f"cast({typed['billed_cost']} as varchar)"
    items = ", ".join(f"{value} as {name}" for name, value in typed.items())
    return f"select {items}" + (f" from {origin}" if origin is not None else "")


def _total(measure: str) -> str:
    if measure in COUNTS_OF:
        return f"count({COUNTS_OF[measure]})"
    return f"cast(coalesce(sum({measure}), 0) as {MEASURES[measure]})"


def _parsed(text: str) -> "Expr":
    return sqlglot.parse_one(text, read="duckdb")


COUNTS_ONCE = "reject_reason is null and occurrence = 1"
IS_NO_CALL = f"starts_with(reject_reason, '{NOT_A_CALL}')"
COUNTED = f"""
select count(*) as read_count,
    count(case when {COUNTS_ONCE} then 1 end) as loaded_count,
    count(case when reject_reason is null and occurrence > 1 then 1 end) as duplicate_count,
    count(reject_reason) as rejected_count,
    count(case when {IS_NO_CALL} then 1 end) as not_call_count,
    count(case when {COUNTS_ONCE} then request_id end) - count(distinct case when {COUNTS_ONCE} then request_id end)
        as id_collision_count,
    count(case when reject_reason is null and (request_grain <> 'request' or request_count <> 1) then 1 end)
        as bucket_count,
    count(case when reject_reason is null then parent_id end) as nested_count,
    epoch_us(min(case when reject_reason is null then start_time end)) as first_time,
    epoch_us(max(case when reject_reason is null then start_time end)) as last_time
from {RECORDS}
"""
NOTES = f"""
select usage_note, count(*) as record_count from {RECORDS}
where reject_reason is null and usage_note is not null group by usage_note
"""
REASONS = f"""
select disposition, reason, cast(sum(record_count) as bigint) as record_count
from (
    select disposition, record_count,
        case when position <= {MOST_REASONS} then reject_reason else '{OTHER_REASONS}' end as reason
    from (
        select disposition, reject_reason, record_count,
            row_number() over (partition by disposition order by record_count desc, reject_reason) as position
        from (
            select case when {IS_NO_CALL} then '{NOT_CALL}' else '{REJECT}' end as disposition, reject_reason,
                count(*) as record_count
            from {RECORDS} where reject_reason is not null group by reject_reason
        ) as counted
    ) as ordered
) as named
group by disposition, reason
"""
TEMPLATE_KEY = {
    "usage_date": "cast(date_trunc('day', start_time) as date)",
    "endpoint": "endpoint",
    "provider_name": "provider_name",
    "request_model": "coalesce(request_model, '')",
    "response_model": "coalesce(response_model, '')",
    "template_hash": "template_hash",
}
