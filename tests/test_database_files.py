"""SQLite and DuckDB files as sources: their tables of usage load like exports, the others are named."""

import gzip
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from exports import Row, spend_log, spend_logs, write_jsonl

from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.intake.rejects import listed
from audit.warehouse import Warehouse

Make = Callable[..., Path]
DAILY: Row = {
    "date": "2026-03-02",
    "user_id": "u1",
    "api_key": "k",
    "model": "gpt-4o",
    "custom_llm_provider": "openai",
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "spend": 0.1,
    "api_requests": 5,
    "successful_requests": 5,
    "failed_requests": 0,
    "cache_read_input_tokens": 0,
    "cache_creation_input_tokens": 0,
}
MAP = """
[source]
name = "own_calls"
title = "Own calls"

[columns]
start_time = "at"
request_model = "llm"
usage_input_tokens = "tokens_in"
usage_output_tokens = "tokens_out"
"""


def sqlite(path: Path, **tables: Sequence[Row]) -> Path:
    with closing(sqlite3.connect(path)) as con, con:
        for table, rows in tables.items():
            names = ", ".join(f'"{name}"' for name in rows[0])
            con.execute(f'create table "{table}" ({names})')
            marks = ", ".join("?" * len(rows[0]))
            con.executemany(f'insert into "{table}" values ({marks})', [list(row.values()) for row in rows])
    return path


def duck(path: Path, **tables: Sequence[Row]) -> Path:
    with duckdb.connect(str(path)) as con:
        for table, rows in tables.items():
            lines = write_jsonl(path.with_suffix(f".{table}.jsonl"), rows)
            con.execute(f"create table \"{table}\" as select * from read_json('{lines}')")
    return path


def loaded(path: Path, *more: str, **options: object) -> LoadReport:
    report = load([str(path), *more], path.with_name("usage.duckdb"), **options)  # pyright: ignore[reportArgumentType]
    assert report.failed_checks == ()
    return report


def facts(folder: Path) -> list[tuple[object, ...]]:
    with Warehouse.read(folder / "usage.duckdb") as warehouse:
        return warehouse.rows(
            "select request_id, start_time, duration_ms, request_model, usage_input_tokens, "
            "usage_cache_read_input_tokens, usage_output_tokens, billed_cost, tags "
            "from loaded_facts order by request_id"
        )


@pytest.mark.parametrize("make", [sqlite, duck])
def test_a_table_reads_like_the_rows_it_holds_and_is_called_after_file_and_table(tmp_path: Path, make: Make) -> None:
    rows = spend_logs(60)
    path = make(tmp_path / "proxy.db", LiteLLM_SpendLogs=rows, config=[{"name": "a", "value": "b"}])
    report = loaded(path)
    (file,) = report.files
    assert (file.path, file.format) == (f"{path}:LiteLLM_SpendLogs", "litellm_spend_logs")
    assert (file.read, file.loaded) == (60, 60)
    assert report.warnings == (f"{path}: tables that hold no usage were left out: 'config'",)
    (other := tmp_path / "other").mkdir()
    loaded(write_jsonl(other / "rows.jsonl", rows))
    assert facts(tmp_path) == facts(other)


def test_a_database_that_is_loaded_again_changes_nothing(tmp_path: Path) -> None:
    path = sqlite(tmp_path / "proxy.db", LiteLLM_SpendLogs=spend_logs(5))
    loaded(path)
    before = facts(tmp_path)
    assert loaded(path).total("duplicate") == 5
    assert facts(tmp_path) == before
    with closing(sqlite3.connect(path)) as con, con:
        row = spend_log(9)
        con.execute(f"insert into LiteLLM_SpendLogs values ({', '.join('?' * len(row))})", list(row.values()))
    assert loaded(path).total("loaded") == 1


def test_rows_that_cannot_be_loaded_are_counted_by_their_number_in_the_table(tmp_path: Path) -> None:
    rows = [*spend_logs(3), spend_log(3, tokens_in=1) | {"prompt_tokens": "many"}]
    report = loaded(sqlite(tmp_path / "proxy.db", LiteLLM_SpendLogs=rows))
    assert (report.total("read"), report.total("loaded"), report.total("rejected")) == (4, 3, 1)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        (reject,) = listed(warehouse)
    assert (reject.record_number, reject.reason) == (4, "usage_input_tokens many is not a count")
    assert reject.unavailable == "this kind of file has no place to point at"


def test_more_rows_than_are_read_at_once_keep_their_order_and_their_text(tmp_path: Path) -> None:
    rows = spend_logs(5000)
    rows[4321] |= {"prompt_tokens": "many", "model": "größe\x01 ☃"}
    report = loaded(sqlite(tmp_path / "proxy.db", LiteLLM_SpendLogs=rows))
    assert (report.total("read"), report.total("loaded")) == (5000, 4999)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        assert [reject.record_number for reject in listed(warehouse)] == [4322]


def test_daily_sums_beside_the_requests_they_sum_are_left_out(tmp_path: Path) -> None:
    path = sqlite(tmp_path / "proxy.db", LiteLLM_DailyUserSpend=[DAILY], LiteLLM_SpendLogs=spend_logs(2))
    report = loaded(path)
    assert (len(report.files), report.total("loaded")) == (1, 2)
    assert report.warnings == (
        f"{path}: tables that repeat the traffic of another were left out: 'LiteLLM_DailyUserSpend'",
    )


def test_of_daily_sums_alone_only_the_fullest_is_loaded(tmp_path: Path) -> None:
    tables = {f"LiteLLM_Daily{name}Spend": [DAILY] for name in ("Tag", "Team", "User")}
    (file,) = loaded(sqlite(tmp_path / "proxy.db", **tables)).files
    assert file.path.endswith(":LiteLLM_DailyUserSpend")


