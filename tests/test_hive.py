"""Partitioned data sets: folders such as year=2026/month=03 are columns, whatever lies in them."""

import json
from pathlib import Path

import duckdb
import pytest
from exports import spend_log, spend_logs, write_csv, write_jsonl

from audit.intake.loading import load
from audit.readers.export import inspect
from audit.readers.partitions import partitions_of
from audit.warehouse import Warehouse

CALLS = 50
MAP = """
[source]
name = "calls"
title = "Calls"
audience = "tests"
how_to_export = "-"
lacks = []
recognise = ["id", "tokens_in"]

[columns]
request_id = "id"
start_time = "at"
request_model = "model"
usage_input_tokens = "tokens_in"
usage_output_tokens = "tokens_out"
route = "team"
"""


def calls(start: int = 0, **columns: object) -> list[dict[str, object]]:
    return [
        {"id": f"r{number}", "at": f"2026-03-01T10:00:{number % 60:02}", "tokens_in": 100 + number, "tokens_out": 7}
        | columns
        for number in range(start, start + CALLS)
    ]


def write_parquet(path: Path, rows: list[dict[str, object]], options: str = "") -> Path:
    source = write_jsonl(path.with_suffix(".jsonl.tmp"), rows)
    rows_of_it = f"read_json('{source}', format = 'newline_delimited', hive_partitioning = false)"
    with duckdb.connect() as con:
        con.execute(f"copy (from {rows_of_it}) to '{path}' (format parquet{options})")
    source.unlink()
    return path


def loaded(tmp_path: Path, folder: Path, query: str) -> list[tuple[object, ...]]:
    (tmp_path / "map.toml").write_text(MAP)
    report = load([str(folder)], tmp_path / "usage.duckdb", map_file=tmp_path / "map.toml")
    assert (report.refused, report.total("rejected")) == ((), 0)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        return warehouse.rows(query)


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True)
    {".parquet": write_parquet, ".csv": write_csv, ".jsonl": write_jsonl}[path.suffix](path, rows)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_map_can_use_the_folders_of_a_data_set_as_columns(tmp_path: Path, suffix: str) -> None:
    data = tmp_path / "data"
    write(data / "model=gpt-4o" / "team=a%20b" / f"part-0{suffix}", calls())
    write(data / "model=gpt-4o-mini" / "team=__HIVE_DEFAULT_PARTITION__" / f"part-0{suffix}", calls(CALLS))
    (data / "_SUCCESS").touch()
    query = "select request_model, route, count(*) from requests group by all order by all"
    assert loaded(tmp_path, data, query) == [("gpt-4o", "a b", CALLS), ("gpt-4o-mini", None, CALLS)]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_column_of_the_file_comes_before_a_folder_of_its_name(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / "data" / "Model=wrong" / "team=t" / f"part-0{suffix}", calls(model="gpt-4o"))
    query = "select distinct request_model, route from requests"
    assert loaded(tmp_path, tmp_path / "data", query) == [("gpt-4o", "t")]


def test_a_known_format_is_recognised_in_folders_of_dates_and_in_many_row_groups(tmp_path: Path) -> None:
    folder = tmp_path / "year=2026" / "month=03"
    folder.mkdir(parents=True)
    write_parquet(folder / "part-00000.snappy.parquet", spend_logs(5000), ", row_group_size 2048")
    (file,) = load([str(tmp_path)], tmp_path.parent / f"{tmp_path.name}.duckdb").files
    assert (file.format, file.read, file.loaded) == ("litellm_spend_logs", 5000, 5000)


def test_a_column_that_spark_moved_into_the_folders_counts_when_a_format_is_recognised(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "model=gpt-4o"
    folder.mkdir(parents=True)
    rows = [{key: value for key, value in row.items() if key != "model"} for row in spend_logs(CALLS)]
    for file in (write_jsonl(folder / "a.jsonl", rows), write_csv(folder / "a.csv", rows)):
        assert inspect(str(file), file).partitions == {"model": "gpt-4o"}
    report = load([str(tmp_path / "data")], tmp_path / "usage.duckdb")
    assert [(file.format, file.read, file.rejected) for file in report.files] == [("litellm_spend_logs", CALLS, 0)] * 2
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        assert warehouse.rows("select distinct request_model from requests") == [("gpt-4o",)]


def test_a_line_that_cannot_be_read_stays_a_reject_though_its_folder_says_something(tmp_path: Path) -> None:
    folder = tmp_path / "model=gpt-4o"
    folder.mkdir()
    rows = [{key: value for key, value in row.items() if key != "model"} for row in spend_logs(3)]
    file = write_jsonl(folder / "a.jsonl", [rows[0], "oops", json.dumps([1]), rows[1]])
    report = load([str(file)], tmp_path / "usage.duckdb", keep_raw=True)
    assert (report.total("read"), report.total("loaded"), report.total("rejected")) == (4, 2, 2)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        assert warehouse.rows("select record_number, raw_text from rejects order by all") == [(2, "oops"), (3, "[1]")]


def test_only_folders_of_the_form_name_equals_value_are_columns() -> None:
    name = "s3://bucket/a=1/2026=x/=y/plain/b=/c=d=e/file=f.parquet"
    assert partitions_of(name, ()) == {"a": "1", "b": "", "c": "d=e"}


def test_a_file_outside_of_such_folders_has_no_partitions(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [spend_log()])
    assert inspect(str(file), file).partitions == {}
