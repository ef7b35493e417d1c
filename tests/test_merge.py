"""Databases that were added up are one: as if all their files had been loaded into it."""

import json
import os
import random
import signal
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from exports import START, Row, bucket, spend_log, write_csv, write_jsonl
from test_load_guarantees import cells, counts, query, rules
from test_nested_calls import span

import audit
from audit.config import Config, EndpointRule
from audit.errors import ConfigError, DatabaseError
from audit.intake.letting_go import Kept
from audit.intake.loading import load
from audit.intake.merging import merge
from audit.measures import MEASURES
from audit.schema import TABLES
from audit.warehouse import Warehouse

TODAY = date(2026, 11, 22)
DAY_KEY = [name for name in TABLES["daily_usage"] if name not in MEASURES and name != "load_id"]


def days(db: Path) -> list[tuple[object, ...]]:
    sums = ", ".join(f"sum({name})" for name in MEASURES)
    return query(db, f"select {', '.join(DAY_KEY)}, {sums} from daily_usage group by all order by all")


def report(db: Path) -> dict[str, Any]:
    """The report without the seconds that its files took."""
    document = json.loads(json.dumps(audit.open(db).report(today=TODAY).document, default=str))
    for file in document["files"]:
        del file["seconds"]
    return document


def months(folder: Path, seed: int, count: int = 4) -> list[Path]:
    """Exports of successive months that overlap: some calls are in two, some ids come again with other content."""
    chance = random.Random(seed)
    paths: list[Path] = []
    before: list[dict[str, object]] = []
    for month in range(count):
        rows = [
            spend_log(
                1000 * month + number,
                tokens_in=chance.randrange(10, 9000),
                tokens_out=chance.randrange(1, 900),
                cached=chance.randrange(0, 10),
                tag=chance.choice(["chat", "extract", "title"]),
                start=START + timedelta(days=30 * month, minutes=37 * number),
                model=chance.choice(["gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"]),
                spend=chance.random() / 100,
            )
            for number in range(chance.randrange(60, 220))
        ]
        repeated = chance.sample(before, min(len(before), 25))
        again = [row | {"completion_tokens": 7} for row in chance.sample(rows, 4)]
        nameless = [row | {"request_id": None} for row in rows[:6]] + [row | {"request_id": None} for row in before[:6]]
        whole = [*rows, *repeated, *again, *nameless, *rows[5:9], *nameless[:2]]
        chance.shuffle(whole)
        before = rows
        paths.append(write_jsonl(folder / f"month{month}.jsonl", [*whole, "no json"]))
    return paths


def merged(folder: Path, groups: Sequence[Sequence[Path]], kinds: Sequence[Kept]) -> Path:
    parts: list[Path] = []
    for number, (group, keep) in enumerate(zip(groups, kinds, strict=True)):
        part = folder / f"part{number}.duckdb"
        for path in group:
            assert load([str(path)], part, keep=keep).failed_checks == ()
        parts.append(part)
    found = merge(parts, folder / "merged.duckdb")
    assert found.failed_checks == ()
    assert found.warnings == ()
    return found.db


def equal(one: Path, other: Path, *, with_rows: bool) -> None:
    """Assert that nothing tells the databases apart, but for what only requests can say where they are gone."""
    assert cells(one) == cells(other)
    assert days(one) == days(other)
    assert rules(one) == rules(other)
    assert counts(one) == counts(other)
    collisions = "select path, id_collision_count from files order by file_id"
    assert query(one, collisions) == query(other, collisions)
    ours, theirs = report(one), report(other)
    if not with_rows:
        for document in (ours, theirs):
            del document["observational"], document["warnings"], document["comparison"]["traffic"]["speed"]
    assert ours == theirs


@pytest.mark.parametrize("kinds", [("rows",) * 3, ("keys",) * 3, ("keys", "rows", "keys"), ("rows", "keys", "rows")])
@pytest.mark.parametrize("seed", range(3))
def test_databases_of_months_that_overlap_add_up_to_one_load_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, kinds: Sequence[Kept]
) -> None:
    monkeypatch.setenv("AUDIT_SALT", "the same for every database")
    paths = months(tmp_path, seed)
    cuts = sorted(random.Random(seed).sample(range(1, len(paths)), 2))
    groups = [paths[: cuts[0]], paths[cuts[0] : cuts[1]], paths[cuts[1] :]]
    whole = tmp_path / "whole.duckdb"
    load([str(path) for path in paths], whole)
    equal(merged(tmp_path, groups, kinds), whole, with_rows="keys" not in kinds)


@pytest.mark.parametrize("kinds", [("keys", "keys"), ("keys", "rows"), ("rows", "keys")])
def test_calls_traced_inside_of_others_count_once_whichever_database_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: Sequence[Kept]
) -> None:
    monkeypatch.setenv("AUDIT_SALT", "the same for every database")
    traced = [span("outer"), span("inner", "outer"), span("alone", trace="t2")]
    path = write_jsonl(tmp_path / "traced.jsonl", traced)
    alone = write_jsonl(tmp_path / "alone.jsonl", [span("outer"), *(span(f"c{n}", trace=f"x{n}") for n in range(3))])
    for order in ([path, path], [path, alone]):
        folder = tmp_path / order[1].stem
        folder.mkdir()
        parts = [folder / "0.duckdb", folder / "1.duckdb"]
        for part, each, keep in zip(parts, order, kinds, strict=True):
            assert load([str(each)], part, keep=keep).failed_checks == ()
        whole = folder / "whole.duckdb"
        for each in order:
            load([str(each)], whole)
        found = merge(parts, folder / "merged.duckdb")
        assert found.failed_checks == ()
        assert (cells(found.db), counts(found.db)) == (cells(whole), counts(whole))


