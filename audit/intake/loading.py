"""Exports become requests and cells, in one transaction per call.

Whatever can be read is loaded; a file that cannot be read whole is refused and named, and changes nothing.
"""

import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from audit import sql
from audit.config import Config
from audit.intake import resolve
from audit.intake.duplicates import keep_keys_current, recount, set_aside
from audit.intake.load_report import NOT_A_CALL, FileReport, LoadReport, file_reports, keep_notes
from audit.intake.rejects import Reject, locate_lines, locate_rows, without_place
from audit.intake.staging import Pending, UnreadableError, readable, recognise_all, stage
from audit.progress import Progress, silent
from audit.readers.export import find
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
    progress: Progress = silent,
    now: datetime | None = None,
) -> LoadReport:
    """Load exports into the database at `db`, made where it does not exist.

    Raises InputError when a path does not exist, ConfigError and DatabaseError; a file that cannot be used is no
    error but listed in `refused`.
    """
    config, now = config or Config(), now or datetime.now(UTC)
    threading.Thread(target=_import_what_comes_after_reading, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="audit-") as spool, Warehouse.create(db) as warehouse:
        context = Context(salt=warehouse.setting("salt") or "", metadata_keys=config.metadata_keys)
        located = find(paths, Path(spool), progress)
        attach(warehouse.con, (place for _, place in located))
        found = recognise_all(located, Path(spool), context, format, map_file)
        pending, refused = found.pending, found.refused
        reports: list[FileReport] = []
        try:
            reports = _load_all(warehouse, pending, config, keep_raw, progress, now)
        except UnreadableError:
            # Seen late, in the middle of a cut-off archive: read every file once dry, then load the good ones.
            with progress("a file cannot be read to its end; looking at each"):
                pending, unreadable = readable(warehouse, pending)
            refused += unreadable
            reports = _load_all(warehouse, pending, config, keep_raw, progress, now)
        failed: list[str] = []
        if reports:
            with progress("checking that the rows add up"):
                failed = run_checks(warehouse, "load")
    return LoadReport(
        files=tuple(reports), refused=tuple(refused), warnings=tuple(found.warnings), failed_checks=tuple(failed)
    )


def _import_what_comes_after_reading() -> None:
    """Import frames and prices while DuckDB reads: nearly a second that nobody then waits for."""
    for module in ("polars", "genai_prices", "numpy"):
        import_module(module)


def run_checks(warehouse: Warehouse, when: str) -> list[str]:
    """A sentence for every check of `queries/5_checks` marked `when` that returns rows."""
    return [
        f"{query.name}: {query.purpose} First rows: {rows}"
        for query in sql.in_folders("5_")
        if query.when == when and (rows := warehouse.rows(f"select * from ({query.select}) limit 3"))
    ]


def _load_all(
    warehouse: Warehouse,
    pending: Sequence[Pending],
    config: Config,
    keep_raw: bool,
    progress: Progress,
    now: datetime,
) -> list[FileReport]:
    """Load the files in one transaction.

    Raises UnreadableError when one of them cannot be read to its end; the database is then as it was.
    """
    if not pending:
        return []
    with warehouse.transaction():
        keep_keys_current(warehouse, pending[0].context.salt)
        load_id = warehouse.count("select max(load_id) from files") + 1
        last_file = warehouse.count("select max(file_id) from files")
        before = warehouse.count("select count(*) from request_facts")
        for number, item in enumerate(pending, 1):
            started = time.monotonic()
            item.file_id = last_file + number
            with progress(f"reading {item.export.name} ({number} of {len(pending)})"):
                stage(warehouse, item, load_id)
            item.seconds = time.monotonic() - started
        # Rows of an open transaction are numbered from elsewhere; only the distance from the first one lasts.
        first_row = warehouse.count("select min(rowid) from request_facts where load_id = ?", [load_id])
        for item in pending:
            item.first_row, first_row = first_row, first_row + item.row_count
        shift = before - pending[0].first_row
        _insert_files(warehouse, pending, load_id, now)
        with progress("finding rejects and duplicates"):
            _keep_rejects(warehouse, pending, load_id, keep_raw)
            changed = set_aside(warehouse, load_id)
            recount(warehouse)
            keep_notes(warehouse, load_id)
        resolve.derive(warehouse, config, {load_id} | changed, progress)
        _keep_windows(warehouse, load_id)
        warehouse.execute("update files set first_row = first_row + ? where load_id = ?", [shift, load_id])
        return file_reports(warehouse, load_id)


def _insert_files(warehouse: Warehouse, pending: Iterable[Pending], load_id: int, now: datetime) -> None:
    import polars as pl

    rows = [
        {
            "file_id": item.file_id,
            "load_id": load_id,
            "path": item.export.name,
            "source_format": item.reader.format,
            "container": item.export.container,
            "compression": item.export.compression,
            "file_size": item.export.size,
            "first_row": item.first_row,
            "row_count": item.row_count,
            "read_count": item.row_count + len(item.unparsed),
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
            where load_id = ? and reject_reason is null
            group by file_id
        ) as spans
        where files.file_id = spans.file_id
        """,
        [load_id],
    )


def _keep_rejects(warehouse: Warehouse, pending: Sequence[Pending], load_id: int, keep_raw: bool) -> None:
    """Store what cannot be loaded, with its place in its file."""
    import polars as pl

    by_file: dict[int, dict[int, str]] = {}
    for file_id, row_number, reason in warehouse.rows(
        "select file_id, facts.rowid - files.first_row + 1, reject_reason from request_facts as facts "
        "inner join files using (file_id) where facts.load_id = ? and reject_reason is not null "
        "and not starts_with(reject_reason, ?)",
        [load_id, NOT_A_CALL],
    ):
        by_file.setdefault(int(str(file_id)), {})[int(str(row_number))] = str(reason)
    kept: list[dict[str, object]] = []
    shifts: list[dict[str, int]] = []
    for item in pending:
        reasons = by_file.get(item.file_id, {})
        if not reasons and not item.unparsed:
            continue
        if item.export.container == "csv":
            rejects, skipped = locate_rows(item.export, reasons, item.unparsed, item.row_count, keep_raw)
            shifts += [{"file_id": item.file_id, "record_number": record, "row_number": row} for record, row in skipped]
        elif item.export.container == "jsonl":
            rejects = locate_lines(item.export, reasons, keep_raw)
        else:
            rejects = without_place(reasons)
        kept += [{"file_id": item.file_id} | _row(reject) for reject in rejects]
    if kept:
        warehouse.insert("rejects", pl.DataFrame(kept, infer_schema_length=None))
    if shifts:
        warehouse.insert("unparsed_records", pl.DataFrame(shifts))
    warehouse.execute(
        """
        update files set not_call_count = coalesce(counted.records, 0), rejected_count = coalesce(counted.records, 0)
            + (select count(*) from rejects where rejects.file_id = files.file_id)
        from files as own left join (
            select file_id, count(*) as records from request_facts
            where load_id = $load and starts_with(reject_reason, $prefix)
            group by file_id
        ) as counted using (file_id)
        where files.file_id = own.file_id and files.load_id = $load
        """,
        {"load": load_id, "prefix": NOT_A_CALL},
    )


def _row(reject: Reject) -> dict[str, object]:
    return {name: getattr(reject, name) for name in Reject.__slots__}
