"""Braintrust: the spans of a project's logs, as the Logs page and `bt sync pull` write them.

Fields read in braintrust 0.48.1, `_generated_types.ProjectLogsEvent` and its integrations: `metrics.start`, `end` are
epoch seconds, `time_to_first_token` is in seconds, `prompt_tokens` includes the cache for all providers.
"""

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request, parameters
from audit.conversations.values import Conversation, UnavailableError, is_object
from audit.conversations.values import parsed as parsed_json
from audit.readers.export import Export
from audit.readers.openai_calls import (
    error_word,
    is_error,
    label_columns,
    metadata_shape,
    selected,
)
from audit.readers.prompts import prompt_columns
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    parsed_rows,
    unroll_page,
)
from audit.readers.sniff import Record

SPAN_TEXT = (
    "id",
    "span_id",
    "root_span_id",
    "span_parents",
    "created",
    "project_id",
    "input",
    "error",
    "scores",
    "tags",
)
METRICS: Shape = dict.fromkeys(
    (
        "start",
        "end",
        "prompt_tokens",
        "completion_tokens",
        "prompt_cached_tokens",
        "prompt_cache_creation_tokens",
        "prompt_cache_creation_5m_tokens",
        "prompt_cache_creation_1h_tokens",
        "completion_reasoning_tokens",
        "prompt_audio_tokens",
        "completion_audio_tokens",
        "time_to_first_token",
        "estimated_cost",
        "cached",
    ),
    TEXT,
)
MODEL_KEYS = ("model", "provider", "tools", "response_format", "stream", "service_tier")


def _spans(export: Export, context: Context) -> str:
    known = {key.lower(): key for key in metadata_shape(context)}
    known |= {key: key for key in MODEL_KEYS}
    shapes: dict[str, Shape] = {
        "metrics": METRICS,
        "metadata": dict.fromkeys(known.values(), TEXT),
        "span_attributes": {"name": TEXT, "type": TEXT, "purpose": TEXT},
    }

    columns = {
        "span_type": "span_attributes.type",
        "span_name": "span_attributes.name",
        "purpose": "span_attributes.purpose",
        "parent_id": "try(from_json(span_parents, '[\"VARCHAR\"]'))[1]",
        "model": "metadata.model",
        "provider": "metadata.provider",
        "stream": "metadata.stream",
        "service_tier": "metadata.service_tier",
        "tags": "try(from_json(tags, '[\"VARCHAR\"]'))",
        "tool_count": "try(json_array_length(metadata.tools))",
        "response_format": "try(json_extract_string(metadata.response_format, '$.type'))",
        **label_columns("metadata", context),
        "has_error": is_error("error"),
        "error_type": error_word("error"),
        # of several scores none is known to be the one that matters
        "score": ("case when len(try(json_keys(scores))) = 1 then try(json_extract_string(scores, '$.*'))[1] end"),
        "texts": "case when span_attributes.type = 'llm' then \"input\" end",
        "tool_texts": "metadata.tools",
    }
    plain = ("id", "span_id", "root_span_id", "created", "project_id")
    return f"""
    select * exclude (texts, tool_texts), {prompt_columns("texts", "tool_texts", context)}
    from (
        select {", ".join(plain)}, metrics, {selected(columns)}
        from {parsed_rows(export, SPAN_TEXT, shapes, context)}
    )"""


def _conversation(span: Record) -> Conversation:
    given = parsed_json(span.get("input"))
    if not given:
        raise UnavailableError("Braintrust was given no input of it")
    sent = given if is_object(given) and "messages" in given else {"messages": given}
    return chat_request(parameters(span.get("metadata")) | sent, answer_of(span.get("output")), is_whole=False)


BRAINTRUST = Reader(
    format="braintrust",
    title="Braintrust spans (JSON, JSONL, CSV)",
    audience="teams that trace or evaluate with Braintrust",
    how_to_export=(
        "project, Logs, filter the range, export icon, JSON; or `bt sync pull project_logs:<project>` for NDJSON"
    ),
    lacks=("requested and served model apart",),
    signatures=(
        frozenset({"span_id", "root_span_id", "metrics", "span_attributes"}),
        frozenset({"span_id", "root_span_id", "span_parents", "metrics"}),
    ),
    relation=_spans,
    unroll=unroll_page,
    conversation=_conversation,
)
