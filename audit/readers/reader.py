"""What every reader offers, and the few pieces of SQL text that all of them are made of.

A reader recognises its export from the first records and presents it as the raw relation that its staging file in
`queries/1_staging` reads. All scalars are presented as text: casting is done once, for all formats, by
`queries/2_requests/checked_requests.sql`, so that a count like 12.7 or "twelve" is seen and not silently rounded.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from audit.conversations.values import Conversation
from audit.readers.export import Export
from audit.readers.sniff import Record, page_key

TEXT = "VARCHAR"
MAX_CSV_RECORD = 16_777_216
"""Longest CSV record in bytes, as for JSON: a record with its messages can hold a whole document."""
CSV_BUFFER = 2 * MAX_CSV_RECORD
"""Bytes of a CSV file that are read at once; by itself DuckDB would take sixteen of the longest records."""
MORE_PAGES = "has_more is true: more pages follow, which belong to it; load them as well (page=<next_page>)"
"""Said of a page by itself, which cannot know whether the others are loaded with it."""
ROUTE_KEYS = ("feature", "route", "endpoint", "use_case", "task")
"""Keys under which applications name the part of themselves that calls, the most specific word first."""

Shape = Mapping[str, "str | Shape | tuple[Shape]"]
"""The parts to read of a JSON object: a key with TEXT for a scalar (or JSON text), a Shape for an object, and a Shape
in a tuple of one for a list of objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a reader may need to know beside the file."""

    salt: str
    """Mixed into hashes of prompts, so that a hash in one database says nothing about another."""
    metadata_keys: tuple[str, ...] = ()
    """Keys of the application's own metadata to keep; everything else stays in the export."""
    max_object_bytes: int = 16_777_216
    """The longest JSON record DuckDB accepts; raised when a file turns out to need it."""
    siblings: tuple[Export, ...] = ()
    """The files of the same call whose readers need siblings: a batch output finds its input among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One export format."""

    format: str
    """The name of the format, as in `--format` and in `source_format`."""
    title: str
    audience: str
    """Who has such files."""
    how_to_export: str
    lacks: tuple[str, ...]
    """What such files never say: 'latency', 'cached tokens', 'single requests', ..."""
    signatures: tuple[frozenset[str], ...]
    """Column sets, any one of which identifies the format."""
    relation: Callable[[Export, Context], str]
    """The raw relation as the text of a SELECT over `export.path`."""
    recognises: Callable[[Export], bool] | None = None
    """Where a set of columns is not enough to tell the format."""
    recognises_last: Callable[[Export], bool] | None = None
    """What else is taken to be this format where it is no other's, and no other guess fits."""
    unroll: Callable[[object], Iterable[object]] | None = None
    """The records inside a JSON document, or inside one element of its top-level list; pages are taken apart where the
    reader has no rule of its own."""
    warn: Callable[[Export], str | None] | None = None
    """What the user should know about a file that loads but holds less than it could."""
    needs_siblings: bool = False
    """Whether a file is read together with others of the same call, in `Context.siblings`."""
    records_per_line: Callable[[Export, Context], str] | None = None
    """Where a line of JSON lines holds several records: the text of a SELECT that gives how many each line holds, in
    file order; blank lines hold none and have no row."""
    split: Callable[[Record], Sequence[Record | None]] | None = None
    """The records of such a line, one by one and in the same order, None for one that is no record of this format."""
    conversation: Callable[[Record], Conversation] | None = None
    """What was said in the call of a record, where exports of this format can hold it; raises UnavailableError with
    the reason where this one does not. Columns of tables are text."""
    staging: str = ""
    """The name after `raw_` and `stg_` where several formats share one staging file; see `relation_name`."""
    target: Literal["request_facts", "billed_costs"] = "request_facts"
    """The table that the records go into: requests, or what a provider billed for them."""

    @property
    def relation_name(self) -> str:
        """X such that the raw relation is `raw_X` and its staging file `stg_X`."""
        return self.staging or self.format

    def fits(self, export: Export) -> bool:
        """Whether the file is an export of this format."""
        if self.recognises is not None:
            return self.recognises(export)
        return any(signature <= export.field_set for signature in self.signatures)


def literal(text: str) -> str:
    """`text` as a string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as a quoted identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def first_of(expressions: Sequence[str]) -> str:
    """The first of `expressions` that is not NULL; NULL text where there are none."""
    if len(expressions) < 2:
        return expressions[0] if expressions else "cast(null as varchar)"
    return f"coalesce({', '.join(expressions)})"


def kept_metadata(values: Mapping[str, str]) -> str:
    """A JSON object of the configured keys, key -> expression; nothing else of a request's metadata is stored."""
    pairs = ", ".join(f"{literal(key)}, {value}" for key, value in values.items())
    if not pairs:
        return "cast(null as varchar)"
    return f"case when {first_of(list(values.values()))} is not null then cast(json_object({pairs}) as varchar) end"


