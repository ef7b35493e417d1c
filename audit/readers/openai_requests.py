"""OpenAI calls as applications log them: the reply objects themselves, or {request, response, latency, ...} wrappers.

A wrapper's own names are not standardised; the ones below are those that logging code commonly writes. Anything else
goes through a column map.
"""

import json
from typing import cast

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import Conversation, UnavailableError
from audit.readers.export import Export
from audit.readers.openai_calls import (
    CONVERSATION_KEYS,
    CUSTOMER_KEYS,
    PROMPT_KEYS,
    TEAM_KEYS,
    USER_KEYS,
    error_word,
    is_error,
    metadata_shape,
    request_columns,
    request_shape,
    response_columns,
    response_shape,
    selected,
    with_prompt,
)
from audit.readers.reader import (
    ROUTE_KEYS,
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    identifier,
    parsed_rows,
    rows,
    type_of,
    unroll_page,
)
from audit.readers.sniff import Record

OBJECTS = {"chat.completion", "chat.completion.chunk", "text_completion", "response"}
"""`object` of the replies; an embeddings reply says `list` and is told by its `usage`."""

WRAPPER = {
    "logged_start": ("started_at", "start_time", "timestamp", "request_time", "created_at", "time", "ts"),
    "logged_end": ("ended_at", "finished_at", "completed_at", "end_time"),
    "duration_ms": ("latency_ms", "duration_ms", "elapsed_ms", "response_time_ms"),
    "duration_s": ("latency_s", "duration_s", "elapsed_s", "latency_seconds", "duration_seconds"),
    "time_to_first_chunk_ms": ("time_to_first_chunk_ms", "time_to_first_token_ms", "ttft_ms", "first_token_ms"),
    "logged_id": ("request_id", "id"),
    "provider": ("provider", "provider_name"),
    "logged_model": ("model",),
    "logged_status": ("status_code", "http_status", "status"),
    "logged_error": ("error", "error_type", "exception"),
    "logged_route": ROUTE_KEYS,
    "logged_prompt_name": PROMPT_KEYS,
    "url": ("url", "path", "url_path"),
    "logged_user": USER_KEYS,
    "logged_customer": CUSTOMER_KEYS,
    "logged_team": TEAM_KEYS,
    "logged_conversation": CONVERSATION_KEYS,
    "project": ("project_id", "project"),
    "api_key": ("api_key_id", "api_key_alias"),
    "trace": ("trace_id",),
    "parent": ("parent_id",),
    "attempt": ("attempt",),
    "retries": ("retry_count",),
    "cache_hit": ("cache_hit", "cached"),
    "score": ("feedback_score",),
    "cost": ("cost_usd", "cost"),
    "tags": ("tags",),
}
"""Column -> the names under which a wrapper may carry it, the clearest first."""
BARE = {"logged_id": ("request_id",), "logged_user": ("input_user",)}
"""The same for a reply without a wrapper: what a stored completion adds to it."""


def _relation(export: Export, context: Context) -> str:
    return with_prompt(_wrapped(export, context) if _is_wrapped(export) else _bare(export, context), context)


def _wrapped(export: Export, context: Context) -> str:
    shapes: dict[str, Shape] = {
        "response": _body(export, "response", response_shape(context)),
        "request": _body(export, "request", request_shape(context)),
        "metadata": metadata_shape(context),
    }
    texts = dict.fromkeys((name for names in WRAPPER.values() for name in names), TEXT)
    reply = "response.body" if "body" in shapes["response"] else "response"
    sent = "request.body" if "body" in shapes["request"] else "request"
    columns = _outside(WRAPPER) | response_columns(reply) | request_columns(sent, reply, context, labels=["metadata"])
    columns["is_record"] = f"response is not null or request is not null or {_some(texts)} is not null"
    return f"select {selected(columns)} from {parsed_rows(export, tuple(texts), shapes, context)}"


