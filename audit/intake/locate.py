"""Rejects of a load on their way into the database: each with its place in its file, found by one pass over it.

DuckDB never says which lines it could not read. So the places are found by going through the file once beside the
numbers of the rejected rows, made only when there are any; both are streams, so that millions need no memory.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.intake.recognising import Pending
from audit.intake.records import PAGE, Place, counts_per_line, csv_records_of, lines_of
from audit.warehouse import Warehouse

UNREADABLE = "not a readable record of this format"
"""The reason `checked_requests.sql` gives; the pass over the file knows better."""
LONGEST_WORD = 8
"""Characters of `false`, or of an escaped one in a text, that stand before the place where a line was cut off."""
MOST_TEXT = 1 << 24
"""Bytes of kept text that are in memory at a time, beyond that of one record."""

Reasons = Iterator[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One record that was read and cannot be loaded."""

    record_number: int
    byte_offset: int | None = None
    byte_length: int | None = None
    reason: str
    raw_text: str | None = None
    next_row: int | None = None
    """For a record that became no row: the number of the row after it."""


class MisalignedError(Exception):
    """Python splits a CSV file into other records than DuckDB did."""


def keep_rejects(warehouse: Warehouse, pending: Sequence[Pending], load_id: int, keep_raw: bool) -> None:
    """Store what the load `load_id` cannot load, with its place, and count it file by file.

    Records that were never meant to be requests stay where they are, with their reason: they can be most of a file.
    """
    warehouse.execute(REJECTED_ROWS, [load_id])
    concerned = {file_id for (file_id,) in warehouse.rows("select distinct file_id from rejected_rows")}
    for item in pending:
        if item.file_id in concerned or item.unparsed_count:
            _keep(warehouse, item, keep_raw)
    count_rejects(warehouse, f"load_id = {load_id}")


REJECTED_ROWS = """
create or replace temp table rejected_rows as
select file_id, row_number as place, reject_reason as reason,
    row_number() over (partition by file_id order by row_number) as position
from rejected_records
where load_id = ? and not is_expected
order by file_id, position
"""


def count_rejects(warehouse: Warehouse, which: str) -> None:
    """Bring the counts of the files that `which` selects in line with their rejects."""
    warehouse.execute(
        f"""
        update files set not_call_count = coalesce(counted.records, 0), rejected_count = coalesce(counted.records, 0)
            + (select count(*) from rejects where rejects.file_id = files.file_id)
        from files as own left join (
            select file_id, count(*) as records from rejected_records
            where is_expected and file_id in (select file_id from files where {which})
            group by file_id
        ) as counted using (file_id)
        where files.file_id = own.file_id and files.{which}
        """
    )


def _keep(warehouse: Warehouse, item: Pending, keep_raw: bool) -> None:
    reasons = _paged(warehouse, "rejected_rows", item.file_id)
    if item.export.container == "csv":
        try:
            _store(warehouse, item.file_id, _rows(warehouse, item, reasons, keep_raw))
        except MisalignedError:
            for table in ("rejects", "unparsed_records"):
                warehouse.execute(f"delete from {table} where file_id = ?", [item.file_id])
            _store(warehouse, item.file_id, _without_place(warehouse, item))
    elif item.export.container == "jsonl":
        counts = counts_per_line(warehouse, item.counting)
        if counts is not None and warehouse.count("select sum(records) from records_of_lines") != item.row_count:
            _store(warehouse, item.file_id, _without_place(warehouse, item))
            return
        _store(warehouse, item.file_id, _lines(item, counts, reasons, keep_raw))
    else:
        _store(warehouse, item.file_id, _without_place(warehouse, item))


def _paged(warehouse: Warehouse, table: str, file_id: int) -> Reasons:
    """(place, reason) of the rows that `table` holds of a file, in order, a page in memory at a time."""
    position = 0
    while rows := warehouse.rows(
        f"select place, reason from {table} where file_id = ? and position > ? and position <= ? order by position",
        [file_id, position, position + PAGE],
    ):
        yield from ((int(str(place)), str(reason)) for place, reason in rows)
        position += PAGE


def _store(warehouse: Warehouse, file_id: int, rejects: Iterator[Reject]) -> None:
    """Insert rejects, a batch in memory at a time."""
    batch: list[Reject] = []
    size = 0
    for reject in rejects:
        batch.append(reject)
        size += len(reject.raw_text or "")
        if len(batch) >= PAGE or size >= MOST_TEXT:
            _insert(warehouse, file_id, batch)
            batch, size = [], 0
    _insert(warehouse, file_id, batch)


