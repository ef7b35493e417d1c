"""What a load promises: nothing lost, nothing counted twice, in whatever order, pieces and repetitions files come."""

import random
import re
import signal
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from exports import START, bucket, generated_log, spend_log, spend_logs, write_csv, write_jsonl

from audit.config import Config, EndpointRule, Rewrite
from audit.intake.load_checks import check_loads
from audit.intake.loading import LoadReport, load
from audit.intake.resolve import rebuild, unload
from audit.measures import MEASURES
from audit.schema import TABLES
from audit.scope import Question, settle
from audit.warehouse import Warehouse

KEY = [name for name in TABLES["traffic_cells"] if name not in MEASURES and name != "load_id"]
RULE = [name for name in TABLES["workload_rules"] if not name.startswith("fitted_")]


def loaded(db: Path, *paths: Path, config: Config | None = None) -> LoadReport:
    """The report of a load that refuses nothing and whose checks hold."""
    report = load([str(path) for path in paths], db, config=config)
    assert (report.refused, report.failed_checks) == ((), ())
    for file in report.files:
        assert file.read == file.loaded + file.duplicate + file.rejected
    return report


def query(db: Path, text: str) -> list[tuple[object, ...]]:
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(text)


def cells(db: Path) -> list[tuple[object, ...]]:
    """The cells of all loads together."""
    sums = ", ".join(f"sum({name})" for name in MEASURES)
    return query(db, f"select {', '.join(KEY)}, {sums} from traffic_cells group by all order by all")


def rules(db: Path) -> list[tuple[object, ...]]:
    return query(db, f"select {', '.join(RULE)} from workload_rules order by all")


def counts(db: Path) -> list[tuple[object, ...]]:
    """Read, loaded, duplicate and rejected of every file, as the database keeps them."""
    return query(db, "select read_count, loaded_count, duplicate_count, rejected_count from files order by file_id")


def requests(db: Path) -> object:
    return query(db, "select coalesce(sum(request_count), 0) from traffic_cells")[0][0]


def consistent(db: Path) -> bool:
    """Whether the cells are those of the requests, and the requests those the files report."""
    with Warehouse.create(db) as warehouse:
        return check_loads(warehouse) == []


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def test_every_row_read_is_loaded_a_duplicate_or_rejected(tmp_path: Path, db: Path) -> None:
    rows = [*spend_logs(20), *spend_logs(5), spend_log(90, prompt_tokens=-1), spend_log(91, startTime="soon")]
    report = loaded(
        db, write_jsonl(tmp_path / "a.jsonl", [*rows, "no json", ""]), write_jsonl(tmp_path / "b.jsonl", rows)
    )
    found = [(file.read, file.loaded, file.duplicate, file.rejected) for file in report.files]
    assert found == [(28, 20, 5, 3), (27, 0, 25, 2)] == counts(db)
    assert report.to_document()["rows"] == {"read": 55, "loaded": 20, "duplicate": 30, "rejected": 5}


@pytest.mark.parametrize("log_format", ["litellm", "openai", "csv"])
def test_a_generated_log_has_the_requests_tokens_and_dollars_it_was_made_with(
    tmp_path: Path, db: Path, log_format: str
) -> None:
    path = tmp_path / ("log.csv" if log_format == "csv" else "log.jsonl")
    truth = generated_log(path, log_format, rows=4000)
    report = loaded(db, path)
    assert (report.total("loaded"), report.total("duplicate")) == (truth["requests"], truth["duplicates"])
    sums = "sum(usage_input_tokens), sum(usage_cache_read_input_tokens), sum(usage_output_tokens)"
    names = ("input_tokens", "cached_tokens", "output_tokens")
    assert query(db, f"select {sums} from traffic_cells") == [tuple(truth[name] for name in names)]
    with Warehouse.read(db) as warehouse:
        settle(warehouse, Question(today=date(2026, 11, 22)), Config())
        rows = warehouse.rows("select disposition, request_count from spend_by_disposition")
        assert warehouse.value("select sum(list_cost) from spend_by_disposition") == Decimal(truth["list_cost"])
    apart = {"failed": "failed", "unknown_usage": "unknown_usage", "gateway_cache_hit": "gateway_hits"}
    expected = {(name, truth[key]) for name, key in apart.items() if truth[key]}
    assert {row for row in rows if row[0] in apart} == expected


