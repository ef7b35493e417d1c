"""How much memory DuckDB may use: little for plain records, more for long ones, or what AUDIT_MEMORY_LIMIT says.

DuckDB fills what it is allowed before it spills, and Python, Polars and what DuckDB does not count come on top: 200 MB.
What does not fit spills into `NAME.duckdb.tmp` beside the database, which is empty again when the command ends.
"""

import os
from collections.abc import Iterable, Mapping

PLAIN = 640 << 20
"""Bytes for records as logs have them: 100 million of them load in it, in the processor time that 2 GB take."""
A_COLUMN = 16 << 20
"""Bytes for each column that is written and each thread beyond the first: DuckDB keeps the order of a file on as many
threads as find 4 MiB a column in a quarter of what it may use. Files of plain columns fit into PLAIN on two."""
LONG = 2 << 30
"""Bytes for records of 10 to 100 kB, with their messages: DuckDB reads 2,048 of them at a time, on every thread."""
LONG_RECORD = 2_500
"""Characters of a record, on average, from which a file has long ones."""
LARGE_FILE = 4 << 20
"""Bytes, packed or not; a smaller file has not enough records to matter."""


def said_by_user() -> str | None:
    """What AUDIT_MEMORY_LIMIT says, which nothing exceeds."""
    return os.environ.get("AUDIT_MEMORY_LIMIT")


def limit(most: int) -> str:
    """What DuckDB may use: `most` bytes, half of the machine where that is less, or what the user says."""
    pages, size = (os.sysconf(name) for name in ("SC_PHYS_PAGES", "SC_PAGE_SIZE"))
    return said_by_user() or f"{min(most, pages * size // 2) >> 20}MiB"


def to_write(columns: int) -> int:
    """Bytes with which rows of so many columns are written on every thread, or on as many as LONG allows."""
    return min(max(PLAIN, A_COLUMN * columns * ((os.cpu_count() or 1) - 1)), LONG)


def has_long_records(file_size: int, records: Iterable[Mapping[str, object]]) -> bool:
    """Whether a file whose first records are `records` needs more than plain ones do."""
    lengths = [len(str(record)) for record in records] if file_size > LARGE_FILE else []
    return sum(lengths) > LONG_RECORD * len(lengths)
