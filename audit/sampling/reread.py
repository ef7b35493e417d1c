"""Records of an export read again by number, and staged as they were when they were loaded.

A file is read once, forwards; what is wanted of it lies in memory and in a small file of the same kind, a page at a
time. That file is staged by the reader's own SQL with the database's salt, so that a record shows the same facts as at
its load, or others where it is no longer the same record.
"""

import codecs
import csv
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import cast

import duckdb

from audit.intake.duplicates import REQUEST_KEY
from audit.intake.recognising import Pending
from audit.intake.records import counts_per_line, csv_records_of, lines_of
from audit.intake.staging import UNREADABLE, checked
from audit.readers.export import Export, parts_of
from audit.readers.locations import Location
from audit.readers.reader import TEXT, Context, Reader, literal, rows, unroll_page
from audit.readers.registry import seen_by
from audit.readers.sniff import Record
from audit.warehouse import Warehouse

MOST_RECORDS = 1_000
MOST_BYTES = 1 << 25
"""Records, and bytes of them, that are staged at a time."""
MOST_ROWS = 200
"""Rows of a Parquet file, whose length is not known before they are read."""
IDENTITY = ("request_key", "prompt_hash", "template_hash", "message_count")
"""What has to be as it was loaded: id, time, models and tokens by the key; the text by its hashes."""

Facts = tuple[object, ...]
"""The columns of IDENTITY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A line, a row or a part of a document: one record, or several."""

    first: int
    """Number of its first record."""
    count: int
    raw: bytes = b""
    """Its text; a row of a Parquet file has none."""
    row: int = 0
    """Number of its row, from 0, in a Parquet file."""


