"""The tables of the database: names, types and nothing else. Every other relation is a query."""

from collections.abc import Collection

from audit.kept_tables import KEPT_HOURS, KEPT_TABLES
from audit.measures import MEASURES

SCHEMA_VERSION = 7
"""Raised when a table changes; an older database is refused with the way out."""

CELL_BINS = {"input_bin": "INTEGER", "output_bin": "INTEGER", "cache_read_bin": "INTEGER", "reasoning_bin": "INTEGER"}

PLAIN = "using compression uncompressed"
"""For values that are all different: looking for a compression that does not exist takes a tenth of a load."""

REQUEST_FACTS = {
    "load_id": "INTEGER",
    "file_id": "INTEGER",
    "request_key": f"UBIGINT {PLAIN}",
    "reject_reason": "VARCHAR",
    "request_id": f"VARCHAR {PLAIN}",
    "source_format": "VARCHAR",
    "start_time": "TIMESTAMP",
    "duration_ms": "BIGINT",
    "time_to_first_chunk_ms": "BIGINT",
    "request_grain": "VARCHAR",
    "request_count": "BIGINT",
    "bucket_seconds": "BIGINT",
    "provider_name": "VARCHAR",
    "request_model": "VARCHAR",
    "response_model": "VARCHAR",
    "operation_name": "VARCHAR",
    "tags": "VARCHAR[]",
    "route": "VARCHAR",
    "prompt_name": "VARCHAR",
    "template_hash": "VARCHAR",
    "url_path": "VARCHAR",
    "metadata": "VARCHAR",
    "usage_known": "BOOLEAN",
    "usage_input_tokens": "BIGINT",
    "usage_cache_read_input_tokens": "BIGINT",
    "usage_cache_creation_input_tokens": "BIGINT",
    "usage_cache_creation_1h_input_tokens": "BIGINT",
    "usage_output_tokens": "BIGINT",
    "usage_reasoning_output_tokens": "BIGINT",
    "usage_audio_input_tokens": "BIGINT",
    "usage_audio_output_tokens": "BIGINT",
    "image_count": "BIGINT",
    "service_tier": "VARCHAR",
    "stream": "BOOLEAN",
    "tool_count": "BIGINT",
    "output_type": "VARCHAR",
    "message_count": "BIGINT",
    "prompt_hash": "VARCHAR",
    "response_finish_reason": "VARCHAR",
    "is_failed": "BOOLEAN",
    "error_type": "VARCHAR",
    "http_response_status_code": "BIGINT",
    "user_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "team_id": "VARCHAR",
    "project_id": "VARCHAR",
    "api_key_id": "VARCHAR",
    "conversation_id": "VARCHAR",
    "trace_id": f"VARCHAR {PLAIN}",
    "parent_id": "VARCHAR",
    "attempt": "BIGINT",
    "gateway_cache_hit": "BOOLEAN",
    "feedback_score": "DOUBLE",
    "billed_cost": "DECIMAL(18,10)",
    "usage_note": "VARCHAR",
}
"""One row per record that was read, in file order: what the export states. Rows are only ever appended.

Their position is their identity (`files.first_row`): numbering them while loading would cost the second core.
`request_facts` is a view that shows all of this, see `facts_view`.
"""

STORED_FACTS = ("load_id", "file_id", "request_key", "reject_reason", "request_id", "usage_input_tokens")
"""The columns that the table under `request_facts` always has. Another one comes with the first load that can fill it:
nulls alone take 25 ns each to write, and most formats know half of the columns at most."""

USUAL_WORDS = {"request_grain": "request", "operation_name": "chat", "service_tier": "default", "output_type": "text"}
"""What most records say, kept as NULL: the same text in every row takes 55 ns a row to write."""

USUAL: dict[str, str | int | bool] = {**USUAL_WORDS, "request_count": 1, "image_count": 0, "gateway_cache_hit": False}
"""What NULL in the table means, and a column that the table lacks."""

DERIVED = {"usage_known": "usage_input_tokens is not null"}
"""Columns of `request_facts` that others say, and that are not stored."""

