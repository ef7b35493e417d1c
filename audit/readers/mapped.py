"""Tables that no reader knows, through a column map: the user's, or one of those in `audit/data/maps`."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request, parameters
from audit.conversations.values import Conversation, UnavailableError, record
from audit.errors import ConfigError, UnknownNameError
from audit.readers.column_map import (
    BOOLEANS,
    CANONICAL,
    COUNTS,
    DURATIONS,
    SECONDS_PER_UNIT,
    TEXTS,
    TIMES,
    ColumnMap,
    Origin,
    read_map,
)
from audit.readers.cost_maps import COST_MAPS
from audit.readers.export import Export
from audit.readers.map_columns import check_columns, has_one_of, has_only_one_of, unread_counts
from audit.readers.prompts import NO_PROMPT, prompt_columns
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    identifier,
    kept_metadata,
    literal,
    parsed,
    rows,
    unroll_page,
)
from audit.readers.sniff import Record

MAPS = Path(__file__).parent.parent / "data" / "maps"
TRUE = "('true', 't', 'yes', 'y', '1')"
"""What a flag says when it is set, in lower case."""

PROMPT = ("messages", "tools", "instructions")
"""Columns that are never stored, only counted and hashed."""

GIVEN = {
    name: f"given_{name}" for name in ("message_count", "template_hash", "image_count", "tool_count", "output_type")
}
"""Columns that can also be derived: from the messages, or from a flag."""


def shipped_maps() -> tuple[Reader, ...]:
    """A reader for every map that comes with the package, those with the most telling columns first."""
    maps = [read_map(path) for path in sorted(MAPS.glob("*.toml"))]
    ordered = sorted(maps, key=lambda column_map: (-max(map(len, column_map.recognise)), column_map.name))
    return tuple(_reader(column_map, is_shipped=True) for column_map in ordered)


def map_text(name: str) -> str:
    """The text of a shipped map, to copy and edit; UnknownNameError for a map that does not exist."""
    known = {path.stem: path for folder in (MAPS, COST_MAPS) for path in folder.glob("*.toml")}
    if name not in known:
        raise UnknownNameError("column map", name, known, f"there are {', '.join(sorted(known))}")
    return known[name].read_text(encoding="utf-8")


def user_map(path: Path) -> Reader:
    """A reader for the user's column map; a column may lack where it is optional, or the map recognises the file."""
    return _reader(read_map(path), is_shipped=False)


def _reader(column_map: ColumnMap, *, is_shipped: bool) -> Reader:
    def relation(export: Export, context: Context) -> str:
        if not is_shipped:
            check_columns(column_map, export)
        return _relation(column_map, export, context)

    def conversation(row: Record) -> Conversation:
        return _conversation(column_map, row)

    return Reader(
        format=column_map.name,
        title=column_map.title,
        audience=column_map.audience,
        how_to_export=column_map.how_to_export,
        lacks=column_map.lacks,
        signatures=column_map.recognise,
        relation=relation,
        recognises=lambda export: has_one_of(column_map.recognise, export),
        recognises_last=lambda export: has_only_one_of(column_map, export),
        unroll=unroll_page,
        warn=(lambda export: unread_counts(column_map, export)) if is_shipped else None,
        conversation=conversation if "messages" in column_map.origins else None,
        staging="mapped",
    )


def _conversation(column_map: ColumnMap, row: Record) -> Conversation:
    """What the columns for texts say; where the messages lie inside a request, the rest of it counts as well."""
    found = {name: _value(row, column_map.origins[name]) for name in TEXTS & column_map.origins.keys()}
    if not found["messages"]:
        raise UnavailableError("the column of its messages is empty")
    sent = parameters(found.get("parameters"))
    for column in column_map.origins["messages"].columns:
        if column.endswith(".messages"):
            sent = parameters(_inside(row, column.removesuffix(".messages"))) | sent
    sent |= {name: found[name] for name in ("messages", "tools", "instructions") if found.get(name)}
    said = found.get("answer")
    answer = answer_of(said) or answer_of({"message": said if isinstance(said, str) else None})
    return chat_request(sent, answer, is_whole=False)


def _value(row: Record, origin: Origin) -> object:
    return next((value for column in origin.columns if (value := _inside(row, column)) is not None), None)


def _inside(row: Record, name: str) -> object:
    """The value of a source column: under its whole name, in any case, or down the path that its dots spell."""
    by_name = {key.lower(): value for key, value in row.items()}
    if name.lower() in by_name:
        return by_name[name.lower()]
    top, _, rest = name.partition(".")
    return _inside(record(by_name[top.lower()]), rest) if rest and top.lower() in by_name else None


