"""What became of a load: counts and notes, file by file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from audit.counting import none_of
from audit.warehouse import Warehouse

NOT_A_CALL = "not a model call"
"""How the reason of a reject begins whose record was never meant to be a request: it needs nobody's attention."""

REJECTED_THERE = "rejected in the warehouse: "
"""How a note begins that stands for the rejects of a reason: a warehouse does not number its records."""
IS_REJECTED_THERE = f"starts_with(note, '{REJECTED_THERE}')"
REJECT_REASONS = f"""
select file_id, reason, 1 as records from rejects
union all
select file_id, substr(note, {len(REJECTED_THERE) + 1}), record_count from file_notes where {IS_REJECTED_THERE}
"""
"""Why records were rejected, file by file: one row for each that is listed, or for all that are only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of one file: read = loaded + duplicate + rejected."""

    path: str
    format: str
    read: int
    loaded: int
    duplicate: int
    rejected: int
    not_calls: int
    """Rejected records that are no model calls, or no costs, by nature: other spans of a trace, days without spend."""
    id_collisions: int
    seconds: float
    notes: Mapping[str, int]
    """What had to be decided about records, and about how many."""

    @property
    def rejected_there(self) -> int:
        """Rejects that are known by their reasons alone, which stand among the notes."""
        return sum(count for note, count in self.notes.items() if note.startswith(REJECTED_THERE))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What became of one call."""

    files: tuple[FileReport, ...]
    refused: tuple[str, ...] = ()
    """One message per file that could not be read whole."""
    warnings: tuple[str, ...] = ()
    failed_checks: tuple[str, ...] = ()

    def total(self, count: str) -> int:
        """The sum of 'read', 'loaded', 'duplicate', 'rejected' or 'not_calls' over the files."""
        return sum(int(getattr(file, count)) for file in self.files)

    def to_document(self) -> dict[str, object]:
        """The JSON of `audit load --json`."""
        counts = ("read", "loaded", "duplicate", "rejected")
        return {
            "files": [
                {"path": file.path, "format": file.format}
                | {name: getattr(file, name) for name in counts}
                | {"not_calls": file.not_calls, "id_collisions": file.id_collisions}
                | {"seconds": round(file.seconds, 3), "notes": dict(file.notes)}
                for file in self.files
            ],
            "rows": {name: self.total(name) for name in counts},
            "refused": list(self.refused),
            "warnings": list(self.warnings),
            "failed_checks": list(self.failed_checks),
        }


def keep_notes(warehouse: Warehouse, load_id: int) -> None:
    """Count what staging had to decide about records; `recount` counts why calls were set aside."""
    warehouse.execute(
        """
        insert into file_notes
        select file_id, usage_note, count(*) from request_facts
        where load_id = ? and reject_reason is null and usage_note is not null
        group by file_id, usage_note
        """,
        [load_id],
    )


def file_reports(warehouse: Warehouse, load_id: int) -> list[FileReport]:
    """The files of a load, and of any after it, as they stand in the database."""
    notes: dict[object, dict[str, int]] = {}
    for file_id, note, count in warehouse.rows("select file_id, note, record_count from file_notes order by note"):
        notes.setdefault(file_id, {})[str(note)] = int(str(count))
    names = (
        "path", "format", "read", "loaded", "duplicate", "rejected", "not_calls", "id_collisions", "seconds"
    )  # fmt: skip
    rows = warehouse.rows(
        "select file_id, path, source_format, read_count, loaded_count, duplicate_count, rejected_count, "
        "not_call_count, id_collision_count, seconds from files where load_id >= ? order by file_id",
        [load_id],
    )
    return [
        FileReport(**cast("dict[str, Any]", dict(zip(names, row, strict=True)) | {"notes": notes.get(file_id, {})}))
        for file_id, *row in rows
    ]


def without_records(reports: Iterable[FileReport]) -> list[str]:
    """A warning for every file of `reports` that is an export without a record, as of a day without traffic."""
    return [
        f"{each.path}: holds no records; if there was traffic, export it again" for each in reports if not each.read
    ]


def nothing_loaded(warehouse: Warehouse, reports: Sequence[FileReport]) -> list[str]:
    """A warning for every file of the last load of which all records were rejected though they should be requests."""
    wrong = {each.path: each.rejected - each.not_calls for each in reports if each.rejected == each.read}
    if not any(wrong.values()):
        return []
    reasons = warehouse.rows(
        f"select path, reason, sum(records)::bigint from ({REJECT_REASONS}) inner join files using (file_id) "
        "where loaded_at = (select max(loaded_at) from files) group by path, reason order by sum(records), reason desc"
    )
    commonest = {str(path): (reason, count) for path, reason, count in reasons}
    return [
        f"{path}: {none_of(count, 'record', 'could')} be loaded; of {commonest[path][1]}: {commonest[path][0]}"
        for path, count in wrong.items()
        if count
    ]