def single(folder: Path, name: str, rows: Sequence[Row], keep: Kept = "rows", **options: Any) -> Path:
    """A database of one export, both called `name`."""
    path = write_jsonl(folder / f"{name}.jsonl", rows)
    assert load([str(path)], folder / f"{name}.duckdb", keep=keep, **options).refused == ()
    return folder / f"{name}.duckdb"


def test_the_parts_of_a_merge_stay_as_they_are_and_can_be_merged_on(tmp_path: Path) -> None:
    log = [spend_log(n, start=START + timedelta(hours=n)) for n in range(90)]
    one, two, three = (single(tmp_path, f"p{n}", log[30 * n : 30 * n + 31], "keys") for n in range(3))
    before = one.read_bytes(), two.read_bytes()
    first = merge([one, two], tmp_path / "first.duckdb")
    assert (first.repeated, first.to_document()["rows"]) == (
        1,
        {"files": 2, "read": 62, "loaded": 61, "duplicate": 1, "rejected": 0},
    )
    assert (one.read_bytes(), two.read_bytes()) == before
    second = merge([first.db, three], tmp_path / "second.duckdb")
    assert (second.repeated, second.failed_checks) == (1, ())
    assert query(second.db, "select sum(request_count) from traffic_cells") == [(90,)]
    again = load([str(tmp_path / "p1.jsonl")], second.db, keep="keys")
    assert (again.total("loaded"), again.total("duplicate"), again.failed_checks) == (0, 31, ())


def test_buckets_of_several_databases_replace_each_other_as_in_one(tmp_path: Path) -> None:
    paths = [
        write_csv(tmp_path / f"{n}.csv", [bucket(requests=10 + n), bucket(requests=5, start=START + timedelta(days=n))])
        for n in range(3)
    ]
    whole = tmp_path / "whole.duckdb"
    load([str(path) for path in paths], whole)
    equal(merged(tmp_path, [[path] for path in paths], ("keys",) * 3), whole, with_rows=True)


def test_pairs_are_kept_and_the_later_database_decides_about_the_same_request(tmp_path: Path) -> None:
    log = [spend_log(n) for n in range(40)]
    one, two = single(tmp_path, "one", log[:30]), single(tmp_path, "two", log[20:])
    for db, score, numbers in ((one, 0.25, range(15, 25)), (two, 0.75, range(20, 30))):
        pairs = db.with_suffix(".csv")
        lines = [f"chatcmpl-{n},gpt-4o-2024-08-06,gpt-4o-mini,1,{score}" for n in numbers]
        head = "request_id,incumbent_model,candidate_model,incumbent_score,candidate_score"
        pairs.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        audit.open(db).outcomes.add(pairs)
    found = merge([one, two], tmp_path / "both.duckdb").db
    scores = "select candidate_score, count(*) from paired_outcomes group by all order by all"
    assert query(found, scores) == [(0.25, 5), (0.75, 10)]


def test_databases_that_cannot_be_one_say_why_and_leave_nothing(tmp_path: Path) -> None:
    one = single(tmp_path, "one", [spend_log(n) for n in range(20)])
    ruled = single(tmp_path, "ruled", [spend_log(30)], config=Config(endpoint=EndpointRule(field="tag", key_text="a")))
    nameless = [single(tmp_path, f"n{n}", [spend_log(n, request_id=None)], "keys") for n in range(2)]
    unseen = [single(tmp_path, f"u{n}", [spend_log(50 + n), spend_log(60 + n)], "cells") for n in range(2)]
    other = tmp_path / "other.duckdb"
    with Warehouse.create(other) as warehouse, warehouse.transaction():
        warehouse.set("schema_version", "1")
    for parts, said in (
        ([one, ruled], r"ruled\.duckdb: the endpoint rule: tag:a, but none in .*one\.duckdb. `audit rebuild"),
        (nameless, r"n0\.duckdb and .*n1\.duckdb hashed .* different salts.*AUDIT_SALT"),
        (unseen, r"u1\.jsonl and .*u0\.jsonl, of two databases, .* no keys were kept"),
        ([one, one], "a database is named twice"),
        ([one, other], "written with schema 1, this version needs"),
        ([one, tmp_path / "missing.duckdb"], "no such database"),
    ):
        with pytest.raises((ConfigError, DatabaseError), match=said):
            merge(parts, tmp_path / "out.duckdb")
        assert not list(tmp_path.glob("out.duckdb*"))
    with pytest.raises(ConfigError, match="exists already"):
        merge([one], one)


def test_salts_may_differ_where_nothing_was_hashed_with_them(tmp_path: Path) -> None:
    log = [spend_log(n) for n in range(40)]
    one, two = single(tmp_path, "one", log[:30]), single(tmp_path, "two", log[25:], "keys")
    salts = [query(db, "select value from meta where key = 'salt'") for db in (one, two)]
    assert salts[0] != salts[1]
    found = merge([one, two], tmp_path / "both.duckdb")
    assert (found.repeated, query(found.db, "select sum(request_count) from traffic_cells")) == (5, [(40,)])


def test_a_killed_merge_leaves_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (single(tmp_path, f"p{n}", [spend_log(n)]) for n in range(2))

    def killed(_: Warehouse) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr("audit.intake.merging.take_out_repeated", killed)
    process = os.fork()
    if process == 0:
        merge([one, two], tmp_path / "out.duckdb")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    assert not (tmp_path / "out.duckdb").exists()
    monkeypatch.undo()
    assert merge([one, two], tmp_path / "out.duckdb").failed_checks == ()
    assert [path.name for path in tmp_path.glob("out.duckdb*")] == ["out.duckdb"]