def _insert(warehouse: Warehouse, file_id: int, batch: Sequence[Reject]) -> None:
    import polars as pl

    if not batch:
        return
    columns = {
        "record_number": pl.Int64,
        "byte_offset": pl.Int64,
        "byte_length": pl.Int64,
        "reason": pl.String,
        "raw_text": pl.String,
    }
    values = {name: [getattr(reject, name) for reject in batch] for name in columns}
    warehouse.insert("rejects", pl.DataFrame({"file_id": [file_id] * len(batch)} | values, schema_overrides=columns))
    skipped = [reject for reject in batch if reject.next_row is not None]
    if skipped:
        warehouse.insert(
            "unparsed_records",
            pl.DataFrame(
                {
                    "file_id": [file_id] * len(skipped),
                    "record_number": [reject.record_number for reject in skipped],
                    "row_number": [reject.next_row for reject in skipped],
                }
            ),
        )


def _lines(item: Pending, counts: Iterator[int] | None, reasons: Reasons, keep_raw: bool) -> Iterator[Reject]:
    """The rejects of a file of JSON lines, up to the last of `reasons`, which are by number of record."""
    number = 1
    places = lines_of(item.export, counts, lambda last, _: last < number)
    place = next(places, None)
    for number, reason in reasons:
        while place is not None and place.last < number:
            place = next(places, None)
        if place is None:
            return
        yield _reject(number, place, why(place.raw) if reason == UNREADABLE else reason, keep_raw)


def _rows(warehouse: Warehouse, item: Pending, reasons: Reasons, keep_raw: bool) -> Iterator[Reject]:
    """The rejects of a CSV file: rows that cannot be loaded, and records that became no row.

    Raises MisalignedError in the end where the records are not those that DuckDB saw.
    """
    starts = _paged(warehouse, "unparsed_places", item.file_id)
    start, rejected = next(starts, None), next(reasons, None)
    row = skipped = 0

    def is_passed_over(last: int, end: int) -> bool:
        return (start is None or start[0] >= end) and (rejected is None or rejected[0] > last - skipped)

    for place in csv_records_of(item.export, is_passed_over):
        # DuckDB points at the blank lines before a record, or at the end of the line before, never behind its own.
        if start is not None and start[0] < place.offset + len(place.raw.rstrip(b"\r\n")):
            skipped += 1
            taken = place.raw.count(b"\n")
            reason = start[1] if taken < 2 else f"{start[1]} (its quotes take in {taken:,} lines)"
            yield _reject(place.last, place, reason, keep_raw, next_row=row + 1)
            start = next(starts, None)
            continue
        row = place.last - skipped
        if rejected is not None and rejected[0] == row:
            yield _reject(place.last, place, rejected[1], keep_raw)
            rejected = next(reasons, None)
    if (row, skipped) != (item.row_count, item.unparsed_count):
        raise MisalignedError


def _without_place(warehouse: Warehouse, item: Pending) -> Iterator[Reject]:
    """The rejects of a file that has no lines to point at: by number of row, those that became none after them."""
    for number, reason in _paged(warehouse, "rejected_rows", item.file_id):
        yield Reject(record_number=number, reason=reason)
    if item.unparsed_count:
        for number, (_, reason) in enumerate(_paged(warehouse, "unparsed_places", item.file_id), item.row_count + 1):
            yield Reject(record_number=number, reason=reason)


def _reject(number: int, place: Place, reason: str, keep_raw: bool, next_row: int | None = None) -> Reject:
    return Reject(
        record_number=number,
        byte_offset=place.offset,
        byte_length=len(place.raw),
        reason=reason,
        raw_text=text_of(place.raw) if keep_raw else None,
        next_row=next_row,
    )


def text_of(raw: bytes) -> str:
    """A line as it is shown: what is no UTF-8 is replaced."""
    return raw.decode("utf-8", "replace").rstrip("\r\n")


def why(raw: bytes) -> str:
    """What is wrong with a line that DuckDB could not read as a record.

    >>> why(b"[1, 2]")
    'not a JSON object but an array'
    """
    try:
        value: object = json.loads(raw.strip())
    except RecursionError:
        return "nested too deeply to be read"
    except ValueError as error:
        if not raw.endswith(b"\n") and _ends_early(error):
            return f"cut off: the file ends inside this record ({error}); load the file again when it is whole"
        if isinstance(error, UnicodeDecodeError):
            return f"not UTF-8 ({error.reason} at byte {error.start} of the line)"
        return f"not JSON: {error}"
    if isinstance(value, dict):
        return UNREADABLE
    names = {"list": "an array", "str": "a text", "bool": "true or false", "NoneType": "null"}
    return f"not a JSON object but {names.get(type(value).__name__, 'a number')}"


def _ends_early(error: ValueError) -> bool:
    """Whether text is no JSON because its end is missing, which is inside a text, a number or a word, or behind one."""
    if isinstance(error, UnicodeDecodeError):
        return error.reason == "unexpected end of data"
    return isinstance(error, json.JSONDecodeError) and (
        error.msg.startswith("Unterminated string") or len(error.doc) - error.pos < LONGEST_WORD
    )