class Source:
    """One export that was loaded, with the reader that loaded it."""

    def __init__(self, warehouse: Warehouse, reader: Reader, export: Export, spool: Path) -> None:
        self.warehouse, self.reader, self.export, self.spool = warehouse, reader, export, spool
        self.seen = seen_by(reader, export)
        self.extract = self.seen.path
        self.context = Context(salt=warehouse.setting("salt") or "")

    def pages(self, numbers: Sequence[int]) -> Iterator[list[Unit]]:
        """The units that hold the records `numbers`, in order, in pages that fit into memory."""
        page: list[Unit] = []
        size = 0
        most = MOST_RECORDS if self.export.container != "parquet" else MOST_ROWS
        units = _chosen(self._units(), numbers)
        for unit in units if self.export.container != "parquet" else self._extracted(list(units)):
            page.append(unit)
            size += len(unit.raw)
            if len(page) >= most or size >= MOST_BYTES:
                yield page
                page, size = [], 0
        if page:
            yield page

    def small_copy(self, units: Sequence[Unit]) -> Export:
        """A file of the same kind that holds these units alone, described as the whole file is."""
        kind = self.seen.container
        with tempfile.NamedTemporaryFile("wb", dir=self.spool, suffix=f".{kind}", delete=False) as copy:
            if kind == "csv":
                copy.write(_header(self.seen))
            copy.writelines(unit.raw.rstrip(b"\r\n") + b"\n" for unit in units if kind != "parquet")
        path = Path(copy.name)
        if kind == "parquet":
            self._copy_rows(self.extract, [unit.row for unit in units], path)
        return replace(self.seen, path=path, compression="none", size=path.stat().st_size)

    def staged(
        self, small: Export, units: Sequence[Unit], siblings: tuple[Export, ...] = ()
    ) -> dict[int, Facts] | None:
        """Number of a record -> its facts as they would be loaded now, without those that would be rejected.

        None where the small file does not hold one row for each record of its units.
        """
        longest = max(len(unit.raw) for unit in units)
        context = replace(
            self.context, max_object_bytes=max(self.context.max_object_bytes, 2 * longest), siblings=siblings
        )
        item = Pending(export=small, reader=self.reader, source=small, relation="", context=context)
        item.relation = self.reader.relation(small, context)
        key = REQUEST_KEY.format(salt=literal(self.context.salt))
        try:
            found = self.warehouse.rows(
                f"select reject_reason is null, {', '.join(IDENTITY)} from (select checked.*, {key} as request_key "
                f"from ({checked(item)}) as checked)"
            )
        except (*UNREADABLE, duckdb.BinderException):
            return None
        numbers = [unit.first + index for unit in units for index in range(unit.count)]
        if len(found) != len(numbers):
            return None
        return {number: facts[1:] for number, facts in zip(numbers, found, strict=True) if facts[0]}

    def records(self, small: Export, units: Sequence[Unit]) -> dict[int, Record]:
        """Number of a record -> the record itself: an object, or a row whose columns are text."""
        if small.container == "jsonl":
            values = [object_in(unit.raw) for unit in units]
        else:
            names = [name for name in small.fields if name not in small.partitions]
            table = rows(small, dict.fromkeys(names, TEXT), self.context)
            values = [dict(zip(names, row, strict=True)) for row in self.warehouse.rows(f"select * from {table}")]
        found: dict[int, Record] = {}
        for unit, value in zip(units, values, strict=False):
            parts = [value] if self.reader.split is None else self.reader.split(value or {})
            if len(parts) == unit.count:
                found |= {unit.first + index: {**small.partitions, **part} for index, part in enumerate(parts) if part}
        return found

    def _extracted(self, units: Sequence[Unit]) -> Iterator[Unit]:
        """The same units, by their rows in a file of them alone: the whole one is read once."""
        if units:
            path = Path(tempfile.mkdtemp(dir=self.spool)) / "rows.parquet"
            self._copy_rows(self.extract, [unit.row for unit in units], path)
            self.extract = path
        return (replace(unit, row=row) for row, unit in enumerate(units))

    def _copy_rows(self, source: Location, numbers: Sequence[int], target: Path) -> None:
        wanted = ", ".join(map(str, numbers))
        self.warehouse.execute(
            f"copy (select * exclude (file_row_number) from read_parquet({literal(str(source))}, "
            f"hive_partitioning = false, file_row_number = true) where file_row_number in ({wanted}) "
            f"order by file_row_number) to {literal(str(target))} (format parquet)"
        )

    def _units(self) -> Iterator[Unit]:
        if self.export.container == "json":
            yield from self._of_document()
            return
        counting = self.reader.records_per_line
        counts = counts_per_line(self.warehouse, None if counting is None else counting(self.export, self.context))
        if self.export.container == "jsonl":
            before = 0
            for place in lines_of(self.export, counts):
                raw = place.raw if before else place.raw.removeprefix(codecs.BOM_UTF8)
                yield Unit(first=before + 1, count=place.last - before, raw=raw)
                before = place.last
            return
        if self.export.container == "csv":
            texts: Iterator[bytes] = (place.raw for place in csv_records_of(self.export))
        else:
            path = literal(str(self.export.path))
            texts = repeat(b"", self.warehouse.count(f"select count(*) from read_parquet({path})"))
        number = 1
        for row, (raw, count) in enumerate(zip(texts, repeat(1) if counts is None else counts, strict=False)):
            yield Unit(first=number, count=count, raw=raw, row=row)
            number += count

    def _of_document(self) -> Iterator[Unit]:
        split, number = self.reader.split, 1
        for part in parts_of(self.export):
            for value in (self.reader.unroll or unroll_page)(part):
                count = len(split(cast("Record", value))) if split and isinstance(value, dict) else 1
                yield Unit(first=number, count=count, raw=json.dumps(value).encode())
                number += count


def _chosen(units: Iterator[Unit], numbers: Sequence[int]) -> Iterator[Unit]:
    position = 0
    for unit in units:
        after = unit.first + unit.count
        if position < len(numbers) and numbers[position] < after:
            yield unit
        while position < len(numbers) and numbers[position] < after:
            position += 1
        if position == len(numbers):
            return


def _header(seen: Export) -> bytes:
    line = io.StringIO()
    columns = [name for name in seen.fields if name not in seen.partitions]
    csv.writer(line, delimiter=seen.delimiter, lineterminator="\n").writerow(columns)
    return line.getvalue().encode()


def object_in(raw: bytes) -> Record | None:
    """The JSON object in a line, None where it holds none."""
    try:
        value: object = json.loads(raw, object_pairs_hook=_first_wins)
    except (ValueError, RecursionError):
        return None
    return cast("Record", value) if isinstance(value, dict) else None


def _first_wins(pairs: list[tuple[str, object]]) -> Record:
    """An object whose repeated keys have their first value, as in DuckDB, which hashed the text."""
    found: Record = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found
