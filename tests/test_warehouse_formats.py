"""For which formats there are scripts: those whose script gives what a load of their files gives."""

from pathlib import Path

import duckdb
import pytest
import sqlglot
from handed_over import COMPARED, SALT, SAMPLES, Sample, reasons, rows_of

from audit.dialects.pieces import steps_of
from audit.errors import ConfigError
from audit.library.loading import load
from audit.library.scripting import warehouse_script
from audit.readers.registry import READERS


@pytest.fixture(autouse=True)
def _one_salt(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("AUDIT_SALT", SALT)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_table_of_a_format_gives_the_same_cells_as_its_file(tmp_path: Path, name: str) -> None:
    sample, cells = Sample(name), tmp_path / "cells.parquet"
    with duckdb.connect() as con:
        sample.make_table(con)
        con.execute(sample.script("duckdb"))
        con.execute(f"copy cells to '{cells}'")
    here, there = tmp_path / "here.duckdb", tmp_path / "there.duckdb"
    load(sample.logs(tmp_path), db=here, cells_only=True, keys=False, format=sample.format)
    assert load(cells, db=there).total("loaded") > 0
    for compared in COMPARED:
        assert rows_of(there, compared) == rows_of(here, compared), compared
    assert reasons(there) == reasons(here)


def test_every_other_format_is_refused_with_a_way_out() -> None:
    others = [reader for reader in READERS if reader.format not in SAMPLES.values()]
    assert len(others) > 25
    for reader in others:
        with pytest.raises(ConfigError, match=f"^--format {reader.format}: .*export the table to files"):
            warehouse_script("logs", dialect="duckdb", format=reader.format, columns=["id"])


@pytest.mark.parametrize("path", ["$[#-1].content", "$[-1]", "$..deep", "$.a[1:2]"])
def test_a_path_that_other_engines_lack_is_no_key(path: str) -> None:
    call = sqlglot.parse_one(f"json_extract(x, '{path}')", read="duckdb")
    with pytest.raises(ConfigError, match="a path into JSON that other engines do not have"):
        steps_of(call.expression)
