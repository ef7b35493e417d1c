"""LiteLLM: rows of the proxy's SpendLogs table, and the StandardLoggingPayload that its callbacks write.

Both show the same call; fields read in LiteLLM's `proxy/schema.prisma` and `types/utils.py`, release 1.109.1.
"""

import json

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request, parameters, wrapped_request
from audit.conversations.values import Conversation, UnavailableError, first
from audit.conversations.values import parsed as parsed_json
from audit.readers.export import Export
from audit.readers.prompts import prompt_columns
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    kept_metadata,
    literal,
    parsed,
    rows,
    structure,
    unroll_page,
)
from audit.readers.sniff import Record

USAGE: Shape = {
    "prompt_tokens_details": {
        "cached_tokens": TEXT,
        "cache_creation_tokens": TEXT,
        "cache_creation_token_details": {"ephemeral_1h_input_tokens": TEXT},
        "audio_tokens": TEXT,
    },
    "completion_tokens_details": {"reasoning_tokens": TEXT, "audio_tokens": TEXT},
    "cache_read_input_tokens": TEXT,
    "cache_creation_input_tokens": TEXT,
    "service_tier": TEXT,
}
ERROR: Shape = {"error_code": TEXT, "error_class": TEXT}

SPEND_LOG_TEXT: tuple[str, ...] = (
    "request_id",
    "call_type",
    "api_key",
    "spend",
    "prompt_tokens",
    "completion_tokens",
    "startTime",
    "endTime",
    "completionStartTime",
    "request_duration_ms",
    "model",
    "model_group",
    "custom_llm_provider",
    "user",
    "end_user",
    "cache_hit",
    "team_id",
    "session_id",
    "status",
)
SPEND_LOG_COLUMNS: tuple[str, ...] = (*SPEND_LOG_TEXT, "metadata", "request_tags", "messages", "proxy_server_request")
SPEND_LOG_METADATA: Shape = {
    "usage_object": USAGE,
    "additional_usage_values": USAGE,
    "error_information": ERROR,
    "cost_breakdown": {"service_tier": TEXT},
    "user_api_key_alias": TEXT,
    "user_api_key_project_id": TEXT,
    "attempted_retries": TEXT,
    "batch_models": TEXT,
    "batch_successful_requests": TEXT,
    "internal_call_origin": TEXT,
    "litellm_call_id": TEXT,
}
"""The parts of `metadata` that are read, in one parse of its JSON text per row."""


def _spend_logs(export: Export, context: Context) -> str:
    # metadata and request_tags are JSON text in dumps and objects on pages of the API: text takes both
    columns = dict.fromkeys(SPEND_LOG_COLUMNS, TEXT)
    kept = _kept("metadata", "spend_logs_metadata", context)
    return f"""
    select {", ".join(f'"{name}"' for name in SPEND_LOG_TEXT)},
        try(json_transform(metadata, {literal(json.dumps(structure(SPEND_LOG_METADATA)))})) as metadata,
        {kept} as kept_metadata,
        try(from_json(request_tags, '["VARCHAR"]')) as request_tags,
        {_if_stored("json_array_length(proxy_server_request, '$.tools')")} as tool_count,
        {_if_stored("json_extract_string(proxy_server_request, '$.response_format.type')")} as response_format,
        {prompt_columns("messages", _if_stored("json_extract(proxy_server_request, '$.tools')"), context)}
    from {rows(export, columns, context)}"""


def _if_stored(expression: str) -> str:
    """`expression` over the stored request; the test spares a costly try() for the rows of most proxies."""
    return f"case when length(proxy_server_request) > 2 then try({expression}) end"


PAYLOAD_TEXT: tuple[str, ...] = (
    "id",
    "litellm_call_id",
    "trace_id",
    "session_id",
    "call_type",
    "cache_hit",
    "stream",
    "status",
    "custom_llm_provider",
    "startTime",
    "endTime",
    "completionStartTime",
    "model",
    "model_group",
    "response_cost",
    "prompt_tokens",
    "completion_tokens",
    "end_user",
    "request_tags",
    "messages",
)
PAYLOAD_NESTED: dict[str, Shape] = {
    "metadata": {
        "usage_object": USAGE,
        "user_api_key_hash": TEXT,
        "user_api_key_alias": TEXT,
        "user_api_key_team_id": TEXT,
        "user_api_key_user_id": TEXT,
        "user_api_key_end_user_id": TEXT,
        "user_api_key_project_id": TEXT,
        "attempted_retries": TEXT,
        "requester_metadata": TEXT,
    },
    "model_parameters": {"tools": TEXT, "response_format": {"type": TEXT}, "stream": TEXT},
    "response": {"model": TEXT, "service_tier": TEXT, "usage": USAGE},
    "error_information": ERROR,
    "cost_breakdown": {"service_tier": TEXT},
    "hidden_params": {"batch_models": TEXT, "batch_successful_requests": TEXT},
}


