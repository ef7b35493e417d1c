"""Azure API Management's GatewayLogs with bodies: OpenAI's reply as JSON text inside `properties.backendResponseBody`.

Two layouts: what a diagnostic setting writes to storage or an event hub (`properties` an object, or its JSON text),
and what Log Analytics exports (the same in columns of its own). Bodies are cut off at the size the setting names.
"""

import json

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import Conversation, UnavailableError, first, record
from audit.readers.export import Export
from audit.readers.openai_calls import (
    request_columns,
    request_shape,
    response_columns,
    response_shape,
    selected,
    with_prompt,
)
from audit.readers.openai_requests import object_of
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    identifier,
    literal,
    parsed,
    rows,
    structure,
    unroll_page,
)
from audit.readers.sniff import Record

INSIDE = {
    "sent_body": ("backendRequestBody", "requestBody"),
    "reply_body": ("backendResponseBody", "responseBody"),
    "url": ("url", "backendUrl"),
    "response_code": ("backendResponseCode", "responseCode"),
    "backend_ms": ("backendTime",),
    "api_id": ("apiId",),
    "operation_id": ("operationId",),
    "subscription": ("apimSubscriptionId", "subscriptionId"),
}
"""Column -> its names inside `properties`; Log Analytics writes them with a capital."""
OUTSIDE = {
    "logged": ("time", "TimeGenerated"),
    "correlation_id": ("correlationId", "CorrelationId"),
    "total_ms": ("durationMs", "TotalTime"),
    "succeeded": ("isRequestSuccess", "IsRequestSuccess"),
    "category": ("category", "Category"),
}
STREAM_USAGE = r"""regexp_extract(reply_body, '(?s).*data: (\{[^\n]*"usage": ?\{[^\n]*\})', 1)"""
"""A stream is kept as its events: the last one with a usage object, where the caller asked for one."""
BODIES = tuple(name for column in ("sent_body", "reply_body") for name in INSIDE[column])


def capital(name: str) -> str:
    """The name of a column at Log Analytics.

    >>> capital("backendResponseBody")
    'BackendResponseBody'
    """
    return name[:1].upper() + name[1:]


def _relation(export: Export, context: Context) -> str:
    properties: Shape = {name: TEXT for names in INSIDE.values() for name in names}
    kind, inside = parsed(export, "properties", properties)
    outside = {column: next((n for n in names if n in export.field_set), names[0]) for column, names in OUTSIDE.items()}
    beside = {column: [capital(name) for name in names] for column, names in INSIDE.items()}
    texts = [*outside.values(), *(name for names in beside.values() for name in names)]
    columns = dict.fromkeys(texts, TEXT) | {"properties": kind}
    either = {column: first_of([*(f"p.{n}" for n in INSIDE[column]), *beside[column]]) for column in INSIDE}
    items = [*(f"{identifier(name)} as {column}" for column, name in outside.items())]
    items += [f"nullif({expression}, '') as {column}" for column, expression in either.items()]
    plain = {name: name for name in (*OUTSIDE, *INSIDE) if not name.endswith("_body")}
    found = plain | response_columns("reply") | request_columns("sent", "reply", context)
    found |= {
        "has_body": "reply_body is not null",
        "is_cut_off": "reply_body is not null and reply is null",
        "deployment": "nullif(regexp_extract(url, '/deployments/([^/?]+)', 1), '')",
    }
    body = f"case when starts_with(reply_body, 'data: ') then {STREAM_USAGE} else reply_body end"
    return with_prompt(
        f"""
    select {selected(found)}
    from (
        select *, {_parsed(body, response_shape(context))} as reply,
            {_parsed("sent_body", request_shape(context))} as sent
        from (
            select {", ".join(items)}
            from (select *, {inside} as p from {rows(export, columns, context)})
        )
    )""",
        context,
    )


def _parsed(text: str, shape: Shape) -> str:
    return f"try(json_transform({text}, {literal(json.dumps(structure(shape)))}))"


def _recognises(export: Export) -> bool:
    return any(_has_body(record) for record in export.records) or (
        # a Parquet file shows its columns only
        not export.records and export.field_set >= {"CorrelationId", "BackendResponseBody"}
    )


def _has_body(record: Record) -> bool:
    properties = object_of(record.get("properties")) or {}
    return any(properties.get(name) for name in BODIES) or (
        "CorrelationId" in record and any(record.get(capital(name)) for name in BODIES)
    )


def _conversation(row: Record) -> Conversation:
    inside = record(row.get("properties"))
    sent, reply = (
        first(inside, *INSIDE[column]) or first(row, *map(capital, INSIDE[column]))
        for column in ("sent_body", "reply_body")
    )
    if not sent:
        raise UnavailableError("the gateway logged no body of it")
    if not record(sent):
        raise UnavailableError("its body was cut off by the gateway")
    return chat_request(record(sent), answer_of(record(reply)))


AZURE_APIM_GATEWAY = Reader(
    format="azure_apim_gateway",
    title="Azure API Management, GatewayLogs with bodies (JSON, JSONL, CSV)",
    audience="Azure OpenAI behind API Management, without its generative AI logs",
    how_to_export=(
        "API, Settings, Diagnostic Logs: log the frontend and backend bodies (8192 bytes); then Log Analytics: "
        "ApiManagementGatewayLogs | where TimeGenerated > ago(30d), Export to CSV, or copy the blobs of the container "
        "insights-logs-gatewaylogs"
    ),
    lacks=("usage of replies longer than the logged size", "usage of streams without include_usage"),
    signatures=(
        frozenset({"time", "category", "correlationId", "properties"}),
        frozenset({"TimeGenerated", "CorrelationId", "BackendResponseBody"}),
    ),
    relation=_relation,
    recognises=_recognises,
    unroll=unroll_page,
    conversation=_conversation,
)
