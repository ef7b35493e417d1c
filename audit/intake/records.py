"""The records of a file one after another, as DuckDB numbers them: what its rows are led back to.

DuckDB gives one row per non-blank line, in file order; `bytes.strip` has its idea of blank. Nothing is kept: a file is
read once, forwards, whatever its size.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from typing import BinaryIO

from audit.readers.export import Export, open_bytes, parts_of
from audit.readers.reader import Context, Reader, unroll_page
from audit.warehouse import Warehouse

PAGE = 20_000
"""Rows that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where records stand in a file."""

    last: int
    """Number of the last record that stands here; that of the first is one more than the last of the place before."""
    offset: int
    raw: bytes


def lines_of(export: Export, per_line: Iterable[int] | None = None) -> Iterator[Place]:
    """Every non-blank line of a file of JSON lines.

    `per_line` says how many records each of them holds, where it is not one.
    """
    record, offset = 0, 0
    counts = repeat(1) if per_line is None else iter(per_line)
    with open_bytes(export.path, export.compression) as lines:
        for raw in lines:
            if raw.strip():
                record += next(counts, 0)
                yield Place(record, offset, raw)
            offset += len(raw)


def csv_records_of(export: Export) -> Iterator[Place]:
    """Every record of a CSV file after its header; a blank line is none. Ends early where Python gives up."""
    taken: list[bytes] = []

    def lines(stream: BinaryIO) -> Iterator[str]:
        for raw in stream:
            taken.append(raw)
            # One character per byte; a stray carriage return inside a line would end Python's reading.
            yield raw.decode("latin-1").rstrip("\r\n").replace("\r", " ") + "\n"

    record, offset, is_header = 0, 0, True
    with open_bytes(export.path, export.compression) as stream, suppress(csv.Error):
        for fields in csv.reader(lines(stream), delimiter=export.delimiter):
            raw = b"".join(taken)
            taken.clear()
            if fields and not is_header:
                record += 1
                yield Place(record, offset, raw)
            is_header = is_header and not fields
            offset += len(raw)


def parts_as_records(export: Export, reader: Reader | None) -> Iterator[Place]:
    """Every record of a JSON document, written out as its reader unrolls it; none has a place in bytes."""
    unroll = unroll_page if reader is None or reader.unroll is None else reader.unroll
    record = 0
    for part in parts_of(export):
        for value in unroll(part):
            record += 1
            yield Place(record, 0, json.dumps(value).encode())


def counts_per_line(
    warehouse: Warehouse, reader: Reader | None, source: Export, context: Context
) -> Iterator[int] | None:
    """How many records each line holds, a page in memory at a time; None where each is one."""
    if reader is None or reader.records_per_line is None:
        return None
    counted = reader.records_per_line(source, context)
    warehouse.execute(
        "create or replace temp table records_of_lines as "
        f"select row_number() over () as position, counted.records from ({counted}) as counted(records)"
    )
    return _pages_of_counts(warehouse)


def _pages_of_counts(warehouse: Warehouse) -> Iterator[int]:
    position = 0
    while rows := warehouse.rows(
        "select records from records_of_lines where position > ? and position <= ? order by position",
        [position, position + PAGE],
    ):
        yield from (int(str(count)) for (count,) in rows)
        position += PAGE
