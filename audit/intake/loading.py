"""Exports become requests and cells, in one transaction per call.

Whatever can be read is loaded; a file that cannot be read whole is refused and named, and changes nothing.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from audit import memory
from audit.assumptions import assumptions_from
from audit.config import Config
from audit.errors import InputError, OutOfMemoryError
from audit.intake import resolve
from audit.intake.disputes import disputes
from audit.intake.duplicates import keep_keys_current, recount, set_aside
from audit.intake.letting_go import (
    Kept,
    close_up,
    keep_changeable,
    let_go,
    refuse_unseen_duplicates,
    staying,
    unseen_nesting,
)
from audit.intake.load_checks import check_loads
from audit.intake.load_report import (
    FileReport,
    LoadReport,
    file_reports,
    keep_notes,
    nothing_loaded,
    without_records,
)
from audit.intake.locate import keep_rejects
from audit.intake.many_endpoints import many_endpoints
from audit.intake.recognising import Pending, hold_still, in_batches, recognise_all
from audit.intake.spool import spool_folder
from audit.intake.staging import ChangedError, UnreadableError, readable, stage, stage_batch
from audit.intake.thousands import thousands
from audit.intake.twins import overlaps
from audit.progress import Progress, silent
from audit.readers.finding import find
from audit.readers.locations import attach
from audit.readers.reader import Context
from audit.warehouse import Warehouse


def load(
    paths: Sequence[str],
    db: Path,
    *,
    config: Config | None = None,
    format: str | None = None,
    map_file: Path | None = None,
    keep_raw: bool = False,
    unpack_limit: bool = True,
    keep: Kept = "rows",
    progress: Progress = silent,
    now: datetime | None = None,
) -> LoadReport:
    """Load exports into the database at `db`, made where it does not exist.

    `keep` says what is kept of requests beside their cells. Raises InputError when a path does not exist, ConfigError
    and DatabaseError; a file that cannot be used is no error but listed in `refused`.
    """
    config, now = config or Config(), now or datetime.now(UTC)
    threading.Thread(target=_import_what_comes_after_reading, daemon=True).start()
    with spool_folder() as spool, Warehouse.create(db) as warehouse:
        context = Context(salt=warehouse.setting("salt") or "", metadata_keys=config.metadata_keys)
        own = {db.resolve(), db.with_name(f"{db.name}.wal").resolve()}
        located = [
            (name, place)
            for name, place in find(paths, spool, progress)
            if name in paths or not isinstance(place, Path) or place.resolve() not in own
        ]
        attach(warehouse.con, (place for _, place in located))
        if keep == "rows":
            # A CSV file leaves groups of rows that are not full; DuckDB would merge them and write all rows again.
            warehouse.execute("set max_vacuum_tasks = 0")
        found = recognise_all(located, spool, context, format, map_file, progress, unpack_limit=unpack_limit)
        pending, refused = found.pending, found.refused
        if found.has_long_records:
            warehouse.allow(memory.LONG)
        reports: list[FileReport] | None = None
        was_read_dry = False
        while reports is None:
            try:
                reports = _load_all(warehouse, pending, config, keep_raw, keep, progress, now)
            except UnreadableError as error:
                if was_read_dry:
                    raise InputError(f"{error.name}: cannot be read ({error}); nothing was changed") from error
                # Seen late, in the middle of a cut-off archive: read every file once dry, then load the good ones.
                was_read_dry = True
                with progress("a file cannot be read to its end; looking at each"):
                    pending, unreadable = readable(warehouse, pending, spool)
                refused += unreadable
            except OutOfMemoryError:
                if not warehouse.allow(memory.LONG):
                    raise
                with progress("records need more memory; beginning again with it"):
                    continue
            except ChangedError:
                with progress("a file changes while it is read; taking what was there at first"):
                    pending, lost = hold_still(pending, spool)
                refused += lost
        joined = {item.export.name for item in pending if item.reader.needs_siblings}
        told = found.warnings + without_records(report for report in reports if report.path not in joined)
        if reports and keep == "keys":
            with progress("closing up"):
                close_up(warehouse)
        if reports and keep != "rows":
            told += staying(warehouse)
        return concluded(warehouse, reports, refused, told, config, progress)


def concluded(
    warehouse: Warehouse,
    reports: Sequence[FileReport],
    refused: Sequence[str],
    told: Sequence[str],
    config: Config,
    progress: Progress,
) -> LoadReport:
    """What became of a load whose transaction is over, with what its checks and the other sources say of it."""
    failed: list[str] = []
    warnings = list(told)
    if reports:
        with progress("checking that the rows add up"):
            failed = check_loads(warehouse)
        named = {said.partition(": ")[0] for said in warnings}
        warnings += nothing_loaded(warehouse, [report for report in reports if report.path not in named])
        warnings += thousands(warehouse)
        warnings += unseen_nesting(warehouse)
        warnings += many_endpoints(warehouse, assumptions_from(config.assumptions).endpoints_kept)
        formats = {report.format for report in reports}
        warnings += [
            f"{dispute.sentence}. {dispute.way_out}"
            for dispute in disputes(warehouse, config.add_up)
            if dispute.source in formats
        ]
        if not config.sources:
            warnings += [
                f"{overlap.sentence}. {overlap.way_out}"
                for overlap in overlaps(warehouse)
                if formats & {overlap.source, overlap.other}
            ]
    return LoadReport(
        files=tuple(reports), refused=tuple(refused), warnings=tuple(warnings), failed_checks=tuple(failed)
    )


def _import_what_comes_after_reading() -> None:
    """Import frames and prices while DuckDB reads: nearly a second that nobody then waits for."""
    for module in ("polars", "genai_prices", "numpy"):
        import_module(module)


def _load_all(
    warehouse: Warehouse,
    pending: Sequence[Pending],
    config: Config,
    keep_raw: bool,
    keep: Kept,
    progress: Progress,
    now: datetime,
) -> list[FileReport]:
    """Load the files in one transaction.

    Raises UnreadableError when one of them cannot be read to its end, and OutOfMemoryError; the database is then as it
    was.
    """
    if not pending:
        return []
    with warehouse.transaction(memory.PLAIN):
        keep_keys_current(warehouse, pending[0].context.salt)
        load_id = next_load(warehouse)
        last_file = warehouse.count("select max(file_id) from files")
        before = warehouse.count("select count(*) from request_facts")
        batches = in_batches(pending)
        for number, item in enumerate(pending, 1):
            item.file_id = last_file + number
        _stage_all(warehouse, batches, load_id, progress)
        if any(item.has_changed for item in pending):
            raise ChangedError
        pending = [item for batch in batches for item in batch]
        # Rows of an open transaction are numbered from elsewhere; only the distance from the first one lasts.
        first_row = warehouse.count("select min(rowid) from request_facts where load_id = ?", [load_id])
        for item in pending:
            item.first_row = first_row
            first_row += item.row_count if item.reader.target == "request_facts" else 0
        insert_files(warehouse, pending, load_id, now)
        with progress("finding rejects and duplicates"):
            keep_rejects(warehouse, pending, load_id, keep_raw)
            changed = set_aside(warehouse, load_id)
            recount(warehouse)
            keep_notes(warehouse, load_id)
        _keep_windows(warehouse, load_id)
        refuse_unseen_duplicates(warehouse, load_id)
        gone = keep_changeable(warehouse, load_id) if keep != "rows" else []
        resolve.derive(warehouse, config, {load_id, load_id + 1} | changed, progress)
        if gone:
            with progress("letting the requests go"):
                let_go(warehouse, gone, keep)
        warehouse.execute(LASTING_ROWS, {"load": load_id, "before": before})
        return file_reports(warehouse, load_id)


LASTING_ROWS = """
update files set first_row = lasting.first_row
from (
    select file_id, $before + sum(row_count) over (order by first_row, file_id) - row_count as first_row
    from files where load_id >= $load and target = 'request_facts' and kept = 'rows'
) as lasting
where files.file_id = lasting.file_id
"""
"""Where the rows of each file will be once the transaction is over; those let go leave no gap."""


def next_load(warehouse: Warehouse) -> int:
    """A number that no load has yet: a file can hold no rows, and a retry adds rows but no file."""
    return (
        warehouse.count("select greatest((select max(load_id) from files), (select max(load_id) from request_facts))")
        + 1
    )


def _stage_all(warehouse: Warehouse, batches: Sequence[Sequence[Pending]], load_id: int, progress: Progress) -> None:
    count = sum(map(len, batches))
    size = sum(item.export.size for batch in batches for item in batch)
    done = 0
    with progress("reading" if count > 1 else f"reading {batches[0][0].export.name}", size) as advance:
        for batch in batches:
            started = time.monotonic()
            if batch[0].gathered is not None:
                stage_batch(warehouse, batch, load_id)
            else:
                stage(warehouse, batch[0], load_id)
            done += len(batch)
            for item in batch:
                item.seconds = (time.monotonic() - started) / len(batch)
            advance(sum(item.export.size for item in batch))


def insert_files(
    warehouse: Warehouse, pending: Iterable[Pending], load_id: int, now: datetime, keep: Kept = "rows"
) -> None:
    """Note the files of a load; what became of their records is counted later."""
    import polars as pl

    rows = [
        {
            "file_id": item.file_id,
            "load_id": load_id,
            "path": item.export.name,
            "source_format": item.reader.format,
            "target": item.reader.target,
            "kept": keep,
            "container": item.export.container,
            "compression": item.export.compression,
            "file_size": item.export.size,
            "first_row": item.first_row,
            "row_count": item.row_count,
            "read_count": item.row_count + item.unparsed_count,
            "loaded_at": now.replace(tzinfo=None),
            "seconds": item.seconds,
        }
        for item in pending
    ]
    warehouse.insert("files", pl.DataFrame(rows))


def _keep_windows(warehouse: Warehouse, load_id: int) -> None:
    """Note the span of each file, so that no report has to look at its requests for it."""
    warehouse.execute(
        """
        update files set first_time = spans.first_time, last_time = spans.last_time
        from (
            select file_id, min(start_time) as first_time,
                max(start_time + to_seconds(coalesce(bucket_seconds, 0))) as last_time
            from request_facts
            where load_id = $load and reject_reason is null
            group by file_id
            union all
            select file_id, min(period_start), max(period_end)
            from billed_costs inner join files using (file_id)
            where load_id = $load and reject_reason is null
            group by file_id
        ) as spans
        where files.file_id = spans.file_id
        """,
        {"load": load_id},
    )
