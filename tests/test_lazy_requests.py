"""`traffic.requests`: lazy, pushed down into DuckDB, and holding the database open only while it is read."""

import shutil
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import audit
from audit.errors import DatabaseError
from audit.library.predicates import comparable, pushed
from audit.warehouse import Warehouse

ASKED: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
    "all of it": lambda requests: requests,
    "some columns": lambda requests: requests.select("endpoint", "usage_output_tokens"),
    "an equal": lambda requests: requests.filter(pl.col("endpoint") == "gsm"),
    "a range of times": lambda requests: requests.filter(pl.col("start_time") >= datetime(2026, 9, 10)),
    "a list": lambda requests: requests.filter(pl.col("endpoint").is_in(["gsm", "crux", "it's"])),
    "an or": lambda requests: requests.filter(
        (pl.col("usage_input_tokens") > 500) | pl.col("response_finish_reason").is_null()
    ),
    "money": lambda requests: requests.filter(pl.col("billed_cost") > Decimal("0.001")),
    "what only Polars can": lambda requests: requests.filter(pl.col("endpoint").str.len_chars() > 4),
    "both kinds": lambda requests: requests.filter(
        pl.col("endpoint").str.ends_with("-v2"), pl.col("usage_output_tokens") < 100
    ),
    "a list column": lambda requests: requests.filter(pl.col("tags").list.len() > 0).select("tags", "model"),
    "a sum": lambda requests: requests.group_by("model").agg(pl.col("usage_input_tokens").sum()),
    "a count": lambda requests: requests.select(pl.len()),
    "the first after a filter": lambda requests: requests.filter(pl.col("endpoint") != "gsm").head(7),
    "the largest": lambda requests: requests.select("usage_input_tokens").top_k(5, by="usage_input_tokens"),
    "itself": lambda requests: requests.select("file_id", "row_number", "model").join(
        requests.select("file_id", "row_number", "endpoint"), on=["file_id", "row_number"]
    ),
}


@pytest.fixture(scope="module")
def whole(traffic: audit.Audit) -> pl.DataFrame:
    """All requests at once, by the other way."""
    return traffic.sql("select * from requests")


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED.keys())
@pytest.mark.parametrize("engine", ["auto", "streaming"])
def test_a_lazy_answer_is_that_of_the_whole_frame(
    traffic: audit.Audit,
    whole: pl.DataFrame,
    asked: Callable[[pl.LazyFrame], pl.LazyFrame],
    engine: Literal["auto", "streaming"],
) -> None:
    found = asked(traffic.requests).collect(engine=engine)
    assert_frame_equal(found, asked(whole.lazy()).collect(), check_row_order=False)


def test_rows_come_in_the_order_of_their_files(traffic: audit.Audit) -> None:
    numbers = traffic.requests.select("file_id", "row_number").collect()
    assert_frame_equal(numbers, numbers.sort("file_id", "row_number"))


def test_only_the_columns_that_are_asked_for_are_read(traffic: audit.Audit) -> None:
    plan = traffic.requests.filter(pl.col("endpoint") == "gsm").select("model").explain()
    assert "PROJECT 2/" in plan


def test_duckdb_decides_what_it_can_of_a_predicate_and_polars_the_rest(traffic: audit.Audit) -> None:
    with Warehouse.read(traffic.path) as warehouse:
        rows = warehouse.relation("from requests")
        known = comparable(
            traffic.requests.collect_schema(), dict(zip(rows.columns, map(str, rows.types), strict=True))
        )
    assert {"endpoint", "start_time", "billed_cost", "usage_input_tokens"} <= known.keys()
    equal, odd = pl.col("endpoint") == "gsm", pl.col("endpoint").str.len_chars() > 4
    condition, rest = pushed(equal, known)
    assert "gsm" in str(condition)
    assert rest is None
    condition, rest = pushed(equal & odd, known)
    assert "gsm" in str(condition)
    assert rest is not None
    assert pushed(odd, known)[0] is None
    assert pushed(None, known) == (None, None)


def test_a_scan_that_is_given_up_lets_the_database_go(demo: audit.DemoResult, tmp_path: Path) -> None:
    db = Path(shutil.copy(demo.db, tmp_path / "usage.duckdb"))
    requests = audit.open(db).requests
    batches = requests.select("request_id").collect_batches(chunk_size=100)
    assert next(iter(batches)).height > 0
    del batches
    assert requests.filter(pl.col("endpoint").str.len_chars() > 0).head(1).collect().height == 1
    assert audit.load(demo.directory / "spend_logs.jsonl.gz", db=db).total("duplicate") > 0


def test_a_lazy_frame_sees_what_was_loaded_after_it_was_made(demo: audit.DemoResult, tmp_path: Path) -> None:
    db = Path(shutil.copy(demo.db, tmp_path / "usage.duckdb"))
    traffic = audit.open(db)
    requests = traffic.requests.select(pl.len())
    assert requests.collect().item() == demo.document["rows"]["loaded"]
    assert traffic.unload(str(demo.directory / "spend_logs.jsonl.gz")) == demo.document["rows"]["loaded"]
    assert requests.collect().item() == 0


def test_a_database_that_is_gone_is_named_when_it_is_read(demo: audit.DemoResult, tmp_path: Path) -> None:
    db = Path(shutil.copy(demo.db, tmp_path / "usage.duckdb"))
    requests = audit.open(db).requests
    db.unlink()
    with pytest.raises(DatabaseError, match=r"usage\.duckdb: no such database"):
        requests.head(1).collect()
