"""`audit merge`: databases added up, as if all of their files had been loaded into one, in the order they are named.

Rows are copied and judged again, cells without rows are taken as they are, less the requests that another database has
too. Rules are fitted once, on the sum. All of it happens beside the database that is asked for, which appears whole.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from audit import memory
from audit.config import Config
from audit.errors import ConfigError
from audit.evidence.outcome_log import replace_pairs
from audit.intake import resolve
from audit.intake.duplicates import REQUEST_KEY, hash_probe, keep_keys_current, recount, set_aside_again
from audit.intake.letting_go import unseen_nesting
from audit.intake.load_checks import check_loads
from audit.intake.loading import next_load
from audit.intake.mergeable import (
    Part,
    common_salt,
    look_at,
    of_two_parts,
    refuse_conflicts,
    refuse_unseen,
    settings_of,
)
from audit.intake.repeated_keys import take_out_repeated
from audit.intake.stored_facts import as_stored, stored_columns
from audit.progress import Progress, silent
from audit.readers.reader import literal
from audit.schema import REQUEST_FACTS, SUMMED, facts_view
from audit.warehouse import Warehouse
from audit.without_rows import refuse_other_cells

NUMBERED = {
    "files": ("file_id", "load_id"),
    "file_notes": ("file_id",),
    "rejects": ("file_id",),
    "billed_costs": ("file_id",),
    "set_aside": ("file_id",),
    "unparsed_records": ("file_id",),
    "retried_records": ("file_id",),
    "not_calls": ("file_id",),
    "request_keys": ("file_id", "load_id"),
    "summed_models": ("load_id",),
}
"""Tables that are copied as they are, but for these numbers, which go on where those of the databases before end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What became of a merge."""

    db: Path
    databases: tuple[dict[str, object], ...]
    """Path, files, and the records read, loaded, duplicate and rejected, as they count in the sum."""
    repeated: int
    """Records that counted in their own database and repeat one of a database named before."""
    warnings: tuple[str, ...]
    failed_checks: tuple[str, ...]

    def to_document(self) -> dict[str, object]:
        """The JSON of `audit merge --json`."""
        counts = ("files", "read", "loaded", "duplicate", "rejected")
        return {
            "db": str(self.db),
            "databases": list(self.databases),
            "rows": {name: sum(int(str(each[name])) for each in self.databases) for name in counts},
            "repeated": self.repeated,
            "warnings": list(self.warnings),
            "failed_checks": list(self.failed_checks),
        }


def merge(paths: Sequence[Path], db: Path, *, config: Config | None = None, progress: Progress = silent) -> Merged:
    """Add the databases at `paths` up into a new one at `db`; none of them changes.

    Raises ConfigError where they cannot be one database, and DatabaseError for one that is none.
    """
    if db.exists():
        raise ConfigError(
            f"{db}: exists already; name a new --db, and this one among the databases if it shall be part of the sum"
        )
    if len({path.resolve() for path in paths}) < len(paths):
        raise ConfigError("a database is named twice; its requests would all be duplicates of themselves")
    parts = [look_at(path) for path in paths]
    unfinished = db.with_name(f"{db.name}.merging")
    try:
        _remove(unfinished)
        with Warehouse.create(unfinished) as warehouse:
            refuse_conflicts(parts, hash_probe(warehouse))
            merged = _merged(warehouse, parts, db, config or Config(), progress)
        unfinished.replace(db)
    finally:
        _remove(unfinished)
    return merged


def _remove(path: Path) -> None:
    for each in (path, path.with_name(f"{path.name}.wal")):
        with suppress(FileNotFoundError):
            each.unlink()


def _merged(warehouse: Warehouse, parts: Sequence[Part], db: Path, config: Config, progress: Progress) -> Merged:
    salt = common_salt(parts)
    disputes = json.dumps([each for part in parts for each in json.loads(part.disputes)])
    with warehouse.transaction(memory.PLAIN):
        for key, value in {"salt": salt, **settings_of(parts), "disputes": disputes}.items():
            warehouse.set(key, value)
    keep_keys_current(warehouse, salt)
    ends: list[int] = []
    with progress("copying", len(parts)) as advance:
        for part in parts:
            _copy(warehouse, part, salt)
            ends.append(warehouse.count("select coalesce(max(file_id), 0) from files"))
            advance(1)
    refuse_unseen(warehouse, ends)
    before = warehouse.count("select sum(loaded_count) from files")
    with progress("finding duplicates"):
        set_aside_again(warehouse)
        recount(warehouse)
        take_out_repeated(warehouse)
    resolve.derive(warehouse, config, None, progress)
    refuse_other_cells(warehouse, ["the catalogue of prices"])
    with progress("checking that the rows add up"):
        failed = check_loads(warehouse)
    return Merged(
        db=db,
        databases=tuple(
            _counts(warehouse, part, after, last)
            for part, after, last in zip(parts, [0, *ends[:-1]], ends, strict=True)
        ),
        repeated=before - warehouse.count("select sum(loaded_count) from files"),
        warnings=tuple(
            unseen_nesting(warehouse, f"(own.kept <> 'rows' or earlier.kept <> 'rows') and {of_two_parts(ends)}")
        ),
        failed_checks=tuple(failed),
    )


def _copy(warehouse: Warehouse, part: Part, salt: str) -> None:
    """Append all tables of a database, numbered on from those that are there."""
    end = {"file_id": warehouse.count("select max(file_id) from files"), "load_id": next_load(warehouse) - 1}
    rows = warehouse.count("select count(*) from stored_facts")
    warehouse.execute(f"attach {literal(str(part.path))} as part (read_only)")
    try:
        _copy_facts(warehouse, part, end, salt)
        for table, numbers in NUMBERED.items():
            moved = ", ".join(f"{name} + {end[name]} as {name}" for name in numbers)
            moved += f", case when kept = 'rows' then first_row + {rows} end as first_row" if table == "files" else ""
            warehouse.execute(f"insert into {table} by name select * replace ({moved}) from part.{table}")
        for table in SUMMED:
            warehouse.execute(
                f"insert into {table} by name select * replace (load_id + {end['load_id']} as load_id) "
                f"from part.{table} where load_id in (select load_id from part.files where kept <> 'rows')"
            )
        _copy_outcomes(warehouse)
    finally:
        warehouse.execute("detach part")


def _copy_facts(warehouse: Warehouse, part: Part, end: Mapping[str, int], salt: str) -> None:
    there = stored_columns(warehouse)
    new = [
        str(name)
        for (name,) in warehouse.rows(
            "select column_name from duckdb_columns() where database_name = 'part' and table_name = 'stored_facts'"
        )
        if name not in there
    ]
    for name in new:
        warehouse.execute(f"alter table stored_facts add column {name} {REQUEST_FACTS[name]}")
    warehouse.execute(facts_view([*there, *new]))
    moved = ", ".join(f"{name} + {number} as {name}" for name, number in end.items())
    if part.salt != salt or part.hash_probe != hash_probe(warehouse):
        moved += f", {REQUEST_KEY.format(salt=literal(salt))} as request_key"
    warehouse.execute(
        f"insert into stored_facts by name select {as_stored(warehouse)} "
        f"from (select * exclude (rowid) replace ({moved}) from part.request_facts) as facts"
    )


def _copy_outcomes(warehouse: Warehouse) -> None:
    """Add the pairs of files that are not there, which take the place of earlier files' of the same requests."""
    warehouse.execute(
        "create or replace temp table placed_outcomes as from part.paired_outcomes "
        "where outcome_file_hash not in (select outcome_file_hash from paired_outcomes)"
    )
    replace_pairs(warehouse)
    warehouse.execute("insert into paired_outcomes by name from placed_outcomes")


def _counts(warehouse: Warehouse, part: Part, after: int, last: int) -> dict[str, object]:
    row = warehouse.rows(
        """
        select count(*), coalesce(sum(read_count), 0), coalesce(sum(loaded_count), 0),
            coalesce(sum(duplicate_count), 0), coalesce(sum(rejected_count), 0)
        from files where file_id > ? and file_id <= ?
        """,
        [after, last],
    )[0]
    counts = dict(zip(("files", "read", "loaded", "duplicate", "rejected"), map(int, map(str, row)), strict=True))
    return {"path": str(part.path), **counts}
