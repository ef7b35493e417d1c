"""`audit load --engine spark`: Spark reads and sums, and what comes home is what a load without rows keeps.

Cells, days, templates, counts, windows, notes and rejects go into the local database in one transaction; no request
does, and no key of one either: a key is a hash of DuckDB's, which Spark does not have. So a load on Spark finds the
duplicates in itself, and a later one of the same time is refused, as after `--cells-only --no-keys` on this machine.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from audit.config import Config
from audit.engines.facts import Group
from audit.engines.landing import land
from audit.engines.reading import Reading, reading_of
from audit.engines.records import refuse_codec
from audit.engines.session import is_on_this_machine, session
from audit.errors import InputError
from audit.intake.load_report import FileReport, LoadReport, file_reports, without_records
from audit.intake.loading import concluded, insert_files, next_load
from audit.intake.one_by_one import why_only_here
from audit.intake.recognising import Pending, recognise_all
from audit.intake.spool import spool_folder
from audit.progress import Progress, silent
from audit.readers.addresses import TABLES, WEB, scheme_of
from audit.readers.finding import find
from audit.readers.locations import attach
from audit.readers.reader import Context
from audit.warehouse import Warehouse

HADOOP = {"s3": "s3a"}
"""A scheme that Hadoop's file systems call otherwise than this program does."""
WAY_OUT = "load it without --engine spark, into the same --db"


def load(
    paths: Sequence[str],
    db: Path,
    *,
    master: str | None = None,
    config: Config | None = None,
    format: str | None = None,
    map_file: Path | None = None,
    keep_raw: bool = False,
    progress: Progress = silent,
    now: datetime | None = None,
) -> LoadReport:
    """Load exports through Spark into the database at `db`, made where it does not exist.

    Raises InputError where a path does not exist or Spark cannot finish, ConfigError and DatabaseError; a file that
    nobody recognises, or whose format is read on this machine alone, is no error but listed in `refused`.
    """
    config, now = config or Config(), now or datetime.now(UTC)
    with spool_folder() as spool, Warehouse.create(db) as warehouse:
        context = Context(salt=warehouse.setting("salt") or "", metadata_keys=config.metadata_keys)
        located = find(paths, spool, progress)
        attach(warehouse.con, (place for _, place in located))
        found = recognise_all(located, spool, context, format, map_file, progress, gather=False)
        groups, pending, refused = _grouped(found.pending, is_local=is_on_this_machine(master))
        reports: list[FileReport] = []
        if pending:
            reports = _load_all(warehouse, groups, pending, master, config, keep_raw, progress, now)
        told = found.warnings + without_records(reports)
        return concluded(warehouse, reports, [*found.refused, *refused], told, config, progress)


def _load_all(
    warehouse: Warehouse,
    groups: Sequence[Group],
    pending: Sequence[Pending],
    master: str | None,
    config: Config,
    keep_raw: bool,
    progress: Progress,
    now: datetime,
) -> list[FileReport]:
    """Load the files in one transaction; InputError where Spark cannot finish."""
    started = time.monotonic()
    with session(master, progress) as spark, warehouse.transaction():
        load_id = next_load(warehouse)
        last_file = warehouse.count("select max(file_id) from files")
        for item in pending:
            item.file_id += last_file
        insert_files(warehouse, pending, load_id, now, "cells")
        moved = [group.after(last_file) for group in groups]
        land(warehouse, spark, moved, load_id, config, keep_raw, progress)
        seconds = (time.monotonic() - started) / len(pending)
        warehouse.execute("update files set seconds = ? where load_id = ?", [seconds, load_id])
        return file_reports(warehouse, load_id)


def _grouped(found: Sequence[Pending], *, is_local: bool) -> tuple[list[Group], list[Pending], list[str]]:
    """The files that are read alike, and all, numbered from 1; a message for each that Spark cannot take."""
    alike: dict[tuple[str, Reading, int], tuple[str, dict[int, str]]] = {}
    good: list[Pending] = []
    refused: list[str] = []
    for item in found:
        try:
            address = _address(item, is_local=is_local)
            reading = reading_of(item.export.name, item.relation)
        except InputError as error:
            refused.append(str(error))
            continue
        good.append(item)
        item.file_id = len(good)
        key = (item.reader.format, reading, item.file_id if reading.is_alone else 0)
        alike.setdefault(key, (item.reader.relation_name, {}))[1][item.file_id] = address
    groups = [
        Group(source_format=name, relation_name=relation, reading=reading, files=files)
        for (name, reading, _), (relation, files) in alike.items()
    ]
    return groups, good, refused


def _address(item: Pending, *, is_local: bool) -> str:
    """Where Spark finds the file; InputError with the way out for one that it cannot read as this machine does."""
    name, reader = item.export.name, item.reader
    scheme, why = scheme_of(name), why_only_here(reader)
    if why is not None:
        why = f"{reader.format} {why}"
    elif scheme in TABLES or name == "stdin":
        why = "is no file that every worker could read"
    elif scheme in WEB:
        why = "is at an address of the web, where Spark lists no files"
    elif scheme == "az":
        raise InputError(f"{name}: names no account; Spark wants abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/...")
    elif item.export.container == "json" and not is_local:
        why = "is one JSON document, which is taken apart on this machine"
    if why is not None:
        raise InputError(f"{name}: {why}; {WAY_OUT}")
    refuse_codec(name, name if scheme else str(item.source.path), item.source.compression)
    if item.export.container == "json":
        return str(item.source.path)
    if scheme is None:
        return str(Path(str(item.export.path)).resolve())
    return HADOOP.get(scheme, scheme) + name.removeprefix(scheme)
