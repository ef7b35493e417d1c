"""OTLP JSON: the lines of the collector's file exporter, or one document in the form of the API.

A line holds many spans, and a record is a span. Fields as in the protocol's JSON encoding (opentelemetry-proto 1.x,
"JSON Protobuf Encoding"): ids in hex, 64-bit numbers as text; writers that differ are read as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from audit.conversations.attributes import Attributes
from audit.conversations.spans import span_conversation
from audit.conversations.values import Conversation, listed, record
from audit.readers.export import Export
from audit.readers.reader import TEXT, Context, Reader, Shape, rows, struct
from audit.readers.sniff import Record
from audit.readers.span_attributes import span_relation

KEY_VALUES: tuple[Shape] = (
    {"key": TEXT, "value": dict.fromkeys(("stringValue", "intValue", "doubleValue", "boolValue", "arrayValue"), TEXT)},
)
EVENT: Shape = {"name": TEXT, "timeUnixNano": TEXT, "attributes": KEY_VALUES}
SPAN: Shape = {
    "traceId": TEXT,
    "spanId": TEXT,
    "parentSpanId": TEXT,
    "name": TEXT,
    "startTimeUnixNano": TEXT,
    "endTimeUnixNano": TEXT,
    "attributes": KEY_VALUES,
    "status": {"code": TEXT},
    "events": (EVENT,),
}
RESOURCE: Shape = {"resource": {"attributes": KEY_VALUES}, "scopeSpans": ({"spans": (SPAN,)},)}
COLUMNS = {"resourceSpans": f"{struct(RESOURCE)}[]", "resourceLogs": TEXT, "resourceMetrics": TEXT}
FIRST_TOKEN = ("First Token Stream Event", "gen_ai.content.completion.chunk", "ai.stream.firstChunk")
"""Events at the first part of a streamed answer: OpenInference, OpenLLMetry, Vercel AI SDK."""
NUMBERED_TOOLS = "^(llm[.]tools[.][0-9]+[.]tool[.]json_schema|(llm|gen_ai)[.]request[.]functions[.][0-9]+[.]name)$"
NUMBERED_MESSAGES = "^(llm[.]input_messages[.][0-9]+[.]message|gen_ai[.]prompt[.][0-9]+)[.]role$"
NO_CACHED_TOKENS = "opentelemetry.instrumentation.openai_v2"
"""An instrumentation that leaves out cached tokens and tools (release 2.3b0, run)."""


def _relation(export: Export, context: Context) -> str:
    texts = "list_transform(span.attributes, lambda each: {})".format(
        "coalesce(" + ", ".join(f'each."value"."{kind}"' for kind in KEY_VALUES[0]["value"]) + ")"
    )
    source = f"""(
        select line_kind, service_name, span, list_transform(span.attributes, lambda each: each."key") as names,
            {texts} as texts
        from (
            select line_kind, service_name, unnest({_some('scope."spans"')}) as span
            from (
                select line_kind, unnest({_some('resource."scopeSpans"')}) as scope,
                    {_attribute("resource.resource.attributes", "service.name")} as service_name
                from (
                    select unnest({_some('"resourceSpans"')}) as resource,
                        case
                            when "resourceSpans" is not null then 'a line without spans'
                            when "resourceLogs" is not null then 'log records'
                            when "resourceMetrics" is not null then 'metrics'
                        end as line_kind
                    from {rows(export, COLUMNS, context)}
                )
            )
        )
    )"""
    first_token = ", ".join(f"'{name}'" for name in FIRST_TOKEN)
    span = {
        "is_record": "line_kind is not null",
        "no_span": "case when span is null then line_kind end",
        "span_name": "span.name",
        "span_id": _id("span.spanId", 12),
        "trace_id": _id("span.traceId", 24),
        "parent_id": _id("span.parentSpanId", 12),
        "start_time": "span.startTimeUnixNano",
        "end_time": "span.endTimeUnixNano",
        "first_chunk_time": f"case when len(span.events) > 0 then "
        f"list_filter(span.events, lambda each: each.name in ({first_token}))[1].timeUnixNano end",
        "status_code": "span.status.code",
        "exception_type": "case when len(span.events) > 0 then "
        + _attribute("list_filter(span.events, lambda each: each.name = 'exception')[1].attributes", "exception.type")
        + " end",
        "service_name": "service_name",
        "numbered_tools": _count(NUMBERED_TOOLS, "llm.tools.0.tool.json_schema", "llm.request.functions.0.name"),
        "numbered_messages": _count(NUMBERED_MESSAGES, "llm.input_messages.0.message.role", "gen_ai.prompt.0.role"),
    }
    return span_relation(source, span, lambda name: f"texts[list_position(names, '{name}')]", context)


def _spans_per_line(export: Export, context: Context) -> str:
    in_scope = 'greatest(1, coalesce(len(scope."spans"), 0))'
    in_resource = f'greatest(1, coalesce(list_sum(list_transform(resource."scopeSpans", lambda scope: {in_scope})), 0))'
    in_line = f'list_sum(list_transform("resourceSpans", lambda resource: {in_resource}))'
    return f"select greatest(1, coalesce({in_line}, 0)) from {rows(export, COLUMNS, context)}"


def _some(items: str) -> str:
    """A list that is never empty, because what stands around it must leave a row."""
    return f"case when len({items}) > 0 then {items} else [null] end"


def _attribute(attributes: str, name: str) -> str:
    return f'list_filter({attributes}, lambda each: each."key" = \'{name}\')[1]."value".stringValue'


def _id(text: str, length: int) -> str:
    """An id in hex; plain protobuf JSON writes bytes in base64, `length` characters of it."""
    return (
        f"case when length({text}) = {length} and ends_with({text}, '=') "
        f"then lower(hex(try(from_base64({text})))) else nullif({text}, '') end"
    )


def _count(pattern: str, *first: str) -> str:
    """How many names match, looked at only where the first is there."""
    there = " or ".join(f"list_contains(names, '{name}')" for name in first)
    return (
        f"case when {there} then cast(len(list_filter(names, lambda each: regexp_matches(each, '{pattern}'))) "
        "as varchar) end"
    )


def _unroll(part: object) -> Iterable[object]:
    """A line for every span, so that a large document needs no large line."""
    spans = list(_single_spans(part))
    return spans or [part]


def _single_spans(part: object) -> Iterator[object]:
    for resource in _objects(part, "resourceSpans"):
        for scope in _objects(resource, "scopeSpans"):
            for span in _objects(scope, "spans"):
                yield {"resourceSpans": [resource | {"scopeSpans": [scope | {"spans": [span]}]}]}


def _objects(value: object, key: str) -> list[Record]:
    found = cast("Record", value).get(key) if isinstance(value, dict) else None
    items = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("Record", item) for item in items if isinstance(item, dict)]


def _split(line: Record) -> Sequence[Record | None]:
    """The spans of a line, and None for every scope and resource without any: as `_spans_per_line` counts them."""
    spans: list[Record | None] = []
    for resource in listed(line.get("resourceSpans")) or [None]:
        for scope in listed(record(resource).get("scopeSpans")) or [None]:
            spans += [record(span) or None for span in listed(record(scope).get("spans"))] or [None]
    return spans


def _conversation(span: Record) -> Conversation:
    events = [each | {"attributes": _plain_attributes(each)} for each in map(record, listed(span.get("events")))]
    return span_conversation(Attributes(_plain_attributes(span)), events)


def _plain_attributes(of: Record) -> Record:
    pairs = map(record, listed(of.get("attributes")))
    return {str(pair.get("key")): _plain(pair.get("value")) for pair in pairs}


def _plain(value: object) -> object:
    """An AnyValue as JSON has it."""
    kind, inside = next(iter(record(value).items()), ("", None))
    if kind == "arrayValue":
        return [_plain(each) for each in listed(record(inside).get("values"))]
    if kind == "kvlistValue":
        return {
            str(record(each).get("key")): _plain(record(each).get("value"))
            for each in listed(record(inside).get("values"))
        }
    return int(str(inside)) if kind == "intValue" and str(inside).lstrip("-").isdigit() else inside


def _warn(export: Export) -> str | None:
    spans = [record for record in export.records if "resourceSpans" in record]
    if not spans:
        return f"{export.name}: holds logs or metrics only; load the file that the traces pipeline writes"
    scopes = [
        scope
        for record in spans
        for resource in _objects(record, "resourceSpans")
        for scope in _objects(resource, "scopeSpans")
    ]
    concerned = [scope for scope in scopes if _scope_name(scope) == NO_CACHED_TOKENS]
    names = {
        str(attribute.get("key"))
        for scope in concerned
        for span in _objects(scope, "spans")
        for attribute in _objects(span, "attributes")
    }
    if not concerned or any("cache" in name for name in names):
        return None
    return (
        f"{export.name}: spans by {NO_CACHED_TOKENS} carry no cached tokens and no tools, so their whole input is "
        "priced in full and no call seems to use tools; OpenLLMetry and OpenInference record both"
    )


def _scope_name(scope: Record) -> object:
    name = scope.get("scope")
    return cast("Record", name).get("name") if isinstance(name, dict) else None


OTLP = Reader(
    format="otlp",
    title="OTLP JSON spans (JSONL of the collector's file exporter, or one JSON document)",
    audience="everyone who traces with OpenTelemetry: openai-v2, OpenLLMetry, OpenInference, Logfire, Vercel AI SDK",
    how_to_export=(
        "collector: exporters: {file: {path: ./traces.jsonl}}, service: {pipelines: {traces: {receivers: [otlp], "
        "exporters: [file]}}}; what tail sampling dropped is not in the file"
    ),
    lacks=("whatever the instrumentation left out: openai-v2 records no cached tokens and no tools",),
    signatures=(frozenset({"resourceSpans"}), frozenset({"resourceLogs"}), frozenset({"resourceMetrics"})),
    relation=_relation,
    unroll=_unroll,
    warn=_warn,
    staging="spans",
    records_per_line=_spans_per_line,
    split=_split,
    conversation=_conversation,
)
