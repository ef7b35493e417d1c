"""Rejected records loaded again after a fix: only they, counted where they belong, and once."""

import json
from pathlib import Path

import pytest
from exports import Row, bucket, spend_log, spend_logs, write_csv, write_jsonl
from typer.testing import CliRunner

from audit.cli import app
from audit.config import Config
from audit.errors import InputError
from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.intake.rejects import listed
from audit.intake.resolve import unload
from audit.intake.retry import retry_rejects
from audit.warehouse import Warehouse

MAP = """
[source]
name = "own"
[columns]
request_id = "id"
start_time = "{start}"
model = "model"
usage_input_tokens = "tokens_in"
usage_output_tokens = "tokens_out"
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def loaded(db: Path, *paths: Path, map_file: Path | None = None, keep_raw: bool = False) -> LoadReport:
    report = load([str(path) for path in paths], db, map_file=map_file, keep_raw=keep_raw)
    assert (report.refused, report.failed_checks) == ((), ())
    return report


def retried(db: Path, *paths: Path, map_file: Path | None = None) -> LoadReport:
    report = retry_rejects([str(path) for path in paths], db, map_file=map_file)
    assert report.failed_checks == ()
    for file in report.files:
        assert file.read == file.loaded + file.duplicate + file.rejected
    return report


def totals(report: LoadReport) -> tuple[int, ...]:
    return tuple(report.total(name) for name in ("read", "loaded", "duplicate", "rejected"))


def counts(db: Path) -> list[tuple[object, ...]]:
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(
            "select read_count, loaded_count, duplicate_count, rejected_count from files order by file_id"
        )


def rejects(db: Path) -> list[tuple[int, str | None]]:
    with Warehouse.read(db) as warehouse:
        return [(each.record_number, each.text) for each in listed(warehouse)]


def query(db: Path, text: str) -> list[tuple[object, ...]]:
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(text)


def own(number: int, **columns: object) -> Row:
    begun = f"2026-03-02 09:00:{number:02}"
    row: Row = {"id": f"r{number}", "at": begun, "model": "gpt-4o", "tokens_in": 10 + number, "tokens_out": 5}
    return row | columns


@pytest.fixture
def half(tmp_path: Path, db: Path) -> Path:
    """A file of six records, three of which have their time in a column that the map did not name, and are rejected."""
    rows = [own(n) if n % 2 else own(n, at=None, when=f"2026-03-02 10:00:0{n}") for n in range(6)]
    path = write_jsonl(tmp_path / "own.jsonl", [*rows, "oops"])
    (tmp_path / "first.toml").write_text(MAP.format(start="at"))
    (tmp_path / "better.toml").write_text(MAP.format(start="at").replace('"at"', '["at", "when"]'))
    assert totals(loaded(db, path, map_file=tmp_path / "first.toml")) == (7, 3, 0, 4)
    return path


def test_a_better_map_loads_what_was_rejected_and_leaves_the_rest_alone(tmp_path: Path, db: Path, half: Path) -> None:
    before = query(db, "select row_number, request_id, request_key from loaded_facts order by 1")
    assert totals(retried(db, half, map_file=tmp_path / "better.toml")) == (4, 3, 0, 1)
    assert counts(db) == [(7, 6, 0, 1)]
    assert rejects(db) == [(7, "oops")]
    assert query(db, "select row_number, request_id, request_key from loaded_facts order by 1")[:3] == before
    places = query(db, "select request_id, record_number from request_places order by 1")
    assert places == [(f"r{n}", n + 1) for n in range(6)]
    assert query(db, "select sum(request_count) from traffic_cells") == [(6,)]
    assert totals(retried(db, map_file=tmp_path / "better.toml")) == (1, 0, 0, 1)
    assert counts(db) == [(7, 6, 0, 1)]


def test_loading_the_file_after_a_retry_finds_duplicates_and_unloading_takes_all_of_it_out(
    tmp_path: Path, db: Path, half: Path
) -> None:
    retried(db, map_file=tmp_path / "better.toml")
    again = loaded(db, half, map_file=tmp_path / "better.toml")
    assert totals(again) == (7, 0, 6, 1)
    assert unload(db, str(half), Config()) == 6
    assert query(db, "select coalesce(sum(request_count), 0) from traffic_cells") == [(0,)]
    assert totals(loaded(db, half, map_file=tmp_path / "better.toml")) == (7, 6, 0, 1)


def test_what_another_file_holds_by_now_is_a_duplicate_also_after_that_one_is_unloaded(
    tmp_path: Path, db: Path, half: Path
) -> None:
    better = tmp_path / "better.toml"
    other = write_jsonl(tmp_path / "other.jsonl", [own(2, at=None, when="2026-03-02 10:00:02"), own(9)])
    loaded(db, other, map_file=better)
    assert totals(retried(db, half, map_file=better)) == (4, 2, 1, 1)
    assert counts(db) == [(7, 5, 1, 1), (2, 2, 0, 0)]
    later = loaded(db, write_jsonl(tmp_path / "later.jsonl", [own(4, at="2026-03-02 10:00:04")]), map_file=better)
    assert totals(later) == (1, 0, 1, 0)
    unload(db, str(other), Config())
    assert counts(db)[0] == (7, 6, 0, 1)
    assert query(db, "select count(*), count(distinct request_id) from loaded_facts") == [(6, 6)]


def test_a_retry_after_a_retry_gives_rows_numbers_of_their_own(tmp_path: Path, db: Path, half: Path) -> None:
    second = write_jsonl(tmp_path / "second.jsonl", [own(n, at=None, when="2026-03-02 11:00:00") for n in (20, 21)])
    loaded(db, second, map_file=tmp_path / "first.toml")
    assert totals(retried(db, half, map_file=tmp_path / "better.toml")) == (4, 3, 0, 1)
    assert totals(retried(db, map_file=tmp_path / "better.toml")) == (3, 2, 0, 1)
    places = query(db, "select file_id, request_id, record_number from request_places order by all")
    assert places == [(1, f"r{n}", n + 1) for n in range(6)] + [(2, "r20", 1), (2, "r21", 2)]
    assert query(db, "select count(*), count(distinct (file_id, row_number)) from loaded_facts") == [(8, 8)]


def test_an_export_corrected_in_place_without_changing_its_length(tmp_path: Path, db: Path) -> None:
    rows: list[Row | str] = [*spend_logs(4), spend_log(9, prompt_tokens="1x"), "oops"]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    loaded(db, path)
    path.write_text(path.read_text().replace('"1x"', '"12"'))
    assert totals(retried(db)) == (2, 1, 0, 1)
    assert counts(db) == [(6, 5, 0, 1)]
    assert query(db, "select usage_input_tokens from loaded_facts where request_id = 'chatcmpl-9'") == [(12,)]


def test_an_export_corrected_to_another_length_is_loaded_whole_and_its_old_rejects_are_not_counted_twice(
    tmp_path: Path, db: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [*spend_logs(4), spend_log(9, prompt_tokens="twelve"), "oops"])
    loaded(db, path)
    write_jsonl(path, [*spend_logs(4), spend_log(9), "oops"])
    assert totals(retried(db, path)) == (6, 1, 4, 1)
    assert counts(db) == [(4, 4, 0, 0), (6, 1, 4, 1)]
    assert rejects(db) == [(6, "oops")]
    assert totals(retried(db)) == (1, 0, 0, 1)
    assert counts(db) == [(4, 4, 0, 0), (6, 1, 4, 1)]


def test_a_file_that_holds_other_records_now_keeps_the_rejects_it_had(tmp_path: Path, db: Path) -> None:
    path = write_jsonl(tmp_path / "rotated.jsonl", [*spend_logs(4), "oops"])
    loaded(db, path)
    write_jsonl(path, [spend_log(100 + n) for n in range(9)])
    report = retried(db)
    assert totals(report) == (9, 9, 0, 0)
    assert "holds other records" in report.warnings[0]
    assert counts(db) == [(5, 4, 0, 1), (9, 9, 0, 0)]
    assert (retried(db).files, counts(db)) == ((), [(5, 4, 0, 1), (9, 9, 0, 0)])


def test_kept_texts_are_tried_where_the_export_is_gone(tmp_path: Path, db: Path) -> None:
    path = write_jsonl(tmp_path / "own.jsonl", ["oops", own(1), own(2, at=None, when="2026-03-02 10:00:02"), "[1]"])
    (tmp_path / "first.toml").write_text(MAP.format(start="at"))
    better = tmp_path / "better.toml"
    better.write_text(MAP.format(start="at").replace('"at"', '["at", "when"]'))
    loaded(db, path, map_file=tmp_path / "first.toml", keep_raw=True)
    path.unlink()
    assert totals(retried(db, path, map_file=better)) == (3, 1, 0, 2)
    assert counts(db) == [(4, 2, 0, 2)]
    assert query(db, "select request_id, record_number from request_places order by 1") == [("r1", 2), ("r2", 3)]
    report = retried(db, map_file=better)
    assert "no text of its rejects was kept that can be read" in report.warnings[0]
    assert counts(db) == [(4, 2, 0, 2)]


def test_rejects_of_a_file_that_is_gone_stay_and_the_reason_is_said(tmp_path: Path, db: Path) -> None:
    paths = [write_jsonl(tmp_path / "a.jsonl", [spend_log(1, prompt_tokens="x"), "oops"])]
    paths.append(write_csv(tmp_path / "b.csv", [spend_log(2), spend_log(3, prompt_tokens="x")]))
    loaded(db, *paths)
    for path in paths:
        path.unlink()
    report = retried(db)
    assert [warning.split(": ")[0] for warning in report.warnings] == [str(path) for path in paths]
    assert "--keep-raw" in report.warnings[0]
    assert counts(db) == [(2, 0, 0, 2), (2, 1, 0, 1)]


def test_rows_of_a_csv_behind_rows_that_cannot_be_split_are_retried_at_their_place(tmp_path: Path, db: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [spend_log(0), spend_log(1, prompt_tokens="1x"), spend_log(2)])
    header, *records = path.read_text().splitlines()
    lines = [header, "few", records[0], "few", records[1], records[2], "few"]
    path.write_text("\n".join(lines) + "\n")
    assert totals(loaded(db, path)) == (6, 2, 0, 4)
    path.write_text(path.read_text().replace("1x", "12"))
    assert totals(retried(db)) == (4, 1, 0, 3)
    assert query(db, "select request_id, record_number from request_places order by 2") == [
        ("chatcmpl-0", 2),
        ("chatcmpl-1", 4),
        ("chatcmpl-2", 5),
    ]
    assert rejects(db) == [(1, "few"), (3, "few"), (6, "few")]


def test_a_retried_bucket_gives_way_to_the_newer_file_that_owns_its_time(tmp_path: Path, db: Path) -> None:
    old = write_csv(tmp_path / "old.csv", [bucket(requests=7, input_tokens="1x"), bucket(requests=3, project_id="p2")])
    loaded(db, old, write_csv(tmp_path / "new.csv", [bucket(requests=9)]))
    old.write_text(old.read_text().replace("1x", "12"))
    assert totals(retried(db)) == (1, 0, 1, 0)
    assert query(db, "select sum(request_count) from traffic_cells") == [(12,)]


def test_a_retry_of_nothing_changes_nothing(tmp_path: Path, db: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", spend_logs(3))
    loaded(db, path)
    assert (retried(db).files, counts(db)) == ((), [(3, 3, 0, 0)])
    with pytest.raises(InputError, match="was never loaded"):
        retry_rejects([str(write_jsonl(tmp_path / "b.jsonl", spend_logs(3)))], db)
    with pytest.raises(InputError, match="no such file"):
        retry_rejects([str(tmp_path / "nowhere.jsonl")], db)


def test_the_command_says_what_became_of_the_records(tmp_path: Path, db: Path, half: Path) -> None:
    options = ["load", "--retry-rejects", "--map", str(tmp_path / "better.toml"), "--db", str(db), "--json", "--quiet"]
    done = CliRunner().invoke(app, [*options, str(half)])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["rows"] == {"read": 4, "loaded": 3, "duplicate": 0, "rejected": 1}
    assert "name the exports to load" in CliRunner().invoke(app, ["load", "--db", str(db)]).output
