"""Langfuse observations: exports of the UI, of the blob storage, pages of the API, and traces as JSON.

They show the same calls under two spellings: camelCase, and snake_case in the blob storage. Fields read in Langfuse's
`observation-stream.ts`, `event-stream.ts`, `observations_converters.ts` and the field reference of the blob storage.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import cast

from audit.readers.export import Export
from audit.readers.langfuse_traces import SCORE, judging_score, observations_in
from audit.readers.langfuse_usage import sorted_parts, usage_columns
from audit.readers.openai_calls import error_word
from audit.readers.prompts import prompt_columns
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    identifier,
    kept_metadata,
    literal,
    rows,
    struct,
    structure,
)

COUNTS = "MAP(VARCHAR, VARCHAR)"
SCALARS: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "trace_id": ("traceId", "trace_id"),
    "parent_id": ("parentObservationId", "parent_observation_id"),
    "type": ("type",),
    "name": ("name",),
    "trace_name": ("traceName", "trace_name"),
    "level": ("level",),
    "model": ("model", "providedModelName", "provided_model_name"),
    "prompt_name": ("promptName", "prompt_name"),
    "prompt_version": ("promptVersion", "prompt_version"),
    "user_id": ("userId", "user_id"),
    "session_id": ("sessionId", "session_id"),
    "project_id": ("projectId", "project_id"),
    "total_cost": ("totalCost", "total_cost", "calculatedTotalCost"),
    "first_chunk_ms": ("timeToFirstTokenMs",),
}
"""Column of the raw relation -> its names in the exports."""
TIMES: Mapping[str, tuple[str, ...]] = {
    "start_time": ("startTime", "start_time"),
    "end_time": ("endTime", "end_time"),
    "first_chunk_time": ("completionStartTime", "completion_start_time"),
}
FLAT: Mapping[str, tuple[str, ...]] = {
    "input": ("inputUsage", "promptTokens"),
    "output": ("outputUsage", "completionTokens"),
    "total": ("totalUsage", "totalTokens"),
}
"""Counts beside the map of usage, which older exports have instead of it."""
USAGE = ("usageDetails", "usage_details")
LEGACY_USAGE = "usage"
LEGACY_SHAPE: Shape = {"input": TEXT, "output": TEXT, "total": TEXT, "unit": TEXT}
PARAMETERS = ("modelParameters", "model_parameters")
PARAMETERS_SHAPE: Shape = {
    "response_format": TEXT,
    "response_mime_type": TEXT,
    "text": TEXT,
    "stream": TEXT,
    "is_stream": TEXT,
    "service_tier": TEXT,
    "tools": TEXT,
    "instructions": TEXT,
}
DEFINITIONS = ("toolDefinitions", "tool_definitions")
CALLS = ("toolCalls", "tool_calls")
TAGS = ("traceTags", "tags")
OTHERS = (
    "environment", "statusMessage", "version", "input", "output", "metadata", "promptId", "createdAt", "updatedAt",
    "costDetails", "providedCostDetails", "providedUsageDetails", "internalModel", "internalModelId", "modelId",
    "latency", "latencyMs", "timeToFirstToken", "inputCost", "outputCost", "inputPrice", "outputPrice", "totalPrice",
    "traceTimestamp", "traceEnvironment", "comments", "scores", "release", "bookmarked", "public", "unit",
    "toolCallNames", "usagePricingTierId", "usagePricingTierName", "calculatedInputCost", "calculatedOutputCost",
)  # fmt: skip
KNOWN = frozenset(
    [name for names in (*SCALARS.values(), *TIMES.values(), *FLAT.values()) for name in names]
    + [*USAGE, LEGACY_USAGE, *PARAMETERS, *DEFINITIONS, *CALLS, *TAGS, *OTHERS, SCORE]
)
"""Whatever else an export of the UI has is a column for the scores of one name."""
LEAST_GAP_MS = 50
"""Shorter calls do not tell milliseconds from seconds."""
FIELDS_URL = "fields=core,basic,time,io,model,usage,prompt,metrics,trace_context"


def _relation(export: Export, context: Context) -> str:
    source = _Source(export, context)
    usage, parameters = source.counts(USAGE), source.nested(PARAMETERS, PARAMETERS_SHAPE)
    legacy = source.nested((LEGACY_USAGE,), LEGACY_SHAPE)
    given, metadata = source.text("input"), source.text("metadata") if context.metadata_keys else "null"
    seen = {
        **{name: source.text(*names) for name, names in SCALARS.items()},
        **{name: _milliseconds(source.text(*names)) for name, names in TIMES.items()},
        "latency": source.text("latency"),
        "latency_ms": source.text("latencyMs"),
        "error_type": error_word(source.text("statusMessage", "status_message")),
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


class _Source:
    """The columns of one file under whichever of their names it uses."""

    def __init__(self, export: Export, context: Context) -> None:
        self.export = export
        self.context = context
        self.columns: dict[str, str] = {}
        # The first records may lack a column that later ones have, but not its spelling.
        self.spellings = {is_snake for is_snake, name in ((True, "trace_id"), (False, "traceId")) if name in export.fields}

    def table(self) -> str:
        """The FROM item with all columns asked for until now."""
        return rows(self.export, self.columns, self.context)

    def text(self, *names: str) -> str:
        """The first of `names` that a record has as text; NULL where it is empty."""
        return first_of([f"nullif({self._plain(name)}, '')" for name in self._declared(names, TEXT)])

    def nested(self, names: tuple[str, ...], shape: Shape) -> str:
        """An object given as such or as JSON text, as a STRUCT."""
        return self._parsed(names, struct(shape), json.dumps(structure(shape)))

    def counts(self, names: tuple[str, ...]) -> str:
        """An object with any keys, as a MAP of text."""
        return self._parsed(names, COUNTS, json.dumps(COUNTS))

    def feedback(self) -> str:
        """The score chosen for each record: by the unroller, or among the columns of scores."""
        if self.export.container == "jsonl" and any(SCORE in record for record in self.export.records):
            return self.text(SCORE)
        name = judging_score([field for field in self.export.fields if field not in KNOWN]) if self._is_ui() else None
        if name is None:
            return "cast(null as varchar)"
        # the UI writes the scores of one name as a list, also where there is one
        listed = f"try(list_avg(from_json({self.text(name)}, '[\"DOUBLE\"]')))"
        return f"coalesce(cast({listed} as varchar), {self.text(name)})"

    def _parsed(self, names: tuple[str, ...], kind: str, shape: str) -> str:
        found = [record[name] for record in self.export.records for name in names if record.get(name) is not None]
        # declared as an object, every record that has it as text would be unreadable
        if self.export.container == "jsonl" and found and all(isinstance(value, dict) for value in found):
            return first_of([identifier(name) for name in self._declared(names, kind)])
        return f"try(json_transform({self.text(*names)}, {literal(shape)}))"

    def _is_ui(self) -> bool:
        return bool({"comments", "traceTimestamp"} & self.export.field_set)

    def _declared(self, names: tuple[str, ...], kind: str) -> list[str]:
        wanted = [name for name in names if self._is_spelt_so(name)]
        self.columns |= dict.fromkeys(wanted, kind)
        return wanted

    def _is_spelt_so(self, name: str) -> bool:
        if name in self.export.fields:
            return True
        return name == name.lower() and "_" not in name or ("_" in name) in self.spellings

    def _plain(self, name: str) -> str:
        if self.export.container != "csv":
            return identifier(name)
        # times, and in older versions all texts, were turned into JSON text before they were quoted
        column = identifier(name)
        return (
            f"case when starts_with({column}, '\"') then try(json_extract_string({column}, '$')) else {column} end"
        )


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


def _missing(export: Export) -> str | None:
    return " ".join(_warnings(export)) or None


def _warnings(export: Export) -> Iterator[str]:
    calls = [record for record in export.records if record.get("type") == "GENERATION"]
    stated = {*USAGE, LEGACY_USAGE, *(name for names in FLAT.values() for name in names)}
    if calls and not any(stated & record.keys() for record in calls):
        yield f"{export.name}: no usage; ask the API for it with {FIELDS_URL}, or select the field group usage."
    page, last = export.page.get("page"), export.page.get("totalPages")
    if isinstance(page, int) and isinstance(last, int) and page < last:
        yield f"{export.name}: page {page} of {last} only; fetch the others."
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
)
