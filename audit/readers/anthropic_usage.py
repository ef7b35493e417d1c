"""Anthropic's own usage figures: pages of the usage report API, and the CSV of the console.

Rows are buckets of an hour or a day without any count of requests. Tokens can be priced exactly; for the requests,
which decide about prices by length, the fewest stand in that the context window of the row allows.
"""

from collections.abc import Iterable
from typing import cast

from audit.readers.export import Export
from audit.readers.reader import MORE_PAGES, TEXT, Context, Reader, identifier, rows, unroll_page
from audit.readers.sniff import Record

REPORT_COLUMNS = {
    "starting_at": TEXT,
    "ending_at": TEXT,
    "uncached_input_tokens": TEXT,
    "cache_creation": 'STRUCT("ephemeral_5m_input_tokens" VARCHAR, "ephemeral_1h_input_tokens" VARCHAR)',
    "cache_read_input_tokens": TEXT,
    "output_tokens": TEXT,
    "api_key_id": TEXT,
    "workspace_id": TEXT,
    "model": TEXT,
    "service_tier": TEXT,
    "context_window": TEXT,
    "speed": TEXT,
}
CONSOLE_NAMES = {
    "starting_at": "usage_date_utc",
    "uncached_input_tokens": "usage_input_tokens_no_cache",
    "cache_write_5m": "usage_input_tokens_cache_write_5m",
    "cache_write_1h": "usage_input_tokens_cache_write_1h",
    "cache_read_input_tokens": "usage_input_tokens_cache_read",
    "output_tokens": "usage_output_tokens",
    "api_key_id": "api_key",
    "workspace_id": "workspace",
    "model": "model_version",
    "service_tier": "usage_type",
    "context_window": "context_window",
    "speed": "speed",
}
"""Column -> its name in the console's CSV. `api_key` is the name of the key."""
SIGNATURES = (
    frozenset({"starting_at", "uncached_input_tokens", "output_tokens"}),
    frozenset({"usage_date_utc", "usage_input_tokens_no_cache", "usage_output_tokens"}),
)
TIMES = ("starting_at", "ending_at")
GROUPS = ("model", "api_key_id", "workspace_id", "service_tier", "context_window")


def _is_console(export: Export) -> bool:
    return CONSOLE_NAMES["starting_at"] in export.field_set


def _relation(export: Export, context: Context) -> str:
    if _is_console(export):
        source = rows(export, dict.fromkeys(CONSOLE_NAMES.values(), TEXT), context)
        named = ", ".join(f"{identifier(theirs)} as {ours}" for ours, theirs in CONSOLE_NAMES.items())
        # an hour reads 2026-03-31 02:00, a day 2026-03-31
        length = "case when length(usage_date_utc) > 10 then interval 1 hour else interval 1 day end"
        return f"""
        select {named}, cast(try_cast(usage_date_utc as timestamptz) + {length} as varchar) as ending_at
        from {source}"""
    plain = ", ".join(name for name in REPORT_COLUMNS if name != "cache_creation")
    return f"""
    select {plain}, cache_creation.ephemeral_5m_input_tokens as cache_write_5m,
        cache_creation.ephemeral_1h_input_tokens as cache_write_1h
    from {rows(export, REPORT_COLUMNS, context)}"""


def _unroll(document: object) -> Iterable[object]:
    """Every result with the times of its bucket; a bucket without results is a record without figures."""
    for part in unroll_page(document):
        bucket = cast("Record", part) if isinstance(part, dict) else {}
        results = bucket.get("results")
        if isinstance(results, list):
            times = {key: bucket[key] for key in TIMES if key in bucket}
            found = cast("list[object]", results)
            yield from ({**times, **cast("Record", row)} if isinstance(row, dict) else row for row in found or [{}])
        else:
            yield part


def _recognises(export: Export) -> bool:
    if any(signature <= export.field_set for signature in SIGNATURES):
        return True
    # a range without usage is a page of empty buckets
    return bool(export.records) and export.field_set == frozenset(TIMES)


def _warn(export: Export) -> str | None:
    said: list[str] = []
    if export.page.get("has_more") is True:
        said.append(MORE_PAGES)
    names = ("model_version",) if _is_console(export) else GROUPS[:1]
    if export.records and not any(record.get(name) for record in export.records for name in names):
        said.append("not grouped by model, so nothing can be priced; export again with group_by[]=model")
    said.append("Anthropic's usage counts no requests: tokens are exact, numbers of requests are the fewest possible")
    return f"{export.name}: {'; '.join(said)}"


ANTHROPIC_USAGE = Reader(
    format="anthropic_usage",
    title="Anthropic usage: usage report API pages, console CSV (buckets)",
    audience="every customer of Anthropic's API",
    how_to_export=(
        "the usage page of the Claude console, Export; or with an admin key GET "
        "/v1/organizations/usage_report/messages?bucket_width=1h&group_by[]=model&group_by[]=service_tier"
        "&group_by[]=context_window&group_by[]=api_key_id&group_by[]=workspace_id"
    ),
    lacks=("single requests", "the number of requests", "latency", "endpoints", "reasoning tokens"),
    signatures=SIGNATURES,
    relation=_relation,
    recognises=_recognises,
    unroll=_unroll,
    warn=_warn,
)
