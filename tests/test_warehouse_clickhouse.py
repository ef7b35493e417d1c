"""The scripts for ClickHouse, run by chDB, hand over the cells that a load of the same logs makes."""

import os
import subprocess
from pathlib import Path

import pytest
from handed_over import SALT, SAMPLES, Sample, assert_hands_over, hostile_rows, script, table_of

CHDB = "AUDIT_TEST_CHDB"
"""The Python of an environment with chDB, 900 MB that nothing else here needs: `pip install chdb` there."""
PROGRAM = """
import sys
from chdb.session import Session

table, script, cells = sys.argv[1:]
session = Session()
session.query("create database handing engine = Atomic")
session.query("use handing")
session.query(f"create table logs engine = MergeTree order by tuple() as select * from file('{table}')")
for statement in open(script).read().split(";\\n\\n"):
    session.query(statement)
session.query(f"select * from cells into outfile '{cells}' format Parquet")
"""
pytestmark = pytest.mark.skipif(CHDB not in os.environ, reason=f"{CHDB} names a Python that has chDB, which is large")


@pytest.fixture(autouse=True)
def _one_salt(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("AUDIT_SALT", SALT)


def in_clickhouse(table: Path, text: str) -> Path:
    """The result of a script that chDB ran over the rows of a Parquet file."""
    written, into = table.with_name("script.sql"), table.with_name("cells.parquet")
    written.write_text(text)
    arguments = [os.environ[CHDB], "-c", PROGRAM, str(table), str(written), str(into)]
    subprocess.run(arguments, check=True, cwd=table.parent)
    return into


def test_hostile_rows_give_the_same_cells_as_their_file(tmp_path: Path) -> None:
    table = table_of(tmp_path / "logs.parquet", hostile_rows())
    assert_hands_over(table.with_suffix(".jsonl"), in_clickhouse(table, script("clickhouse")))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_table_of_a_format_gives_the_same_cells_as_its_file(tmp_path: Path, name: str) -> None:
    sample = Sample(name, has_json=False)
    cells = in_clickhouse(sample.table(tmp_path), sample.script("clickhouse"))
    assert_hands_over(sample.logs(tmp_path), cells, sample.format)
