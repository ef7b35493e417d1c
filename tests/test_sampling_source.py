"""A text read again is that of the request that was loaded, or there is none and a reason why."""

import gzip
import json
import shutil
import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import cast

import polars as pl
import pytest
import zstandard
from exports import Row, spend_log, write_csv, write_jsonl
from said import asked, wanted
from web_server import served

from audit.intake.loading import load
from audit.intake.retry import retry_rejects
from audit.sampling import reread
from audit.sampling.source import texts
from audit.warehouse import Warehouse

CHANGED = "the file has changed since it was loaded"
Change = Callable[[list[str]], list[str]]


def row(number: int, said: str | None = None, **columns: object) -> Row:
    """A call whose prompt names its number."""
    messages = [{"role": "user", "content": said or f"call number {number}"}]
    sent = {"model": "gpt-4o", "messages": messages}
    return spend_log(number) | {"proxy_server_request": sent, "messages": messages} | columns


def exported(folder: Path, count: int = 5, name: str = "log.jsonl") -> tuple[Path, Path]:
    """A log of `count` calls, and the database that it was loaded into."""
    path = write_jsonl(folder / name, [row(number) for number in range(count)])
    assert load([str(path)], folder / "usage.duckdb").refused == ()
    return path, folder / "usage.duckdb"


def prompts(db: Path) -> list[str | None]:
    """The prompt of every request, or the reason why it has none."""
    return [
        str(cast("list[Row]", each.body["messages"])[0]["content"]) if each.body is not None else each.unavailable
        for each in asked(db)
    ]


def numbers(*of: int) -> list[str]:
    return [f"call number {number}" for number in of]


def test_every_request_gets_its_own_text(tmp_path: Path) -> None:
    _, db = exported(tmp_path)
    assert prompts(db) == numbers(0, 1, 2, 3, 4)


def test_the_texts_of_packed_files_are_found(tmp_path: Path) -> None:
    path, _ = exported(tmp_path / "plain" if (tmp_path / "plain").mkdir() is None else tmp_path)
    content = path.read_bytes()
    for name, packed in (("a.jsonl.gz", gzip.compress(content)), ("b.jsonl.zst", zstandard.compress(content))):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(packed)
        load([str(folder / name)], folder / "usage.duckdb")
        assert prompts(folder / "usage.duckdb") == numbers(0, 1, 2, 3, 4)


def moved_by_one(lines: list[str]) -> list[str]:
    return [json.dumps(row(99)) + "\n", *lines]


def edited(lines: list[str]) -> list[str]:
    return [line.replace("call number 2", "call number 7") for line in lines]


def other_id(lines: list[str]) -> list[str]:
    return [line.replace('"chatcmpl-1"', '"chatcmpl-8"') for line in lines]


def other_tokens(lines: list[str]) -> list[str]:
    return [line.replace('"prompt_tokens": 1000', '"prompt_tokens": 1001') for line in lines]


def garbled(lines: list[str]) -> list[str]:
    return [lines[0], "{" + lines[1], *lines[2:]]


CHANGES: list[tuple[Change, list[int]]] = [
    (moved_by_one, []),
    (lambda lines: lines[::-1], [2]),
    (lambda lines: lines[:3], [0, 1, 2]),
    (lambda lines: lines[:1] + lines[2:], [0]),
    (edited, [0, 1, 3, 4]),
    (other_id, [0, 2, 3, 4]),
    (other_tokens, []),
    (garbled, [0, 2, 3, 4]),
    (lambda lines: [*lines, *moved_by_one([])], [0, 1, 2, 3, 4]),
    (lambda lines: ["\n", *lines, "\n"], [0, 1, 2, 3, 4]),
    (lambda _: [json.dumps({"name": "another log"}) + "\n"], []),
]


