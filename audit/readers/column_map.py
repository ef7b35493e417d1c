"""Column maps: TOML files that say which column of a foreign table is which canonical column.

[source] names the format and how to tell it; [columns] gives one canonical name per line: a source column (a dotted
path reaches into JSON), a list of them (the first that is there), or a table {column, unit, equals, optional},
{constant} or {file_name = "regex with one group"}.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from audit.errors import ConfigError, UnknownNameError

BOOLEANS = frozenset(
    {"is_failed", "stream", "gateway_cache_hit", "is_usage_unknown", "has_tools", "is_json", "has_images"}
)
TIMES = frozenset({"start_time", "end_time", "first_chunk_time"})
DURATIONS = frozenset({"duration_ms", "time_to_first_chunk_ms"})
TEXTS = frozenset({"messages", "tools", "instructions", "parameters", "answer"})
"""What was said: the first three are read for structure and hashes, all for `audit sample`; none is ever stored."""
COUNTS = frozenset(
    {
        "request_count",
        "usage_input_tokens",
        "usage_cache_read_input_tokens",
        "usage_cache_creation_input_tokens",
        "usage_cache_creation_1h_input_tokens",
        "usage_output_tokens",
        "usage_reasoning_output_tokens",
        "usage_audio_input_tokens",
        "usage_audio_output_tokens",
    }
)
PLAIN = (
    "request_id",
    "request_grain",
    "provider_name",
    "request_model",
    "response_model",
    "operation_name",
    "tags",
    "route",
    "prompt_name",
    "template_hash",
    "url_path",
    "image_count",
    "service_tier",
    "tool_count",
    "output_type",
    "message_count",
    "response_finish_reason",
    "error_type",
    "http_response_status_code",
    "user_id",
    "customer_id",
    "team_id",
    "project_id",
    "api_key_id",
    "conversation_id",
    "trace_id",
    "parent_id",
    "attempt",
    "feedback_score",
    "billed_cost",
)
CANONICAL = (*PLAIN, *sorted(COUNTS), *sorted(TIMES), *sorted(DURATIONS), *sorted(BOOLEANS), *sorted(TEXTS))
ALIASES = {"model": "request_model", "endpoint": "route"}
"""Words people use first, for the columns they mean."""

SECONDS_PER_UNIT = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
SOURCE_KEYS = {
    "name": str,
    "title": str,
    "audience": str,
    "how_to_export": str,
    "lacks": list,
    "recognise": list,
    "recognise_last": list,
    "never_with": list,
    "input_excludes_cache": bool,
    "output_excludes_reasoning": bool,
    "one_record_per": str,
    "call_has": list,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a canonical column comes from."""

    columns: tuple[str, ...] = ()
    unit: str | None = None
    equals: tuple[str, ...] = ()
    optional: bool = False
    constant: str | None = None
    file_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """A foreign table in our words."""

    name: str
    title: str
    audience: str
    how_to_export: str
    lacks: tuple[str, ...]
    recognise: tuple[frozenset[str], ...]
    """Sets of columns, any one of which tells the format; none where the map has to be named."""
    recognise_last: tuple[frozenset[str], ...] = ()
    """Sets of columns of which exactly one tells it where no other format fits, and none of `never_with` is there."""
    never_with: frozenset[str] = frozenset()
    origins: Mapping[str, Origin]
    input_excludes_cache: bool | None = None
    """None where the source does not say: decided record by record, and counted."""
    output_excludes_reasoning: bool = False
    one_record_per: str | None = None
    """A column whose equal values are parts of one request; the part with the most input tokens is the request."""
    call_has: tuple[str, ...] = ()
    """Columns of which a call has at least one; a record without them is something else that the gateway served."""


