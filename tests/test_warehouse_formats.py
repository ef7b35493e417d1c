"""For which formats there are scripts: those whose script gives what a load of their files gives."""

from pathlib import Path

import pytest
import sqlglot
from handed_over import SALT, SAMPLES, Sample, assert_hands_over, in_duckdb

from audit.dialects.pieces import steps_of
from audit.errors import ConfigError
from audit.library.scripting import warehouse_script
from audit.readers.registry import READERS


@pytest.fixture(autouse=True)
def _one_salt(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("AUDIT_SALT", SALT)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_table_of_a_format_gives_the_same_cells_as_its_file(tmp_path: Path, name: str) -> None:
    sample = Sample(name)
    assert_hands_over(sample.logs(tmp_path), in_duckdb(sample.table(tmp_path), sample.script("duckdb")), sample.format)


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