def _payload(export: Export, context: Context) -> str:
    nested = {name: parsed(export, name, shape) for name, shape in PAYLOAD_NESTED.items()}
    columns = dict.fromkeys(PAYLOAD_TEXT, TEXT) | {name: kind for name, (kind, _) in nested.items()}
    kept = [name for name in PAYLOAD_TEXT if name not in ("messages", "request_tags")]
    return f"""
    select * exclude (messages), {_kept("metadata.requester_metadata", None, context)} as kept_metadata,
        try(json_array_length(model_parameters.tools)) as tool_count,
        {prompt_columns("messages", "model_parameters.tools", context)}
    from (
        select {", ".join(f'"{name}"' for name in kept)}, messages,
            try(from_json(request_tags, '["VARCHAR"]')) as request_tags,
            {", ".join(f'{expression} as "{name}"' for name, (_, expression) in nested.items())}
        from {rows(export, columns, context)}
    )"""


def _kept(source: str, inside: str | None, context: Context) -> str:
    """The configured keys of a JSON text, or of the object under its key `inside`."""
    root = f"$.{inside}." if inside else "$."
    return kept_metadata(
        {key: f"try(json_extract_string({source}, {literal(root + json.dumps(key))}))" for key in context.metadata_keys}
    )


def _spend_conversation(record: Record) -> Conversation:
    return _asked(record, parameters(wrapped_request(record.get("proxy_server_request"))))


def _payload_conversation(record: Record) -> Conversation:
    sent = parameters(wrapped_request(record.get("proxy_server_request")))
    return _asked(record, sent | parameters(record.get("model_parameters")))


def _asked(record: Record, sent: Record) -> Conversation:
    """The messages stand beside the parameters, or in the request that the proxy got.

    Calls to the Responses API have their input there, which may be one text.
    """
    inside = wrapped_request(record.get("proxy_server_request"))
    messages = parsed_json(record.get("messages")) or first(inside, "messages", "input")
    if not messages:
        raise UnavailableError("the proxy stored no prompt (store_prompts_in_spend_logs: true does)")
    return chat_request(sent | {"messages": messages}, answer_of(record.get("response")), is_whole=bool(sent))


def _more_pages(export: Export) -> str | None:
    page, last = export.page.get("page"), export.page.get("total_pages")
    if isinstance(page, int) and isinstance(last, int) and page < last:
        return f"{export.name}: page {page} of {last}; load the others as well, or export the table with psql"
    return None


LITELLM_SPEND_LOGS = Reader(
    format="litellm_spend_logs",
    title="LiteLLM SpendLogs (CSV, JSON, JSONL, Parquet)",
    audience="teams with a LiteLLM proxy and its database",
    how_to_export=(
        'psql: \\copy (SELECT * FROM "LiteLLM_SpendLogs" WHERE "startTime" >= \'2026-01-01\') '
        "TO 'spend_logs.csv' CSV HEADER. Prompts, which `audit sample` needs, are in it from the day on that "
        "general_settings has store_prompts_in_spend_logs: true"
    ),
    lacks=("tools and response format, unless the proxy stores prompts",),
    signatures=(frozenset({"request_id", "startTime", "model", "prompt_tokens", "completion_tokens"}),),
    relation=_spend_logs,
    unroll=unroll_page,
    warn=_more_pages,
    conversation=_spend_conversation,
)
LITELLM_PAYLOAD = Reader(
    format="litellm_payload",
    title="LiteLLM StandardLoggingPayload (JSON, JSONL)",
    audience="teams whose LiteLLM proxy or SDK logs to a bucket or a callback",
    how_to_export='litellm_settings: success_callback: ["s3_v2"], then copy the objects of the bucket',
    lacks=(),
    signatures=(frozenset({"id", "startTime", "prompt_tokens", "completion_tokens", "model_parameters"}),),
    relation=_payload,
    unroll=unroll_page,
    conversation=_payload_conversation,
)
