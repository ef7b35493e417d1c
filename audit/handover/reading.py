"""The result of a script read into a table of this machine, and held against itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from audit.counting import number_of
from audit.errors import InputError
from audit.handover.result import (
    CELL,
    COLUMNS,
    COUNT,
    COUNTS,
    MARK,
    MARKS,
    NOT_CALL,
    REJECT,
    SETTING,
    SETTINGS,
    TIMES,
    TOTAL,
    VERSION,
)
from audit.measures import MEASURES
from audit.readers.reader import identifier, literal
from audit.warehouse import Warehouse, first_line

ROWS = "handed_over_rows"
"""The temporary table with the rows of a result."""
DISPOSITIONS = ("loaded_count", "duplicate_count", "rejected_count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a result says of itself; its rows are in ROWS."""

    path: str
    fingerprint: str
    """The same for the same rows, in whatever order and parts they come."""
    size: int
    settings: Mapping[str, str]
    counts: Mapping[str, int]


def read(warehouse: Warehouse, path: str, parts: Sequence[Path]) -> Result:
    """Read the rows; InputError where they are not those of a whole result of this version that adds up."""
    listed = ", ".join(literal(str(part)) for part in parts)
    source = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    try:
        there = {str(name).lower(): str(name) for name, *_ in warehouse.rows(f"describe select * from {source}")}
        if missing := sorted(COLUMNS.keys() - there):
            raise InputError(f"{path}: lacks the column {missing[0]} of a result; export all columns of the table")
        items = ", ".join(f"cast({identifier(there[name])} as {kind}) as {name}" for name, kind in COLUMNS.items())
        warehouse.execute(f"create or replace temp table {ROWS} as select {items} from {source}")
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise InputError(f"{path}: cannot be read as the result of a script ({first_line(error)})") from error
    listed = ", ".join(map(literal, MARKS))
    if others := warehouse.count(f"select count(*) from {ROWS} where coalesce({MARK}, '') not in ({listed})"):
        raise InputError(
            f"{path}: holds {number_of(others, 'row that is', 'rows that are')} none of a result; load logs "
            "and results each by themselves"
        )
    settings, counts = _stated(warehouse, path)
    _refuse_parts_of_others(path, counts)
    _check_sums(warehouse, path, counts)
    fingerprint = warehouse.value(f"select sum(md5_number_lower(cast({ROWS} as varchar)) // 2)::varchar from {ROWS}")
    return Result(
        path=path,
        fingerprint=str(fingerprint),
        size=sum(part.stat().st_size for part in parts),
        settings=settings,
        counts=counts,
    )


def _stated(warehouse: Warehouse, path: str) -> tuple[dict[str, str], dict[str, int]]:
    """The settings and counts of one result of this version; a time that nothing has is left out."""
    rows = warehouse.rows(f"select name, value, record_count from {ROWS} where {MARK} in ('{SETTING}', '{COUNT}')")
    stated = Counter(str(name) for name, *_ in rows)
    settings = {str(name): str(value or "") for name, value, _ in rows if name in SETTINGS}
    counts = {str(name): int(str(count)) for name, _, count in rows if name in COUNTS and count is not None}
    found = settings.get("version", "")
    if found and found != str(VERSION):
        raise InputError(
            f"{path}: is a result of version {found}, and version {VERSION} is what can be loaded; print the script "
            "anew with `audit sql --all`, and run it again"
        )
    if stated and max(stated.values()) > 1:
        raise InputError(f"{path}: holds more than one result, or one of them twice; load each by itself")
    optional = TIMES if counts.get("loaded_count") == 0 else ()
    said = stated.keys() & (settings.keys() | counts.keys() | set(optional))
    if missing := [name for name in (*SETTINGS, *COUNTS) if name not in said]:
        raise InputError(f"{path}: does not say its {missing[0]}; some rows are missing: export the whole table")
    return settings, counts


def _refuse_parts_of_others(path: str, counts: Mapping[str, int]) -> None:
    for name, what in (
        ("bucket_count", ("bucket of several requests", "buckets of several requests")),
        ("nested_count", ("call inside of another call", "calls inside of other calls")),
    ):
        if count := counts[name]:
            raise InputError(
                f"{path}: holds {number_of(count, *what)}, which may be counted again elsewhere and so are kept one by "
                "one; export the rows of the logs, and load those"
            )


def _check_sums(warehouse: Warehouse, path: str, counts: Mapping[str, int]) -> None:
    """InputError where a count is negative, or what was counted in two ways differs."""
    # a log may state what was credited
    negative = " or ".join(f"{name} < 0" for name in ("record_count", *MEASURES) if name != "billed_cost")
    if warehouse.rows(f"select 1 from {ROWS} where {negative} limit 1"):
        raise InputError(f"{path}: holds a negative count, which no script makes; run it again and export its table")
    said = [("read_count", "loaded, duplicate and rejected", sum(counts[name] for name in DISPOSITIONS))]
    for name, kinds in (("rejected_count", (REJECT, NOT_CALL)), ("not_call_count", (NOT_CALL,))):
        listed = ", ".join(map(literal, kinds))
        count = warehouse.count(f"select sum(record_count) from {ROWS} where handed_over in ({listed})")
        said.append((name, "the records of its reasons", count))
    wrong: list[tuple[str, object, str, object]] = [
        (name, counts[name], others, count) for name, others, count in said if counts[name] != count
    ]
    for name in MEASURES:
        total, cells = (
            warehouse.value(f"select coalesce(sum({name}), 0)::varchar from {ROWS} where handed_over = '{kind}'")
            for kind in (TOTAL, CELL)
        )
        if total != cells:
            wrong.append((f"the total of {name}", total, "its cells", cells))
    requests = warehouse.count(f"select sum(request_count) from {ROWS} where handed_over = '{CELL}'")
    if requests != counts["loaded_count"]:
        wrong.append(("loaded_count", counts["loaded_count"], "the requests of its cells", requests))
    for name, count, others, sum_ in wrong[:1]:
        raise InputError(
            f"{path}: does not add up: {name} is {count}, and {others} add up to {sum_}. Rows are missing or are there "
            "twice: export the whole table once, into an empty folder"
        )