@pytest.mark.parametrize(("change", "kept"), CHANGES)
def test_a_record_counts_only_where_it_is_still_what_was_loaded(
    tmp_path: Path, change: Change, kept: list[int]
) -> None:
    path, db = exported(tmp_path)
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    expected = [f"call number {number}" if number in kept else CHANGED for number in range(5)]
    assert prompts(db) == expected


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b damaged", b"PAR1 damaged", b"\x00" * 100, b"[" * 10_000, b"a,b\n1,2\n"]
)
def test_a_file_that_became_something_else_gives_reasons_and_no_traceback(tmp_path: Path, content: bytes) -> None:
    path, db = exported(tmp_path)
    path.write_bytes(content)
    found = asked(db)
    assert [each.body for each in found] == [None] * 5
    assert all(each.unavailable for each in found)


def test_a_file_that_is_gone_gives_the_reason(tmp_path: Path) -> None:
    path, db = exported(tmp_path)
    path.rename(tmp_path / "elsewhere.jsonl")
    assert prompts(db) == ["the export is no longer where it was loaded from"] * 5


def test_the_same_log_in_another_order_of_columns_is_the_same_log(tmp_path: Path) -> None:
    path, db = exported(tmp_path)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    write_jsonl(path, [dict(reversed(each.items())) for each in rows])
    assert prompts(db) == numbers(0, 1, 2, 3, 4)


