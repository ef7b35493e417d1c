"""The scripts for Spark, run by Spark, hand over the cells that a load of the same logs makes."""

from pathlib import Path

import pytest
from handed_over import SALT, SAMPLES, Sample, assert_hands_over, hostile_rows, script, statements, table_of

from tests.spark_engine import needs_spark, spark

pytestmark = needs_spark
INTO = "handing.cells"


@pytest.fixture(autouse=True)
def _one_salt(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("AUDIT_SALT", SALT)


def on_spark(table: Path, text: str) -> Path:
    """The result of a script that Spark ran over the rows of a Parquet file."""
    into = table.with_name("cells")
    spark().sql(f"create database handing location '{table.with_name('handing')}'")
    try:
        spark().read.parquet(str(table)).createOrReplaceTempView("logs")
        for statement in statements(text):
            spark().sql(statement)
        spark().table(INTO).write.parquet(str(into))
    finally:
        spark().sql("drop database handing cascade")
    return into


def test_hostile_rows_give_the_same_cells_as_their_file(tmp_path: Path) -> None:
    table = table_of(tmp_path / "logs.parquet", hostile_rows())
    assert_hands_over(table.with_suffix(".jsonl"), on_spark(table, script("spark", into=INTO)))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_table_of_a_format_gives_the_same_cells_as_its_file(tmp_path: Path, name: str) -> None:
    sample = Sample(name, has_json=False)
    cells = on_spark(sample.table(tmp_path), sample.script("spark", into=INTO))
    assert_hands_over(sample.logs(tmp_path), cells, sample.format)
