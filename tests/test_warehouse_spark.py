"""The script for Spark, run by Spark, hands over the cells that a load of the same logs makes."""

from pathlib import Path

import pytest
from handed_over import COMPARED, SALT, hostile_rows, reasons, rows_of, script, statements, table_of

from audit.library.loading import load
from tests.spark_engine import needs_spark, spark

pytestmark = needs_spark


def test_hostile_rows_give_the_same_cells_as_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_SALT", SALT)
    table = table_of(tmp_path / "logs.parquet", hostile_rows())
    spark().sql(f"create database handing location '{tmp_path / 'handing'}'")
    try:
        spark().read.parquet(str(table)).createOrReplaceTempView("logs")
        for statement in statements(script("spark", into="handing.cells")):
            spark().sql(statement)
        spark().table("handing.cells").write.parquet(str(tmp_path / "cells"))
    finally:
        spark().sql("drop database handing cascade")
    here, there = tmp_path / "here.duckdb", tmp_path / "there.duckdb"
    load(table.with_suffix(".jsonl"), db=here, cells_only=True, keys=False)
    load(tmp_path / "cells", db=there)
    for compared in COMPARED:
        assert rows_of(there, compared) == rows_of(here, compared), compared
    assert reasons(there) == reasons(here)
