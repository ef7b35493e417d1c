"""Rejected records once more, after a fix: the export corrected in place, a better --map or --format, a newer version.

A file of the size it had is staged again and only the rows that were rejected are looked at. Those that can be loaded
now are appended to the facts under the id of their file: its rejects become fewer, its loaded or duplicate records
more, what was read stays what it was, and no other row is touched. `retried_records` leads an appended row back to its
record; the row it had before stays where it is, as a reject whose reason says so. A file whose size or number of
records changed is loaded whole, as any other; where that finds again all that counts of the earlier version, the
rejects of the earlier version are those of the new one and are no longer counted twice. Rejects whose export is gone
are tried from their kept text, where `--keep-raw` kept it.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from audit.config import Config
from audit.errors import InputError
from audit.intake import resolve
from audit.intake.duplicates import keep_keys_current
from audit.intake.load_checks import check_loads, forget
from audit.intake.load_report import FileReport, LoadReport
from audit.intake.loading import load, next_load
from audit.intake.recognising import Pending, recognise_all
from audit.intake.retried_rows import (
    Candidate,
    duplicates_of,
    keep_retried,
    number_for_good,
    settle_retried,
    stage_targets,
    supersede,
)
from audit.intake.staging import UNREADABLE
from audit.progress import Progress, silent
from audit.readers.finding import find
from audit.readers.reader import Context
from audit.readers.registry import READERS
from audit.warehouse import Warehouse, first_line


class StaysError(Exception):
    """Why the rejects of a file stay as they are."""


class ChangedError(Exception):
    """A file is not the one that was loaded."""


def retry_rejects(
    paths: Sequence[str],
    db: Path,
    *,
    config: Config | None = None,
    format: str | None = None,
    map_file: Path | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
) -> LoadReport:
    """Load what was rejected before and can be loaded now: of the files in `paths`, or of all where it names none.

    The report counts the records that were tried again. Raises InputError for a path that was never loaded.
    """
    config = config or Config()
    reports: list[FileReport] = []
    warnings, failed = list[str](), list[str]()
    changed: list[Candidate] = []
    with tempfile.TemporaryDirectory(prefix="audit-") as spool, Warehouse.change(db) as warehouse:
        retry = _Retry(warehouse, Path(spool), config, format, map_file)
        candidates = _candidates(warehouse, paths, Path(spool))
        with warehouse.transaction():
            forget(warehouse)
            keep_keys_current(warehouse, retry.context.salt)
            for candidate in candidates:
                try:
                    with progress(f"reading the rejects of {candidate.path}"):
                        retry.one(candidate)
                except ChangedError:
                    changed.append(candidate)
                except StaysError as reason:
                    warnings.append(f"{candidate.path}: {reason}")
            reports += retry.finish(progress)
        if reports:
            failed += check_loads(warehouse)
    refused: list[str] = []
    for path in dict.fromkeys(candidate.path for candidate in changed):
        report = load([path], db, config=config, format=format, map_file=map_file, progress=progress, now=now)
        reports += report.files
        refused += report.refused
        warnings += report.warnings
        failed += report.failed_checks
        if report.files:
            warnings += supersede(db, path)
    return LoadReport(
        files=tuple(reports), refused=tuple(refused), warnings=tuple(warnings), failed_checks=tuple(failed)
    )


def _candidates(warehouse: Warehouse, paths: Sequence[str], spool: Path) -> list[Candidate]:
    rows = warehouse.rows(
        "select file_id, load_id, path, source_format, container, file_size, row_count, rejected_count, kept "
        "from files where rejected_count > 0 and target = 'request_facts' order by file_id"
    )
    found = [
        Candidate(
            file_id=int(str(row[0])),
            load_id=int(str(row[1])),
            path=str(row[2]),
            source_format=str(row[3]),
            container=str(row[4]),
            size=int(str(row[5])),
            row_count=int(str(row[6])),
            rejected=int(str(row[7])),
            kept=str(row[8]),
        )
        for row in rows
    ]
    if not paths:
        return found
    known = {str(path) for (path,) in warehouse.rows("select path from files")}
    named: set[str] = set()
    for path in paths:
        inside = {path} if path in known else {name for name, _ in find([path], spool)}
        if not inside & known:
            raise InputError(f"{path}: was never loaded into {warehouse.path}; load it without --retry-rejects")
        named |= inside
    return [candidate for candidate in found if candidate.path in named]


class _Retry:
    """The files of one retry, inside its transaction."""

    def __init__(
        self, warehouse: Warehouse, spool: Path, config: Config, format: str | None, map_file: Path | None
    ) -> None:
        self.warehouse, self.spool, self.config = warehouse, spool, config
        self.format, self.map_file = format, map_file
        self.context = Context(salt=warehouse.setting("salt") or "", metadata_keys=config.metadata_keys)
        self.load_id = next_load(warehouse)
        self.before = warehouse.count("select count(*) from request_facts")
        self.tried: list[tuple[Candidate, float]] = []
        self.appended = 0

    def one(self, candidate: Candidate) -> None:
        """Append what can be loaded of the rejects of a file; StaysError or ChangedError where it cannot be tried."""
        started = time.monotonic()
        if candidate.kept != "rows":
            raise StaysError("its rows are gone (--cells-only); correct the export and load it once more")
        path, kept = Path(candidate.path), None
        if path.is_file():
            if (size := path.stat().st_size) != candidate.size:
                if self._is_loaded(candidate, size):
                    return
                raise ChangedError
        else:
            path, kept = self._kept(candidate)
        item = self._recognised(candidate, path, None if kept is None else candidate.source_format)
        try:
            is_same = stage_targets(self.warehouse, item, candidate, kept)
        except UNREADABLE as error:
            raise StaysError(f"cannot be read to its end ({first_line(error)}); its rejects stay") from error
        if not is_same:
            raise ChangedError if kept is None else StaysError("its kept rejects are no single records; they stay")
        self.appended += keep_retried(self.warehouse, item, candidate, self.load_id)
        self.tried.append((candidate, time.monotonic() - started))

    def finish(self, progress: Progress) -> list[FileReport]:
        """Settle duplicates, cells and counts of all files together, and say what became of each."""
        warehouse = self.warehouse
        if self.appended:
            with progress("finding duplicates"):
                changed = settle_retried(warehouse, self.load_id, [candidate.file_id for candidate, _ in self.tried])
            resolve.derive(warehouse, self.config, changed, progress)
        reports = [self._report(candidate, seconds) for candidate, seconds in self.tried]
        number_for_good(warehouse, self.load_id, self.before)
        return reports

    def _report(self, candidate: Candidate, seconds: float) -> FileReport:
        rejected, not_calls, collisions = (
            int(str(count))
            for count in self.warehouse.rows(
                "select rejected_count, not_call_count, id_collision_count from files where file_id = ?",
                [candidate.file_id],
            )[0]
        )
        duplicates = duplicates_of(self.warehouse, candidate.file_id)
        return FileReport(
            path=candidate.path,
            format=candidate.source_format,
            read=candidate.rejected,
            loaded=candidate.rejected - rejected - duplicates,
            duplicate=duplicates,
            rejected=rejected,
            not_calls=not_calls,
            id_collisions=collisions,
            seconds=seconds,
            notes={},
        )

    def _is_loaded(self, candidate: Candidate, size: int) -> bool:
        """Whether the file as it is now was loaded since, and has rejects of its own."""
        return bool(
            self.warehouse.rows(
                "select 1 from files where path = ? and file_id > ? and file_size = ? and read_count > 0",
                [candidate.path, candidate.file_id, size],
            )
        )

    def _recognised(self, candidate: Candidate, path: Path, kept_format: str | None) -> Pending:
        """The file on its way; the files of its load are at hand where its format joins several."""
        wanted = self.format
        if wanted is None and self.map_file is None and kept_format in {reader.format for reader in READERS}:
            wanted = kept_format
        found = [(candidate.path, path)]
        if any(reader.needs_siblings for reader in READERS if reader.format == candidate.source_format):
            others = self.warehouse.rows(
                "select distinct path from files where load_id = ? and path <> ?", [candidate.load_id, candidate.path]
            )
            found += [(str(other), Path(str(other))) for (other,) in others if Path(str(other)).is_file()]
        result = recognise_all(found, self.spool, self.context, wanted, self.map_file)
        for item in result.pending:
            if item.export.name == candidate.path:
                return item
        reasons = [reason.removeprefix(f"{candidate.path}: ") for reason in result.refused]
        raise StaysError(f"{reasons[0]}; its rejects stay")

    def _kept(self, candidate: Candidate) -> tuple[Path, dict[int, int]]:
        """The kept texts of a file that is gone, as JSON lines, and record -> line of those that are objects."""
        if candidate.container != "jsonl":
            raise StaysError(
                "only JSON lines can be tried again without the file itself, and this is "
                + (
                    "a table or an address"
                    if ":" in candidate.path
                    else f"{candidate.container} that is no longer there"
                )
                + "; `audit unload` it and load it anew"
            )
        lines: dict[int, int] = {}
        with tempfile.NamedTemporaryFile("w", dir=self.spool, suffix=".jsonl", delete=False, encoding="utf-8") as copy:
            last = 0
            while rows := self.warehouse.rows(
                "select record_number, raw_text from rejects where file_id = ? and record_number > ? "
                "order by record_number limit 1000",
                [candidate.file_id, last],
            ):
                for number, text in rows:
                    last = int(str(number))
                    if text is not None and _is_object(str(text)):
                        lines[last] = len(lines) + 1
                        copy.write(f"{text}\n")
        if not lines:
            raise StaysError(
                "the export is no longer there, and no text of its rejects was kept that can be read as records; "
                "put it back, and use --keep-raw next time"
            )
        return Path(copy.name), lines


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
