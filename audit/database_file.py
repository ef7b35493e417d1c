"""The DuckDB file itself: opening it as everything here needs it, and why it cannot be opened."""

import re
from pathlib import Path

import duckdb

from audit import memory
from audit.errors import DatabaseError

NO_ROOM = re.compile(r"No space left|Disk quota|File too large|Could not write|max_temp_directory_size", re.IGNORECASE)
"""How DuckDB says that a disk is full."""
MARK = slice(8, 12)
"""Where a file of DuckDB says what it is."""
NOT_WRITABLE = re.compile(r"Read-only file system|Permission denied", re.IGNORECASE)


def connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection to the file at `path`; DatabaseError says why it cannot be had, and what to do."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory.limit(memory.PLAIN),
        "autoinstall_known_extensions": "false",
    }
    try:
        con = duckdb.connect(str(path), read_only=read_only, config=config)
        con.execute("set timezone = 'UTC'")
        # It turns `x in (five constants)` into a join against five rows, which doubles the time of reading a file.
        con.execute("set disabled_optimizers = 'in_clause'")
        if con.execute("select path from duckdb_databases() where not internal").fetchone() == (None,):
            raise DatabaseError(_why_not(path, "it would be in memory alone, and gone afterwards"))
    except duckdb.Error as error:
        raise DatabaseError(_why_not(path, str(error))) from error
    return con


def _why_not(path: Path, message: str) -> str:
    if holder := re.search(r"Conflicting lock is held in (.+?) \(PID (\d+)\)", message):
        return f"{path}: in use by {holder[1]} (process {holder[2]}); wait for it or stop it, then try again"
    if NOT_WRITABLE.search(message):
        return (
            f"{path}: cannot be written ({message.splitlines()[0]}); name a --db in a folder where you may write, or "
            f"change the rights of {path.parent}"
        )
    if NO_ROOM.search(message):
        return f"{path}: no room to write ({message.splitlines()[0]}); free some space on the disk of {path.parent}"
    if path.is_file() and not is_database(path):
        return f"{path}: cannot be opened: it is no DuckDB database; `audit load {path}` reads exports into one"
    return f"{path}: cannot be opened as a database ({message.splitlines()[0]})"


def is_database(path: Path) -> bool:
    """Whether a file says of itself that DuckDB wrote it."""
    with path.open("rb") as file:
        return file.read(MARK.stop)[MARK] == b"DUCK"
