"""The rejected rows of one file, looked at again: which can be loaded now, and what the database keeps of it.

Runs inside the transaction of a retry, whose rows are numbered from elsewhere until it is committed (`OPEN`); but for
`supersede`, which comes after it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from audit.counting import number_of
from audit.intake.buckets import OWNED
from audit.intake.duplicates import REQUEST_KEY, recount, set_aside, set_aside_again
from audit.intake.load_checks import forget
from audit.intake.load_report import NOT_A_CALL
from audit.intake.locate import count_rejects
from audit.intake.staging import Pending, checked
from audit.intake.stored_facts import as_stored, make_room
from audit.readers.reader import literal
from audit.warehouse import Warehouse

RETRIED = "loaded by a retry"
"""Reason of a rejected row whose record was loaded later, in another row."""
READ_ANEW = "read anew with its file"
"""Reason of a rejected row whose file was loaded whole later, after it had changed."""
OPEN = 1 << 50
"""Row numbers beyond this are those of the open transaction: DuckDB numbers its rows from 36028797018960000 on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A loaded file that has rejects."""

    file_id: int
    load_id: int
    path: str
    source_format: str
    container: str
    size: int
    row_count: int
    rejected: int
    kept: str


TARGETS = """
create or replace temp table retry_targets as
select facts.rowid as position, facts.reject_reason as reason,
    facts.rowid - files.first_row + 1 as row_number,
    facts.rowid - files.first_row + 1 + coalesce(skipped.record_count, 0) as record_number
from request_facts as facts
inner join files using (file_id)
asof left join (
    select file_id, row_number, sum(count(*)) over (partition by file_id order by row_number) as record_count
    from unparsed_records group by file_id, row_number
) as skipped on facts.file_id = skipped.file_id and facts.rowid - files.first_row + 1 >= skipped.row_number
where facts.file_id = ? and facts.reject_reason is not null and facts.reject_reason not in (?, ?)
"""
"""Every row of a file that was rejected and still is. A record that became no row cannot be looked at again."""


def stage_targets(warehouse: Warehouse, item: Pending, candidate: Candidate, kept: Mapping[int, int] | None) -> bool:
    """Judge the rejected rows of a file anew, into the table `retried`.

    False where the file no longer has the rows it had. `kept` gives record -> row where only kept texts are staged.
    """
    warehouse.execute(TARGETS, [candidate.file_id, RETRIED, READ_ANEW])
    last = candidate.row_count
    if kept is None:
        warehouse.execute(
            "create or replace temp table retry_wanted as select row_number as ordinal, * from retry_targets"
        )
    else:
        import polars as pl

        last = len(kept)
        schema = {"record_number": pl.Int64, "ordinal": pl.Int64}
        warehouse.temporary("kept_rows", pl.DataFrame(list(kept.items()), schema=schema, orient="row"))
        warehouse.execute(
            "create or replace temp table retry_wanted as "
            "select ordinal, retry_targets.* from retry_targets inner join kept_rows using (record_number)"
        )
    # The last row has to be there, and none after it: else the file is another one.
    warehouse.execute(
        f"""
        create or replace temp table retried as
        with numbered as (
            select row_number() over () as ordinal, * from ({checked(item)}) as checked
        )
        select * from numbered
        where ordinal in (select ordinal from retry_wanted) or ordinal in ({last}, {last + 1})
        """
    )
    return warehouse.rows("select max(ordinal) from retried where ordinal >= ?", [last]) == [(last,)]


def keep_retried(warehouse: Warehouse, item: Pending, candidate: Candidate, load_id: int) -> int:
    """Append what can be loaded of `retried` and bring the rejects of the file in line; how many rows were appended."""
    file_id = candidate.file_id
    warehouse.execute(
        """
        create or replace temp table judged_again as
        select retry_wanted.*, retried.reject_reason as new_reason
        from retry_wanted inner join retried using (ordinal)
        """
    )
    before = warehouse.count("select coalesce(max(rowid), -1) from request_facts where load_id = ?", [load_id])
    rows = f"""
        select {load_id} as load_id, {file_id} as file_id, {literal(candidate.source_format)} as source_format,
            retried.*, {REQUEST_KEY.format(salt=literal(item.context.salt))} as request_key
        from retried semi join retry_wanted using (ordinal)
        where reject_reason is null
        """
    make_room(warehouse, rows)
    appended = warehouse.count(
        f"insert into stored_facts by name select {as_stored(warehouse)} from ({rows}) as facts order by ordinal"
    )
    warehouse.execute(
        """
        insert into retried_records
        with appended as (
            select rowid - (select first_row from files where file_id = $file) + 1 as row_number,
                row_number() over (order by rowid) as place
            from request_facts where load_id = $load and file_id = $file and rowid > $before
        ),
        records as (
            select record_number, row_number() over (order by ordinal) as place
            from judged_again where new_reason is null
        )
        select $file, row_number, record_number from appended inner join records using (place)
        """,
        {"file": file_id, "load": load_id, "before": before},
    )
    warehouse.execute(
        """
        update stored_facts set reject_reason = coalesce(new_reason, $retried)
        from judged_again
        where stored_facts.rowid = judged_again.position and new_reason is distinct from reason
        """,
        {"retried": RETRIED},
    )
    _keep_reasons(warehouse, file_id)
    count_rejects(warehouse, f"file_id = {file_id}")
    return appended


def _keep_reasons(warehouse: Warehouse, file_id: int) -> None:
    """Bring the listed rejects of a file in line with how its rows were judged again."""
    values = {"file": file_id, "prefix": NOT_A_CALL}
    warehouse.execute(
        """
        delete from rejects where file_id = $file and record_number in (
            select record_number from judged_again where new_reason is null or starts_with(new_reason, $prefix)
        )
        """,
        values,
    )
    warehouse.execute(
        """
        update rejects set reason = judged_again.new_reason
        from judged_again
        where file_id = $file and rejects.record_number = judged_again.record_number
            and judged_again.new_reason <> judged_again.reason
        """,
        {"file": file_id},
    )
    warehouse.execute(
        """
        insert into rejects by name
        select $file as file_id, record_number, new_reason as reason from judged_again
        where new_reason is not null and starts_with(reason, $prefix) and not starts_with(new_reason, $prefix)
        """,
        values,
    )


def settle_retried(warehouse: Warehouse, load_id: int, file_ids: Collection[int]) -> set[int] | None:
    """Set aside what the appended rows repeat; the loads whose cells change by it, None for all of them."""
    changed: set[int] | None = {load_id}
    if warehouse.rows(f"select 1 from request_facts where load_id = ? and {OWNED} limit 1", [load_id]):
        # A newer file can state the usage of a bucket in an older one.
        set_aside_again(warehouse)
        changed = None
    else:
        changed |= set_aside(warehouse, load_id)
        for file_id in file_ids:
            warehouse.execute(
                "update files set id_collision_count = id_collision_count + "
                "(select count(*) from collisions where collisions.file_id = $file) where file_id = $file",
                {"file": file_id},
            )
    recount(warehouse)
    warehouse.execute(NOTES, {"load": load_id})
    warehouse.execute(WINDOWS, [load_id])
    return changed


NOTES = """
insert into file_notes
select file_id, usage_note, count(*) from request_facts
where load_id = $load and usage_note is not null
group by file_id, usage_note
"""
WINDOWS = """
update files set
    first_time = least(files.first_time, spans.first_time), last_time = greatest(files.last_time, spans.last_time)
