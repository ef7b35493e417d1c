"""The rejects in a database, each with its text read again from the export it came from.

Records that are no model calls by nature are listed like the others; `folded` counts them, for the terminal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import cast

from audit.errors import InputError
from audit.intake.locate import text_of
from audit.intake.records import PAGE, Place, counts_per_line, csv_records_of, lines_of, parts_as_records
from audit.readers.addresses import TABLES, scheme_of
from audit.readers.export import inspect
from audit.readers.finding import find_again
from audit.readers.locations import attach
from audit.readers.reader import Context
from audit.readers.registry import READERS
from audit.warehouse import Warehouse

GONE = "the export is no longer there"
NO_PLACE = "this kind of file has no place to point at"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedReject:
    """A reject as `audit rejects` lists it."""

    path: str
    record_number: int
    line_number: int | None
    """The line of the file in which the record begins, where the file has lines and was read again."""
    reason: str
    text: str | None
    """Read again from the source, or None with `unavailable` saying why."""
    unavailable: str | None


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that was loaded, as the database remembers it."""

    path: str
    size: int
    container: str
    source_format: str
    read_count: int


def listed(warehouse: Warehouse, *, with_others: bool = True) -> Iterator[ListedReject]:
    """Every reject in the order of files and records, a page in memory at a time.

    `with_others` says whether records that are no model calls by nature are listed too.
    """
    others = NOT_CALLS if with_others else ""
    warehouse.execute(LISTED.format(others=others))
    files = {
        int(str(row[0])): _Source(str(row[1]), int(str(row[2])), str(row[3]), str(row[4]), int(str(row[5])))
        for row in warehouse.rows("select file_id, path, file_size, container, source_format, read_count from files")
    }
    for file_id, rows in groupby(_pages(warehouse), key=lambda row: row[0]):
        source, texts = files[file_id], None
        place: Place | None = None
        for _, number, reason, kept in rows:
            text, unavailable, line = kept, None, None
            if kept is None:
                texts = _texts(warehouse, source) if texts is None else texts
                if isinstance(texts, str):
                    unavailable = texts
                else:
                    while place is None or place.last < number:
                        place = next(texts, None)
                        if place is None:
                            break
                    text = None if place is None else text_of(place.raw)
                    line = None if place is None else place.line or None
                    unavailable = NO_PLACE if place is None else None
            yield ListedReject(
                path=source.path,
                record_number=number,
                line_number=line,
                reason=reason,
                text=text,
                unavailable=unavailable,
            )


def counted(warehouse: Warehouse) -> int:
    """How many rejects need somebody's attention."""
    return warehouse.count("select count(*) from rejects")


def folded(warehouse: Warehouse) -> list[tuple[str, int, str]]:
    """(file, records, reason) of the records that are no model calls by nature."""
    return [
        (str(path), int(str(count)), str(reason))
        for path, count, reason, _ in warehouse.rows(
            """
            select any_value(path), count(*), reject_reason, file_id
            from rejected_records inner join files using (file_id)
            where not_call_count > 0 and is_expected
            group by file_id, reject_reason
            union all
            select path, record_count, reason, file_id from not_calls inner join files using (file_id)
            order by 4, 2 desc, 3
            """
        )
    ]


NOT_CALLS = """
    union all
    select found.file_id, found.row_number + coalesce(skipped.record_count, 0), found.reject_reason
    from rejected_records as found
    inner join files using (file_id)
    asof left join (
        select file_id, row_number, sum(count(*)) over (partition by file_id order by row_number) as record_count
        from unparsed_records group by file_id, row_number
    ) as skipped on found.file_id = skipped.file_id and found.row_number >= skipped.row_number
    where files.not_call_count > 0 and found.is_expected
"""
LISTED = """
create or replace temp table listed_rejects as
with found as (
    select file_id, record_number, reason from rejects{others}
)
select file_id, record_number, reason, row_number() over (order by file_id, record_number) as position
from found
order by position
"""


def _pages(warehouse: Warehouse) -> Iterator[tuple[int, int, str, str | None]]:
    position = 0
    while rows := warehouse.rows(
        """
        select listed.file_id, listed.record_number, listed.reason, rejects.raw_text
        from listed_rejects as listed
        left join rejects on listed.file_id = rejects.file_id and listed.record_number = rejects.record_number
        where listed.position > ? and listed.position <= ?
        order by listed.position
        """,
        [position, position + PAGE],
    ):
        for file_id, number, reason, kept in rows:
            yield int(str(file_id)), int(str(number)), str(reason), cast("str | None", kept)
        position += PAGE


def _texts(warehouse: Warehouse, source: _Source) -> Iterator[Place] | str:
    """The records of an export, in one pass; or why it cannot be read again."""
    if scheme_of(source.path) in TABLES:
        return "rows of a table are not read again; `audit load --keep-raw` keeps the text of rejects"
    if source.container == "parquet":
        return NO_PLACE
    try:
        place = find_again(source.path)
        if isinstance(place, Path) and not place.is_file():
            return GONE
        attach(warehouse.con, [place])
    except InputError:
        return f"{GONE} or cannot be reached"
    try:
        export = inspect(source.path, place)
    except InputError:
        export = None
    if export is None or (export.size, export.container) != (source.size, source.container):
        return "the export has changed since it was loaded"
    reader = next((each for each in READERS if each.format == source.source_format), None)
    if source.container == "jsonl":
        counting = reader.records_per_line if reader is not None else None
        text = counting(export, Context(salt="")) if counting is not None else None
        return lines_of(export, counts_per_line(warehouse, text))
    if source.container == "csv" and sum(1 for _ in csv_records_of(export)) == source.read_count:
        return csv_records_of(export)
    if source.container == "json":
        return parts_as_records(export, reader)
    return NO_PLACE
