"""Which format a file is in. The order of READERS is the precedence: the more telling signature comes first."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import cast

from audit.errors import InputError, UnknownNameError
from audit.readers.anthropic_messages import ANTHROPIC_BATCH, ANTHROPIC_MESSAGES
from audit.readers.anthropic_usage import ANTHROPIC_USAGE
from audit.readers.azure_gateway import AZURE_APIM_GATEWAY
from audit.readers.bedrock import BEDROCK
from audit.readers.braintrust import BRAINTRUST
from audit.readers.claude_code import CLAUDE_CODE
from audit.readers.codex import CODEX
from audit.readers.cost_maps import cost_map, is_cost_map, shipped_cost_maps
from audit.readers.export import Export, parts_of
from audit.readers.flat_spans import FLAT_SPANS
from audit.readers.helicone import HELICONE, HELICONE_CSV
from audit.readers.langfuse import LANGFUSE
from audit.readers.langsmith import LANGSMITH
from audit.readers.litellm import LITELLM_PAYLOAD, LITELLM_SPEND_LOGS
from audit.readers.llm_logs import LLM_LOGS
from audit.readers.mapped import shipped_maps, user_map
from audit.readers.mlflow import MLFLOW
from audit.readers.openai_batch import OPENAI_BATCH
from audit.readers.openai_costs import OPENAI_COSTS
from audit.readers.openai_requests import OPENAI_REQUESTS
from audit.readers.openai_usage import OPENAI_USAGE
from audit.readers.openrouter import OPENROUTER_ACTIVITY, OPENROUTER_GENERATIONS, OPENROUTER_LOGS
from audit.readers.otlp import OTLP
from audit.readers.reader import Reader, unroll_page
from audit.readers.refusals import why_not
from audit.readers.sniff import HEAD_RECORDS, Record, keys_of
from audit.readers.span_tables import SPAN_TABLE
from audit.readers.vercel_ai import VERCEL_AI
from audit.readers.vertex import GEMINI_REPLIES, VERTEX
from audit.readers.weave import WEAVE

READERS: tuple[Reader, ...] = (
    LITELLM_PAYLOAD,
    LITELLM_SPEND_LOGS,
    LANGFUSE,
    OPENAI_BATCH,
    OPENAI_USAGE,
    OTLP,
    VERCEL_AI,
    SPAN_TABLE,
    ANTHROPIC_BATCH,
    ANTHROPIC_USAGE,
    CLAUDE_CODE,
    CODEX,
    BEDROCK,
    VERTEX,
    AZURE_APIM_GATEWAY,
    OPENAI_COSTS,
    HELICONE,
    HELICONE_CSV,
    OPENROUTER_LOGS,
    OPENROUTER_ACTIVITY,
    OPENROUTER_GENERATIONS,
    LANGSMITH,
    BRAINTRUST,
    MLFLOW,
    WEAVE,
    LLM_LOGS,
    *shipped_cost_maps(),
    *shipped_maps(),
    FLAT_SPANS,
    ANTHROPIC_MESSAGES,
    GEMINI_REPLIES,
    OPENAI_REQUESTS,
)
ALIKE, FEW = 0.7, 3
"""Share and number of a format's columns that a file has to have to be called close to it: a table of anybody's own
has a model and a time."""
FIELDS_QUOTED = 12
"""An error message that lists the forty columns of a table is not read."""


MAP_A_LOG = (
    "say which column is what: `audit formats --map flat_log > map.toml`, put the names of your columns into it, and "
    "load with --map map.toml"
)
"""What to do about a table of one's own, if it is a log."""


def recognise(export: Export, wanted: str | None = None, map_file: Path | None = None) -> Reader:
    """The reader of a file: the one asked for by format or map, else the first that recognises it.

    Raises InputError for a file that nobody recognises or that holds no usage, UnknownNameError for a format that
    nobody knows, ConfigError for a map that cannot be used.
    """
    return _recognised(export, _first_parts(export), wanted, map_file)[0]


def prepare(
    export: Export, spool: Path, wanted: str | None = None, map_file: Path | None = None
) -> tuple[Reader, Export]:
    """The reader of a file, and the file as DuckDB reads it: one JSON document becomes JSON lines in `spool`.

    Raises what `recognise` raises.
    """
    reader, seen = _recognised(export, _first_parts(export), wanted, map_file)
    if export.container != "json":
        return reader, export
    part: object = None
    with tempfile.NamedTemporaryFile("w", dir=spool, suffix=".jsonl", delete=False, encoding="utf-8") as lines:
        for part in parts_of(export):
            for record in (reader.unroll or unroll_page)(part):
                lines.write(json.dumps(record) + "\n")
    return reader, replace(seen, path=Path(lines.name), page=_page(part))


def seen_by(reader: Reader, export: Export) -> Export:
    """The export as this reader sees it: a JSON document as JSON lines, of which none is written yet."""
    return _seen(export, _first_parts(export), reader)


