"""Test helper: loads of both engines side by side, in here.duckdb and spark.duckdb, and what must be equal of them."""

import subprocess
import sys
from pathlib import Path

import duckdb

SALT = "planted-salt-of-both-engines"
COMPARED = {
    "files": "path, source_format, read_count, loaded_count, duplicate_count, rejected_count, not_call_count, "
    "id_collision_count, first_time, last_time",
    "rejects": "file_id, record_number, regexp_replace(reason, 'Found: [0-9]+', 'Found: N') as reason",
    "file_notes": "file_id, note, record_count",
    "not_calls": "file_id, reason, record_count",
    "summed_models": "*", "traffic_cells": "*", "daily_usage": "*", "endpoint_templates": "*", "workload_rules": "*",
}  # fmt: skip
"""What must be equal, row for row."""


def rows(db: Path, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    with duckdb.connect(db, read_only=True) as con:
        return con.execute(f"select {columns} from {table} order by all").fetchall()


def assert_same(tmp_path: Path) -> None:
    for table, columns in COMPARED.items():
        here, there = (rows(tmp_path / f"{name}.duckdb", table, columns) for name in ("here", "spark"))
        assert there == here, table


def generated(folder: Path, name: str, rows: int, log_format: str, bad: int = 0, seed: int = 1) -> Path:
    """A log of make_log.py, with one line in a hundred a duplicate of another."""
    script = Path(__file__).parent / "make_log.py"
    command = ["--rows", str(rows), "--format", log_format, "--bad", str(bad), "--seed", str(seed)]
    subprocess.run(
        [sys.executable, str(script), *command, "--out", str(folder / name)], check=True, capture_output=True
    )
    return folder / name
