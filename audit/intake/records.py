"""The records of a file one after another, as DuckDB numbers them: what its rows are led back to.

DuckDB gives one row per non-blank line, in file order; `bytes.strip` has its idea of blank. Nothing is kept: a file is
read once, forwards, whatever its size.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, repeat
from typing import BinaryIO, NamedTuple

from audit.readers.export import Export, open_bytes, parts_of
from audit.readers.reader import Reader, unroll_page
from audit.warehouse import Warehouse

PAGE = 20_000
"""Rows that are in memory at a time."""
BLOCK = 1 << 16
"""Bytes that are passed over at once where nobody asks for a record of theirs: counting their line ends takes a
quarter of the time that a look at each takes."""

PassedOver = Callable[[int, int], bool]
"""Whether nobody asks for the next records, up to the one of this number, which ends at this byte."""


class Place(NamedTuple):
    """Where records stand in a file."""

    last: int
    """Number of the last record that stands here; that of the first is one more than the last of the place before."""
    line: int
    """Number of the line it begins in, from 1 and blank ones included; 0 where there are no lines."""
    offset: int
    raw: bytes
    """Empty for records that are passed over."""


def lines_of(
    export: Export, per_line: Iterable[int] | None = None, is_passed_over: PassedOver | None = None
) -> Iterator[Place]:
    """Every non-blank line of a file of JSON lines.

    `per_line` says how many records each of them holds, where it is not one. Records that are passed over are one
    place.
    """
    record, line, offset = 0, 1, 0
    counts = repeat(1) if per_line is None else iter(per_line)
    with open_bytes(export.path, export.compression) as stream:
        for block in _blocks(stream):
            count = _line_count(block)
            if (
                is_passed_over is not None
                and per_line is None
                and block[:1] == b"{"
                and block.count(b"\n{") == count - 1  # no line of the block is blank
                and is_passed_over(record + count, offset + len(block))
            ):
                record += count
                yield Place(record, line, offset, b"")
                line, offset = line + count, offset + len(block)
                continue
            for raw in io.BytesIO(block):
                if raw.strip():
                    record += next(counts, 0)
                    yield Place(record, line, offset, raw)
                line, offset = line + 1, offset + len(raw)


def csv_records_of(export: Export, is_passed_over: PassedOver | None = None) -> Iterator[Place]:
    """Every record of a CSV file after its header; a blank line is none. Ends early where Python gives up.

    Records that are passed over are one place.
    """
    record, line, offset, is_header = 0, 1, 0, True
    with open_bytes(export.path, export.compression) as stream, suppress(csv.Error):
        for block in _blocks(stream):
            count = _line_count(block)
            if (
                is_passed_over is not None
                and not is_header
                and b'"' not in block
                and not _has_blank_line(block)
                and is_passed_over(record + count, offset + len(block.rstrip(b"\r\n")))
            ):
                record += count
                yield Place(record, line, offset, b"")
                line, offset = line + count, offset + len(block)
                continue
            lines = io.BytesIO(block)
            rest = chain(lines, stream)
            for first in lines:
                # most lines quote nothing, so that they are records as they are
                raw = first if b'"' not in first else _quoted_record(first, rest, export.delimiter)
                if raw.rstrip(b"\r\n"):
                    if not is_header:
                        record += 1
                        yield Place(record, line, offset, raw)
                    is_header = False
                line += raw.count(b"\n")
                offset += len(raw)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The file in blocks of whole lines."""
    while block := stream.read(BLOCK) + stream.readline():
        yield block


def _has_blank_line(block: bytes) -> bool:
    return block[:1] in (b"\n", b"\r") or b"\n\n" in block or (b"\r" in block and b"\n\r" in block)


def _line_count(block: bytes) -> int:
    return block.count(b"\n") + (not block.endswith(b"\n"))


def _quoted_record(first: bytes, rest: Iterable[bytes], delimiter: str) -> bytes:
    """The record that begins with the line `first`, with the lines that its quotes take in."""
    taken: list[bytes] = []

    def lines() -> Iterator[str]:
        for raw in chain([first], rest):
            taken.append(raw)
            # One character per byte; a stray carriage return inside a line would end Python's reading.
            yield raw.decode("latin-1").rstrip("\r\n").replace("\r", " ") + "\n"

    next(csv.reader(lines(), delimiter=delimiter))
    return b"".join(taken)


def parts_as_records(export: Export, reader: Reader | None) -> Iterator[Place]:
    """Every record of a JSON document, written out as its reader unrolls it; none has a place in bytes."""
    unroll = unroll_page if reader is None or reader.unroll is None else reader.unroll
    record = 0
    for part in parts_of(export):
        for value in unroll(part):
            record += 1
            yield Place(record, 0, 0, json.dumps(value).encode())


def counts_per_line(warehouse: Warehouse, counting: str | None) -> Iterator[int] | None:
    """How many records each line holds, as the SELECT `counting` says, a page in memory at a time.

    None where there is no such SELECT: each line is one record.
    """
    if counting is None:
        return None
    warehouse.execute(
        f"create or replace temp table records_of_lines as select * from ({counting}) as counted(records)"
    )
    return _counts(warehouse)


def _counts(warehouse: Warehouse) -> Iterator[int]:
    """The counts of all lines; only those that are not one come from the database."""
    warehouse.execute(
        """
        create or replace temp table uncommon_lines as
        select rowid - (select min(rowid) from records_of_lines) + 1 as line, records
        from records_of_lines where records <> 1 order by line
        """
    )
    line = position = 0
    while rows := warehouse.rows(
        "select line, records from uncommon_lines "
        "where rowid - (select min(rowid) from uncommon_lines) >= ? order by line limit ?",
        [position, PAGE],
    ):
        for found, records in rows:
            yield from repeat(1, int(str(found)) - line - 1)
            yield int(str(records))
            line = int(str(found))
        position += PAGE
    yield from repeat(1)
