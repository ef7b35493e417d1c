"""One recognised file on its way into `request_facts`: its raw relation, its staging query, and what cannot be read."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import duckdb

from audit import sql
from audit.intake.duplicates import REQUEST_KEY
from audit.intake.recognising import Pending, in_batches, recognised, relate_again
from audit.intake.stored_facts import as_stored, make_room
from audit.readers.export import inspect
from audit.readers.reader import literal
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

    def __init__(self, name: str, message: str) -> None:
        """Say what is wrong with the file `name`."""
        super().__init__(message)
        self.name = name


class ChangedError(Exception):
    """A file was written while it was read, so that what was read may never have been there at one time."""


def stage(warehouse: Warehouse, item: Pending, load_id: int) -> None:
    """Append the records of a file to the table of its reader, readable or not, in file order.

    Raises UnreadableError when the file cannot be read to its end; the transaction is then lost.
    """
    columns = f"{item.file_id} as file_id, checked.*, "
    if item.reader.target == "request_facts":
        key = REQUEST_KEY.format(salt=literal(item.context.salt))
        columns += f"{load_id} as load_id, {literal(item.reader.format)} as source_format, {key} as request_key"
    else:
        columns += "row_number() over () as row_number"
    rows = f"select {columns} from ({checked(item)}) as checked"
    already = -1
    try:
        if item.reader.target == "request_facts":
            make_room(warehouse, rows, _whatever_file(item))
            already = _last_scan(warehouse)
            item.row_count = warehouse.count(
                f"insert into stored_facts by name select {as_stored(warehouse)} from ({rows}) as facts"
            )
        else:
            already = _last_scan(warehouse)
            item.row_count = warehouse.count(f"insert into billed_costs by name {rows}")
    except duckdb.Error as error:
        # The bare class is what Python raised while DuckDB read through it: an object that cannot be had further.
        if not isinstance(error, UNREADABLE) and type(error) is not duckdb.Error:
            raise
        raise UnreadableError(item.export.name, first_line(error)) from None
    if item.source.container == "csv":
        if (problem := _open_quote(warehouse, already)) is not None:
            raise UnreadableError(item.export.name, problem)
        item.unparsed_count = _keep_unparsed(warehouse, item.file_id, already)


def stage_batch(warehouse: Warehouse, batch: Sequence[Pending], load_id: int) -> None:
    """Append the records of gathered files to `request_facts`, those of the first file first.

    Raises UnreadableError where they cannot be told apart again.
    """
    import polars as pl

    first = batch[0]
    salt = literal(first.context.salt)
    try:
        warehouse.execute(
            f"""
            create or replace temp table gathered_rows as
            select {load_id} as load_id, {literal(first.reader.format)} as source_format,
                checked.*, {REQUEST_KEY.format(salt=salt)} as request_key
            from ({checked(first)}) as checked
            """
        )
    except UNREADABLE as error:
        raise UnreadableError(first.export.name, first_line(error)) from error
    if warehouse.count("select count(*) from gathered_rows") != sum(item.row_count for item in batch):
        raise UnreadableError(first.export.name, "the records of small files cannot be told apart")
    ends = list(accumulate(item.row_count for item in batch))
    starts = [
        {"file_id": item.file_id, "start": end - item.row_count}
        for item, end in zip(batch, ends, strict=True)
        if item.row_count
    ]
    warehouse.temporary("gathered_files", pl.DataFrame(starts))
    rows = """
        select placed.*, gathered_files.file_id
        from (
            select gathered_rows.*, rowid - (select min(rowid) from gathered_rows) as place from gathered_rows
        ) as placed
        asof join gathered_files on placed.place >= gathered_files.start
        """
    make_room(warehouse, rows)
    warehouse.execute(
        f"insert into stored_facts by name select {as_stored(warehouse)} from ({rows}) as facts order by place"
    )
    warehouse.execute("drop table gathered_rows")


def checked(item: Pending) -> str:
    """The query that reads, types and judges the records of a file.

    It holds the relations it reads, where views of them would have to be planned once more each.
    """
    name = item.reader.relation_name
    judged = sql.find("checked_requests" if item.reader.target == "request_facts" else "checked_costs").select
    return f"""
        with "raw_{name}" as not materialized ({item.relation}),
        staged as not materialized ({sql.find(f"stg_{name}").select})
        select * from ({judged}) as judged
        """


def _whatever_file(item: Pending) -> str | None:
    """The query that reads a file, without file and salt; None where the file tells the planner about its columns."""
    if item.source.container not in ("csv", "jsonl"):
        return None
    query = item.reader.format + item.relation
    return query.replace(literal(str(item.source.path)), "").replace(literal(item.context.salt), "")


def readable(warehouse: Warehouse, pending: Sequence[Pending], spool: Path) -> tuple[list[Pending], list[str]]:
    """Read every file to its end without keeping anything: those that can be, and a message for each that cannot."""
    good: list[Pending] = []
    refused: list[str] = []
    for batch in in_batches(pending):
        if batch[0].gathered is not None and _whole_batch(warehouse, batch):
            good += batch
            continue
        for item in batch:
            if item.gathered is not None:
                export = inspect(item.export.name, item.export.path)
                item = recognised(export, spool, item.context, item.reader.format, item.map_file)
            while (problem := _dry_read(warehouse, item)) is not None:
                longer = item.context.max_object_bytes * 8
                if "maximum_object_size" not in problem or longer > LONGEST_RECORD:
                    refused.append(
                        f"{item.export.name}: cannot be read to its end ({problem}); nothing of it was loaded"
                    )
                    break
                item.context = replace(item.context, max_object_bytes=longer)
                relate_again(item)
            else:
                good.append(item)
    return good, refused


def _whole_batch(warehouse: Warehouse, batch: Sequence[Pending]) -> bool:
    if _dry_read(warehouse, batch[0]) is not None:
        return False
    return warehouse.count(f"select count(*) from ({checked(batch[0])})") == sum(item.row_count for item in batch)


def _dry_read(warehouse: Warehouse, item: Pending) -> str | None:
    already = _last_scan(warehouse)
    try:
        # Every column of every row, as when it is loaded: what raises then must raise here.
        warehouse.execute(f"select sum(hash(checked)) from ({checked(item)}) as checked")
    except duckdb.Error as error:
        said = first_line(error)
        return "its line endings are mixed; save it again with one kind" if "invalid state" in said else said
    return _open_quote(warehouse, already) if item.source.container == "csv" else None


def _open_quote(warehouse: Warehouse, after: int) -> str | None:
    """What to say of a quote that opens and never closes: the rest of the file is then one record, and lost."""
    rows = warehouse.rows(
        "select min(line) from reject_errors "
        "where scan_id > ? and error_type = 'UNQUOTED VALUE' and contains(csv_line, chr(10)) having count(*) > 0",
        [after],
    )
    return f"the quote that opens in line {rows[0][0]} is never closed; close it, or double it" if rows else None


def _last_scan(warehouse: Warehouse) -> int:
    if not warehouse.rows("select 1 from duckdb_tables() where table_name = 'reject_scans'"):
        return -1
    return warehouse.count("select coalesce(max(scan_id), -1) from reject_scans")


def _keep_unparsed(warehouse: Warehouse, file_id: int, after: int) -> int:
    """Note the places of what the scans after scan `after` could not split, and how many there are.

    A line can have several errors.
    """
    warehouse.execute(
        "create temp table if not exists unparsed_places "
        "(file_id integer, place bigint, reason varchar, position bigint)"
    )
    return warehouse.count(
        """
        insert into unparsed_places
        select ?, min(line_byte_position) - 1,
            lower(min(error_type::varchar)) || ': ' || split_part(min(error_message), chr(10), 1),
            row_number() over (order by min(line_byte_position))
        from reject_errors where scan_id > ?
        group by line
        order by 4
        """,
        [file_id, after],
    )
