"""Bills that no reader knows, through a cost map: TOML that says which column of a bill is which of ours.

[source] has `target = "billed_costs"`, the name of the format and how to tell it; [columns] one canonical name per
line: a column, a list of them (the first that holds something), { join = [...] } (all that hold something, with commas
between) or { constant = "..." }. `unit = "cents"` in [source] is of the amount.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from audit.errors import ConfigError, InputError, UnknownNameError
from audit.readers.export import Export
from audit.readers.reader import TEXT, Context, Reader, first_of, identifier, literal, rows, unroll_page
from audit.readers.sniff import Record

COST_MAPS = Path(__file__).parent.parent / "data" / "cost_maps"
TARGET = "billed_costs"
COLUMNS = (
    "period_start",
    "period_end",
    "amount",
    "currency",
    "line_item",
    "quantity",
    "quantity_unit",
    "project_id",
    "api_key_id",
    "user_id",
)
SOURCE_KEYS = ("name", "target", "title", "audience", "how_to_export", "lacks", "recognise", "unit")
CENTS = "cents"
BUCKET_LISTS = ("results", "data")
"""Lists of amounts inside one stretch of time."""


def shipped_cost_maps() -> tuple[Reader, ...]:
    """A reader for every cost map that comes with the package."""
    return tuple(cost_map(path) for path in sorted(COST_MAPS.glob("*.toml")))


def is_cost_map(path: Path) -> bool:
    """Whether a TOML file maps a bill; one that cannot be read is left to whoever reads maps of requests."""
    try:
        source = tomllib.loads(path.read_text(encoding="utf-8")).get("source")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
    return isinstance(source, dict) and cast("Mapping[str, object]", source).get("target") == TARGET


def cost_map(path: Path) -> Reader:
    """The reader of bills that a cost map describes.

    Raises ConfigError where it cannot be used, UnknownNameError for a name that nobody knows.
    """
    document = cast("dict[str, dict[str, object]]", tomllib.loads(path.read_text(encoding="utf-8")))
    source, columns = document["source"], document.get("columns", {})
    for key in source:
        if key not in SOURCE_KEYS:
            raise UnknownNameError(f"key of [source] in {path}", key, SOURCE_KEYS)
    for key in columns:
        if key not in COLUMNS:
            raise UnknownNameError(f"column of a bill in {path}", key, COLUMNS)
    if not {"period_start", "amount"} <= columns.keys():
        raise ConfigError(f"{path}: [columns] needs at least period_start and amount")
    if source.get("unit") not in (None, CENTS):
        raise ConfigError(f"{path}: [source] unit = {source['unit']!r}; the amount is in {CENTS!r}, or leave unit out")
    origins = {name: _origin(path, name, value) for name, value in columns.items()}
    recognise = [frozenset(map(str, columns)) for columns in cast("list[list[object]]", source.get("recognise", []))]

    def relation(export: Export, context: Context) -> str:
        for name in ("period_start", "amount"):
            _check(origins[name], export, path)
        found = {name: origins[name].expression() if name in origins else "cast(null as varchar)" for name in COLUMNS}
        if source.get("unit") == CENTS:
            found["amount"] = f"coalesce(cast({_hundredth(found['amount'])} as varchar), {found['amount']})"
        needed = {name for origin in origins.values() for name in origin.columns}
        selected = ", ".join(f"{expression} as {identifier(name)}" for name, expression in found.items())
        return f"select {selected} from {rows(export, dict.fromkeys(sorted(needed), TEXT), context)}"

    return Reader(
        format=str(source.get("name", path.stem)),
        title=str(source.get("title", f"cost map {path.name}")),
        audience=str(source.get("audience", "")),
        how_to_export=str(source.get("how_to_export", "")),
        lacks=tuple(map(str, cast("list[object]", source.get("lacks", [])))),
        signatures=tuple(recognise),
        relation=relation,
        recognises=lambda export: any(_has(export, signature) for signature in recognise),
        unroll=_unroll,
        staging="mapped_costs",
        target=TARGET,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Where a column of ours comes from."""

    name: str
    columns: tuple[str, ...] = ()
    is_joined: bool = False
    constant: str | None = None

    def expression(self) -> str:
        """The text of the column in SQL; what is empty in the file is no value."""
        if self.constant is not None:
            return literal(self.constant)
        filled = [f"nullif(trim({identifier(column)}), '')" for column in self.columns]
        return f"nullif(concat_ws(', ', {', '.join(filled)}), '')" if self.is_joined else first_of(filled)


def _origin(path: Path, name: str, value: object) -> _Origin:
    table = cast("dict[str, object]", value) if isinstance(value, dict) else {"column": value}
    if len(table) != 1 or not table.keys() <= {"column", "join", "constant"}:
        raise ConfigError(f"{path}: [columns] {name} = {value!r}; give a column, a list of them, join or constant")
    if "constant" in table:
        return _Origin(name=name, constant=str(table["constant"]))
    (listed,) = table.values()
    found = cast("list[object]", listed) if isinstance(listed, list) else [listed]
    return _Origin(name=name, columns=tuple(map(str, found)), is_joined="join" in table)


def _hundredth(amount: str) -> str:
    """Cents as dollars, exact to a twentieth decimal of a cent; NULL for text that is no number."""
    return f"try_cast({amount} as decimal(38, 20)) * cast('0.01' as decimal(3, 2))"


def _has(export: Export, names: Iterable[str]) -> bool:
    return {name.lower() for name in names} <= {field.lower() for field in export.fields}


def _check(origin: _Origin, export: Export, path: Path) -> None:
    if origin.constant is None and not any(_has(export, [column]) for column in origin.columns):
        columns = " or ".join(map(repr, origin.columns))
        raise InputError(
            f"{export.name}: has no column {columns}, which {path} reads as {origin.name}; it has the fields "
            f"{', '.join(map(repr, export.fields[:12]))}"
        )


def _unroll(document: object) -> Iterable[object]:
    """Every record, those inside a stretch of time with its other fields; one without amounts is a record as well."""
    for part in unroll_page(document):
        bucket = cast("Record", part) if isinstance(part, dict) else {}
        inside = next((bucket[name] for name in BUCKET_LISTS if isinstance(bucket.get(name), list)), None)
        if inside is None:
            yield part
            continue
        around = {key: value for key, value in bucket.items() if not isinstance(value, list | dict)}
        found = cast("list[object]", inside)
        yield from ({**around, **cast("Record", row)} if isinstance(row, dict) else row for row in found or [{}])