def test_loading_a_file_again_changes_nothing(tmp_path: Path, db: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", spend_logs(300))
    loaded(db, path)
    before = cells(db), rules(db)
    again = loaded(db, path).files[0]
    assert (again.loaded, again.duplicate, again.id_collisions) == (0, 300, 0)
    assert (cells(db), rules(db)) == before


def test_rows_without_an_id_are_compared_by_their_content(tmp_path: Path, db: Path) -> None:
    rows = [spend_log(n, request_id=None) for n in range(6)]
    other = [rows[0] | {"completion_tokens": 101}, rows[0] | {"model": "gpt-4o-mini"}, rows[0] | {"end_user": "u2"}]
    report = loaded(db, write_jsonl(tmp_path / "a.jsonl", [*rows, rows[2], *other]))
    assert (report.total("loaded"), report.total("duplicate")) == (9, 1)


def test_an_id_used_again_for_something_else_is_loaded_and_counted_as_a_collision(tmp_path: Path, db: Path) -> None:
    rows = spend_logs(10)
    same_id = [rows[3] | {"completion_tokens": 999}, rows[4] | {"prompt_tokens": 1}]
    first = loaded(db, write_jsonl(tmp_path / "a.jsonl", [*rows, same_id[0], same_id[0]]))
    assert (first.total("loaded"), first.total("duplicate"), first.total("id_collisions")) == (11, 1, 1)
    later = loaded(db, write_jsonl(tmp_path / "b.jsonl", [same_id[1], rows[5], spend_log(77)]))
    assert (later.total("loaded"), later.total("duplicate"), later.total("id_collisions")) == (2, 1, 1)
    assert query(db, "select id_collision_count from files order by file_id") == [(1,), (1,)]


def test_order_files_and_loads_make_no_difference(tmp_path: Path) -> None:
    rows = spend_logs(600) + [
        spend_log(700 + n, tag="search", tokens_in=9000 + n % 50, cached=4000) for n in range(300)
    ]
    shuffled = random.Random(5).sample(rows, len(rows))
    parts = [
        write_jsonl(tmp_path / f"part{n}.jsonl{suffix}", shuffled[n::3]) for n, suffix in enumerate(("", ".gz", ""))
    ]
    one, several, in_turn = (tmp_path / name for name in ("one.duckdb", "several.duckdb", "in_turn.duckdb"))
    loaded(one, write_jsonl(tmp_path / "all.jsonl", rows))
    loaded(several, *parts)
    for part in (*parts, parts[1]):
        loaded(in_turn, part)
    assert cells(one) == cells(several) == cells(in_turn)
    assert rules(one) == rules(several) != []


def test_files_without_rows_do_not_shift_the_places_of_others(tmp_path: Path, db: Path) -> None:
    header = tmp_path / "empty.csv"
    header.write_text("request_id,startTime,model,prompt_tokens,completion_tokens,status\n")
    bad = write_jsonl(tmp_path / "bad.jsonl", ["oops", *(spend_log(n) for n in (0, 1, 2, 3, 3))])
    loaded(db, header, bad)
    loaded(db, header, write_jsonl(tmp_path / "more.jsonl", [spend_log(8), spend_log(8), "oops"]))
    assert counts(db) == [(0, 0, 0, 0), (6, 4, 1, 1), (0, 0, 0, 0), (3, 1, 1, 1)]
    places = query(db, "select file_id, row_number, request_id from loaded_facts order by all")
    assert places == [(2, n + 2, f"chatcmpl-{n}") for n in range(4)] + [(4, 1, "chatcmpl-8")]


KILLED = """
import importlib, os, signal, sys
loads, resolve = (importlib.import_module(f"audit.intake.{name}") for name in ("loading", "resolve"))
at = sys.argv[3]
def kill(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
if at == "reports":
    loads.file_reports = kill
else:
    setattr(resolve, at, kill)
loads.load([sys.argv[1]], __import__("pathlib").Path(sys.argv[2]))
"""


@pytest.mark.parametrize("moment", ["derive", "reports"])
def test_a_killed_load_leaves_the_database_as_it_was(tmp_path: Path, db: Path, moment: str) -> None:
    loaded(db, write_jsonl(tmp_path / "a.jsonl", spend_logs(250)))
    before = cells(db), rules(db), counts(db)
    more = write_jsonl(tmp_path / "b.jsonl", [spend_log(1000 + n) for n in range(3_000)])
    command = [sys.executable, "-c", KILLED, str(more), str(db), moment]
    root = Path(__file__).parents[1]
    assert subprocess.run(command, cwd=root, check=False).returncode == -signal.SIGKILL
    assert (cells(db), rules(db), counts(db)) == before
    assert loaded(db, more).total("loaded") == 3_000
    assert consistent(db)


def test_an_unloaded_file_is_gone_and_its_duplicates_count_where_they_are(tmp_path: Path, db: Path) -> None:
    first = write_jsonl(tmp_path / "first.jsonl", [*(spend_log(n) for n in range(10)), spend_log(2), "oops"])
    second = write_jsonl(tmp_path / "second.jsonl", [spend_log(8), spend_log(9), spend_log(9), spend_log(20)])
    third = write_jsonl(tmp_path / "third.jsonl", [spend_log(9), spend_log(20), spend_log(21)])
    for path in (first, second, third):
        loaded(db, path)
    assert unload(db, str(first), Config()) == 10
    assert requests(db) == 4
    assert counts(db) == [(0, 0, 0, 0), (4, 3, 1, 0), (3, 1, 2, 0)]
    unload(db, str(second), Config())
    assert counts(db)[1:] == [(0, 0, 0, 0), (3, 3, 0, 0)]
    assert consistent(db)
    assert loaded(db, first).total("loaded") == 9, "request 9 counts in the third file now"
    assert requests(db) == 12
    assert consistent(db)


def test_unloading_a_file_that_was_loaded_twice_takes_all_of_it_out(tmp_path: Path, db: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", spend_logs(10))
    loaded(db, path)
    loaded(db, write_jsonl(path, spend_logs(15)))
    unload(db, str(path), Config())
    assert (requests(db), counts(db)) == (0, [(0, 0, 0, 0)] * 2)


def test_unloading_a_file_of_nothing_but_duplicates_keeps_them_from_coming_back(tmp_path: Path, db: Path) -> None:
    first, copy = (write_jsonl(tmp_path / f"{name}.jsonl", spend_logs(5)) for name in ("first", "copy"))
    loaded(db, first, copy)
    unload(db, str(copy), Config())
    unload(db, str(first), Config())
    assert requests(db) == 0


def test_a_rebuild_follows_audit_toml_and_undoes_what_it_no_longer_says(tmp_path: Path, db: Path) -> None:
    rows = [
        spend_log(n, request_tags=["team-a", f"feature:chat-{n % 2}"], model="prod-4o", custom_llm_provider="azure")
        for n in range(220)
    ]
    loaded(db, write_jsonl(tmp_path / "a.jsonl", rows))
    assert query(db, "select distinct endpoint, model from traffic_cells") == [("team-a", "prod-4o")]
    config = Config(
        endpoint=EndpointRule(field="tag", key_text="feature:"),
        rewrites=(Rewrite(pattern=re.compile(r"^feature:chat-\d$"), replacement="chat"),),
        models={"prod-4o": "gpt-4o-2024-08-06"},
    )
    rebuild(db, config)
    assert query(db, "select distinct endpoint, model from traffic_cells") == [("chat", "gpt-4o-2024-08-06")]
    assert query(db, "select distinct model from prices") == [("gpt-4o-2024-08-06",)]
    assert (requests(db), consistent(db)) == (220, True)
    rebuild(db, Config(endpoint=EndpointRule(field="tag")))
    assert query(db, "select distinct endpoint, model from traffic_cells") == [("team-a", "prod-4o")]


def test_a_newer_bucket_file_owns_its_window_and_project(tmp_path: Path, db: Path) -> None:
    day, week = timedelta(days=1), [START.replace(hour=0) + timedelta(days=n) for n in range(7)]
    old = [bucket(start=each, requests=10 + n) for n, each in enumerate(week)]
    elsewhere = bucket(start=week[6], project_id="proj_b", requests=99)
    embeddings = bucket(start=week[6], model="text-embedding-3-small", tokens_out=0, requests=7)
    new = [old[5], bucket(start=week[6], requests=500), bucket(start=week[6] + day, requests=1000)]
    loaded(db, write_csv(tmp_path / "old.csv", [*old, elsewhere]), write_csv(tmp_path / "embeddings.csv", [embeddings]))
    report = loaded(db, write_csv(tmp_path / "new.csv", new))
    assert (report.total("loaded"), report.total("duplicate")) == (2, 1)
    assert requests(db) == sum(10 + n for n in range(6)) + 99 + 7 + 500 + 1000
    assert counts(db)[0] == (8, 7, 1, 0)
    assert consistent(db)
    unload(db, str(tmp_path / "new.csv"), Config())
    assert requests(db) == sum(10 + n for n in range(7)) + 99 + 7
    assert consistent(db)


def test_equal_buckets_of_one_file_add_up_and_loading_them_again_changes_nothing(tmp_path: Path, db: Path) -> None:
    rows = [bucket(requests=8), bucket(requests=8), bucket(requests=1)]
    path = write_csv(tmp_path / "usage.csv", rows)
    loaded(db, path)
    assert requests(db) == 17
    again = loaded(db, path)
    assert (again.total("loaded"), again.total("duplicate"), requests(db)) == (0, 3, 17)


def test_minutes_of_a_day_replace_the_day_that_was_loaded_before(tmp_path: Path, db: Path) -> None:
    minutes = [bucket(start=START + timedelta(minutes=n), seconds=60, requests=n % 3 + 1) for n in range(30)]
    whole_day = [bucket(requests=60), bucket(requests=5, start=START.replace(hour=0) + timedelta(days=1))]
    loaded(db, write_csv(tmp_path / "day.csv", whole_day))
    loaded(db, write_csv(tmp_path / "minutes.csv", minutes))
    assert requests(db) == 60 + 5
    assert counts(db) == [(2, 1, 1, 0), (30, 30, 0, 0)]
    # a minute that had one request when it was first exported had two in the end
    late = [bucket(start=START, seconds=60, requests=2)]
    loaded(db, write_csv(tmp_path / "late.csv", late))
    assert requests(db) == 60 + 5 + 1
    assert consistent(db)


def test_bucket_files_of_one_load_replace_each_other_in_turn(tmp_path: Path, db: Path) -> None:
    old, new = [bucket(requests=10)], [bucket(requests=12), bucket(requests=3, model="gpt-4o-mini")]
    report = loaded(db, write_csv(tmp_path / "1.csv", old), write_csv(tmp_path / "2.csv", new))
    assert [(file.loaded, file.duplicate) for file in report.files] == [(0, 1), (2, 0)]
    assert (counts(db), requests(db)) == ([(1, 0, 1, 0), (2, 2, 0, 0)], 15)
