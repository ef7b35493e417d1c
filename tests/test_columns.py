"""The column dictionary: every column of every relation is in it, and nothing that no relation has."""

import re

import polars as pl
import pytest

import audit
from audit.errors import UnknownNameError
from audit.library.columns import words
from audit.schema import TABLES
from audit.sql import seeds

CORE = {"requests", "traffic_cells", "workloads", "verdicts", "savings"}


@pytest.fixture(scope="module")
def columns(traffic: audit.Audit) -> dict[str, list[str]]:
    """The columns of every relation that is a query or a result, as built on the demo; a check's name what it found."""
    is_read = (pl.col("grain") != "") & ~pl.col("relation").str.starts_with("chk_")
    names = traffic.relations().filter(is_read)["relation"]
    return {name: traffic.columns(name)["column"].to_list() for name in names}


def test_every_column_of_every_relation_is_in_the_dictionary(columns: dict[str, list[str]]) -> None:
    assert columns.keys() > CORE
    missing = {name: sorted(set(found) - words().keys()) for name, found in columns.items()}
    assert not {name: found for name, found in missing.items() if found}, "say in audit/data/columns.csv what these are"


def test_the_dictionary_has_no_column_that_no_relation_has(columns: dict[str, list[str]]) -> None:
    assert not words().keys() - {column for found in columns.values() for column in found}


def test_every_column_has_a_source_and_a_sentence() -> None:
    for word in words().values():
        assert word.source in ("otel", "focus", "ours"), word
        assert word.meaning.endswith("."), word
        assert re.fullmatch(r"[a-z][a-z0-9_]*", word.column), word


def test_a_suffix_has_one_unit() -> None:
    units = {"_share": "share", "_bin": "half octaves", "_cost": "USD", "_price": "USD per token", "_ms": "ms"}
    for word in words().values():
        for suffix, unit in units.items():
            if word.column.endswith(suffix) and word.column not in ("cache_read_bin", "reasoning_bin"):
                assert word.unit == unit, word


def test_the_dictionary_of_a_relation_is_in_its_order_and_has_its_types(traffic: audit.Audit) -> None:
    cells, described = traffic.cells(), traffic.columns("traffic_cells")
    assert described["column"].to_list() == cells.columns
    assert described["type"].to_list() == [str(kind) for kind in cells.dtypes]
    assert described.columns == ["column", "type", "unit", "source", "meaning"]
    inputs = described.row(by_predicate=pl.col("column") == "usage_input_tokens", named=True)
    assert (inputs["unit"], inputs["source"]) == ("tokens", "otel")
    assert "INCLUDED" in inputs["meaning"]


@pytest.mark.parametrize("relation", ["files", "task_priors"])
def test_a_table_of_the_database_or_of_reference_values_is_described_as_far_as_known(
    traffic: audit.Audit, relation: str
) -> None:
    assert relation in TABLES or relation in seeds()
    described = traffic.columns(relation)
    assert described["column"].to_list() == traffic.sql(f"select * from {relation} limit 1").columns


def test_a_relation_that_nobody_knows_is_named_with_what_resembles_it(traffic: audit.Audit) -> None:
    with pytest.raises(UnknownNameError, match="unknown relation 'workload'; nearest: workloads"):
        traffic.columns("workload")
