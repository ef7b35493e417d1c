"""What looks at requests one by one says so where they are gone, or knows nothing; never something of the others."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from exports import START, Row, spend_log, spend_logs, write_jsonl
from test_cells_only import TODAY, kept
from test_load_guarantees import cells, loaded

import audit
from audit.config import Config, EndpointRule
from audit.errors import DatabaseError
from audit.intake.letting_go import Kept
from audit.intake.loading import load
from audit.intake.resolve import rebuild, unload
from tests.rollouts import plan, plan_file


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "cells.duckdb"


ROUTE = Config(endpoint=EndpointRule(field="route"))
NEEDING: list[tuple[Callable[[Path], object], str]] = [
    (lambda db: audit.open(db).sample(today=TODAY), "a sample looks at requests one by one, and of 31 of the 31"),
    (lambda db: audit.open(db).margin(db.with_name("revenue.csv"), today=TODAY), "a margin by customer"),
    (lambda db: audit.monitor(db=db, plan=plan_file(db.parent, plan())), "a monitor looks"),
    (lambda db: audit.open(db).requests, "the frame of requests looks"),
    (lambda db: audit.open(db).sql("select count(*) from requests"), "the relation requests looks"),
    (lambda db: audit.open(db).sql("select * from customer_usage"), "the relation customer_usage looks"),
    (
        lambda db: unload(db, str(db.with_name("a.jsonl")), Config()),
        "taken out: its requests are in cells",
    ),
    (lambda db: rebuild(db, ROUTE), "the endpoint rule changed and cells without requests"),
    (lambda db: rebuild(db, Config(models={"house": "gpt-4o-mini"})), "would be in another cell"),
]


def hourly(number: int) -> Row:
    return spend_log(number, start=START + timedelta(hours=number))


def test_a_plan_knows_nothing_of_single_requests_where_some_are_gone(tmp_path: Path, db: Path) -> None:
    whole = tmp_path / "whole.duckdb"
    known: list[list[dict[str, Any]]] = []
    kinds: tuple[tuple[Path, Kept], ...] = ((whole, "rows"), (db, "keys"))
    for other, keep in kinds:
        loaded(other, write_jsonl(tmp_path / "a.jsonl", [hourly(n) for n in range(300)]))
        path = write_jsonl(tmp_path / "b.jsonl", [hourly(n) for n in range(300, 600)])
        load([str(path)], other, keep=keep)
        known.append([dict(each) for each in audit.open(other).plan(today=TODAY).document["baseline"].values()])
    assert {each["latency_ms_p50"] is None for each in known[0]} == {False}
    assert {each["latency_ms_p50"] for each in known[1]} == {None}


@pytest.mark.parametrize(("asked", "said"), NEEDING)
def test_what_needs_requests_says_so_and_names_the_way_out(
    tmp_path: Path, db: Path, asked: Callable[[Path], object], said: str
) -> None:
    (tmp_path / "revenue.csv").write_text("customer,revenue\nu1,5\n")
    kept(db, write_jsonl(tmp_path / "a.jsonl", [*spend_logs(30), spend_log(30, model="house")]))
    before = cells(db)
    with pytest.raises(DatabaseError, match=said) as raised:
        asked(db)
    assert "--cells-only" in str(raised.value)
    assert "another --db" in str(raised.value) or "a new --db" in str(raised.value)
    assert cells(db) == before
