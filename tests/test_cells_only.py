"""`--cells-only`: the figures of a database that keeps no requests are those of one that does."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from exports import MIDNIGHT, START, bucket, generated_log, spend_log, spend_logs, write_csv, write_jsonl
from test_load_guarantees import cells, counts, loaded, query, rules
from test_nested_calls import span

import audit
from audit.config import Config
from audit.errors import AuditError, ConfigError, DatabaseError, InputError
from audit.intake import loading
from audit.intake.letting_go import Kept
from audit.intake.load_checks import check_loads
from audit.intake.loading import LoadReport, load
from audit.intake.merging import merge
from audit.intake.resolve import unload
from audit.intake.retry import retry_rejects
from audit.intake.status import status
from audit.warehouse import Warehouse

TODAY = date(2026, 11, 22)
SAMPLES = Path(__file__).parent / "data" / "samples"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "cells.duckdb"


@pytest.fixture(autouse=True)
def one_salt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_SALT", "the same for every database")


def kept(db: Path, *paths: Path, keep: Kept = "keys", config: Config | None = None) -> LoadReport:
    """The report of a load without rows that refuses nothing and whose checks hold."""
    report = load([str(path) for path in paths], db, keep=keep, config=config)
    assert (report.refused, report.failed_checks) == ((), ())
    return report


def report(db: Path, **asked: Any) -> dict[str, Any]:
    """The report, of all sources, without what takes requests and the seconds of a load; or why there is none."""
    sources = [str(name) for (name,) in query(db, "select distinct source_format from request_files order by 1")]
    try:
        found = audit.open(db).report(today=TODAY, sources=sources, **asked).document
    except AuditError as error:
        return {"error": str(error).replace(str(db), "DB")}
    document = json.loads(json.dumps(found, default=str))
    for file in document["files"]:
        del file["seconds"]
    for name in ("observational", "warnings", "reconciliation"):
        document.pop(name, None)
    if document["comparison"]["traffic"] is not None:
        del document["comparison"]["traffic"]["speed"]
    return document


@pytest.mark.parametrize(
    ("folder", "keep"),
    [(name, "keys") for name in ("anthropic_claude_code", "codex", "litellm", "openai", "otel")]
    + [("openai", "cells")],
)
def test_samples_have_the_same_report_with_and_without_their_requests(
    tmp_path: Path, db: Path, folder: str, keep: Kept
) -> None:
    """Calls and buckets, a bill, logs that grow, calls traced inside of others."""
    rows = tmp_path / "rows.duckdb"
    theirs = load([str(SAMPLES / folder)], rows)
    ours = load([str(SAMPLES / folder)], db, keep=keep)
    assert (ours.refused, ours.failed_checks, theirs.failed_checks) == (theirs.refused, (), ())
    assert (cells(db), rules(db), counts(db)) == (cells(rows), rules(rows), counts(rows))
    assert report(db) == report(rows)


@pytest.mark.parametrize("log_format", ["litellm", "openai", "otlp"])
def test_a_generated_log_leaves_no_row_and_the_same_report(tmp_path: Path, db: Path, log_format: str) -> None:
    path, rows = tmp_path / "log.jsonl", tmp_path / "rows.duckdb"
    truth = generated_log(path, log_format, rows=3000)
    loaded(rows, path)
    assert kept(db, path).total("duplicate") == truth["duplicates"]
    assert query(db, "select count(*) from stored_facts") == [(0,)]
    assert query(db, "select count(*) from request_keys") == [(truth["requests"],)]
    assert cells(db) == cells(rows)
    assert report(db) == report(rows)


def test_what_was_let_go_is_recognised_when_it_comes_again(tmp_path: Path, db: Path) -> None:
    rows = [*spend_logs(30), *(spend_log(n, request_id=None) for n in range(50, 55))]
    kept(db, write_jsonl(tmp_path / "a.jsonl", rows))
    before = cells(db)
    changed = rows[3] | {"completion_tokens": 999}
    path = write_jsonl(tmp_path / "b.jsonl", [*rows, changed])
    again = kept(db, path).files[0]
    assert (again.loaded, again.duplicate, again.id_collisions) == (1, 35, 1)
    with_rows = loaded(db, path).files[0]
    assert (with_rows.loaded, with_rows.duplicate) == (0, 36)
    assert query(db, "select sum(request_count) from traffic_cells") == [(36,)]
    assert cells(db) != before


@pytest.mark.parametrize("again", ["keys", "rows"])
@pytest.mark.parametrize("folder", ["otel", "langfuse", "weave", "home_made"])
def test_calls_traced_inside_of_others_do_not_count_when_they_come_again(db: Path, folder: str, again: Kept) -> None:
    load([str(SAMPLES / folder)], db, keep="keys")
    before = cells(db)
    report = load([str(SAMPLES / folder)], db, keep=again)
    assert (report.total("loaded"), report.failed_checks) == (0, ())
    assert cells(db) == before


def test_a_call_stays_set_aside_where_the_calls_inside_of_it_are_gone(tmp_path: Path, db: Path) -> None:
    outer, other = (write_jsonl(tmp_path / f"{n}.jsonl", [span(n, trace=f"t {n}")]) for n in ("outer", "other"))
    loaded(db, outer, other)
    kept(db, write_jsonl(tmp_path / "inner.jsonl", [span("inner", "outer", trace="t outer")]))
    counted = "select sum(request_count) from traffic_cells"
    assert query(db, counted) == [(2,)]
    assert query(merge([db], tmp_path / "merged.duckdb").db, counted) == [(2,)]
    assert unload(db, str(other), Config()) == 1
    assert query(db, counted) == [(1,)]
    assert run_checks_of(db) == []


def test_a_database_holds_loads_with_and_without_rows(tmp_path: Path, db: Path) -> None:
    paths = [write_jsonl(tmp_path / f"{n}.jsonl", spend_logs(40 + 20 * n, tag=f"t{n}")) for n in range(4)]
    rows = tmp_path / "rows.duckdb"
    for number, path in enumerate(paths):
        loaded(rows, path)
        (kept if number % 2 else loaded)(db, path)
    assert (cells(db), rules(db), counts(db)) == (cells(rows), rules(rows), counts(rows))
    assert report(db) == report(rows)
    assert [file["kept"] for file in status_of(db)["files"]] == ["rows", "keys", "rows", "keys"]
    places = query(db, "select request_id, record_number from request_places order by file_id, row_number")
    assert places == [(f"chatcmpl-{n}", n + 1) for n in range(40)] + [(f"chatcmpl-{n}", n + 1) for n in range(60, 80)]


def status_of(db: Path) -> dict[str, Any]:
    with Warehouse.read(db) as warehouse:
        return dict(status(warehouse))


def test_buckets_stay_rows_since_a_later_export_can_replace_them(tmp_path: Path, db: Path) -> None:
    tomorrow = MIDNIGHT + timedelta(days=1)
    first = write_csv(tmp_path / "a.csv", [bucket(), bucket(start=tomorrow)])
    report = kept(db, first, write_jsonl(tmp_path / "log.jsonl", spend_logs(20)))
    assert [warning for warning in report.warnings if "in spite of --cells-only" in warning]
    assert query(db, "select path like '%a.csv', kept, load_id from files order by load_id") == [
        (False, "keys", 1),
        (True, "rows", 2),
    ]
    assert query(db, "select sum(request_count) from traffic_cells where request_grain = 'bucket'") == [(20,)]
    fuller = write_csv(tmp_path / "b.csv", [bucket(), bucket(start=tomorrow, requests=14)])
    kept(db, fuller)
    assert query(db, "select sum(request_count) from traffic_cells where request_grain = 'bucket'") == [(24,)]


def test_without_keys_an_export_of_the_same_time_is_refused_and_changes_nothing(tmp_path: Path, db: Path) -> None:
    kept(db, write_jsonl(tmp_path / "a.jsonl", spend_logs(30)), keep="cells")
    assert query(db, "select count(*) from request_keys") == [(0,)]
    before = cells(db), counts(db)
    overlapping = write_jsonl(tmp_path / "b.jsonl", [spend_log(29), spend_log(31)])
    with pytest.raises(InputError, match=r"b\.jsonl: shows litellm_spend_logs of a time that .*a\.jsonl .*no-keys"):
        load([str(overlapping)], db)
    assert (cells(db), counts(db)) == before
    kept(db, write_jsonl(tmp_path / "c.jsonl", [spend_log(n) for n in range(30, 50)]), keep="cells")
    assert query(db, "select sum(request_count) from traffic_cells") == [(50,)]


def test_an_interrupted_load_leaves_the_database_as_it_was(
    tmp_path: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(db, write_jsonl(tmp_path / "a.jsonl", spend_logs(30)))
    before = cells(db), counts(db), query(db, "select * from request_keys order by all")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "file_reports", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load([str(write_jsonl(tmp_path / "b.jsonl", spend_logs(90)))], db, keep="keys")
    assert (cells(db), counts(db), query(db, "select * from request_keys order by all")) == before


def test_a_report_of_whole_months_works_from_cells_and_one_of_days_says_why_not(tmp_path: Path, db: Path) -> None:
    log = [spend_log(n, start=START + timedelta(hours=9 * n), tokens_in=100 + n) for n in range(300)]
    path, rows = write_jsonl(tmp_path / "a.jsonl", log), tmp_path / "rows.duckdb"
    loaded(rows, path)
    kept(db, path)
    asked = {"since": date(2026, 4, 1), "until": date(2026, 5, 1)}
    ours, theirs = report(db, **asked), report(rows, **asked)
    assert ours["requests"] == theirs["requests"]
    assert ours["spend"]["list_cost"] == theirs["spend"]["list_cost"]
    assert [(each["id"], each["requests"], each["cost"]) for each in ours["workloads"]] == [
        (each["id"], each["requests"], each["cost"]) for each in theirs["workloads"]
    ]
    with pytest.raises(ConfigError, match=r"--since 2026-04-02: .* ask for 2026-04-01 or 2026-05-01"):
        audit.open(db).report(today=TODAY, since=date(2026, 4, 2))


def test_prices_may_change_since_cells_are_priced_when_they_are_reported(tmp_path: Path, db: Path) -> None:
    path, rows = write_jsonl(tmp_path / "a.jsonl", spend_logs(300)), tmp_path / "rows.duckdb"
    prices = tmp_path / "prices.csv"
    prices.write_text(
        "provider_name,model,token_class,usd_per_million\nopenai,gpt-4o-2024-08-06,output,8\n", encoding="utf-8"
    )
    loaded(rows, path)
    kept(db, path)
    (tmp_path / "audit.toml").write_text(f'[prices]\nfile = "{prices}"\n', encoding="utf-8")
    found = [report(db)]
    for each in (db, rows):
        audit.open(each).rebuild(config=tmp_path / "audit.toml")
        found.append(report(each, config=tmp_path / "audit.toml"))
    before, ours, theirs = found
    assert ours == theirs
    assert ours["spend"]["list_cost"] < before["spend"]["list_cost"]


def test_rejects_of_a_file_without_rows_are_not_tried_again(tmp_path: Path, db: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [*spend_logs(5), spend_log(9, prompt_tokens=-1)])
    kept(db, path)
    report = retry_rejects([str(path)], db)
    assert (report.files, [*report.warnings]) == (
        (),
        [f"{path}: its rows are gone (--cells-only); correct the export and load it once more"],
    )
    write_jsonl(path, [*spend_logs(5), spend_log(9)])
    assert (kept(db, path).files[0].loaded, run_checks_of(db)) == (1, [])


def run_checks_of(db: Path) -> list[str]:
    with Warehouse.create(db) as warehouse:
        return check_loads(warehouse)


def test_a_file_with_rows_is_not_taken_out_where_one_without_may_repeat_it(tmp_path: Path, db: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", spend_logs(30))
    loaded(db, path)
    kept(db, write_jsonl(tmp_path / "b.jsonl", [spend_log(n) for n in range(100, 120)]))
    assert unload(db, str(path), Config()) == 30
    assert query(db, "select sum(request_count) from traffic_cells") == [(20,)]
    loaded(db, path)
    kept(db, write_jsonl(tmp_path / "c.jsonl", [spend_log(n) for n in range(25, 120)]))
    with pytest.raises(DatabaseError, match=r"c\.jsonl may repeat it"):
        unload(db, str(path), Config())


def test_keys_that_another_duckdb_hashed_are_not_taken_for_its_own(tmp_path: Path, db: Path) -> None:
    kept(db, write_jsonl(tmp_path / "a.jsonl", spend_logs(30)))
    with Warehouse.create(db) as warehouse:
        warehouse.set("hash_probe", "1")
        warehouse.set("hash_version", "DuckDB 9.9.9")
    with pytest.raises(DatabaseError, match=r"another version of DuckDB .* Use DuckDB 9\.9\.9 again"):
        load([str(write_jsonl(tmp_path / "b.jsonl", spend_logs(40)))], db)


def test_calls_traced_across_loads_of_the_same_time_are_warned_of(tmp_path: Path, db: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    generated_log(one, "otlp", rows=200)
    lines = one.read_bytes().splitlines()
    one.write_bytes(b"\n".join(lines[::2]))
    two.write_bytes(b"\n".join(lines[1::2]))
    assert kept(db, one).warnings == ()
    assert [said for said in kept(db, two).warnings if said.startswith(f"{two}: {one} shows the same time")]


def test_a_salt_that_differs_or_is_short_is_refused(tmp_path: Path, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", spend_logs(3))
    kept(db, path)
    monkeypatch.setenv("AUDIT_SALT", "another one for this database")
    with pytest.raises(DatabaseError, match="made with another salt than AUDIT_SALT"):
        load([str(path)], db)
    monkeypatch.setenv("AUDIT_SALT", "short")
    with pytest.raises(DatabaseError, match="AUDIT_SALT has 5 characters; give it 16 or more"):
        load([str(path)], tmp_path / "new.duckdb")