BILLED_COSTS = {
    "file_id": "INTEGER",
    "row_number": "BIGINT",
    "reject_reason": "VARCHAR",
    "period_start": "TIMESTAMP",
    "period_end": "TIMESTAMP",
    "amount": "DECIMAL(38,30)",
    "currency": "VARCHAR",
    "line_item": "VARCHAR",
    "quantity": "DECIMAL(38,12)",
    "quantity_unit": "VARCHAR",
    "project_id": "VARCHAR",
    "api_key_id": "VARCHAR",
    "user_id": "VARCHAR",
    "is_organization_total": "BOOLEAN",
}
"""One row per record of a cost export: what the provider says it charged. No traffic; OpenAI writes 30 decimals."""

TABLES: dict[str, dict[str, str]] = {
    "meta": {"key": "VARCHAR", "value": "VARCHAR"},
    "files": {
        "file_id": "INTEGER",
        "load_id": "INTEGER",
        "path": "VARCHAR",
        "source_format": "VARCHAR",
        "target": "VARCHAR",
        "kept": "VARCHAR",
        "container": "VARCHAR",
        "compression": "VARCHAR",
        "file_size": "BIGINT",
        "first_row": "BIGINT",
        "row_count": "BIGINT",
        "read_count": "BIGINT",
        "loaded_count": "BIGINT",
        "duplicate_count": "BIGINT",
        "rejected_count": "BIGINT",
        "not_call_count": "BIGINT",
        "id_collision_count": "BIGINT",
        "first_time": "TIMESTAMP",
        "last_time": "TIMESTAMP",
        "loaded_at": "TIMESTAMP",
        "seconds": "DOUBLE",
    },
    "file_notes": {"file_id": "INTEGER", "note": "VARCHAR", "record_count": "BIGINT"},
    "rejects": {
        "file_id": "INTEGER",
        "record_number": "BIGINT",
        "byte_offset": "BIGINT",
        "byte_length": "BIGINT",
        "reason": "VARCHAR",
        "raw_text": "VARCHAR",
    },
    "stored_facts": {name: REQUEST_FACTS[name] for name in STORED_FACTS},
    "billed_costs": BILLED_COSTS,
    "set_aside": {"file_id": "INTEGER", "row_number": "BIGINT", "reason": "VARCHAR"},
    "unparsed_records": {"file_id": "INTEGER", "record_number": "BIGINT", "row_number": "BIGINT"},
    **KEPT_TABLES,
    "retried_records": {"file_id": "INTEGER", "row_number": "BIGINT", "record_number": "BIGINT"},
    "endpoint_rule": {"field": "VARCHAR", "key_text": "VARCHAR"},
    "endpoint_names": {"endpoint_text": "VARCHAR", "endpoint": "VARCHAR"},
    "model_resolution": {
        "provider_name": "VARCHAR",
        "request_model": "VARCHAR",
        "response_model": "VARCHAR",
        "day_from": "DATE",
        "day_to": "DATE",
        "pricing_provider": "VARCHAR",
        "model": "VARCHAR",
        "billing_period": "DATE",
    },
    "prices": {
        "provider_name": "VARCHAR",
        "model": "VARCHAR",
        "service_tier": "VARCHAR",
        "token_class": "VARCHAR",
        "length_band": "BIGINT",
        "valid_from": "DATE",
        "valid_to": "DATE",
        "usd_per_million": "DECIMAL(14,8)",
        "source": "VARCHAR",
        "checked_on": "DATE",
        "is_assumed_before": "BOOLEAN",
    },
    "traffic_cells": {
        "load_id": "INTEGER",
        "source_format": "VARCHAR",
        "billing_period": "DATE",
        "endpoint": "VARCHAR",
        "provider_name": "VARCHAR",
        "model": "VARCHAR",
        "service_tier": "VARCHAR",
        "operation_name": "VARCHAR",
        "has_tools": "BOOLEAN",
        "is_json": "BOOLEAN",
        "has_images": "BOOLEAN",
        "has_audio": "BOOLEAN",
        "token_classes": "INTEGER",
        "outcome": "VARCHAR",
        "length_band": "BIGINT",
        "request_grain": "VARCHAR",
        **CELL_BINS,
        **MEASURES,
    },
    "daily_usage": {
        "load_id": "INTEGER",
        "source_format": "VARCHAR",
        "usage_date": "DATE",
        "billing_period": "DATE",
        "endpoint": "VARCHAR",
        "provider_name": "VARCHAR",
        "model": "VARCHAR",
        "service_tier": "VARCHAR",
        "token_classes": "INTEGER",
        "outcome": "VARCHAR",
        "length_band": "BIGINT",
        **MEASURES,
    },
    "endpoint_templates": {
        "load_id": "INTEGER",
        "source_format": "VARCHAR",
        "endpoint": "VARCHAR",
        "model": "VARCHAR",
        "template_hash": "VARCHAR",
    },
    **KEPT_HOURS,
    "workload_rules": {
        "workload_id": "VARCHAR",
        "endpoint": "VARCHAR",
        "model": "VARCHAR",
        "is_embedding": "BOOLEAN",
        "has_tools": "BOOLEAN",
        "is_json": "BOOLEAN",
        "is_default_segment": "BOOLEAN",
        **{
            f"{axis}_{side}": "INTEGER"
            for axis in ("input_bin", "output_bin", "cache_read_bin", "reasoning_bin", "size", "ratio")
            for side in ("low", "high")
        },
        "position": "INTEGER",
        "fitted_request_count": "BIGINT",
        "fitted_share": "DOUBLE",
        "is_clustered": "BOOLEAN",
        "fitted_from": "DATE",
        "fitted_to": "DATE",
        "parameters": "VARCHAR",
    },
    "paired_outcomes": {
        "outcome_file_hash": "VARCHAR",
        "scope": "VARCHAR",
        "endpoint": "VARCHAR",
        "request_id": "VARCHAR",
        "sample_id": "VARCHAR",
        "sample_hash": "VARCHAR",
        "incumbent_model": "VARCHAR",
        "candidate_model": "VARCHAR",
        "incumbent_score": "DOUBLE",
        "candidate_score": "DOUBLE",
        "incumbent_output_tokens": "BIGINT",
        "candidate_output_tokens": "BIGINT",
        "parse_failed": "BOOLEAN",
        "incumbent_failed": "BOOLEAN",
        "grader": "VARCHAR",
        "observed_on": "DATE",
        "weight": "DOUBLE",
        "incumbent_human_score": "DOUBLE",
        "candidate_human_score": "DOUBLE",
        "replay_cost": "DOUBLE",
        "judge_cost": "DOUBLE",
        "stratum": "VARCHAR",
        "template_hash": "VARCHAR",
        "request_date": "DATE",
        "model": "VARCHAR",
        "operation_name": "VARCHAR",
        "has_tools": "BOOLEAN",
        "is_json": "BOOLEAN",
        "length_band": "BIGINT",
        **CELL_BINS,
    },
}

SUMMED = ("traffic_cells", "daily_usage", "endpoint_templates")
"""What a load makes of its requests, once, so that no report of all days reads requests again."""


def ddl(table: str) -> str:
    """The CREATE TABLE statement of `table`."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in TABLES[table].items())
    return f'create table if not exists "{table}" ({columns})'


def facts_view(stored: Collection[str]) -> str:
    """The statement that makes the view `request_facts` over a table `stored_facts` with the columns `stored`."""
    shown: list[str] = []
    for name, declared in REQUEST_FACTS.items():
        value = name if name in stored else f"cast({DERIVED.get(name, 'null')} as {declared.removesuffix(PLAIN)})"
        shown.append(f"coalesce({value}, {usual(name)}) as {name}" if name in USUAL else f"{value} as {name}")
    return f"create or replace view request_facts as select {', '.join(shown)}, rowid as rowid from stored_facts"


def usual(name: str) -> str:
    """What NULL in the column `name` of the table means, as a literal of SQL."""
    return repr(USUAL[name])
