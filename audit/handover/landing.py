"""The result of a script loaded: kept as a load is that kept no requests and no keys of them."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from audit.catalog.facts import length_bands
from audit.config import Config, EndpointRule
from audit.counting import number_of
from audit.errors import ConfigError, InputError
from audit.handover.reading import ROWS, Result, read
from audit.handover.result import CELL, FILE_COUNTS, NOT_CALL, NOTE, REJECT, TEMPLATE
from audit.intake.letting_go import refuse_unseen_duplicates
from audit.intake.load_report import REJECTED_THERE, FileReport, LoadReport, file_reports
from audit.intake.loading import concluded, next_load
from audit.intake.resolve import derive, rename_endpoints, resolve_seen
from audit.measures import MEASURES
from audit.progress import Progress, silent
from audit.schema import TABLES
from audit.warehouse import Warehouse

KNOWN = "handed_over"
"""The key in `meta` of the fingerprints of the results that were loaded."""


def load(
    results: Mapping[str, Sequence[Path]],
    db: Path,
    *,
    config: Config | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
) -> LoadReport:
    """Load results, by the path each was given under, into the database at `db`, made where it does not exist.

    Raises InputError for one that does not add up, was made by another version, or shows a time that was loaded
    before; ConfigError where the database has other settings than it was made with; DatabaseError.
    """
    config, now = config or Config(), now or datetime.now(UTC)
    with Warehouse.create(db) as warehouse:
        with warehouse.transaction():
            reports = [_land(warehouse, path, parts, config, progress, now) for path, parts in results.items()]
        return concluded(warehouse, reports, [], [], config, progress)


def _land(
    warehouse: Warehouse, path: str, parts: Sequence[Path], config: Config, progress: Progress, now: datetime
) -> FileReport:
    started = time.monotonic()
    with progress(f"reading {path}"):
        found = read(warehouse, path, parts)
    known = (warehouse.setting(KNOWN) or "").split()
    if found.fingerprint in known:
        return _again(found)
    config = _settled(warehouse, found, config)
    warehouse.set(KNOWN, " ".join([*known, found.fingerprint]))
    load_id = next_load(warehouse)
    _keep_counts(warehouse, found, load_id, now)
    refuse_unseen_duplicates(warehouse, load_id)
    with progress("resolving endpoints, models and prices"):
        _resolve(warehouse, load_id, config)
    with progress("summing into cells"):
        for table in ("traffic_cells", "daily_usage", "endpoint_templates"):
            warehouse.execute(_summed(table), {"load": load_id, "format": found.settings["source_format"]})
    _refuse_lost(warehouse, found, load_id)
    derive(warehouse, config, {load_id}, progress)
    warehouse.execute("update files set seconds = ? where load_id = ?", [time.monotonic() - started, load_id])
    (report,) = file_reports(warehouse, load_id)
    return report


def _again(found: Result) -> FileReport:
    """What became of a result that was loaded before: all of it is known."""
    counts = found.counts
    return FileReport(
        path=found.path,
        format=found.settings["source_format"],
        read=counts["read_count"],
        loaded=0,
        duplicate=counts["read_count"] - counts["rejected_count"],
        rejected=counts["rejected_count"],
        not_calls=counts["not_call_count"],
        id_collisions=0,
        seconds=0.0,
        notes={},
    )


def _refuse_lost(warehouse: Warehouse, found: Result, load_id: int) -> None:
    """InputError where cells name what nothing is found by, such as no day or no model."""
    loaded = found.counts["loaded_count"]
    for table in ("traffic_cells", "daily_usage"):
        summed = warehouse.count(f"select sum(request_count) from {table} where load_id = ?", [load_id])
        if summed != loaded:
            raise InputError(
                f"{found.path}: of its {number_of(loaded, 'request')} {summed:,} have a day, a provider and a model; "
                "the script makes no others: run it again and export its table"
            )


def _settled(warehouse: Warehouse, found: Result, config: Config) -> Config:
    """The settings to load a result with: a new database takes salt and endpoint rule from it.

    Raises InputError or ConfigError where it was made with others than those of the database.
    """
    way_out = f"print the script anew with `audit sql --all --db {warehouse.path}`, and run it again"
    if found.settings["length_bands"] != ",".join(map(str, length_bands())):
        raise InputError(f"{found.path}: was made with other bands of input length than prices have now; {way_out}")
    is_new = not warehouse.rows("select 1 from files limit 1")
    if found.settings["salt"] != warehouse.setting("salt"):
        if is_new and "AUDIT_SALT" not in os.environ:
            warehouse.set("salt", found.settings["salt"])
        elif warehouse.rows(f"select 1 from {ROWS} where handed_over = '{TEMPLATE}' limit 1"):
            raise InputError(
                f"{found.path}: hashed templates of prompts with another salt than {warehouse.path}, so that one "
                f"template would have two names; {way_out}"
            )
    rule = found.settings["endpoint_rule"]
    if is_new and config.endpoint is None and rule:
        return replace(config, endpoint=replace(EndpointRule.of_stored(rule), is_option=True))
    given = config.endpoint
    own = warehouse.setting("endpoint_rule") if given is None else given.stored
    if rule != (own or ""):
        raise ConfigError(
            f"{found.path}: its endpoints are by {rule or 'no rule'}, and those of {warehouse.path} by "
            f"{own or 'no rule'}; {way_out}"
        )
    return config


def _keep_counts(warehouse: Warehouse, found: Result, load_id: int, now: datetime) -> None:
    """Note the result as a file, with what became of its records and the stretch of time that it shows."""
    file_id = warehouse.count("select max(file_id) from files") + 1
    counts = ", ".join(f"${name} as {name}" for name in FILE_COUNTS)
    warehouse.execute(
        f"""
        insert into files by name
        select $file as file_id, $load as load_id, $path as path, $format as source_format,
            'request_facts' as target, 'cells' as kept, 'parquet' as container, 'none' as compression,
            $size as file_size, 0 as first_row, 0 as row_count, {counts},
            make_timestamp($first) as first_time, make_timestamp($last) as last_time,
            cast($now as timestamp) as loaded_at
        """,
        {
            "file": file_id,
            "load": load_id,
            "path": found.path,
            "format": found.settings["source_format"],
            "size": found.size,
            "first": found.counts.get("first_time"),
            "last": found.counts.get("last_time"),
            "now": now.replace(tzinfo=None).isoformat(),
            **{name: found.counts[name] for name in FILE_COUNTS},
        },
    )
    for table, kind, name in (
        ("file_notes", NOTE, "name"),
        ("file_notes", REJECT, f"'{REJECTED_THERE}' || name"),
        ("not_calls", NOT_CALL, "name"),
    ):
        warehouse.execute(
            f"insert into {table} select ?, {name}, record_count from {ROWS} where handed_over = '{kind}'", [file_id]
        )


def _resolve(warehouse: Warehouse, load_id: int, config: Config) -> None:
    """Resolve the names of models and endpoints that the result shows, and note how."""
    seen = f"(from {ROWS} where handed_over = '{CELL}' and usage_date is not null)"
    resolve_seen(warehouse, seen, load_id, config)
    if config.rewrites:
        texts = warehouse.rows(f"select distinct endpoint from {ROWS} where endpoint is not null")
        rename_endpoints(warehouse, [str(text) for (text,) in texts], config)


NAMED = f"""
{ROWS} as handed
inner join model_resolution as resolution
    on handed.provider_name = resolution.provider_name and handed.request_model = resolution.request_model
    and handed.response_model = resolution.response_model
    and handed.usage_date >= resolution.day_from and handed.usage_date < resolution.day_to
left join endpoint_names on handed.endpoint = endpoint_names.endpoint_text
"""
OURS = {
    "load_id": "$load",
    "source_format": "$format",
    "endpoint": "coalesce(endpoint_names.endpoint, handed.endpoint)",
    "provider_name": "resolution.pricing_provider",
    "model": "resolution.model",
    "billing_period": "resolution.billing_period",
}
"""Columns of cells that are made here; the others are as the result has them."""


def _summed(table: str) -> str:
    """The statement that fills a table of sums with what the days of a result add up to."""
    keys = {name: OURS.get(name, f"handed.{name}") for name in TABLES[table] if name not in MEASURES}
    sums = {name: f"cast(sum(handed.{name}) as {kind})" for name, kind in MEASURES.items() if name in TABLES[table]}
    kind = CELL if sums else TEMPLATE
    items = ", ".join(f"{value} as {name}" for name, value in (keys | sums).items())
    return f"insert into {table} by name select {items} from {NAMED} where handed_over = '{kind}' group by all"