def test_repeated_records_are_asked_for_once(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "log.jsonl", [row(0), row(0), row(1), row(0), row(2)])
    load([str(path)], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == numbers(0, 1, 2)


def test_records_that_could_not_be_read_do_not_shift_the_others(tmp_path: Path) -> None:
    lines: list[Row | str] = [row(0), "not json", row(1), "", '{"request_id": "cut', row(2)]
    load([str(write_jsonl(tmp_path / "log.jsonl", lines))], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == numbers(0, 1, 2)


def table_row(number: int) -> Row:
    return {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in row(number).items()}


def test_rows_of_csv_that_could_not_be_split_do_not_shift_the_others(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "log.csv", [table_row(number) for number in range(4)])
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[1], "one,field,too,few\n", "\n", *lines[2:]]))
    load([str(path)], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == numbers(0, 1, 2, 3)


def test_texts_with_line_breaks_and_quotes_stay_whole_in_csv(tmp_path: Path) -> None:
    said = 'a "quoted"\n\nline,\r\nand ; a tab\t end'
    rows = [
        table_row(0),
        {**table_row(1), **{key: json.dumps(value) for key, value in row(1, said).items() if key == "messages"}},
    ]
    rows[1]["proxy_server_request"] = json.dumps(row(1, said)["proxy_server_request"], indent=1)
    load([str(write_csv(tmp_path / "log.csv", rows))], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == ["call number 0", said]


def test_a_record_loaded_by_a_retry_is_found(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "log.jsonl", [row(0), row(1, startTime="nonesuch_____________________time"), row(2)])
    db = tmp_path / "usage.duckdb"
    load([str(path)], db)
    good = str(row(1)["startTime"])
    path.write_text(path.read_text().replace("nonesuch_____________________time", good))
    retry_rejects([str(path)], db)
    assert sorted(map(str, prompts(db))) == numbers(0, 1, 2)


def test_rows_of_a_parquet_file_are_read_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reread, "MOST_ROWS", 3)
    rows = [table_row(number) for number in range(11)]
    path, db = tmp_path / "log.parquet", tmp_path / "usage.duckdb"
    pl.DataFrame(rows).write_parquet(path)
    load([str(path)], db)
    assert prompts(db) == numbers(*range(11))
    pl.DataFrame([*rows[:4], *rows[5:]]).write_parquet(path)
    assert prompts(db) == [*numbers(0, 1, 2, 3), *[CHANGED] * 7]


def test_a_file_that_is_damaged_in_the_middle_gives_reasons(tmp_path: Path) -> None:
    said = "".join(map(str, range(20_000)))
    rows = [table_row(number) | {"messages": json.dumps([{"role": "user", "content": said}])} for number in range(50)]
    pl.DataFrame(rows).write_parquet(tmp_path / "log.parquet")
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(each) + "\n" for each in rows).encode()))
    for name in ("log.parquet", "log.jsonl.gz"):
        path, db = tmp_path / name, tmp_path / f"{name}.duckdb"
        load([str(path)], db)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 3] + b"\xff" * 2000 + content[len(content) // 3 + 2000 :])
        found = asked(db)
        reasons = {each.unavailable for each in found if each.body is None}
        assert reasons
        assert reasons <= {"the export can no longer be read to its end", CHANGED}
        whole = [{"role": "user", "content": said}]
        assert all(each.body["messages"] == whole for each in found if each.body is not None)


def test_tables_of_a_sqlite_file_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "proxy.db"
    rows = [table_row(number) for number in range(3)]
    with closing(sqlite3.connect(path)) as con, con:
        con.execute(f'create table "LiteLLM_SpendLogs" ({", ".join(rows[0])})')
        con.executemany(
            f'insert into "LiteLLM_SpendLogs" values ({", ".join("?" * len(rows[0]))})',
            [list(each.values()) for each in rows],
        )
    load([str(path)], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == numbers(0, 1, 2)
    with closing(sqlite3.connect(path)) as con, con:
        con.execute("delete from LiteLLM_SpendLogs where request_id = 'chatcmpl-0'")
    assert prompts(tmp_path / "usage.duckdb") == [CHANGED] * 3


def test_a_folder_of_many_small_files_and_of_partitions_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "day=1"
    folder.mkdir(parents=True)
    for number in range(30):
        write_jsonl(folder / f"{number:02}.jsonl", [row(2 * number), row(2 * number + 1)])
    load([str(tmp_path / "logs")], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == numbers(*range(60))
    shutil.move(folder / "03.jsonl", folder / "x")
    assert (
        sum(each == "the export is no longer where it was loaded from" for each in prompts(tmp_path / "usage.duckdb"))
        == 2
    )


def test_a_text_that_was_cut_or_blacked_out_is_none(tmp_path: Path) -> None:
    said = [
        "redacted-by-litellm",
        "begins ... (litellm_truncated 900 chars) ... ends",
        "begins ...[truncated]",
        "whole ...",
    ]
    path = write_jsonl(tmp_path / "log.jsonl", [row(number, text) for number, text in enumerate(said)])
    load([str(path)], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == [
        "its text was redacted by LiteLLM",
        "its text was cut off by LiteLLM",
        "its text was cut off when it was logged",
        "whole ...",
    ]


def test_what_the_log_says_a_request_had_has_to_be_in_its_text(tmp_path: Path) -> None:
    sent = {"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_schema"}}
    path = write_jsonl(tmp_path / "log.jsonl", [spend_log(0, proxy_server_request=sent)])
    load([str(path)], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == ["the JSON schema of its answer was not logged"]


def test_few_records_of_a_long_file_take_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the others is kept, and of what is asked for only a page is in memory at a time."""
    monkeypatch.setattr(reread, "MOST_RECORDS", 50)
    path, db, count = tmp_path / "log.jsonl", tmp_path / "usage.duckdb", 4000
    path = write_jsonl(path, [row(number, f"call number {number} {'x' * 4000}") for number in range(count)])
    load([str(path)], db)
    with Warehouse.read(db) as warehouse:
        requests = [each for each in wanted(warehouse) if each.record_number % 3 == 0]
        found = texts(warehouse, requests[::-1])
        next(found)
        tracemalloc.start()
        try:
            assert all(each.body is not None for each in found)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(requests) == count // 3
    assert peak < path.stat().st_size / 8


def test_a_file_behind_an_address_is_read_again(tmp_path: Path) -> None:
    content = write_jsonl(tmp_path / "source.jsonl", [row(number) for number in range(3)]).read_bytes()
    db = tmp_path / "usage.duckdb"
    with served({"/log.jsonl": content}) as server:
        load([f"{server.address}/log.jsonl"], db)
        assert prompts(db) == numbers(0, 1, 2)
    assert all("cannot be read again" in str(each) for each in prompts(db))
