"""Loads as processes of their own, and whether two databases hold the same."""

import json
import subprocess
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from processes import Done, audit

from audit.schema import TABLES
from audit.warehouse import Warehouse

TIMINGS = {"files": ("loaded_at", "seconds")}
"""Columns that differ between two loads of the same file."""


def load(db: Path, *paths: Path, environment: Mapping[str, str] | None = None) -> Done:
    """Run `audit load --json`."""
    return audit("load", *paths, "--db", db, "--json", "--quiet", environment=environment)


def rows_of(done: Done) -> dict[str, int]:
    """The counts of a load over all files; read = loaded + duplicate + rejected, or an AssertionError."""
    rows: dict[str, int] = json.loads(done.out)["rows"]
    assert rows["read"] == rows["loaded"] + rows["duplicate"] + rows["rejected"], rows
    return rows


def digest(db: Path) -> dict[str, object]:
    """Count and hash of the rows of every table, and of the requests with their places."""
    found: dict[str, object] = {}
    with Warehouse.read(db) as warehouse:
        for table in TABLES:
            apart = TIMINGS.get(table)
            columns = f"* exclude ({', '.join(apart)})" if apart else "*"
            found[table] = warehouse.rows(f"select count(*), sum(hash(t)) from (select {columns} from {table}) as t")
        found["places"] = warehouse.rows(
            "select count(*), sum(hash(file_id, row_number, request_id)) from loaded_facts"
        )
    return found


def plain_error(done: Done) -> str:
    """The one message of a command that failed as it should; AssertionError where it says more, or less."""
    assert done.code == 1, (done.code, done.error)
    lines = [line for line in done.error.splitlines() if line.strip()]
    assert len(lines) == 1, done.error
    assert "unexpected" not in lines[0], lines[0]
    assert "Traceback" not in lines[0], lines[0]
    return lines[0]


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Generator[Callable[[], None], None, None]:
    """A file system of that size at `folder`, and what makes it read-only. OSError where this user may not mount."""
    folder.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield lambda: _mount("-o", "remount,ro", str(folder))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise PermissionError(f"cannot mount a small disk: {error}") from error


def say(name: str, figures: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
    """The figures of a run as one line of JSON."""
    print(json.dumps({"torture": name, "figures": figures}), flush=True)
