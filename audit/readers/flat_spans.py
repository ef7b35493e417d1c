"""Flat objects of span attributes, one per record, as OpenInference's converters and home-made exporters write them.

The attributes are the keys of the record itself; ids and times, where there are any, stand beside them.
"""

from audit.conversations.attributes import Attributes
from audit.conversations.spans import span_conversation
from audit.readers.export import Export
from audit.readers.reader import TEXT, Context, Reader, first_of, identifier, rows
from audit.readers.span_attributes import aliases, attribute_names, span_relation

KIND = "openinference.span.kind"
PLACES = {
    "span_name": ("name", "span_name"),
    "span_id": ("span_id", "spanId", "context.span_id"),
    "trace_id": ("trace_id", "traceId", "context.trace_id"),
    "parent_id": ("parent_id", "parentSpanId", "parent_span_id"),
    "start_time": ("start_time", "startTime", "start_timestamp", "startTimeUnixNano", "timestamp"),
    "end_time": ("end_time", "endTime", "end_timestamp", "endTimeUnixNano"),
    "status_code": ("status_code", "status.code", "otel_status_code"),
    "service_name": ("service.name", "service_name"),
}
TOOLS = [f"llm.tools.{number}.tool.json_schema" for number in range(32)]


def _relation(export: Export, context: Context) -> str:
    names = dict.fromkeys((*attribute_names(context), *TOOLS, *(name for each in PLACES.values() for name in each)))
    there = {name for name in names if export.container == "jsonl" or name in export.fields}
    # a struct keeps its keys apart by case no more than a table does
    columns = {name.lower(): name for name in names if name in there}
    span = {
        column: first_of([identifier(name) for name in places if columns.get(name.lower()) == name])
        for column, places in PLACES.items()
    }
    known = [identifier(name) for name in columns.values()]
    span["is_record"] = f"{first_of(known)} is not null"
    tools = " + ".join(f"cast({identifier(name)} is not null as integer)" for name in TOOLS if name in there)
    span["numbered_tools"] = f"nullif(cast({tools or '0'} as varchar), '0')"
    return span_relation(
        rows(export, dict.fromkeys(columns.values(), TEXT), context),
        span,
        lambda name: identifier(name) if columns.get(name.lower()) == name else None,
        context,
    )


def _recognises(export: Export) -> bool:
    tokens = {name for name in aliases()["usage_input_tokens"] if name.count(".") > 1}
    return bool(export.field_set & {KIND, *tokens})


def _warn(export: Export) -> str | None:
    if export.field_set & set(PLACES["start_time"]):
        return None
    return (
        f"{export.name}: attributes without the time of the call, so none of it can be loaded; "
        "write start_time and end_time beside them, or export the spans themselves"
    )


FLAT_SPANS = Reader(
    format="flat_spans",
    title="Flat span attributes, one object per call (JSON, JSONL, CSV, Parquet)",
    audience="applications that write attributes of OpenInference or OpenTelemetry into their own log",
    how_to_export="one record per call: the attributes under their own names, with start_time and end_time beside them",
    lacks=("parents of spans, unless written beside the attributes",),
    signatures=(frozenset({KIND, "llm.token_count.prompt", "llm.token_count.completion"}),),
    relation=_relation,
    recognises=_recognises,
    warn=_warn,
    staging="spans",
    conversation=lambda record: span_conversation(Attributes(record)),
)