def rows(export: Export, columns: Mapping[str, str], context: Context) -> str:
    """A FROM item with exactly `columns` (name -> DuckDB type), NULL where the file lacks one.

    Types other than VARCHAR apply to JSON only; a nested column of a CSV or Parquet file is its JSON text.
    """
    if export.container == "jsonl":
        folders = {name.lower(): value for name, value in export.partitions.items()}
        own = {name: kind for name, kind in columns.items() if kind != TEXT or name.lower() not in folders}
        declared = ", ".join(f"{identifier(name)}: {literal(kind)}" for name, kind in own.items())
        lines = (
            f"read_json({literal(str(export.path))}, format = 'newline_delimited', records = true, "
            f"ignore_errors = true, maximum_object_size = {context.max_object_bytes}, "
            f"compression = {literal(export.compression)}, hive_partitioning = false, columns = {{{declared}}})"
        )
        if len(own) == len(columns):
            return lines
        # A line that cannot be read stays a row of NULLs.
        readable = " or ".join(f"{identifier(name)} is not null" for name in own) or "false"
        selected = ", ".join(
            identifier(name)
            if name in own
            else f"case when {readable} then {_constant(folders[name.lower()])} end as {identifier(name)}"
            for name in columns
        )
        return f"(select {selected} from {lines})"
    present = {name.lower(): name for name in export.fields}
    selected = ", ".join(
        f"{_as_text(export, present[name.lower()])} as {identifier(name)}"
        if name.lower() in present
        else f"cast(null as varchar) as {identifier(name)}"
        for name in columns
    )
    return f"(select {selected} from {_table(export)})"


def parsed(export: Export, name: str, shape: Shape) -> tuple[str, str]:
    """The type to declare for a nested column, and the expression that gives it as a STRUCT.

    Where the records carry it as JSON text, or as text and objects by turns, it is read as text and parsed once a row;
    text that is no JSON gives NULL.
    """
    values = [record.get(name) for record in export.records]
    if export.container == "jsonl" and not any(isinstance(value, str) for value in values):
        return struct(shape), identifier(name)
    return TEXT, f"try(json_transform({identifier(name)}, {literal(json.dumps(structure(shape)))}))"


def parsed_rows(export: Export, texts: Sequence[str], shapes: Mapping[str, Shape], context: Context) -> str:
    """A FROM item with the columns `texts` as text and those of `shapes` as STRUCTs, however the file has them."""
    nested = {name: parsed(export, name, shape) for name, shape in shapes.items()}
    declared = dict.fromkeys(texts, TEXT) | {name: kind for name, (kind, _) in nested.items()}
    expressions = (f"{expression} as {identifier(name)}" for name, (_, expression) in nested.items())
    return f"(select {', '.join([*map(identifier, texts), *expressions])} from {rows(export, declared, context)})"


def struct(shape: Shape) -> str:
    """`shape` as a DuckDB type."""
    return "STRUCT(" + ", ".join(f"{identifier(key)} {type_of(part)}" for key, part in shape.items()) + ")"


def structure(shape: Shape) -> dict[str, object]:
    """`shape` as json_transform wants it."""
    return {
        key: part if isinstance(part, str) else [structure(part[0])] if isinstance(part, tuple) else structure(part)
        for key, part in shape.items()
    }


def unroll_page(document: object) -> Iterable[object]:
    """The records of a JSON document: of an array, of an API page around a list, of several pages, or itself."""
    if isinstance(document, list):
        for part in cast("list[object]", document):
            yield from unroll_page(part)
    elif page := page_key(document):
        yield from cast("dict[str, list[object]]", document)[page]
    else:
        yield document


def type_of(part: "str | Shape | tuple[Shape]") -> str:
    """A part of a shape as a DuckDB type."""
    if isinstance(part, str):
        return part
    return struct(part[0]) + "[]" if isinstance(part, tuple) else struct(part)


def _constant(value: str | None) -> str:
    return "cast(null as varchar)" if value is None else literal(value)


def _as_text(export: Export, name: str) -> str:
    if name in export.partitions:
        return _constant(export.partitions[name])
    if export.container == "csv":
        return identifier(name)
    if name in export.nested:
        return f"cast(to_json({identifier(name)}) as varchar)"
    return f"cast({identifier(name)} as varchar)"


def _table(export: Export) -> str:
    path = literal(str(export.path))
    if export.container == "parquet":
        return f"read_parquet({path}, hive_partitioning = false)"
    declared = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in export.fields if name not in export.partitions)
    # Nothing is left to detection, which refuses a whole file for one odd line; strict mode rejects that line alone.
    return (
        f"read_csv({path}, auto_detect = false, header = true, delim = {literal(export.delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{declared}}}, store_rejects = true, rejects_limit = 0, null_padding = false, "
        f"max_line_size = {MAX_CSV_RECORD}, buffer_size = {CSV_BUFFER}, compression = {literal(export.compression)}, "
        "hive_partitioning = false)"
    )
