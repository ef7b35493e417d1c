"""Spans of the Vercel AI SDK as OpenTelemetry's JavaScript SDK holds them: a JSON list, or one span per line.

Names are those of AI SDK 6, as the fixtures of Arize-ai/openinference (openinference-vercel) hold them.
Times are pairs of seconds and nanoseconds, attributes one flat object.
"""

from audit.conversations.attributes import attributes_of
from audit.conversations.spans import span_conversation
from audit.conversations.values import listed
from audit.readers.export import Export
from audit.readers.reader import TEXT, Context, Reader, Shape, identifier, rows, struct
from audit.readers.span_attributes import attribute_names, span_relation

FIRST_CHUNK = "ai.stream.firstChunk"
EVENT: Shape = {"name": TEXT, "time": TEXT, "attributes": {"exception.type": TEXT}}


def _relation(export: Export, context: Context) -> str:
    columns = {
        "name": TEXT,
        "spanContext": struct({"traceId": TEXT, "spanId": TEXT}),
        "parentSpanId": TEXT,
        "parentSpanContext": struct({"spanId": TEXT}),
        "attributes": struct(dict.fromkeys(attribute_names(context), TEXT)),
        "status": struct({"code": TEXT}),
        "startTime": TEXT,
        "endTime": TEXT,
        "events": struct(EVENT) + "[]",
        "resource": struct({"attributes": {"service.name": TEXT}}),
    }
    span = {
        "is_record": 'name is not null or "spanContext" is not null or attributes is not null',
        "span_name": "name",
        "span_id": '"spanContext"."spanId"',
        "trace_id": '"spanContext"."traceId"',
        "parent_id": 'coalesce("parentSpanId", "parentSpanContext"."spanId")',
        "start_time": _nanoseconds('"startTime"'),
        "end_time": _nanoseconds('"endTime"'),
        "first_chunk_time": _nanoseconds(f"list_filter(events, lambda each: each.name = '{FIRST_CHUNK}')[1].\"time\""),
        "status_code": "status.code",
        "exception_type": "list_filter(events, lambda each: each.name = 'exception')[1].attributes.\"exception.type\"",
        "service_name": 'resource.attributes."service.name"',
    }
    return span_relation(rows(export, columns, context), span, lambda name: f"attributes.{identifier(name)}", context)


def _nanoseconds(time: str) -> str:
    """A pair of seconds and nanoseconds as one count of nanoseconds; other times stay as they are."""
    numbers = f"regexp_replace({time}, '[^0-9,]', '', 'g')"
    return (
        f"case when starts_with({time}, '[') "
        f"then split_part({numbers}, ',', 1) || lpad(split_part({numbers}, ',', 2), 9, '0') else {time} end"
    )


VERCEL_AI = Reader(
    format="vercel_ai",
    title="Vercel AI SDK spans (JSON list or JSONL of OpenTelemetry's JavaScript SDK)",
    audience="TypeScript applications with experimental_telemetry that keep spans in memory or in a file",
    how_to_export=(
        "experimental_telemetry: {isEnabled: true, functionId: '<part of your application>'}, and write "
        "exporter.getFinishedSpans() as JSON: name, spanContext, attributes, status, startTime, endTime, events; "
        "better still send them to a collector with a file exporter"
    ),
    lacks=("the parent of a span, unless it was written too",),
    signatures=(frozenset({"name", "spanContext", "attributes", "startTime"}),),
    relation=_relation,
    staging="spans",
    conversation=lambda record: span_conversation(attributes_of(record), listed(record.get("events"))),
)