@pytest.mark.parametrize("make", [sqlite, duck])
def test_a_map_takes_the_table_it_fits(tmp_path: Path, make: Make) -> None:
    (map_file := tmp_path / "own.toml").write_text(MAP)
    calls: list[Row] = [{"at": "2026-03-02T09:00:00Z", "llm": "gpt-4o", "tokens_in": 100, "tokens_out": 10}]
    path = make(tmp_path / "app.db", calls=calls, users=[{"id": 1, "name": "x"}])
    report = loaded(path, map_file=map_file)
    assert [(file.path, file.loaded) for file in report.files] == [(f"{path}:calls", 1)]


def test_a_format_that_is_asked_for_takes_the_tables_it_fits(tmp_path: Path) -> None:
    path = sqlite(tmp_path / "app.db", LiteLLM_SpendLogs=spend_logs(2), models=[{"model": "gpt-4o", "spend": 1}])
    report = loaded(path, format="litellm_spend_logs")
    assert [file.path for file in report.files] == [f"{path}:LiteLLM_SpendLogs"]


@pytest.mark.parametrize("make", [sqlite, duck])
def test_a_database_without_usage_is_refused_with_the_names_of_its_tables(tmp_path: Path, make: Make) -> None:
    path = make(tmp_path / "app.db", users=[{"id": 1, "name": "x"}], carts=[{"id": 1, "sum": 2}])
    (message,) = loaded(path).refused
    assert message.startswith(f"{path}: no table of this database is an export that this version knows")
    assert "'users'" in message
    assert "'carts'" in message


def test_empty_tables_are_no_export_and_a_database_of_them_is_refused(tmp_path: Path) -> None:
    path = sqlite(tmp_path / "proxy.db", LiteLLM_SpendLogs=spend_logs(1))
    with closing(sqlite3.connect(path)) as con, con:
        con.execute("delete from LiteLLM_SpendLogs")
    (message,) = loaded(path).refused
    assert "no table of this database holds any row" in message


def test_a_database_of_this_program_is_refused_with_advice_also_the_one_loaded_into(tmp_path: Path) -> None:
    loaded(write_jsonl(tmp_path / "rows.jsonl", spend_logs(2)))
    own = tmp_path / "usage.duckdb"
    report = load([str(own)], tmp_path / "second.duckdb")
    assert "traffic-audit itself; load the exports that it was made from" in report.refused[0]
    report = load([str(own)], own)
    assert report.refused == (f"{own}: the database that is being loaded into; load other files into it",)


def test_a_damaged_database_is_one_refusal_and_the_other_files_are_loaded(tmp_path: Path) -> None:
    broken = sqlite(tmp_path / "broken.db", LiteLLM_SpendLogs=spend_logs(300))
    content = broken.read_bytes()
    broken.write_bytes(content[:4096] + b"\xff" * 4096 + content[8192:])
    good = write_jsonl(tmp_path / "rows.jsonl", spend_logs(2))
    report = loaded(good, str(broken))
    assert report.total("loaded") == 2
    (message,) = report.refused
    assert message.startswith(f"{broken}: a SQLite database that cannot be read (")


def test_a_cut_off_or_encrypted_duckdb_file_is_refused(tmp_path: Path) -> None:
    path = duck(tmp_path / "other.db", LiteLLM_SpendLogs=spend_logs(3))
    path.write_bytes(path.read_bytes()[:5000])
    (message,) = loaded(path).refused
    assert message.startswith(f"{path}: a DuckDB database that cannot be read (")
    secret = tmp_path / "secret.db"
    with duckdb.connect() as con:
        con.execute("set force_mbedtls_unsafe = true")
        con.execute(f"attach '{secret}' as secret (encryption_key 'k')")
        con.execute("create table secret.calls as select 1 as a")
    (message,) = loaded(secret).refused
    assert message.startswith(f"{secret}: a DuckDB database that cannot be read (")


def test_a_packed_database_is_to_be_unpacked(tmp_path: Path) -> None:
    path = sqlite(tmp_path / "proxy.db", LiteLLM_SpendLogs=spend_logs(1))
    packed = tmp_path / "proxy.db.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert "SQLite database inside of an archive: unpack it first" in loaded(packed).refused[0]


def test_a_database_is_only_read_and_one_that_is_written_to_is_seen_as_it_was_last_whole(tmp_path: Path) -> None:
    path = sqlite(tmp_path / "proxy.db", LiteLLM_SpendLogs=spend_logs(2))
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("pragma journal_mode = wal")
        row = spend_log(7)
        insert = f"insert into LiteLLM_SpendLogs values ({', '.join('?' * len(row))})"
        with writer:
            writer.execute(insert, list(row.values()))
        writer.execute(insert, list(spend_log(8).values()))
        before = path.read_bytes()
        assert loaded(path).total("loaded") == 3
        assert path.read_bytes() == before


def test_nested_columns_of_a_duckdb_table_and_text_in_odd_bytes_are_read(tmp_path: Path) -> None:
    row = spend_log(1, cached=64)
    nested = row | {"metadata": json.loads(str(row["metadata"])), "request_tags": ["chat"]}
    loaded(duck(tmp_path / "a.db", calls=[nested]))
    odd = sqlite(tmp_path / "odd.db", calls=[spend_log(2) | {"user": b"caf\xe9", "metadata": b"{}"}])
    loaded(odd)
    assert [(row[0], row[5]) for row in facts(tmp_path)] == [("chatcmpl-1", 64), ("chatcmpl-2", 0)]
