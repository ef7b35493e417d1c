"""One recognised file on its way into `request_facts`: its raw relation, its staging query, and what cannot be read."""

import codecs
import errno
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

import duckdb

from audit import sql
from audit.errors import InputError
from audit.intake.duplicates import REQUEST_KEY
from audit.intake.small_files import Gathered, Gatherer
from audit.progress import Progress, silent
from audit.readers.export import DAMAGED, Export, inspect, open_bytes
from audit.readers.reader import Context, Reader, literal
from audit.warehouse import Warehouse, first_line

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
"""What the machine says when a file cannot be written: no fault of the file that is read."""
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


WORTH_GATHERING = 20
"""Files in one call from which small ones are gathered."""


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
    gathered: Gathered | None = None
    """The file that holds the records of this one and of others, where it is a small one of many."""
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
    found: Sequence[tuple[str, Path]],
    spool: Path,
    context: Context,
    wanted: str | None,
    map_file: Path | None,
    progress: Progress = silent,
) -> Recognised:
    """Look into every file; a file that nobody recognises is refused and leaves the others alone."""
    result = Recognised([], [], [])
    gatherer = Gatherer(spool) if len(found) >= WORTH_GATHERING else None
    with progress(f"looking into {len(found):,} files", len(found)) as advance:
        for name, path in found:
            try:
                item = _recognised(name, path, spool, context, wanted, map_file, gatherer)
                if item.reader.warn is not None and (warning := item.reader.warn(item.source)) is not None:
                    result.warnings.append(warning)
                result.pending.append(_without_records(item) if item.gathered is not None else item)
            except InputError as error:
                result.refused.append(str(error))
            except OSError as error:
                if error.errno in NO_ROOM:
                    raise
                result.refused.append(f"{name}: cannot be read ({error.strerror or error})")
            advance(1)
        if gatherer is not None:
            gatherer.flush()
    _join_siblings(result)
    return result


def _recognised(
    name: str,
    path: Path,
    spool: Path,
    context: Context,
    wanted: str | None,
    map_file: Path | None,
    gatherer: Gatherer | None = None,
) -> Pending:
    """A file with its reader; the relation of one that is read with others is still to be made."""
    from audit.readers.registry import prepare


    export = inspect(name, path)
    reader, source = prepare(export, spool, wanted, map_file)
    item = Pending(export=export, reader=reader, source=source, relation="", context=context)
    if gatherer is not None and not reader.needs_siblings:
        gathered = gatherer.add(source, reader.format, lambda other: reader.relation(other, context))
        if gathered is not None:
            item.gathered, item.row_count = gathered
            item.relation = item.gathered.relation
            if source.path != path:
                source.path.unlink()
            return item
    item.source = _without_mark(source, spool)
    if not reader.needs_siblings:
        item.relation = reader.relation(item.source, context)
    return item


def _without_records(item: Pending) -> Pending:
    """A gathered file without what it was recognised by, which for many files is more than memory holds."""
    item.export = replace(item.export, records=(), fields=(), page={})
    item.source = replace(item.source, records=(), fields=(), page={})
    return item


def _join_siblings(found: Recognised) -> None:
    """Make the relations of files that are read with each other; one for which that cannot be is refused."""
    family = [item for item in found.pending if item.reader.needs_siblings]
    siblings = tuple(item.export for item in family)
    for item in family:
        item.context = replace(item.context, siblings=siblings)
        try:
            item.relation = item.reader.relation(item.source, item.context)
        except InputError as error:
            found.refused.append(str(error))
    found.pending[:] = [item for item in found.pending if item.relation]


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
    except UNREADABLE as error:
        raise UnreadableError(first_line(error)) from error
    if item.source.container == "csv":
        item.unparsed = _unparsed(warehouse, already)


def in_batches(pending: Iterable[Pending]) -> list[list[Pending]]:
    """The files as they are read: by itself, or all that were gathered into one."""
    batches: dict[int, list[Pending]] = {}
    for item in pending:
        batches.setdefault(id(item.gathered or item), []).append(item)
    return list(batches.values())


def stage_batch(warehouse: Warehouse, batch: Sequence[Pending], load_id: int) -> None:
    """Append the records of gathered files to `request_facts`, those of the first file first.

    Raises UnreadableError where they cannot be told apart again.
    """
    import polars as pl

    first = batch[0]
    stage_views(warehouse, first)
    salt = literal(first.context.salt)
    try:
        warehouse.execute(
            f"""
            create or replace temp table gathered_rows as
            select {load_id} as load_id, {literal(first.reader.format)} as source_format,
                checked.*, {REQUEST_KEY.format(salt=salt)} as request_key
            from ({sql.find("checked_requests").select}) as checked
            """
        )
    except UNREADABLE as error:
        raise UnreadableError(first_line(error)) from error
    if warehouse.count("select count(*) from gathered_rows") != sum(item.row_count for item in batch):
        raise UnreadableError("the records of small files cannot be told apart")
    ends = list(accumulate(item.row_count for item in batch))
    starts = [
        {"file_id": item.file_id, "start": end - item.row_count}
        for item, end in zip(batch, ends, strict=True)
        if item.row_count
    ]
    warehouse.temporary("gathered_files", pl.DataFrame(starts))
    warehouse.execute(
        """
        insert into request_facts by name
        select placed.* exclude (place), gathered_files.file_id
        from (
            select gathered_rows.*, rowid - (select min(rowid) from gathered_rows) as place from gathered_rows
        ) as placed
        asof join gathered_files on placed.place >= gathered_files.start
        order by place
        """
    )
    warehouse.execute("drop table gathered_rows")


def stage_views(warehouse: Warehouse, item: Pending) -> None:
    """Point the views `raw_<format>` and `staged` at a file."""
    staging = f"stg_{item.reader.relation_name}"
    warehouse.execute(f'create or replace temp view "raw_{item.reader.relation_name}" as {item.relation}')
    warehouse.execute(f"create or replace temp view staged as {sql.find(staging).select}")


def readable(warehouse: Warehouse, pending: Sequence[Pending], spool: Path) -> tuple[list[Pending], list[str]]:
    """Read every file to its end without keeping anything: those that can be, and a message for each that cannot."""
    good: list[Pending] = []
    refused: list[str] = []
    for batch in in_batches(pending):
        if batch[0].gathered is not None and _whole_batch(warehouse, batch):
            good += batch
            continue
        for found in batch:
            item = _alone(found, spool) if found.gathered is not None else found
            while (problem := _dry_read(warehouse, item)) is not None:
                longer = item.context.max_object_bytes * 8
                if "maximum_object_size" not in problem or longer > LONGEST_RECORD:
                    refused.append(
                        f"{item.export.name}: cannot be read to its end ({problem}); nothing of it was loaded"
                    )
                    break
                item.context = replace(item.context, max_object_bytes=longer)
                item.relation = item.reader.relation(item.source, item.context)
            else:
                good.append(item)
    return good, refused


def _whole_batch(warehouse: Warehouse, batch: Sequence[Pending]) -> bool:
    if _dry_read(warehouse, batch[0]) is not None:
        return False
    return warehouse.count("select count(*) from staged") == sum(item.row_count for item in batch)


def _alone(item: Pending, spool: Path) -> Pending:
    """A gathered file as one that is read by itself."""
    return _recognised(item.export.name, item.export.path, spool, item.context, item.reader.format, None)


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