from (
    select file_id, min(start_time) as first_time,
        max(start_time + to_seconds(coalesce(bucket_seconds, 0))) as last_time
    from request_facts where load_id = ? group by file_id
) as spans
where files.file_id = spans.file_id
"""


def duplicates_of(warehouse: Warehouse, file_id: int) -> int:
    """How many of the appended rows of a file were set aside."""
    return warehouse.count("select count(*) from set_aside where file_id = ? and row_number > ?", [file_id, OPEN])


def number_for_good(warehouse: Warehouse, load_id: int, before: int) -> None:
    """Give the appended rows the numbers they will have once committed; `before` rows were there before them."""
    first = warehouse.value("select min(rowid) from request_facts where load_id = ?", [load_id])
    if first is None:
        return
    for table in ("set_aside", "retried_records"):
        warehouse.execute(
            f"update {table} set row_number = row_number + ? where row_number > ?", [before - int(str(first)), OPEN]
        )


def supersede(db: Path, path: str) -> list[str]:
    """Take the rejects of earlier versions of a file out, if all that counted of them is in the file as it is now."""
    with Warehouse.change(db) as warehouse, warehouse.transaction():
        forget(warehouse)
        rows = warehouse.rows(
            "select file_id, loaded_count + duplicate_count, duplicate_count, rejected_count from files "
            "where path = ? and read_count > 0 order by file_id",
            [path],
        )
        *earlier, newest = [tuple(int(str(value)) for value in row) for row in rows]
        warnings: list[str] = []
        for file_id, counted, _, rejected in earlier:
            if not rejected:
                continue
            if newest[2] < counted:
                warnings.append(
                    f"{path}: holds other records than when it was loaded; "
                    f"{number_of(rejected, 'reject of then stays', 'rejects of then stay')}. "
                    f"`audit unload {quote(path)}` takes them out"
                )
                continue
            warehouse.execute("delete from rejects where file_id = ?", [file_id])
            warehouse.execute(
                "update stored_facts set reject_reason = ? "
                "where file_id = ? and reject_reason is not null and reject_reason <> ?",
                [READ_ANEW, file_id, RETRIED],
            )
            warehouse.execute(
                "update files set read_count = read_count - rejected_count, rejected_count = 0, not_call_count = 0 "
                "where file_id = ?",
                [file_id],
            )
    return warnings
