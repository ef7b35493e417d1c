"""Tables of spans: dataframes of Phoenix and Arize, Logfire's `records`, OpenTelemetry's console exporter.

A row is a span. Its attributes are columns (`attributes.llm.token_count.prompt`), or one column that holds them flat or
nested. Column names as in Phoenix's `get_spans_dataframe` and REST API, Logfire's SQL reference and the Python SDK's
`ReadableSpan.to_json`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import cast

from audit.conversations.attributes import attributes_of
from audit.conversations.spans import span_conversation
from audit.conversations.values import listed
from audit.readers.export import Export
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    identifier,
    literal,
    rows,
    structure,
    unroll_page,
)
from audit.readers.refusals import is_by_columns
from audit.readers.span_attributes import attribute_names, span_relation

PLACES: Mapping[str, tuple[str, ...]] = {
    "span_name": ("name", "span_name"),
    "span_id": ("context.span_id", "span_id", "context->span_id"),
    "trace_id": ("context.trace_id", "trace_id", "context->trace_id"),
    "parent_id": ("parent_id", "parent_span_id"),
    "start_time": ("start_time", "start_timestamp"),
    "end_time": ("end_time", "end_timestamp"),
    "status_code": ("status_code", "otel_status_code", "status->status_code"),
    "exception_type": ("exception_type",),
    "span_kind": ("span_kind",),
    "service_name": ("service_name", "resource->attributes->service.name"),
}
"""Where the parts of a span stand, and inside which JSON object."""
EVENTS: Shape = {"name": TEXT, "timestamp": TEXT, "attributes": {"exception.type": TEXT, "exception": {"type": TEXT}}}
FIRST_TOKEN = "First Token Stream Event"
PREFIX = "attributes."


def _relation(export: Export, context: Context) -> str:
    fields = {field.lower(): field for field in export.fields}
    span = {
        name: first_of([_inside(fields, place) for place in _there(fields, places)]) for name, places in PLACES.items()
    }
    for name in ("span_id", "trace_id", "parent_id"):
        span[name] = f"regexp_replace({span[name]}, '^0x', '', 'g')"
    span["is_record"] = f"{first_of([span['start_time'], span['span_name'], span['trace_id']])} is not null"
    if "events" in fields:
        span["first_chunk_time"] = f"list_filter(events, lambda each: each.name = '{FIRST_TOKEN}')[1].timestamp"
        raised = "list_filter(events, lambda each: each.name = 'exception')[1].attributes"
        span["exception_type"] = first_of(
            [span["exception_type"], f'{raised}."exception.type"', f"{raised}.exception.type"]
        )

    def look_up(name: str) -> str | None:
        places = [_column(export, fields[PREFIX + name.lower()])] if PREFIX + name.lower() in fields else []
        places += [_inside(fields, place) for place in _around(fields, name)]
        if "attributes" in fields:
            places += [f"attributes.{identifier(name)}"]
            places += [f"attributes.{'.'.join(map(identifier, path))}"] if (path := nested.get(name)) else []
        return first_of(places) if places else None

    names = attribute_names(context)
    nested = _paths(names)
    shapes = {"attributes": _shape(names, nested), "events": [structure(EVENTS)]}
    items = [
        f"{_parsed(name, shapes[name.lower()])} as {identifier(name)}" if name.lower() in shapes else identifier(name)
        for name in export.fields
    ]
    source = f"(select {', '.join(items)} from {rows(export, dict.fromkeys(export.fields, TEXT), context)})"
    return span_relation(source, span, look_up, context)


def _column(export: Export, field: str) -> str:
    """A column as text; pandas writes NaN where a span lacks a number."""
    return f"nullif({identifier(field)}, 'nan')" if export.container == "parquet" else identifier(field)


def _there(fields: Mapping[str, str], places: Iterable[str]) -> list[str]:
    return [place for place in places if place.split("->")[0] in fields]


def _inside(fields: Mapping[str, str], place: str) -> str:
    """A column, or the text at a path in the JSON text of one."""
    column, *path = place.split("->")
    if not path:
        return identifier(fields[column])
    inside = "$." + ".".join(json.dumps(key) for key in path)
    return f"try(json_extract_string({identifier(fields[column])}, {literal(inside)}))"


def _around(fields: Mapping[str, str], name: str) -> list[str]:
    """The columns that hold an attribute inside of an object, as `attributes.llm.token_count` holds `prompt`."""
    parts = name.split(".")
    heads = [(PREFIX + ".".join(parts[:end]).lower(), parts[end:]) for end in range(len(parts) - 1, 0, -1)]
    return ["->".join([head, *rest]) for head, rest in heads if head in fields]


def _paths(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The path of every attribute in an object of objects; a name that begins with a whole other one has none there."""
    taken: list[tuple[str, ...]] = []
    for name in sorted(names, key=lambda each: each.count(".")):
        path = tuple(name.split("."))
        if not any(path[: len(other)] == other for other in taken):
            taken.append(path)
    return {".".join(path): path for path in taken if len(path) > 1}


def _shape(names: Iterable[str], nested: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """The attributes under their whole names, and again as an object of objects."""
    tree: dict[str, object] = dict.fromkeys(names, TEXT)
    for path in nested.values():
        node = tree
        for key in path[:-1]:
            node = cast("dict[str, object]", node.setdefault(key, {}))
        node[path[-1]] = TEXT
    return tree


def _parsed(name: str, shape: object) -> str:
    """The JSON text of a column as a STRUCT; what has another shape is NULL there and harms nothing else."""
    return f"try(json_transform({identifier(name)}, {literal(json.dumps(shape))}))"


def _recognises(export: Export) -> bool:
    names = {field.lower() for field in export.fields}
    if is_by_columns(export) or not any(name == "attributes" or name.startswith(PREFIX) for name in names):
        return False
    timed = bool(names & {"start_time", "start_timestamp"})
    return timed and (
        bool(names & {"context", "context.span_id", "context.trace_id"}) or {"trace_id", "span_id"} <= names
    )


SPAN_TABLE = Reader(
    format="span_table",
    title="Span tables of Phoenix, Arize and Logfire (Parquet, CSV, JSON, JSONL)",
    audience="teams that trace with Phoenix, Arize AX or Logfire, or print spans by OpenTelemetry's console exporter",
    how_to_export=(
        "Phoenix: client.spans.get_spans_dataframe().reset_index().to_parquet('spans.parquet'); "
        "Logfire: select * from records where attributes ? 'gen_ai.request.model', downloaded as JSON or CSV"
    ),
    lacks=(),
    signatures=(
        frozenset({"context.span_id", "context.trace_id", "span_kind", "start_time"}),
        frozenset({"trace_id", "span_id", "start_timestamp", "attributes"}),
        frozenset({"context", "parent_id", "start_time", "attributes"}),
    ),
    relation=_relation,
    recognises=_recognises,
    unroll=unroll_page,
    staging="spans",
    conversation=lambda record: span_conversation(attributes_of(record), listed(record.get("events"))),
)