def _bare(export: Export, context: Context) -> str:
    shape = response_shape(context)
    beside = BARE | {"logged_start": tuple(name for name in WRAPPER["logged_start"] if name in export.fields)}
    texts = dict.fromkeys((name for names in beside.values() for name in names), TEXT)
    declared = texts | {name: type_of(part) for name, part in shape.items()}
    columns = _outside(beside) | response_columns("") | request_columns(None, "", context)
    columns["is_record"] = (
        f'{_some(("id", "object", "model"))} is not null or usage is not null or "usageMetadata" is not null'
    )
    return f"select {selected(columns)} from {rows(export, declared, context)}"


def _outside(found: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The columns that stand beside request and response, name -> expression."""
    columns = {column: first_of([identifier(name) for name in found.get(column, ())]) for column in WRAPPER}
    if "endpoint" in found.get("logged_route", ()):
        # `endpoint` is the part of the application in one log and the path of the API in the next
        is_path = "\"endpoint\" like '%/v1/%'"
        columns["url"] = f'coalesce({columns["url"]}, case when {is_path} then "endpoint" end)'
        columns["logged_route"] = columns["logged_route"].replace(
            '"endpoint"', f'case when {is_path} then null else "endpoint" end'
        )
    columns["tags"] = f"try(from_json({columns['tags']}, '[\"VARCHAR\"]'))"
    error = columns["logged_error"]
    columns["logged_error"] = error_word(error)
    columns["has_logged_error"] = is_error(error)
    return columns


def _body(export: Export, name: str, shape: Shape) -> Shape:
    """`shape`, one level down where the wrapper logs status and headers around the body, as HTTP clients do."""
    for record in export.records:
        if isinstance(value := object_of(record.get(name)), dict) and isinstance(value.get("body"), dict):
            return {"body": shape, "status_code": TEXT, "url": TEXT}
    return shape


def _some(names: "dict[str, str] | tuple[str, ...]") -> str:
    return first_of([identifier(name) for name in names])


def object_of(value: object) -> Record | None:
    """An object, or the one that a text holds; None where there is none."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return cast("Record", value) if isinstance(value, dict) else None


def _is_wrapped(export: Export) -> bool:
    return bool({"request", "response"} & export.field_set)


def _recognises(export: Export) -> bool:
    return any(_is_call(record) for record in export.records)


def bodies_of(record: Record) -> tuple[Record | None, Record | None]:
    """The request and the reply inside a wrapper."""
    sent, reply = (object_of(record.get(name)) for name in ("request", "response"))
    sent, reply = (object_of(body.get("body")) or body if body else None for body in (sent, reply))
    return sent, reply


def _is_call(record: Record) -> bool:
    """Whether a record is a reply, or a wrapper around a request or reply in OpenAI's form."""
    if _is_reply(record):
        return True
    sent, reply = bodies_of(record)
    if reply is not None and _is_reply(reply):
        return True
    return sent is not None and "model" in sent and bool({"messages", "input", "prompt"} & sent.keys())


def _is_reply(value: Record) -> bool:
    kind = value.get("object")
    return (isinstance(kind, str) and kind in OBJECTS) or (
        isinstance(value.get("usage"), dict) and "model" in value and bool({"choices", "data", "output"} & value.keys())
    )


def _conversation(record: Record) -> Conversation:
    sent, reply = bodies_of(record)
    if sent is None:
        raise UnavailableError("only the reply was logged, not the request")
    return chat_request(sent, answer_of(reply))


def _warn(export: Export) -> str | None:
    if export.page.get("has_more") is True:
        last = export.page.get("last_id")
        return f"{export.name}: one page only; fetch the next with after={last}, until has_more is false"
    return None


OPENAI_REQUESTS = Reader(
    format="openai_requests",
    title="OpenAI request and response logs, stored completions (JSONL, JSON, CSV, Parquet)",
    audience="applications that log the bodies of their calls, or make them with store: true",
    how_to_export=(
        "log {request, response, started_at, latency_ms} per call, or fetch GET /v1/chat/completions for calls made "
        "with store: true"
    ),
    lacks=("latency, unless the wrapper logs it",),
    signatures=(frozenset({"request", "response"}), frozenset({"id", "object", "model", "usage"})),
    relation=_relation,
    recognises=_recognises,
    unroll=unroll_page,
    warn=_warn,
    conversation=_conversation,
)
