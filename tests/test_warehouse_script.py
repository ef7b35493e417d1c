"""A script run where the logs are, and its result loaded here, give what a load of the same logs gives."""

from pathlib import Path

import duckdb
import pytest
from handed_over import COMPARED, SALT, hostile_rows, reasons, rows_of, script, table_of

from audit.handover.table import columns_read
from audit.library.loading import load
from audit.readers.registry import find_reader


@pytest.fixture(autouse=True)
def _one_salt(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("AUDIT_SALT", SALT)


def in_duckdb(table: Path, into: Path, **options: str) -> Path:
    """Run the script in DuckDB over a table, and export what it made."""
    with duckdb.connect() as con:
        con.execute(f"create table logs as from '{table}'")
        con.execute(script("duckdb", **options))
        con.execute(f"copy cells to '{into}'")
    return into


def test_hostile_rows_give_the_same_cells_as_their_file(tmp_path: Path) -> None:
    table = table_of(tmp_path / "logs.parquet", hostile_rows(), columns_read(find_reader("litellm_spend_logs")))
    cells = in_duckdb(table, tmp_path / "cells.parquet")
    here, there = tmp_path / "here.duckdb", tmp_path / "there.duckdb"
    load(table.with_suffix(".jsonl"), db=here, cells_only=True, keys=False)
    report = load(cells, db=there)
    assert (report.failed_checks, report.refused) == ((), ())
    for compared in COMPARED:
        assert rows_of(there, compared) == rows_of(here, compared), compared
    assert reasons(there) == reasons(here)