def read_map(path: Path) -> ColumnMap:
    """The column map in a TOML file.

    Raises ConfigError where it cannot be used, UnknownNameError for a canonical name that nobody knows.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give the path of a column map") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML ({error})") from error
    if unknown := document.keys() - {"source", "columns"}:
        raise UnknownNameError(f"table in {path}", min(unknown), ("source", "columns"))
    source, columns = (_table(document, name, path) for name in ("source", "columns"))
    for key, value in source.items():
        if key not in SOURCE_KEYS:
            raise UnknownNameError(f"key of [source] in {path}", key, SOURCE_KEYS)
        if not isinstance(value, SOURCE_KEYS[key]):
            raise ConfigError(f"{path}: [source] {key} = {value!r} is not a {SOURCE_KEYS[key].__name__}")
    name = str(source.get("name", path.stem))
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"{path}: the name {name!r} must consist of lower-case letters, digits and _")
    origins = {_canonical(key, path): _origin(key, value, path) for key, value in columns.items()}
    if "start_time" not in origins or not origins.keys() & {"usage_input_tokens", "messages"}:
        raise ConfigError(f"{path}: [columns] needs at least start_time and usage_input_tokens")
    return ColumnMap(
        name=name,
        title=str(source.get("title", f"column map {path.name}")),
        audience=str(source.get("audience", "")),
        how_to_export=str(source.get("how_to_export", "")),
        lacks=tuple(str(item) for item in cast("list[object]", source.get("lacks", []))),
        recognise=_signatures(cast("list[object]", source.get("recognise", []))),
        recognise_last=_signatures(cast("list[object]", source.get("recognise_last", []))),
        never_with=frozenset(str(column) for column in cast("list[object]", source.get("never_with", []))),
        origins=origins,
        input_excludes_cache=cast("bool | None", source.get("input_excludes_cache")),
        output_excludes_reasoning=bool(source.get("output_excludes_reasoning", False)),
        one_record_per=str(source["one_record_per"]) if "one_record_per" in source else None,
        call_has=tuple(str(item) for item in cast("list[object]", source.get("call_has", []))),
    )


def _signatures(given: list[object]) -> tuple[frozenset[str], ...]:
    """The sets of a list of lists; a plain list is one set."""
    several = [cast("list[object]", item) for item in given if isinstance(item, list)]
    sets = several or ([given] if given else [])
    return tuple(frozenset(str(column) for column in columns) for columns in sets)


def _table(document: Mapping[str, object], name: str, path: Path) -> dict[str, object]:
    found = document.get(name)
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: the table [{name}] is missing; a column map has [source] and [columns]")
    return cast("dict[str, object]", found)


def _canonical(key: str, path: Path) -> str:
    name = ALIASES.get(key, key)
    if name not in CANONICAL:
        raise UnknownNameError(f"canonical column in {path}", key, (*CANONICAL, *ALIASES))
    return name


def _origin(key: str, value: object, path: Path) -> Origin:
    where = f"{path}: [columns] {key}"
    if isinstance(value, str):
        return Origin(columns=(value,))
    if isinstance(value, list):
        return Origin(columns=tuple(str(column) for column in cast("list[object]", value)))
    if not isinstance(value, dict):
        raise ConfigError(f"{where} = {value!r}: give a column, a list of columns, or a table with column or constant")
    table = cast("dict[str, object]", value)
    if unknown := table.keys() - {"column", "unit", "equals", "optional", "constant", "file_name"}:
        raise UnknownNameError(f"key of {where}", min(unknown), ("column", "unit", "equals", "optional"))
    if len(table.keys() & {"column", "constant", "file_name"}) != 1:
        raise ConfigError(f"{where}: give exactly one of column, constant and file_name")
    unit = table.get("unit")
    if unit is not None and (unit not in SECONDS_PER_UNIT or ALIASES.get(key, key) not in TIMES | DURATIONS):
        raise ConfigError(f"{where}: unit = {unit!r}; times and durations take s, ms, us or ns, others no unit")
    pattern = table.get("file_name")
    if pattern is not None:
        _check_pattern(str(pattern), where)
    column = table.get("column", [])
    names = cast("list[object]", column) if isinstance(column, list) else [column]
    equals = table.get("equals", [])
    return Origin(
        columns=tuple(str(name) for name in names),
        unit=None if unit is None else str(unit),
        equals=tuple(_text(item) for item in (cast("list[object]", equals) if isinstance(equals, list) else [equals])),
        optional=table.get("optional") is True,
        constant=_text(table["constant"]) if "constant" in table else None,
        file_name=None if pattern is None else str(pattern),
    )


def _check_pattern(pattern: str, where: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ConfigError(f"{where}: file_name = {pattern!r} is no regular expression ({error})") from error
    if groups != 1:
        raise ConfigError(f"{where}: file_name = {pattern!r} needs exactly one group in parentheses")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
