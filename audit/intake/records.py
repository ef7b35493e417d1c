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
from audit.readers.reader import Reader, unroll_page


@dataclass(frozen=True, slots=True)
class Place:
    """Where records stand in a file."""

    last: int
    """Number of the last record that stands here; that of the first is one more than the last of the place before."""
    offset: int
    raw: bytes


def lines_of(export: Export, per_line: Iterable[int] | None = None) -> Iterator[Place]:
    """Every non-blank line of a file of JSON lines.

    `per_line` says how many records each of them holds, where a format has several in one.
    """
    record, offset = 0, 0
    counts = repeat(1) if per_line is None else iter(per_line)
    with open_bytes(export.path, export.compression) as lines:
        for raw in lines:
            if raw.strip():
                record += next(counts)
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
