"""A cost that no export states is unknown, nowhere $0."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from loads import jsonl, loaded

from audit.config import Config
from audit.scope import Question, settle
from audit.warehouse import Warehouse

CALL = {"model": "gpt-4o", "usage_input_tokens": 300, "usage_output_tokens": 20, "route": "chat"}


@pytest.mark.parametrize(("relation", "key"), [("customer_costs", "customer_id"), ("spend_by_endpoint", "endpoint")])
def test_a_billed_cost_that_nobody_states_is_null_and_one_of_zero_is_zero(
    tmp_path: Path, relation: str, key: str
) -> None:
    stated: dict[str, object] = {"unknown": None, "free": 0, "paid": "0.25"}
    calls = [
        CALL
        | {"request_id": name, "customer_id": name, "route": name if key == "endpoint" else "chat", "billed_cost": cost}
        for name, cost in stated.items()
    ]
    log = tmp_path / "log.jsonl"
    jsonl(log, *(call | {"start_time": f"2026-10-02T09:0{n}:00Z"} for n, call in enumerate(calls)))
    loaded(db := tmp_path / "usage.duckdb", log)
    with Warehouse.read(db) as warehouse:
        settle(warehouse, Question(today=date(2026, 11, 22)), Config())
        found = warehouse.rows(f"select {key}, billed_cost from {relation}")
        assert set(found) == {("unknown", None), ("free", Decimal(0)), ("paid", Decimal("0.25"))}


def test_a_class_of_requests_whose_cost_nobody_states_has_none(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    failed = {"request_id": "b", "start_time": "2026-10-02T09:01:00Z", "is_failed": True}
    jsonl(log, CALL | {"request_id": "a", "start_time": "2026-10-02T09:00:00Z", "billed_cost": 1}, CALL | failed)
    loaded(db := tmp_path / "usage.duckdb", log)
    with Warehouse.read(db) as warehouse:
        settle(warehouse, Question(today=date(2026, 11, 22)), Config())
        found = warehouse.rows("select disposition, billed_cost from spend_by_disposition")
    assert set(found) == {("eligible", Decimal(1)), ("failed", None)}
