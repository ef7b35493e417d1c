"""Records that cannot be loaded: where they stand in their file, why, and their text read again on request.

DuckDB gives one row per non-blank line, in file order, but never says which lines it could not read. So the place of
a reject is found by one pass over the file, made only when there are any; `bytes.strip` has DuckDB's idea of blank.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO

from audit.errors import InputError
from audit.readers.addresses import TABLES, scheme_of
from audit.readers.export import Export, find_again, inspect, open_bytes
from audit.warehouse import Warehouse

UNREADABLE = "not a readable record of this format"
"""The reason `checked_requests.sql` gives; the pass over the file knows better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One record that was read and cannot be loaded."""

    record_number: int
    byte_offset: int | None
    byte_length: int | None
    reason: str
    raw_text: str | None


def locate_lines(export: Export, reasons: Mapping[int, str], keep_raw: bool) -> Iterator[Reject]:
    """The rejects of a file of JSON lines; `reasons` maps the ordinal of a non-blank line to what is wrong with it."""
    record, offset, last = 0, 0, max(reasons)
    with open_bytes(export.path, export.compression) as lines:
        for raw in lines:
            if raw.strip():
                record += 1
                if record in reasons:
                    yield Reject(
                        record_number=record,
                        byte_offset=offset,
                        byte_length=len(raw),
                        reason=why(raw) if reasons[record] == UNREADABLE else reasons[record],
                        raw_text=_text(raw) if keep_raw else None,
                    )
                    if record == last:
                        return
            offset += len(raw)


def without_place(reasons: Mapping[int, str]) -> Iterator[Reject]:
    """The rejects of a file that has no lines of its own to point at."""
    for record, reason in reasons.items():
        yield Reject(record_number=record, byte_offset=None, byte_length=None, reason=reason, raw_text=None)


def why(raw: bytes) -> str:
    """What is wrong with a line that DuckDB could not read as a record.

    >>> why(b"[1, 2]")
    'not a JSON object but an array'
    """
    try:
        value: object = json.loads(raw.strip())
    except UnicodeDecodeError as error:
        return f"not UTF-8 ({error.reason} at byte {error.start} of the line)"
    except ValueError as error:
        return f"not JSON: {error}"
    if isinstance(value, dict):
        return UNREADABLE
    names = {"list": "an array", "str": "a text", "bool": "true or false", "NoneType": "null"}
    return f"not a JSON object but {names.get(type(value).__name__, 'a number')}"


def locate_rows(
    export: Export, reasons: Mapping[int, str], unparsed: Mapping[int, str], row_count: int, keep_raw: bool
) -> tuple[list[Reject], list[tuple[int, int]]]:
    """The rejects of a CSV file, and (record number, number of the next row) of every record that became no row.

    `reasons` maps the number of a row that DuckDB gave to what is wrong with it, `unparsed` the place in bytes of a
    record that it could not split into columns. Where Python splits the file into other records than DuckDB did, the
    numbers are those of the rows, unparsed records come after them, and nothing has a place.
    """
    starts = sorted(unparsed)
    rejects: list[Reject] = []
    skipped: list[tuple[int, int]] = []
    row = 0
    for record, (offset, raw) in enumerate(_csv_records(export), 1):
        # DuckDB points at the blank lines before a record, or at the end of the line before, never behind its own.
        if len(skipped) < len(starts) and starts[len(skipped)] < offset + len(raw.rstrip(b"\r\n")):
            reason = unparsed[starts[len(skipped)]]
            skipped.append((record, row + 1))
        else:
            row += 1
            reason = reasons.get(row)
        if reason is not None:
            rejects.append(
                Reject(
                    record_number=record,
                    byte_offset=offset,
                    byte_length=len(raw),
                    reason=reason,
                    raw_text=_text(raw) if keep_raw else None,
                )
            )
    if (row, len(skipped)) == (row_count, len(unparsed)):
        return rejects, skipped
    numbered = {row_count + place: unparsed[start] for place, start in enumerate(starts, 1)}
    return list(without_place(dict(sorted(reasons.items())) | numbered)), []


def _csv_records(export: Export) -> Iterator[tuple[int, bytes]]:
    """Place and bytes of every record after the header; a blank line is none. Ends early where Python gives up."""
    taken: list[bytes] = []

    def lines(stream: BinaryIO) -> Iterator[str]:
        for raw in stream:
            taken.append(raw)
            # One character per byte; a stray carriage return inside a line would end Python's reading.
            yield raw.decode("latin-1").rstrip("\r\n").replace("\r", " ") + "\n"

    offset, is_header = 0, True
    with open_bytes(export.path, export.compression) as stream, suppress(csv.Error):
        for fields in csv.reader(lines(stream), delimiter=export.delimiter):
            raw = b"".join(taken)
            taken.clear()
            if fields and not is_header:
                yield offset, raw
            is_header = is_header and not fields
            offset += len(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedReject:
    """A reject as `audit rejects` lists it."""

    path: str
    record_number: int
    reason: str
    text: str | None
    """Read again from the source, or None with `unavailable` saying why."""
    unavailable: str | None


def listed(warehouse: Warehouse) -> list[ListedReject]:
    """Every reject in the database, with its text read again from the export it came from."""
    rows = warehouse.rows(
        """
        select file_id, path, file_size, record_number, reason, raw_text, byte_offset, byte_length
        from rejects inner join files using (file_id)
        order by file_id, record_number
        """
    )
    found: list[ListedReject] = []
    for (_, path, size), group in groupby(rows, key=lambda row: row[:3]):
        rejects = list(group)
        places = [(int(str(row[6])), int(str(row[7]))) for row in rejects if row[5] is None and row[6] is not None]
        texts = _read_again(str(path), int(str(size)), places)
        for _, _, _, number, reason, kept, offset, _ in rejects:
            unavailable = None
            if kept is None and offset is None:
                unavailable = "this kind of file has no place to point at"
            elif kept is None and isinstance(texts, str):
                unavailable = texts
            text = str(kept) if kept is not None else None if isinstance(texts, str) else texts.get(offset)
            found.append(
                ListedReject(
                    path=str(path),
                    record_number=int(str(number)),
                    reason=str(reason),
                    text=text,
                    unavailable=unavailable,
                )
            )
    return found


def _read_again(path: str, size: int, places: Sequence[tuple[int, int]]) -> dict[object, str] | str:
    """Text by offset, in one pass over the export; or why it cannot be read again."""
    if scheme_of(path) in TABLES:
        return "rows of a table are not read again; `audit load --keep-raw` keeps the text of rejects"
    try:
        export = inspect(path, find_again(path))
        if export.size != size:
            return "the export has changed since it was loaded"
        return _texts_at(export, places)
    except (InputError, OSError):
        return "the export is no longer there" + (" or cannot be reached" if scheme_of(path) else "")


def _texts_at(export: Export, places: Sequence[tuple[int, int]]) -> dict[object, str]:
    texts: dict[object, str] = {}
    with open_bytes(export.path, export.compression) as stream:
        reached = 0
        for offset, length in places:
            # A packed file can only be read forwards.
            while reached < offset:
                reached += len(stream.read(min(offset - reached, 1 << 20))) or offset
            raw = stream.read(length)
            reached += len(raw)
            texts[offset] = _text(raw)
    return texts


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").rstrip("\r\n")
