"""OpenRouter: the CSV of its logs (one row per request), its activity (days), and the objects of its generation API.

Three formats, because two of them show the same calls under other counts and times: they must not be added up.
"""

from collections.abc import Iterable
from typing import cast

from audit.readers.export import Export
from audit.readers.reader import TEXT, Context, Reader, Shape, first_of, identifier, parsed, rows, unroll_page
from audit.readers.sniff import Record

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("generation_id", "id"),
    "created": ("created_at",),
    "day": ("date",),
    "requests": ("requests",),
    "requested_model": ("model",),
    "model": ("model_permaslug", "model"),
    "variant": ("variant",),
    "upstream": ("provider_name",),
    "billed_input": ("native_tokens_prompt", "prompt_tokens"),
    "counted_input": ("tokens_prompt",),
    "billed_output": ("native_tokens_completion", "completion_tokens"),
    "counted_output": ("tokens_completion",),
    "cached": ("native_tokens_cached", "tokens_cached"),
    "reasoning": ("native_tokens_reasoning", "tokens_reasoning", "reasoning_tokens"),
    "images": ("num_media_prompt",),
    "cost": ("cost_total", "total_cost", "usage"),
    "own_key_cost": ("byok_usage_inference",),
    "own_key": ("is_byok",),
    "duration": ("generation_time_ms", "latency", "generation_time"),
    "first_token": ("time_to_first_token_ms",),
    "cancelled": ("cancelled",),
    "streamed": ("streamed",),
    "finish_reason": ("finish_reason_normalized", "finish_reason", "finish_reason_raw"),
    "tier": ("service_tier",),
    "user": ("user", "external_user"),
    "app": ("app_name",),
    "app_id": ("app_id",),
    "key_name": ("api_key_name",),
    "api": ("api_type",),
}
"""Column -> the names it has in the three exports, the one that is billed first."""
NAMES = tuple(dict.fromkeys(name for names in COLUMNS.values() for name in names))
GENERATION: Shape = dict.fromkeys(NAMES, TEXT)


def _relation(export: Export, context: Context) -> str:
    source = rows(export, dict.fromkeys(NAMES, TEXT), context)
    if export.fields == ("data",):  # replies of the generation API, kept one to a line
        kind, data = parsed(export, "data", GENERATION)
        source = f"(select unnest({data}) from {rows(export, {'data': kind}, context)})"
    columns = ", ".join(
        f"{first_of([f'nullif({identifier(name)}, {chr(39) * 2})' for name in names])} as {identifier(column)}"
        for column, names in COLUMNS.items()
    )
    return f"select {columns} from {source}"


def _unroll(document: object) -> Iterable[object]:
    """The object of a reply of the generation API, or the records of any other document."""
    inside = cast("Record", document).get("data") if isinstance(document, dict) else None
    return (cast("object", inside),) if isinstance(inside, dict) else unroll_page(cast("object", document))


def _is_generation(export: Export) -> bool:
    if any(signature <= export.field_set for signature in OPENROUTER_GENERATIONS.signatures):
        return True
    inside = [record.get("data") for record in export.records if record.keys() == {"data"}]
    return any(isinstance(data, dict) and {"native_tokens_prompt", "total_cost"} <= data.keys() for data in inside)


OPENROUTER_LOGS = Reader(
    format="openrouter_logs",
    title="OpenRouter logs (CSV, one row per request)",
    audience="everyone who calls models through OpenRouter",
    how_to_export="openrouter.ai/logs: set the range, then export CSV",
    lacks=("prompts", "tools", "response format", "native token counts of other makers", "the fee on credits"),
    signatures=(frozenset({"generation_id", "created_at", "tokens_prompt", "tokens_completion"}),),
    relation=_relation,
    staging="openrouter",
)
OPENROUTER_ACTIVITY = Reader(
    format="openrouter_activity",
    title="OpenRouter activity (JSON of the API, CSV; days per model and endpoint)",
    audience="OpenRouter customers without the logs",
    how_to_export="GET https://openrouter.ai/api/v1/activity with a provisioning key; openrouter.ai/logs says more",
    lacks=("single requests", "latency", "cached tokens", "endpoints"),
    signatures=(frozenset({"date", "requests", "prompt_tokens", "completion_tokens", "model_permaslug"}),),
    relation=_relation,
    unroll=unroll_page,
    staging="openrouter",
)
OPENROUTER_GENERATIONS = Reader(
    format="openrouter_generations",
    title="OpenRouter generation objects (JSON, JSONL; one per request)",
    audience="applications that look up their calls at OpenRouter",
    how_to_export="GET https://openrouter.ai/api/v1/generation?id=<id> for each call, one reply to a line",
    lacks=("prompts", "tools", "response format"),
    signatures=(frozenset({"id", "created_at", "native_tokens_prompt", "native_tokens_completion", "total_cost"}),),
    relation=_relation,
    recognises=_is_generation,
    unroll=_unroll,
    staging="openrouter",
)
