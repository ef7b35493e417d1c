"""OpenAI's own usage figures: the dashboard's CSV, pages of the usage API, and the legacy /v1/usage family.

Rows are buckets of a minute, an hour or a day, one per group of whatever the export was grouped by. Columns are read
by name: their order and number changed over the years.
"""

from collections.abc import Iterable
from typing import cast

from audit.readers.export import Export
from audit.readers.reader import MORE_PAGES, TEXT, Context, Reader, identifier, rows, unroll_page
from audit.readers.sniff import Record

TIMES = frozenset({"start_time", "end_time", "start_time_iso", "end_time_iso"})
LEGACY_LISTS = ("ft_data", "dalle_api_data", "whisper_api_data", "tts_api_data")
"""Lists beside `data` in a legacy reply: rows without token counts, which are counted as rejected and not lost."""

COLUMNS: tuple[str, ...] = (
    "object",
    "start_time",
    "end_time",
    "start_time_iso",
    "end_time_iso",
    "project_id",
    "num_model_requests",
    "user_id",
    "api_key_id",
    "model",
    "batch",
    "service_tier",
    "input_tokens",
    "output_tokens",
    "input_cached_tokens",
    "input_cache_write_tokens",
    "input_uncached_tokens",
    "input_audio_tokens",
    "input_cached_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
    "input_cached_image_tokens",
)
LEGACY_COLUMNS: tuple[str, ...] = (
    "aggregation_timestamp",
    "timestamp",
    "n_requests",
    "num_requests",
    "snapshot_id",
    "model_id",
    "n_context_tokens_total",
    "n_generated_tokens_total",
    "n_cached_context_tokens_total",
    "n_non_cached_context_tokens_total",
    "email",
    "cost",
)


def _relation(export: Export, context: Context) -> str:
    columns = (*COLUMNS, *LEGACY_COLUMNS)
    declared = dict.fromkeys(columns, TEXT)
    return f"select {', '.join(map(identifier, columns))} from {rows(export, declared, context)}"


def unroll_buckets(document: object) -> Iterable[object]:
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
    if isinstance(document, dict):
        for name in LEGACY_LISTS:
            rest = cast("Record", document).get(name)
            yield from cast("list[object]", rest) if isinstance(rest, list) else ()


def _warn(export: Export) -> str | None:
    said: list[str] = []
    if export.page.get("has_more") is True:
        said.append(MORE_PAGES)
    used = [row for row in export.records if row.get("num_model_requests") not in (None, "")]
    if used and not any(row.get("model") for row in used):
        said.append("not grouped by model, so nothing can be priced; export again with group_by=model")
    if any(_seconds(row) > 60 for row in used):
        said.append("buckets longer than a minute show mean sizes only; export one day at a time for minutes")
    return f"{export.name}: {'; '.join(said)}" if said else None


def _seconds(row: Record) -> float:
    try:
        return float(str(row.get("end_time"))) - float(str(row.get("start_time")))
    except ValueError:
        return 0.0


OPENAI_USAGE = Reader(
    format="openai_usage",
    title="OpenAI usage: dashboard CSV, usage API pages, legacy /v1/usage (buckets)",
    audience="every OpenAI customer",
    how_to_export=(
        "platform.openai.com/usage, activity view, one day, grouped by model, API key and project: Export; or "
        "GET /v1/organization/usage/completions?bucket_width=1m&group_by=model,api_key_id,project_id,batch,service_tier"
    ),
    lacks=("single requests", "latency", "endpoints"),
    signatures=(
        frozenset({"start_time", "num_model_requests"}),
        frozenset({"aggregation_timestamp", "n_requests", "n_context_tokens_total"}),
        frozenset({"n_context_tokens_total", "n_generated_tokens_total"}),
        frozenset({"object", "num_model_requests", "input_tokens"}),
    ),
    relation=_relation,
    unroll=unroll_buckets,
    warn=_warn,
)