def readers_document(readers: Sequence[Reader] = READERS) -> list[dict[str, object]]:
    """The JSON of `audit formats`: one object per format."""
    return [
        {
            "format": reader.format,
            "title": reader.title,
            "audience": reader.audience,
            "how_to_export": reader.how_to_export,
            "lacks": list(reader.lacks),
        }
        for reader in readers
    ]


def _first_parts(export: Export) -> Sequence[object]:
    return list(islice(parts_of(export), HEAD_RECORDS)) if export.container == "json" else ()


def _recognised(
    export: Export, parts: Sequence[object], wanted: str | None, map_file: Path | None
) -> tuple[Reader, Export]:
    """The reader, and the export as that reader sees it: a JSON document as the records it unrolls into."""
    asked = _own_reader(map_file) if map_file is not None else find_reader(wanted) if wanted is not None else None
    for reader in READERS if asked is None else (asked,):
        seen = _seen(export, parts, reader)
        if reader is asked or reader.fits(seen):
            break
    else:
        reader, seen = None, _seen(export, parts, None)
    if not seen.fields:
        raise InputError(f"{export.name}: holds no records; export a range with traffic")
    if reader is None or (reader is asked and map_file is None):
        if (reason := why_not(seen)) is not None:
            raise InputError(f"{export.name}: {reason}")
        reader = reader or next((each for each in READERS if each.recognises_last and each.recognises_last(seen)), None)
        if reader is None:
            raise InputError(_unrecognised(seen))
        if not _has_any(reader, seen):
            raise InputError(_not_as_asked(seen, reader, export, parts))
    return reader, seen


def _seen(export: Export, parts: Sequence[object], reader: Reader | None) -> Export:
    if export.container != "json":
        return export
    unroll = unroll_page if reader is None or reader.unroll is None else reader.unroll
    found = islice(chain.from_iterable(map(unroll, parts)), HEAD_RECORDS)
    records = [cast("Record", record) for record in found if isinstance(record, dict)]
    return replace(
        export,
        container="jsonl",
        compression="none",
        records=tuple(records),
        fields=keys_of(records),
        page=_page(parts[-1] if parts else None),
    )


def _page(last: object) -> Record:
    """What the last page says beside its records, also in an object of its own called meta."""
    if not isinstance(last, dict):
        return {}
    found = cast("Record", last)
    inside = found.get("meta")
    said = found | (cast("Record", inside) if isinstance(inside, dict) else {})
    return {key: value for key, value in said.items() if not isinstance(value, list | dict)}


def _own_reader(map_file: Path) -> Reader:
    return cost_map(map_file) if is_cost_map(map_file) else user_map(map_file)


def find_reader(wanted: str) -> Reader:
    """The reader of the format called `wanted`; UnknownNameError where nobody knows it."""
    known = {reader.format: reader for reader in READERS}
    if wanted not in known:
        raise UnknownNameError("format", wanted, known, "`audit formats` lists them all")
    return known[wanted]


def _has_any(reader: Reader, export: Export) -> bool:
    return any(signature & _names(export) for signature in reader.signatures)


def _names(export: Export) -> set[str]:
    return {part for record in export.records for part in record} | set(export.fields)


def _not_as_asked(seen: Export, asked: Reader, export: Export, parts: Sequence[object]) -> str:
    """What the file has, what the format asked for would need, and which format it is in."""
    needed = sorted(min(asked.signatures, key=len)) if asked.signatures else ()
    other = next((reader for reader in READERS if reader.fits(_seen(export, parts, reader))), None)
    return (
        f"{seen.name}: not {asked.format} ({asked.title}), which needs {_listed(needed)}; it has the fields "
        f"{_listed(seen.fields)}. "
        + (f"Without --format it is read as {other.format}" if other else "`audit formats` lists what is read")
    )


def _unrecognised(export: Export) -> str:
    """What the file has, and what the format that it resembles would need."""
    names = {name.lower() for name in _names(export)}

    def likeness(candidate: tuple[Reader, frozenset[str]]) -> tuple[float, int]:
        shared = sum(column.lower().split(".")[0] in names for column in candidate[1])
        return shared / len(candidate[1]), shared

    reader, signature = max(((r, s) for r in READERS for s in r.signatures), key=likeness)
    missing = sorted(column for column in signature if column.lower().split(".")[0] not in names)
    share, count = likeness((reader, signature))
    closest = (
        f"Closest is {reader.format} ({reader.title}), which also needs {_listed(missing)}. Export as `audit formats` "
        "says. If it is a table of your own, "
        if share >= ALIKE and count >= FEW and missing
        else "No format resembles it. For a table of your own, "
    )
    has = f"it has the fields {_listed(export.fields)}"
    return f"{export.name}: not an export that this version knows; {has}. {closest}{MAP_A_LOG}"


def _listed(names: Sequence[str]) -> str:
    quoted = ", ".join(repr(name) for name in names[:FIELDS_QUOTED])
    return quoted + (f" and {len(names) - FIELDS_QUOTED} more" if len(names) > FIELDS_QUOTED else "")
