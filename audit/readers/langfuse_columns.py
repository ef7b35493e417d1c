"""The columns of Langfuse's exports, under whichever of their names a file has them."""

import json
from collections.abc import Mapping

from audit.readers.export import Export
from audit.readers.langfuse_traces import SCORE, judging_score
from audit.readers.reader import TEXT, Context, Shape, first_of, identifier, literal, rows, structure

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
    name.lower()
    for names in (
        *SCALARS.values(),
        *TIMES.values(),
        *FLAT.values(),
        USAGE,
        PARAMETERS,
        DEFINITIONS,
        CALLS,
        TAGS,
        OTHERS,
    )
    for name in (*names, LEGACY_USAGE)
)
"""Whatever else an export of the UI has is a column for the scores of one name."""


class Source:
    """The columns of one file under whichever of their names it uses."""

    def __init__(self, export: Export, context: Context) -> None:
        self.export = export
        self.context = context
        self.columns: dict[str, str] = {}
        # The first records may lack a column that later ones have, but not its spelling.
        spellings = {"trace_id": True, "traceId": False}
        self.is_snake = {is_snake for name, is_snake in spellings.items() if name in export.fields}

    def table(self) -> str:
        """The FROM item with all columns asked for until now."""
        return rows(self.export, self.columns, self.context)

    def text(self, *names: str) -> str:
        """The first of `names` that a record has as text; NULL where it is empty."""
        wanted = [name for name in names if self._is_spelt_so(name)]
        self.columns |= dict.fromkeys(wanted, TEXT)
        return first_of([f"nullif({self._plain(name)}, '')" for name in wanted])

    def nested(self, names: tuple[str, ...], shape: Shape) -> str:
        """An object, given as such or as JSON text, as a STRUCT."""
        return self._parsed(names, structure(shape))

    def counts(self, names: tuple[str, ...]) -> str:
        """An object with any keys, given as such or as JSON text, as a MAP of text."""
        return self._parsed(names, COUNTS)

    def feedback(self) -> str:
        """The score chosen for each record: by the unroller, or one of the columns that the UI gives to scores."""
        if not {"comments", "traceTimestamp"} & self.export.field_set:
            return self.text(SCORE)
        name = judging_score([field for field in self.export.fields if field.lower() not in KNOWN])
        if name is None:
            return "cast(null as varchar)"
        # the UI writes the scores of one name as a list, also where there is one
        listed = f"try(list_avg(from_json({self.text(name)}, '[\"DOUBLE\"]')))"
        return f"coalesce(cast({listed} as varchar), {self.text(name)})"

    def _parsed(self, names: tuple[str, ...], shape: object) -> str:
        # Declared as an object, a record that has it as text would be unreadable; to parse it here costs 2 % of a load.
        return f"try(json_transform({self.text(*names)}, {literal(json.dumps(shape))}))"

    def _is_spelt_so(self, name: str) -> bool:
        has_no_case = name.isalpha() and name.islower()
        return has_no_case or name in self.export.fields or ("_" in name) in self.is_snake

    def _plain(self, name: str) -> str:
        if self.export.container != "csv":
            return identifier(name)
        # times, and in older versions all texts, were turned into JSON text before they were quoted
        column = identifier(name)
        unquoted = f"coalesce(try(json_extract_string({column}, '$')), {column})"
        return f"case when starts_with({column}, '\"') then {unquoted} else {column} end"
