"""Vertex AI's request-response logging: rows of its BigQuery table, exported as JSON lines, CSV or Parquet.

Gemini counts thoughts beside the candidates, and what tools bring into the prompt beside the prompt; its keys are in
snake_case in some tables and in camelCase in others. Logged replies without the table are read by `openai_requests`.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import record
from audit.errors import InputError
from audit.readers.export import Export
from audit.readers.openai_requests import OPENAI_REQUESTS, WRAPPER, bodies_of
from audit.readers.prompts import prompt_columns
from audit.readers.reader import TEXT, Context, Reader, Shape, literal, parsed, rows, structure
from audit.readers.sniff import Record

USAGE = {
    "prompt_tokens": "prompt_token_count",
    "tool_use_tokens": "tool_use_prompt_token_count",
    "candidate_tokens": "candidates_token_count",
    "thought_tokens": "thoughts_token_count",
    "cached_tokens": "cached_content_token_count",
    "total_tokens": "total_token_count",
    "traffic_type": "traffic_type",
}
REPLY = {"created": "create_time", "served_model": "model_version", "response_id": "response_id"}
MODALITIES: Shape = {"modality": TEXT, "token_count": TEXT, "tokenCount": TEXT}
TEXTS = ("endpoint", "deployed_model_id", "logging_time", "request_id", "model", "model_version", "api_method")
ANTHROPIC = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def _camel(name: str) -> str:
    """The same key in camelCase.

    >>> _camel("prompt_token_count")
    'promptTokenCount'
    """
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _both(names: Iterable[str]) -> Shape:
    return {spelling: TEXT for name in names for spelling in (name, _camel(name))}


FULL: Shape = {
    **_both(REPLY.values()),
    "candidates": ({"finish_reason": TEXT, "finishReason": TEXT},),
    **{
        spelling: {
            **_both(USAGE.values()),
            "prompt_tokens_details": (MODALITIES,),
            "promptTokensDetails": (MODALITIES,),
        }
        for spelling in ("usage_metadata", "usageMetadata")
    },
    "model": TEXT,
    "stop_reason": TEXT,
    "usage": {**dict.fromkeys(ANTHROPIC, TEXT), "cache_creation": {"ephemeral_1h_input_tokens": TEXT}},
}
"""`usage` and `stop_reason` are those of Claude on Vertex."""
SENT: Shape = {"contents": TEXT, "messages": TEXT, "system": TEXT, "tools": TEXT, **_both(["system_instruction"])}


def _relation(export: Export, context: Context) -> str:
    kind, metadata = parsed(export, "metadata", {"request_latency": TEXT, "requestLatency": TEXT})
    texts: tuple[str, ...] = (*TEXTS, "full_response", "full_request")
    columns = {"metadata": kind} | dict.fromkeys(texts, TEXT)
    # a streamed reply can be the list of its chunks: the last has the usage
    last = "case when starts_with(full_response, '[') then json_extract(full_response, '$[#-1]') else full_response end"
    usage = 'coalesce(reply.usage_metadata, reply."usageMetadata")'
    found = {name: _either(usage, key) for name, key in USAGE.items()}
    found |= {name: _either("reply", key) for name, key in REPLY.items()}
    found |= {f"claude_{name}": f"reply.usage.{name}" for name in ANTHROPIC}
    found["claude_hour_write_tokens"] = "reply.usage.cache_creation.ephemeral_1h_input_tokens"
    details = f'coalesce({usage}.prompt_tokens_details, {usage}."promptTokensDetails")'
    latency = 'coalesce(metadata.request_latency, metadata."requestLatency")'
    microseconds = f"cast(1000 * try_cast({latency} as double) as bigint)"
    named = ", ".join(f"{expression} as {name}" for name, expression in found.items())
    return f"""
    select {", ".join(TEXTS)}, {named},
        {latency} as request_latency,
        cast(try_cast(logging_time as timestamptz) - to_microseconds({microseconds}) as varchar) as begun,
        coalesce(reply.candidates[1].finish_reason, reply.candidates[1]."finishReason", reply.stop_reason)
            as finish_reason,
        {_of_modality(details, "AUDIO")} as audio_tokens, {_of_modality(details, "IMAGE")} as image_tokens,
        full_response is not null as has_reply, full_response is null or reply is not null as is_readable,
        {usage} is not null or reply.usage is not null as has_usage,
        reply.usage is not null as is_claude,
        try(json_array_length(sent.tools)) as tool_count,
        {prompt_columns("coalesce(sent.contents, sent.messages)", "sent.tools", context, "instruction")}
    from (
        select *, coalesce(sent.system_instruction, sent."systemInstruction", sent.system) as instruction
        from (
            select {", ".join(TEXTS)}, full_response, {metadata} as metadata,
                try(json_transform({last}, {literal(json.dumps(structure(FULL)))})) as reply,
                try(json_transform(full_request, {literal(json.dumps(structure(SENT)))})) as sent
            from {rows(export, columns, context)}
        )
    )"""


def _either(place: str, key: str) -> str:
    return f'coalesce({place}."{key}", {place}."{_camel(key)}")'


def _of_modality(details: str, modality: str) -> str:
    found = f"list_filter({details}, lambda part: part.modality = '{modality}')[1]"
    return f'coalesce({found}.token_count, {found}."tokenCount")'


def _warn(export: Export) -> str | None:
    return (
        f"{export.name}: Vertex logs only a sample where sampling_rate is below 1, and the file does not say; "
        "multiply all totals by 1 / sampling_rate"
    )


def _is_gemini(value: object) -> bool:
    return isinstance(value, dict) and isinstance(cast("Record", value).get("usageMetadata"), dict)


def _has_gemini(export: Export) -> bool:
    return any(_is_gemini(record) or _is_gemini(bodies_of(record)[1]) for record in export.records)


def _replies(export: Export, context: Context) -> str:
    if not {"request", "response", "createTime", *WRAPPER["logged_start"]} & export.field_set:
        raise InputError(
            f"{export.name}: replies of generateContent alone, which say no time; log "
            "{request, response, started_at} per call"
        )
    return OPENAI_REQUESTS.relation(export, context)


VERTEX = Reader(
    format="vertex",
    title="Vertex AI request-response logs (BigQuery table as JSONL, CSV or Parquet)",
    audience="teams on Google Cloud that log to BigQuery",
    how_to_export=(
        "set_request_response_logging_config(enabled=True, sampling_rate=1.0, bigquery_destination=...); then "
        "bq extract --destination_format=NEWLINE_DELIMITED_JSON PROJECT:DATASET.TABLE gs://BUCKET/vertex-*.jsonl"
    ),
    lacks=("cost", "users", "the sampling rate"),
    signatures=(frozenset({"logging_time", "full_response", "api_method"}),),
    relation=_relation,
    warn=_warn,
    conversation=lambda row: chat_request(record(row.get("full_request")), answer_of(row.get("full_response"))),
)
GEMINI_REPLIES = replace(
    OPENAI_REQUESTS,
    format="gemini_replies",
    title="Gemini generateContent, logged requests and replies (JSONL, JSON, CSV, Parquet)",
    audience="applications that log the bodies of their calls to Gemini",
    how_to_export="log {request, response, started_at, latency_ms} per call",
    signatures=(frozenset({"request", "response"}), frozenset({"candidates", "usageMetadata", "modelVersion"})),
    relation=_replies,
    recognises=_has_gemini,
    staging="openai_requests",
    warn=None,
)
