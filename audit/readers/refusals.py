"""Files that look usable and are not: each with the reason, and with what to export instead."""

from collections.abc import Callable
from typing import cast

from audit.readers.export import Export
from audit.readers.openai_usage import TIMES
from audit.readers.sniff import Record

LANGFUSE_SCORES = (
    {"trace_id", "observation_id", "value", "data_type"},
    {"traceId", "observationId", "value", "dataType"},
)
LANGFUSE_TRACES = {"id", "timestamp", "bookmarked", "public"}
"""Keys of the files that lie beside the observations, and of the tables beside theirs in the UI."""
USAGE_PAGE = {"Date", "Total Tokens", "Requests"}
"""Columns of the exports that LiteLLM's usage page writes."""

WHEN = {"start_time", "timestamp", "created", "created_at"}
"""Columns that would make a table of models one of calls."""


def why_not(export: Export) -> str | None:
    """Why the file cannot be loaded although its kind is known; None where it is not one of these."""
    return next((reason for is_one, reason in REFUSALS if is_one(export)), None)


def is_by_columns(export: Export) -> bool:
    """Whether the file is one object of columns, each an object of its rows, as pandas writes a dataframe unasked."""
    if len(export.records) != 1 or len(export.fields) < 3:
        return False
    columns = list(export.records[0].values())
    keys = {frozenset(cast("Record", column)) for column in columns if isinstance(column, dict)}
    return all(isinstance(column, dict) for column in columns) and len(keys) == 1 and bool(min(keys))


def _is_azure_without_tokens(export: Export) -> bool:
    """Whether the file holds Azure OpenAI's RequestResponse logs, also as pages of an event hub."""
    return any(
        "RequestResponse" in (record.get("category"), record.get("Category"))
        and not {"usage", "prompt_tokens", "PromptTokens"} & record.keys()
        for record in export.records
    )


def _is_apim_without_bodies(export: Export) -> bool:
    return any("GatewayLogs" in (record.get("category"), record.get("Category")) for record in export.records)


def _with_results(export: Export) -> list[Record]:
    """The records, and the results inside of buckets."""
    inside = [record.get("results") for record in export.records]
    rows = [row for found in inside if isinstance(found, list) for row in cast("list[object]", found)]
    return [*export.records, *(cast("Record", row) for row in rows if isinstance(row, dict))]


def _objects(export: Export) -> set[str]:
    """What the records, and the results inside of buckets, say they are."""
    return {str(record.get("object")) for record in _with_results(export)}


REFUSALS: tuple[tuple[Callable[[Export], bool], str], ...] = (
    (
        lambda export: export.field_set == TIMES,
        (
            "the four times of an OpenAI usage export and no figures: the range held no usage, or another view was "
            "open. On platform.openai.com/usage choose the activity view (not cost) and a range with traffic, "
            "then Export"
        ),
    ),
    (
        lambda export: export.field_set >= USAGE_PAGE | {"Model"},
        (
            "the `daily_with_models` export of LiteLLM's usage page: it repeats an entity's totals for each of its "
            "models and so counts tokens many times over (litellm issue 32581). "
            "Export the table LiteLLM_SpendLogs instead"
        ),
    ),
    (
        lambda export: export.field_set >= USAGE_PAGE,
        "an export of LiteLLM's usage page, which names no models. Export the table LiteLLM_SpendLogs instead",
    ),
    (
        _is_azure_without_tokens,
        (
            "Azure OpenAI's RequestResponse diagnostic log: it counts bytes, not tokens, so nothing can be priced. "
            "Put API Management in front and export ApiManagementGatewayLlmLog, or log the replies in the application "
            "({request, response, started_at} per call)"
        ),
    ),
    (
        _is_apim_without_bodies,
        (
            "API Management's GatewayLogs without bodies, so without tokens. Export ApiManagementGatewayLlmLog "
            "(diagnostic setting for generative AI gateway logs), or let the API's diagnostic settings log the bodies"
        ),
    ),
    (
        lambda export: export.field_set == frozenset({"Model", "Spend"}),
        (
            "OpenRouter's spend per model: no requests, tokens or days. Open openrouter.ai/logs, set the range, and "
            "export that CSV"
        ),
    ),
    (
        lambda export: _objects(export) == {"batch"},
        "Batch objects, which hold totals only. Load the files behind output_file_id, error_file_id and input_file_id",
    ),
    (
        is_by_columns,
        (
            "a dataframe written column by column, so that it has no records. "
            "Write it again with to_json(path, orient='records', lines=True), or with to_parquet"
        ),
    ),
    (
        lambda export: set(export.fields) == {"name", "success"} and "captureDate" in export.page,
        (
            "a list of the attributes that some spans had (capture-results.json), not the spans themselves. "
            "Load the files with the spans beside it"
        ),
    ),
    (
        lambda export: any(export.field_set >= keys for keys in LANGFUSE_SCORES),
        "Langfuse's scores, which hold no calls. Load the observations instead",
    ),
    (
        lambda export: export.field_set >= LANGFUSE_TRACES and not {"type", "observations"} & export.field_set,
        "Langfuse's traces without their observations, so without tokens. Load the observations instead",
    ),
    (
        lambda export: export.field_set >= {"incumbent_model", "candidate_model"} and not export.field_set & WHEN,
        "paired outcomes, which hold no calls; `audit outcomes add` takes them",
    ),
    (
        lambda export: export.field_set >= {"customer_id", "revenue"},
        "revenue of customers, which holds no calls; `audit margin` takes it",
    ),
    (
        lambda export: export.field_set >= {"token_class", "usd_per_million"},
        "prices, which are no calls; name the file in audit.toml ([prices] file), then `audit rebuild`",
    ),
    (
        lambda export: any(str(record.get("schema")).startswith("traffic-audit/") for record in export.records),
        "what traffic-audit wrote itself, not a log",
    ),
)
