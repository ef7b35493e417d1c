"""DuckDB may use little memory, more where records are long or a query needs it, and never more than the user says."""

import json
from pathlib import Path

import pytest

from audit import memory
from audit.errors import OutOfMemoryError
from audit.intake.duplicates import set_aside
from audit.intake.letting_go import Kept, let_go
from audit.intake.loading import load
from audit.warehouse import Warehouse
from tests.exports import spend_log, write_jsonl
from tests.loads import cells

SMALL, ENOUGH = 40 << 20, 1 << 30
LARGE_TEXT = "select length(string_agg(repeat('x', 1000), '')) from range(50000)"
"""A value of 50 MB, which is nothing that could spill."""
AGAIN = """
select 2 as load_id, 2 as file_id, 'r' || range as request_id, hash(range) as request_key from range({rows})
"""
KEPT = """
select 1 as load_id, 1 as file_id, hash('r' || range) as identity, (hash(range) & 4294967295)::uinteger as content
from range({rows})
"""
"""The keys of requests, and the requests once more."""
MESSAGES = json.dumps([{"role": "user", "content": "a long document " * 6_000}])


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little memory to begin with, so that a small query needs more."""
    monkeypatch.delenv("AUDIT_MEMORY_LIMIT", raising=False)
    monkeypatch.setattr(memory, "PLAIN", SMALL)
    monkeypatch.setattr(memory, "LONG", ENOUGH)
    monkeypatch.setattr(memory, "A_COLUMN", 0)


def allowed(warehouse: Warehouse) -> str:
    return str(warehouse.value("select current_setting('memory_limit')"))


@pytest.mark.usefixtures("narrow")
def test_a_query_that_runs_out_is_asked_again_with_more(tmp_path: Path) -> None:
    with Warehouse.create(tmp_path / "usage.duckdb") as warehouse:
        before = allowed(warehouse)
        assert warehouse.value(LARGE_TEXT) == 50_000_000
        assert (before, allowed(warehouse)) == ("40.0 MiB", "1.0 GiB")


@pytest.mark.usefixtures("narrow")
def test_what_the_user_allows_is_never_exceeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_MEMORY_LIMIT", "40MiB")
    with Warehouse.create(tmp_path / "usage.duckdb") as warehouse:
        with pytest.raises(OutOfMemoryError, match=r"40MiB .* set AUDIT_MEMORY_LIMIT"):
            warehouse.value(LARGE_TEXT)
        assert allowed(warehouse) == "40.0 MiB"


@pytest.mark.usefixtures("narrow")
def test_a_load_that_runs_out_begins_again_with_more_and_loads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = write_jsonl(tmp_path / "log.jsonl", [spend_log(number, messages=MESSAGES) for number in range(400)])
    monkeypatch.setattr(memory, "LARGE_FILE", ENOUGH)
    limits: list[str] = []
    more = Warehouse.allow

    def noted(warehouse: Warehouse, most: int) -> bool:
        if most > memory.PLAIN:
            limits.append(allowed(warehouse))
        return more(warehouse, most)

    monkeypatch.setattr(Warehouse, "allow", noted)
    load([str(log)], tmp_path / "again.duckdb")
    assert limits == ["40.0 MiB"]
    monkeypatch.setattr(memory, "PLAIN", ENOUGH)
    load([str(log)], tmp_path / "once.duckdb")
    assert limits == ["40.0 MiB"]
    assert cells(tmp_path / "again.duckdb") == cells(tmp_path / "once.duckdb")


@pytest.mark.parametrize("keep", ["rows", "keys", "cells"])
def test_a_plain_log_is_loaded_within_little_memory_whatever_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: Kept
) -> None:
    monkeypatch.setattr(memory, "A_COLUMN", 0)
    more, asked = Warehouse.allow, set[int]()

    def noted(warehouse: Warehouse, most: int) -> bool:
        asked.add(most)
        return more(warehouse, most)

    monkeypatch.setattr(Warehouse, "allow", noted)
    load([str(write_jsonl(tmp_path / "log.jsonl", map(spend_log, range(40))))], tmp_path / "usage.duckdb", keep=keep)
    assert asked == {memory.PLAIN}


def test_all_of_a_large_load_may_be_known_without_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUDIT_MEMORY_LIMIT", raising=False)
    monkeypatch.setattr(memory, "PLAIN", 48 << 20)
    rows, db = 400_000, tmp_path / "usage.duckdb"
    load([str(write_jsonl(tmp_path / "log.jsonl", [spend_log()]))], db)
    with Warehouse.create(db) as warehouse:
        warehouse.execute("set threads = 2")
        warehouse.execute(f"update files set kept = 'keys'; insert into request_keys by name {KEPT.format(rows=rows)}")
        warehouse.execute("insert into files by name select 2 as file_id, 2 as load_id, 1 as first_row, 'rows' as kept")
        warehouse.execute(f"insert into stored_facts by name {AGAIN.format(rows=rows)}")
        with warehouse.transaction(memory.PLAIN):
            set_aside(warehouse, 2)
            assert warehouse.count("select count(*) from set_aside where reason = 'duplicate'") == rows
            let_go(warehouse, [2], "keys")
        assert warehouse.count("select count(*) from request_keys") == rows


@pytest.mark.usefixtures("narrow")
def test_what_cannot_be_repeated_has_more_from_the_start(tmp_path: Path) -> None:
    with Warehouse.create(tmp_path / "usage.duckdb") as warehouse:
        with warehouse.transaction():
            assert warehouse.value(LARGE_TEXT) == 50_000_000
        assert allowed(warehouse) != "40.0 MiB"


@pytest.mark.usefixtures("narrow")
def test_long_records_have_more_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_jsonl(tmp_path / "log.jsonl", [spend_log(number, messages=MESSAGES) for number in range(400)])

    def ran_out(_: OutOfMemoryError, said: str) -> None:
        pytest.fail(said)

    monkeypatch.setattr(OutOfMemoryError, "__init__", ran_out)
    assert load([str(log)], tmp_path / "usage.duckdb").total("loaded") == 400


@pytest.mark.parametrize(
    ("size", "lengths", "long"),
    [
        (memory.LARGE_FILE + 1, (10_000, 100), True),
        (memory.LARGE_FILE + 1, (3_000, 100), False),
        (1000, (10_000,), False),
    ],
)
def test_records_are_long_by_their_mean_in_a_file_large_enough_to_matter(
    size: int, lengths: tuple[int, ...], long: bool
) -> None:
    assert memory.has_long_records(size, [{"messages": "x" * length} for length in lengths]) is long


def test_many_columns_have_what_it_takes_to_write_them_on_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def written(columns: int, threads: int) -> int:
        monkeypatch.setattr("os.cpu_count", lambda: threads)
        return memory.to_write(columns)

    assert [written(columns, 2) for columns in (5, 40, 45)] == [memory.PLAIN, memory.PLAIN, 720 << 20]
    assert [written(45, threads) for threads in (1, 64)] == [memory.PLAIN, memory.LONG]
