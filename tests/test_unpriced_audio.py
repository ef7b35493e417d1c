"""Audio tokens that nobody prices: the text of the same day and model keeps its cost, whatever adds it up."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import audit
from tests.exports import Row
from tests.loads import jsonl
from tests.logged import BIG, TODAY, calls
from tests.planted_bills import Charge, bill

TEXT = 50 * (1000 * Decimal("2.50") + 100 * 10) / 1_000_000
"""Of gpt-4o, whose price list has no price for audio, in dollars."""


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> audit.Audit:
    folder = tmp_path_factory.mktemp("audio")
    spoken: list[Row] = [row | {"request_id": "spoken"} for row in calls("a", 1, usage_audio_input_tokens=40)]
    audit.load([jsonl(folder / "log.jsonl", *calls("a", 50), *spoken)], db=folder / "usage.duckdb")
    return audit.open(folder / "usage.duckdb")


@pytest.mark.parametrize(
    "relation", ["cell_costs", "customer_costs", "spend_by_day", "focus_charges", "list_cost_by_hour"]
)
def test_text_keeps_its_cost_beside_audio_without_a_price(traffic: audit.Audit, relation: str) -> None:
    assert traffic.sql(f"select sum(list_cost) from {relation}", today=TODAY).item() == TEXT


def test_no_class_of_tokens_costs_more_than_all(traffic: audit.Audit) -> None:
    classes = "input_cost + cache_read_cost + cache_creation_cost + audio_input_cost + output_cost + audio_output_cost"
    assert traffic.sql(f"select sum({classes}) from list_cost_by_hour", today=TODAY).item() == TEXT


def test_the_days_agree_with_the_cells(traffic: audit.Audit) -> None:
    assert traffic.sql("select * from chk_daily_costs_equal_cell_costs", today=TODAY).is_empty()


def test_the_charges_leave_out_the_requests_without_a_price(traffic: audit.Audit) -> None:
    found = traffic.sql("select token_class, request_count, list_cost from focus_charges order by 1", today=TODAY)
    assert found.rows() == [("input", 50, Decimal("0.125")), ("output", 0, Decimal("0.05"))]


def test_a_model_with_a_price_stays_on_the_bill_though_one_call_has_none(tmp_path: Path) -> None:
    days = [date(2026, 9, day) for day in (1, 2, 3)]
    spoken = [row | {"request_id": "spoken", "start_time": "2026-09-02T20:00:00+00:00"} for row in calls("a", 1)]
    rows = [row for day in days for row in calls("a", 50, day=day)]
    log = jsonl(tmp_path / "log.jsonl", *rows, *(row | {"usage_audio_input_tokens": 40} for row in spoken))
    audit.load([log], db=tmp_path / "usage.duckdb")
    twice = bill(tmp_path / "bill.csv", [Charge(day, BIG, "", 2 * TEXT * (1 + day.day % 2)) for day in days])
    found = audit.open(tmp_path / "usage.duckdb").reconcile(twice)
    assert (found["totals"]["list_cost"], found["ties_out"]) == (pytest.approx(float(3 * TEXT)), False)
    assert "unpriced_models" not in {cause["code"] for cause in found["causes"]}
