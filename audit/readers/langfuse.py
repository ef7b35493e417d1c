"""Langfuse observations: exports of the UI, of the blob storage, pages of the API, and traces as JSON.

They show the same calls under two spellings: camelCase, and snake_case in the blob storage. Fields read in Langfuse's
`observation-stream.ts`, `event-stream.ts`, `observations_converters.ts` and the field reference of the blob storage.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request, parameters
from audit.conversations.values import (
    Conversation,
    UnavailableError,
    first,
    is_list,
    is_object,
    parsed,
    record,
)
from audit.readers.export import Export
from audit.readers.langfuse_columns import (
    CALLS,
    DEFINITIONS,
    FLAT,
    LEGACY_SHAPE,
    LEGACY_USAGE,
    PARAMETERS,
    PARAMETERS_SHAPE,
    SCALARS,
    TAGS,
    TIMES,
    USAGE,
    Source,
)
from audit.readers.langfuse_traces import observations_in
from audit.readers.langfuse_usage import sorted_parts, usage_columns
from audit.readers.openai_calls import error_word
from audit.readers.prompts import prompt_columns
from audit.readers.reader import Context, Reader, identifier, kept_metadata, literal
from audit.readers.sniff import Record

LEAST_GAP_MS = 50
"""Shorter calls do not tell milliseconds from seconds."""
FIELDS_URL = "fields=core,basic,time,io,model,usage,prompt,metrics,trace_context"


def _relation(export: Export, context: Context) -> str:
    source = Source(export, context)
    usage, parameters = source.counts(USAGE), source.nested(PARAMETERS, PARAMETERS_SHAPE)
    legacy = source.nested((LEGACY_USAGE,), LEGACY_SHAPE)
    message, given = source.text("statusMessage", "status_message"), source.text("input")
    metadata = source.text("metadata") if context.metadata_keys else "null"
    seen = {
        **{name: source.text(*names) for name, names in SCALARS.items()},
        **{name: _milliseconds(source.text(*names)) for name, names in TIMES.items()},
        "latency": source.text("latency"),
        "latency_ms": source.text("latencyMs"),
        "error_type": f"case when {source.text('level')} = 'ERROR' then {error_word(message)} end",
        "unit": source.text("unit"),
        "usage": usage,
        "legacy": legacy,
        **{f"flat_{name}": source.text(*names) for name, names in FLAT.items()},
        "parameters": parameters,
        "definitions": source.text(*DEFINITIONS),
        "calls": source.text(*CALLS),
        "tags": f"try(from_json({source.text(*TAGS)}, '[\"VARCHAR\"]'))",
        "feedback_score": source.feedback(),
        "given": given,
        "metadata": metadata,
    }
    flat = {name: f"coalesce(flat_{name}, legacy.{name})" for name in FLAT}
    return f"""
    select * exclude (usage, parts, legacy, flat_input, flat_output, flat_total, messages, tools, parameters, latency),
        coalesce(latency_ms, {_in_milliseconds(export)}) as stated_ms,
        latency is not null or latency_ms is not null as has_latency,
        {_selected(usage_columns("usage", "parts", flat))},
        parameters.response_format as response_format,
        parameters.response_mime_type as response_mime_type,
        parameters."text" as text_format,
        coalesce(parameters.stream, parameters.is_stream) as stream,
        parameters.service_tier as service_tier,
        try(json_array_length(tools)) as tool_count,
        {prompt_columns("messages", "tools", context, "parameters.instructions")}
    from (
        select * exclude (given, metadata, definitions, calls, unit),
            coalesce(unit, legacy.unit) as unit,
            {sorted_parts("usage")} as parts,
            {_kept(context)} as kept_metadata,
            case when length(calls) > 2 then try(json_array_length(calls)) end as call_count,
            case when starts_with(given, '{{') then try(cast(json_extract(given, '$.messages') as varchar)) else given
            end as messages,
            coalesce(
                case when length(definitions) > 2 then try({_NAMED_TOOLS}) end,
                case when starts_with(given, '{{') then try(cast(json_extract(given, '$.tools') as varchar)) end,
                parameters.tools
            ) as tools
        from (select {_selected(seen)} from {source.table()})
    )"""


_NAMED_TOOLS = (
    "cast(to_json(list_transform(json_keys(definitions), lambda tool: {'function': {'name': tool}})) as varchar)"
)
"""Tool definitions are an object by name; this gives them the shape that requests have."""


def _selected(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{expression} as {identifier(name)}" for name, expression in columns.items())


def _milliseconds(time: str) -> str:
    """A time cut to milliseconds: all that the older table has, where the newer one has microseconds."""
    return f"regexp_replace({time}, '([.][0-9]{{3}})[0-9]+', '\\1')"


def _kept(context: Context) -> str:
    """The configured keys of the metadata, which are its own or those of the attributes of a span."""
    values = {
        key: f"coalesce(try(json_extract_string(metadata, {literal('$.' + json.dumps(key))})), "
        f"try(json_extract_string(metadata, {literal('$.attributes.' + json.dumps(key))})))"
        for key in context.metadata_keys
    }
    return kept_metadata(values)


def _in_milliseconds(export: Export) -> str:
    """The column `latency` in milliseconds; NULL where the file does not show in which unit it is."""
    votes = {vote for record in export.records if (vote := _milliseconds_per_unit(record)) is not None}
    return f"cast(try_cast(latency as double) * {votes.pop()} as varchar)" if len(votes) == 1 else "null"


def _milliseconds_per_unit(record: Mapping[str, object]) -> int | None:
    start, end = (_time(record, names) for names in (TIMES["start_time"], TIMES["end_time"]))
    latency = str(record.get("latency") or "")
    if start is None or end is None or not latency.replace(".", "", 1).isdigit():
        return None
    elapsed = (end - start).total_seconds() * 1000
    if elapsed < LEAST_GAP_MS:
        return None
    return next((unit for unit in (1, 1000) if 0.9 < float(latency) * unit / elapsed < 1.1), None)


def _time(record: Mapping[str, object], names: tuple[str, ...]) -> datetime | None:
    for name in names:
        try:
            return datetime.fromisoformat(str(record[name]).strip('"')).replace(tzinfo=None)
        except (KeyError, ValueError):
            continue
    return None


def _conversation(observation: Record) -> Conversation:
    given = parsed(observation.get("input"))
    sent = parameters(first(observation, *PARAMETERS))
    if is_object(given) and given.keys() & {"messages", "contents", "input"}:
        sent |= given
    elif is_list(given) or (is_object(given) and "role" in given):
        sent["messages"] = given
    elif given in (None, "", {}):
        raise UnavailableError("Langfuse was given no input of it")
    else:
        raise UnavailableError("its input is the application's own, no messages")
    if is_list(messages := parsed(sent.get("messages"))):
        sent["messages"] = [each for each in messages if _offered(each) is None]
        # the handler for LangChain logs the tools as messages
        offered = [tool for each in messages if (tool := _offered(each)) is not None]
        sent |= {"tools": offered} if offered else {}
    if not sent.get("tools") and (named := record(first(observation, *DEFINITIONS))):
        sent["tools"] = named
    return chat_request(sent, answer_of(observation.get("output")), is_whole=False)


def _offered(message: object) -> Record | None:
    """The tool that a message offers and does not answer."""
    found = record(message)
    tool = record(found.get("content")) if is_object(found.get("content")) else {}
    return tool if found.get("role") == "tool" and record(tool.get("function")).get("parameters") is not None else None


def _missing(export: Export) -> str | None:
    return " ".join(_warnings(export)) or None


def _warnings(export: Export) -> Iterator[str]:
    calls = [record for record in export.records if record.get("type") == "GENERATION"]
    stated = {*USAGE, LEGACY_USAGE, *(name for names in FLAT.values() for name in names)}
    if calls and not any(stated & record.keys() for record in calls):
        yield f"{export.name}: no usage; ask the API for it with {FIELDS_URL}, or select the field group usage."
    page, last = export.page.get("page"), export.page.get("totalPages")
    if isinstance(page, int) and isinstance(last, int) and page < last:
        yield f"{export.name}: page {page} of {last}; load the others as well."
    elif export.page.get("cursor"):
        yield f"{export.name}: its last page names a cursor; follow it to the pages after it."


LANGFUSE = Reader(
    format="langfuse",
    title="Langfuse observations (UI and blob storage exports, API pages, traces as JSON)",
    audience="teams that trace their calls with Langfuse",
    how_to_export=(
        "Observations table: filter to the period, Export, CSV or JSONL; or Project Settings > Integrations > Blob "
        f"Storage with ONE of the observation sources; or GET /api/public/v2/observations?{FIELDS_URL}&limit=1000 and "
        "every page after it"
    ),
    lacks=("HTTP status", "the response's finish reason"),
    signatures=(
        frozenset({"id", "traceId", "type", "startTime", "parentObservationId"}),
        frozenset({"id", "trace_id", "type", "start_time", "parent_observation_id"}),
    ),
    relation=_relation,
    unroll=observations_in,
    warn=_missing,
    conversation=_conversation,
)
