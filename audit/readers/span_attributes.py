"""Spans of OpenTelemetry and its relatives: one table of attribute names, and the raw relation they all share.

`queries/seeds/span_attributes.csv` says which attribute of which convention is which column, the current name first.
A reader says how an attribute is looked up in its files (a list of keys, a JSON object, a column of a table); the
first name that is there counts, so that old and new names of one emitter may stand side by side.
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from audit.readers.prompts import prompt_columns
from audit.readers.reader import ROUTE_KEYS, TEXT, Context, Shape, first_of, identifier, kept_metadata, literal
from audit.sql import queries_folder

LookUp = Callable[[str], str | None]
"""The SQL of an attribute's text, by its name; None where a file cannot hold it."""

RESOURCE = "resource"
"""The convention of names that belong to the process that was traced and not to a span."""
METADATA_PREFIXES = ("", "traceloop.association.properties.", "ai.telemetry.metadata.", "metadata.")
"""Where applications' own labels stand, before the label's name."""
PARAMETERS: Shape = {"model": TEXT, "stream": TEXT, "service_tier": TEXT, "response_format": {"type": TEXT}}
"""What is read of the parameters of a call, which OpenInference keeps as JSON text."""
SPAN: Mapping[str, str] = {
    "is_record": "boolean",
    "no_span": TEXT,
    "span_name": TEXT,
    "span_id": TEXT,
    "trace_id": TEXT,
    "parent_id": TEXT,
    "start_time": TEXT,
    "end_time": TEXT,
    "first_chunk_time": TEXT,
    "status_code": TEXT,
    "exception_type": TEXT,
    "span_kind": TEXT,
    "service_name": TEXT,
    "numbered_tools": TEXT,
    "numbered_messages": TEXT,
}
"""What a reader gives of a span beside its attributes; what it does not give is NULL.

`no_span` says what a record is that holds no span, `numbered_tools` and `numbered_messages` count attributes whose
names carry a number.
"""


@cache
def aliases() -> Mapping[str, tuple[str, ...]]:
    """The names of the attributes of every column, the one to believe first in front."""
    with (queries_folder() / "seeds" / "span_attributes.csv").open(encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: (row["column_name"], int(row["priority"])))
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row["convention"] != RESOURCE:
            found[row["column_name"]] = (*found.get(row["column_name"], ()), row["attribute"])
    return found


def attribute_names(context: Context) -> tuple[str, ...]:
    """Every attribute that is looked up, each once."""
    named = [name for names in aliases().values() for name in names]
    labels = [prefix + key for key in context.metadata_keys for prefix in METADATA_PREFIXES]
    return tuple(dict.fromkeys((*named, *labels)))


def span_relation(source: str, span: Mapping[str, str], look_up: LookUp, context: Context) -> str:
    """The raw relation of spans: `source` is a FROM item, `span` the expressions of SPAN over it."""

    def first(names: Iterable[str]) -> str:
        return first_of([place for place in map(look_up, names) if place is not None])

    columns = {name: span.get(name, f"cast(null as {kind})") for name, kind in SPAN.items()}
    columns |= {name: first(names) for name, names in aliases().items()}
    columns["kept_metadata"] = kept_metadata(
        {
            key: f"coalesce({first(prefix + key for prefix in METADATA_PREFIXES)}, {_in_metadata(first, key)})"
            for key in context.metadata_keys
        }
    )
    attributes = ", ".join(f"{expression} as {identifier(name)}" for name, expression in columns.items())
    shape = json.dumps(PARAMETERS).replace(f'"{TEXT}"', '"VARCHAR"')
    labels = first_of([_json("metadata", f"$.{key}") for key in ROUTE_KEYS])
    return f"""
    select * exclude (
            messages, tools, instructions, input_value, first_content, first_role, metadata, named_message_count,
            message_count
        ),
        coalesce(named_message_count, message_count) as message_count
    from (
        select *, {_tool_count()} as tool_count, {prompt_columns("messages", "tools", context, "instructions")}
        from (
            select * exclude (messages, tools, instructions, tags, invocation_parameters),
                {_messages()} as messages, {_tools()} as tools, {_instructions()} as instructions,
                case when messages is null then numbered_messages end as named_message_count,
                {_list("tags")} as tags,
                case when metadata is not null then {labels} end as labelled_route,
                case when invocation_parameters is not null
                     then try(json_transform(invocation_parameters, {literal(shape)})) end as parameters
            from (select {attributes} from {source})
        )
    )"""


def _json(text: str, path: str) -> str:
    return f"try(json_extract_string({text}, {literal(path)}))"


def _in_metadata(first: Callable[[Iterable[str]], str], key: str) -> str:
    """A label inside the JSON object that OpenInference calls metadata."""
    return _json(first(["metadata"]), "$." + json.dumps(key))


def _list(name: str) -> str:
    """A list of texts: of a JSON list, or of OTLP's arrayValue."""
    return f"""case
        when starts_with({name}, '{{') then try(json_extract_string({name}, '$.values[*].stringValue'))
        when {name} is not null then try(from_json({name}, '["VARCHAR"]'))
    end"""


def _messages() -> str:
    """The messages as JSON text: by themselves, or inside the whole request that OpenInference calls the input."""
    return """coalesce(messages, case
        when starts_with(input_value, '[') then input_value
        when starts_with(input_value, '{') then cast(try(json_extract(input_value, '$.messages')) as varchar)
    end)"""


def _tools() -> str:
    """The tools as JSON text."""
    return """coalesce(
        case when starts_with(tools, '{"values"') then cast(try(json_extract(tools, '$.values')) as varchar)
             else tools end,
        case when first_tool is not null and starts_with(input_value, '{')
             then cast(try(json_extract(input_value, '$.tools')) as varchar) end
    )"""


def _tool_count() -> str:
    return """case
        when first_tool is not null then coalesce(numbered_tools, '1')
        when starts_with(tools, '[') then cast(try(json_array_length(tools)) as varchar)
        when tools is not null then '1'
    end"""


def _instructions() -> str:
    """The system prompt: an attribute of its own, or the first message where that says it is one."""
    forms = (("$[0].role", "$[0].parts[0].content"), ('$[0]."message.role"', '$[0]."message.content"'))
    forms = (*forms, ("$[0].message.role", "$[0].message.content"))
    said = " ".join(f"when {_json('messages', role)} = 'system' then {_json('messages', text)}" for role, text in forms)
    return f"""case
        when instructions is not null then instructions
        when first_role in ('system', 'developer') then first_content
        when contains(substr(messages, 1, 4000), 'system') then case {said} end
    end"""
