"""One recognised file on its way into `request_facts`: its raw relation, its staging query, and what cannot be read."""

import codecs
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from audit import sql
from audit.errors import InputError
from audit.intake.duplicates import REQUEST_KEY
from audit.readers.export import DAMAGED, Export, inspect, open_bytes
from audit.readers.locations import Location
from audit.readers.reader import Context, Reader, literal
from audit.warehouse import Warehouse, first_line

LONGEST_RECORD = 1_000_000_000
"""Bytes of a JSON record beyond which a file is refused: DuckDB needs a buffer of twice this size."""
UNREADABLE = (
    duckdb.IOException,
    duckdb.InvalidInputException,
    duckdb.SerializationException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
)
"""What DuckDB raises because of a file; anything else is a fault of this program or machine."""


class UnreadableError(Exception):
    """A file turned out to be unreadable in the middle of a load."""


@dataclass(slots=True, kw_only=True)
class Pending:
    """A recognised file."""

    export: Export
    reader: Reader
    source: Export
    """What DuckDB reads: the export itself, or the lines its one JSON document was unrolled into."""
    context: Context
    relation: str
    """The text of the SELECT that reads the file."""
    unparsed: dict[int, str] = field(default_factory=dict[int, str])
    """Place in bytes -> reason, of what DuckDB's CSV reader could not split into columns."""
    file_id: int = 0
    first_row: int = 0
    row_count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Recognised:
    """The files of a call, sorted into those that can be tried and those that cannot."""

    pending: list[Pending]
    refused: list[str]
    warnings: list[str]


def recognise_all(
    found: Sequence[tuple[str, Location]], spool: Path, context: Context, wanted: str | None, map_file: Path | None
) -> Recognised:
    """Look into every file; a file that nobody recognises is refused and leaves the others alone."""
    from audit.readers.registry import prepare

    result = Recognised([], [], [])
    exports: list[Export] = []
    for name, path in found:
        try:
            exports.append(inspect(name, path))
        except (InputError, OSError) as error:
            result.refused.append(str(error))
    for export in exports:
        own = replace(context, siblings=tuple(other for other in exports if other is not export))
        try:
            reader, source = prepare(export, spool, wanted, map_file)
            source = _without_mark(source, spool)
            item = Pending(
                export=export, reader=reader, source=source, relation=reader.relation(source, own), context=own
            )
        except InputError as error:
            result.refused.append(str(error))
            continue
        result.pending.append(item)
        if reader.warn is not None and (warning := reader.warn(source)) is not None:
            result.warnings.append(warning)
    return result


def _without_mark(source: Export, spool: Path) -> Export:
    """The JSON lines without a byte order mark, for which DuckDB would take the first of them as unreadable."""
    if source.container != "jsonl":
        return source
    with open_bytes(source.path, source.compression) as stream:
        if stream.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            return source
        with tempfile.NamedTemporaryFile(dir=spool, suffix=".jsonl", delete=False) as copy:
            try:
                shutil.copyfileobj(stream, copy)
            except DAMAGED as error:
                raise InputError(
                    f"{source.name}: cannot be unpacked ({error}); the file is damaged or cut off"
                ) from error
    return replace(source, path=Path(copy.name), compression="none")


def stage(warehouse: Warehouse, item: Pending, load_id: int) -> None:
    """Append the records of a file to `request_facts`, readable or not, in file order.

    Raises UnreadableError when the file cannot be read to its end; the transaction is then lost.
    """
    already = _last_scan(warehouse)
    stage_views(warehouse, item)
    salt = literal(item.context.salt)
    try:
        item.row_count = warehouse.count(
            f"""
            insert into request_facts by name
            select {load_id} as load_id, {item.file_id} as file_id, {literal(item.reader.format)} as source_format,
                checked.*, {REQUEST_KEY.format(salt=salt)} as request_key
            from ({sql.find("checked_requests").select}) as checked
            """
        )
    except duckdb.Error as error:
        # The bare class is what Python raised while DuckDB read through it: an object that cannot be had further.
        if not isinstance(error, UNREADABLE) and type(error) is not duckdb.Error:
            raise
        raise UnreadableError(first_line(error)) from None
    if item.source.container == "csv":
        item.unparsed = _unparsed(warehouse, already)


def stage_views(warehouse: Warehouse, item: Pending) -> None:
    """Point the views `raw_<format>` and `staged` at a file."""
    staging = f"stg_{item.reader.relation_name}"
    warehouse.execute(f'create or replace temp view "raw_{item.reader.relation_name}" as {item.relation}')
    warehouse.execute(f"create or replace temp view staged as {sql.find(staging).select}")


def readable(warehouse: Warehouse, pending: list[Pending]) -> tuple[list[Pending], list[str]]:
    """Read every file to its end without keeping anything: those that can be, and a message for each that cannot."""
    good: list[Pending] = []
    refused: list[str] = []
    for item in pending:
        while (problem := _dry_read(warehouse, item)) is not None:
            longer = item.context.max_object_bytes * 8
            if "maximum_object_size" not in problem or longer > LONGEST_RECORD:
                refused.append(f"{item.export.name}: cannot be read to its end ({problem}); nothing of it was loaded")
                break
            item.context = replace(item.context, max_object_bytes=longer)
            item.relation = item.reader.relation(item.source, item.context)
        else:
            good.append(item)
    return good, refused


def _dry_read(warehouse: Warehouse, item: Pending) -> str | None:
    try:
        stage_views(warehouse, item)
        # Every column of every row, as when it is loaded: what raises then must raise here.
        warehouse.execute(f"select sum(hash(checked)) from ({sql.find('checked_requests').select}) as checked")
    except duckdb.Error as error:
        return first_line(error)
    return None


def _last_scan(warehouse: Warehouse) -> int:
    if not warehouse.rows("select 1 from duckdb_tables() where table_name = 'reject_scans'"):
        return -1
    return warehouse.count("select coalesce(max(scan_id), -1) from reject_scans")


def _unparsed(warehouse: Warehouse, after: int) -> dict[int, str]:
    """Place in bytes -> reason of what the scans after scan `after` could not split; a line can have several errors."""
    rows = warehouse.rows(
        "select min(line_byte_position) - 1, min(error_type::varchar), min(error_message) "
        "from reject_errors where scan_id > ? group by line",
        [after],
    )
    return {int(str(place)): f"{str(kind).lower()}: {str(message).splitlines()[0]}" for place, kind, message in rows}
