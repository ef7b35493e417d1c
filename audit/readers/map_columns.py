"""Whether a file has the columns that a column map names, and a map the columns that a file counts tokens in."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import cast

from audit.errors import ConfigError
from audit.readers.column_map import ColumnMap
from audit.readers.export import Export

ESSENTIAL = ("start_time", "usage_input_tokens", "usage_output_tokens")
"""Columns that every file has to have."""
NO_COUNT_OF_ITS_OWN = frozenset(
    {"total", "max", "min", "limit", "remaining", "budget", "per", "time", "first", "cost", "price", "usd"}
)
"""Words in the name of a column that speaks of tokens and counts none that another column does not."""


def has_one_of(signatures: tuple[frozenset[str], ...], export: Export) -> bool:
    """Whether the file has all names of one of `signatures`."""
    known = _known(export)
    return any(all(name.lower() in known for name in signature) for signature in signatures)


def has_only_one_of(column_map: ColumnMap, export: Export) -> bool:
    """Whether the file has all names of exactly one set of `recognise_last`, and none of `never_with`."""
    fitting = sum(has_one_of((signature,), export) for signature in column_map.recognise_last)
    return fitting == 1 and not column_map.never_with & _known(export)


def check_columns(column_map: ColumnMap, export: Export) -> None:
    """Raise ConfigError where the file lacks columns that the map reads, with the nearest that it has."""
    known = _known(export)
    # a file that the map recognises is what the map was made for, and has its leave to lack the rest
    fits = has_one_of(column_map.recognise, export) or has_only_one_of(column_map, export)
    missing: dict[str, str] = {}
    for name, origin in column_map.origins.items():
        if (
            (fits and name not in ESSENTIAL)
            or origin.optional
            or not origin.columns
            or any(column.lower() in known for column in origin.columns)
        ):
            continue
        column = origin.columns[0]
        # a path into JSON text, or into a nested Parquet column, shows only when it is read
        if export.container == "jsonl" or "." not in column or column.split(".")[0].lower() not in known:
            missing[column] = name
    if not missing:
        return
    column, name = next(iter(missing.items()))
    near = get_close_matches(column, sorted(known), n=3, cutoff=0.5)
    others = [f"{other!r} ({canonical})" for other, canonical in list(missing.items())[1:]]
    raise ConfigError(
        f"{export.name}: has no column {column!r}, which the map {column_map.name} reads as {name}"
        + (f"; nearest: {', '.join(near)}" if near else "")
        + (f". Nor has it {', '.join(others)}" if others else "")
        + ". Name another column, or say { column = ..., optional = true }"
    )


def unread_counts(column_map: ColumnMap, export: Export) -> str | None:
    """A warning of the columns of a file that seem to count tokens, and that the map does not read."""
    read = {column.lower() for origin in column_map.origins.values() for column in origin.columns}
    left = [
        name
        for name in export.fields
        if name.lower() not in read
        and "token" in name.lower()
        and not NO_COUNT_OF_ITS_OWN.intersection(re.split(r"[^a-z]+", name.lower()))
        and any(re.fullmatch(r"0*[1-9][0-9]*([.]0*)?", str(row.get(name))) for row in export.records)
    ]
    if not left:
        return None
    return (
        f"{export.name}: columns that seem to count tokens, and that {column_map.name} does not read: "
        f"{', '.join(map(repr, left))}. Cached tokens and audio have prices of their own: where they count such, "
        f"`audit formats --map {column_map.name} > map.toml`, say which they are, `audit unload` the file and load it "
        "again with --map map.toml"
    )


def _known(export: Export) -> frozenset[str]:
    """Every name a map may use for this file: its columns, and the dotted paths of the objects in the first records."""
    found = set(export.fields)
    for row in export.records:
        found |= set(_dotted(row, ""))
    return frozenset(name.lower() for name in found)


def _dotted(record: Mapping[str, object], prefix: str) -> Iterator[str]:
    for key, value in record.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from _dotted(cast("Mapping[str, object]", value), f"{prefix}{key}.")