def _relation(column_map: ColumnMap, export: Export, context: Context) -> str:
    names = {name for origin in column_map.origins.values() for name in origin.columns}
    names |= {key for key in context.metadata_keys if key.split(".")[0] in export.field_set}
    names |= {column_map.one_record_per} if column_map.one_record_per else set()
    names |= set(column_map.call_has)
    paths = {name: _path(export, name) for name in sorted(names)}
    shapes = _shapes(column_map.name, paths.values())
    nested = {top: parsed(export, top, shape) for top, shape in shapes.items() if shape is not None}
    declared = {top: nested[top][0] if top in nested else TEXT for top in shapes}
    items = [f"{nested[top][1] if top in nested else identifier(top)} as {identifier(top)}" for top in shapes]
    places = {name: ".".join(map(identifier, path)) for name, path in paths.items()}

    columns = {GIVEN.get(name, name): _column(column_map, name, places, export) for name in CANONICAL}
    columns["input_excludes_cache"] = _boolean(column_map.input_excludes_cache)
    columns["output_excludes_reasoning"] = _boolean(column_map.output_excludes_reasoning)
    columns["kept_metadata"] = kept_metadata({key: places[key] for key in context.metadata_keys if key in places})
    columns["is_record"] = f"{first_of([f'cast({place} as varchar)' for place in places.values()])} is not null"
    told = [f"nullif(cast({places[name]} as varchar), '-')" for name in column_map.call_has]
    columns["is_call"] = f"{first_of(told)} is not null" if told else "true"
    columns["is_part"] = "false"
    order = ""
    if column_map.one_record_per:
        key, size = places[column_map.one_record_per], columns["usage_input_tokens"]
        columns["is_part"] = (
            f"{key} is not null and row_number() over (partition by {key} "
            f"order by try_cast({size} as double) desc nulls last, position) > 1"
        )
        items.append("row_number() over () as position")
        order = "order by position"
    parts = [column_map.origins[name] for name in PROMPT if name in column_map.origins]
    sources = [paths[column][0] for part in parts for column in part.columns]
    prompt = prompt_columns("messages", "tools", context, "instructions")
    listed = "try(json_array_length(tools))"
    # the fields of JSON lines are those of the first records: a later one can have messages
    if export.container != "jsonl" and not export.field_set.intersection(sources):
        prompt, listed = NO_PROMPT, "cast(null as bigint)"
    return f"""
    select * exclude ({", ".join(sorted(TEXTS))}), {listed} as listed_tool_count, {prompt}
    from (
        select {", ".join(f"{expression} as {identifier(name)}" for name, expression in columns.items())}
        from (select {", ".join(items)} from {rows(export, declared, context)})
        {order}
    )"""


def _boolean(value: bool | None) -> str:
    return f"cast({'null' if value is None else str(value).lower()} as boolean)"


def _column(column_map: ColumnMap, name: str, places: Mapping[str, str], export: Export) -> str:
    origin = column_map.origins.get(name)
    kind = "boolean" if name in BOOLEANS else "varchar[]" if name == "tags" else "varchar"
    if origin is None:
        return f"cast(null as {kind})"
    if origin.constant is not None or origin.file_name is not None:
        value = _fixed(origin, export)
    else:
        value = first_of([f"cast({places[column]} as varchar)" for column in origin.columns])
    if name in BOOLEANS:
        accepted = ", ".join(literal(text.lower()) for text in origin.equals) if origin.equals else None
        return f"lower({value}) in ({accepted})" if accepted else f"lower({value}) in {TRUE}"
    if name in COUNTS:
        # what access logs write for a value that is not there
        return f"nullif({value}, '-')"
    if name == "tags":
        return f"coalesce(try(from_json({value}, '[\"VARCHAR\"]')), string_split({value}, ','))"
    if origin.unit is not None:
        return _converted(name, value, SECONDS_PER_UNIT[origin.unit])
    return value


def _fixed(origin: Origin, export: Export) -> str:
    if origin.constant is not None:
        return literal(origin.constant)
    found = re.search(origin.file_name or "", Path(export.name).name)
    return literal(found[1]) if found and found[1] else "cast(null as varchar)"


def _converted(name: str, value: str, seconds: float) -> str:
    """A time as ISO text, a duration in ms; text that is no number stays as it is, so that it is seen."""
    number = f"try_cast({value} as double)"
    if name in DURATIONS:
        return f"coalesce(cast({number} * {seconds * 1e3!r} as varchar), {value})"
    assert name in TIMES
    return f"coalesce(cast(make_timestamp(cast(round({number} * {seconds * 1e6!r}) as bigint)) as varchar), {value})"


def _path(export: Export, name: str) -> tuple[str, ...]:
    """Where a source column lies: at the top under its whole name, or down the path that its dots spell."""
    fields = {field.lower(): field for field in export.fields}
    top, *rest = name.split(".")
    if name.lower() not in fields and rest and top.lower() in fields:
        return (fields[top.lower()], *rest)
    return (fields.get(name.lower(), name),)


def _shapes(map_name: str, paths: Iterable[tuple[str, ...]]) -> dict[str, Shape | None]:
    """The top-level columns to read: None for a scalar, else the parts of the object."""
    shapes: dict[str, Shape | None] = {}
    for top, *rest in paths:
        inside = cast("dict[str, object] | None", shapes.get(top)) if rest else None
        if top in shapes and (inside is None or not rest):
            raise ConfigError(f"column map {map_name}: reads {top!r} both whole and in parts; name only its parts")
        if not rest:
            shapes[top] = None
            continue
        node = inside if inside is not None else {}
        shapes[top] = cast("Shape", node)
        for key in rest[:-1]:
            below = node.setdefault(key, {})
            if not isinstance(below, dict):
                raise ConfigError(f"column map {map_name}: reads {key!r} both whole and in parts; name only its parts")
            node = cast("dict[str, object]", below)
        if isinstance(node.get(rest[-1]), dict):
            raise ConfigError(f"column map {map_name}: reads {rest[-1]!r} both whole and in parts; name only its parts")
        node[rest[-1]] = TEXT
    return shapes
