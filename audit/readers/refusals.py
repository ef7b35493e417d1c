"""Files that look usable and are not: each with the reason, and with what to export instead."""

from collections.abc import Callable

from audit.readers.export import Export
from audit.readers.openai_usage import TIMES

USAGE_PAGE = {"Date", "Total Tokens", "Requests"}
"""Columns of the exports that LiteLLM's usage page writes."""


def why_not(export: Export) -> str | None:
    """Why the file cannot be loaded although its kind is known; None where it is not one of these."""
    return next((reason for is_one, reason in REFUSALS if is_one(export)), None)


def _objects(export: Export) -> set[object]:
    """What the records say they are."""
    return {record.get("object") for record in export.records}


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
)
