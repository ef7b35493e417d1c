"""Databases that were added up are one: as if all their files had been loaded into it."""

import json
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from exports import START, spend_log, write_jsonl
from test_load_guarantees import RULE, cells, counts, query

import audit
from audit.intake.letting_go import Kept
from audit.intake.loading import load
from audit.intake.merging import merge
from audit.schema import MEASURES, TABLES

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


def rules(db: Path) -> list[tuple[object, ...]]:
    return query(db, f"select {', '.join(RULE)} from workload_rules order by all")


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
