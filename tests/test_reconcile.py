"""A bill against the log: each planted cause is named, with its dollars, and nothing is named that is not there."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from planted_bills import FIRST, GPT_4O, MINI, Call, Charge, as_loaded, bill, charges, log, month

import audit
from audit.config import Config
from audit.errors import AuditError, InputError
from audit.ledger.costs import reconciled
from audit.ledger.document import Reconciliation
from audit.scope import Question, settle
from audit.warehouse import Warehouse

CALLS = month()
CHARGES = charges(CALLS)
LIST_COST = sum(line.amount for line in CHARGES)
DAY = FIRST.date()


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> audit.Audit:
    return traffic_of(tmp_path_factory.mktemp("month"), CALLS)


def traffic_of(folder: Path, calls: Iterable[Call], *, cached: bool = True) -> audit.Audit:
    audit.load(log(folder / "log.csv", calls, cached=cached), db=folder / "usage.duckdb")
    return audit.open(folder / "usage.duckdb")


def against(traffic: audit.Audit, lines: Iterable[Charge]) -> Reconciliation:
    question = Question(today=date(2026, 11, 22))
    with Warehouse.read(traffic.path) as warehouse:
        warehouse.temporary("bill_lines", as_loaded(lines))
        settle(warehouse, question, Config())
        found = reconciled(warehouse, question)
    schema = json.loads(files("audit").joinpath("data/schemas/reconcile.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, schema)
    totals = found["totals"]
    counted = sum(cause["amount"] for cause in found["causes"] if cause["basis"] != "hint")
    assert totals["difference"] == pytest.approx(totals["billed"] - totals["list_cost"], abs=1e-9)
    assert totals["explained"] == pytest.approx(counted, abs=1e-9)
    assert totals["unexplained"] == pytest.approx(totals["difference"] - counted, abs=1e-9)
    assert abs(totals["unexplained"]) <= totals["unexplained_gross"] + 1e-9
    return found


def causes(found: Reconciliation) -> dict[str, float]:
    return {cause["code"]: cause["amount"] for cause in found["causes"]}


def only(found: Reconciliation, code: str, amount: Decimal, *, within: float = 1e-6) -> None:
    """The one cause that was planted is named, at its dollars, and explains all there is."""
    assert causes(found) == {code: pytest.approx(float(amount), rel=within)}
    assert found["ties_out"]
    assert found["totals"]["unexplained_share"] < 0.01


def test_a_bill_for_exactly_this_traffic_has_no_difference_and_no_cause(traffic: audit.Audit) -> None:
    found = against(traffic, CHARGES)
    assert (found["causes"], found["ties_out"], found["shift_hours"]) == ([], True, 0)
    assert found["totals"]["list_cost"] == found["totals"]["billed"] == pytest.approx(float(LIST_COST), rel=1e-12)
    assert found["totals"]["unexplained_gross"] == pytest.approx(0, abs=1e-9)
    for rows in (found["days"], found["models"], found["projects"], found["line_items"]):
        assert sum(row["billed"] for row in rows) == pytest.approx(float(LIST_COST))
        assert all(row["difference"] == pytest.approx(0, abs=1e-9) for row in rows)
    assert len(found["days"]) == 31
    assert [row["name"] for row in found["projects"]] == ["proj_a", "proj_b"]
    assert f"{GPT_4O}, cache_read" in {row["name"] for row in found["line_items"]}
    before = [call for call in CALLS if not DAY <= call.start.date() < DAY + timedelta(days=31)]
    assert before
    assert found["list_cost_outside"] > 0


def test_credits_tax_and_other_services_are_told_apart_from_traffic(traffic: audit.Audit) -> None:
    extra = [
        Charge(DAY, f"{GPT_4O}, input", "proj_a", Decimal("-7.5")),
        Charge(DAY, "Promotional credit", "", Decimal(-2)),
        Charge(DAY + timedelta(days=30), "VAT 19%", "", Decimal("3.25")),
        Charge(DAY, "web search tool calls", "proj_a", Decimal("1.75")),
    ]
    found = against(traffic, [*CHARGES, *extra])
    assert causes(found) == {"credits": -9.5, "tax": 3.25, "other_line_items": 1.75}
    assert found["totals"]["unexplained_gross"] == pytest.approx(0, abs=1e-9)
    assert {cause["basis"] for cause in found["causes"]} == {"lines"}


def test_days_without_logs_are_named_with_what_they_cost(tmp_path: Path) -> None:
    gone = {DAY + timedelta(days=9), DAY + timedelta(days=10)}
    left = traffic_of(tmp_path, [call for call in CALLS if call.start.date() not in gone])
    found = against(left, CHARGES)
    only(found, "missing_days", sum((line.amount for line in CHARGES if line.day in gone), Decimal(0)))
    assert "2 billed days without any request in the log (2026-03-10, 2026-03-11)" in found["causes"][0]["evidence"]


def test_a_project_and_a_model_that_nobody_logs_are_named(traffic: audit.Audit) -> None:
    project = [Charge(line.day, line.item, "proj_hidden", line.amount) for line in CHARGES if line.project == "proj_b"]
    model = [Charge(DAY + timedelta(days=day), "o3-2025-04-16, output", "proj_a", Decimal(1)) for day in range(31)]
    found = against(traffic, [*CHARGES, *project, *model])
    assert causes(found) == {
        "unlogged_projects": pytest.approx(float(sum(line.amount for line in project))),
        "unlogged_models": 31.0,
    }
    assert any("proj_hidden" in cause["evidence"] for cause in found["causes"])
    assert any("o3-2025-04-16" in cause["evidence"] for cause in found["causes"])


def test_models_and_days_that_only_the_log_has_lower_the_bill_and_are_named(traffic: audit.Audit) -> None:
    mini = [line for line in CHARGES if MINI in line.item]
    only(against(traffic, [line for line in CHARGES if line not in mini]), "unbilled_models", -total(mini))
    unbilled = [line for line in CHARGES if line.day == DAY + timedelta(days=5)]
    only(against(traffic, [x for x in CHARGES if x not in unbilled]), "unbilled_days", -total(unbilled))


def total(lines: Iterable[Charge]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


def test_traffic_of_a_model_without_a_price_is_named_as_such(tmp_path: Path) -> None:
    calls = [replace(call, model="in-house-7b") if call.model == MINI else call for call in CALLS]
    lines = [replace(line, item=line.item.replace(MINI, "in-house-7b")) for line in CHARGES]
    found = against(traffic_of(tmp_path, calls), lines)
    only(found, "unpriced_models", total(line for line in lines if "in-house" in line.item))


def test_cached_input_that_the_logger_lost_is_named(tmp_path: Path) -> None:
    found = against(traffic_of(tmp_path, CALLS, cached=False), CHARGES)
    # logged as plain input, it costs twice there
    only(found, "cached", -total(line for line in CHARGES if "cached" in line.item))
    assert "at 0.5 of the plain price" in found["causes"][0]["evidence"]


def test_cached_input_is_named_too_where_the_bill_only_says_input_and_output(tmp_path: Path) -> None:
    cached = total(line for line in CHARGES if "cached" in line.item)
    lines = [replace(line, item=line.item.replace("cached input", "input")) for line in CHARGES]
    found = against(traffic_of(tmp_path, CALLS, cached=False), lines)
    only(found, "cached", -cached)


def test_batch_that_the_log_calls_default_is_named_by_the_lines_of_the_bill(traffic: audit.Audit) -> None:
    lines = charges(CALLS, batch=lambda call: call.start.hour < 6)
    only(against(traffic, lines), "batch", total(lines) - LIST_COST, within=1e-6)


def test_batch_is_named_too_where_no_line_says_so_but_a_project_costs_half(traffic: audit.Audit) -> None:
    lines = [line.times("0.5") if line.project == "proj_b" else line for line in CHARGES]
    found = against(traffic, lines)
    only(found, "batch", total(lines) - LIST_COST)
    assert f"{GPT_4O} proj_b" in found["causes"][0]["evidence"]


@pytest.mark.parametrize(("factor", "code"), [("0.85", "discount"), ("1.19", "surcharge"), ("0.5", "batch")])
def test_one_ratio_on_all_days_and_models_is_a_discount_or_its_contrary(
    traffic: audit.Audit, factor: str, code: str
) -> None:
    found = against(traffic, [line.times(factor) for line in CHARGES])
    only(found, code, LIST_COST * (Decimal(factor) - 1))
    assert f"{float(factor):.3f} of list price on 31 days and 2 models" in found["causes"][0]["evidence"]


@pytest.mark.parametrize("ahead", [-8, 9])
def test_days_of_another_time_zone_are_found_and_named(traffic: audit.Audit, ahead: int) -> None:
    found = against(traffic, charges(CALLS, ahead=ahead))
    assert found["shift_hours"] == ahead
    assert [cause["code"] for cause in found["causes"]] == ["time_zone"]
    assert f"UTC{ahead:+d}" in found["causes"][0]["evidence"]
    assert found["totals"]["unexplained_share"] < 0.001


def test_a_discount_and_a_time_zone_and_tax_are_found_together(traffic: audit.Audit) -> None:
    tax = Charge(DAY, "Sales tax", "", Decimal("4.2"))
    lines = [line.times("0.9") for line in charges(CALLS, ahead=-7)]
    found = against(traffic, [*lines, tax])
    assert causes(found).keys() == {"time_zone", "discount", "tax"}
    assert found["totals"]["unexplained_share"] < 0.001


def test_hours_without_requests_explain_as_much_as_they_usually_hold(tmp_path: Path) -> None:
    day = DAY + timedelta(days=11)
    left = [call for call in CALLS if call.start.date() != day or call.start.hour < 14]
    found = against(traffic_of(tmp_path, left), CHARGES)
    lost = total(charges(call for call in CALLS if call not in left))
    assert causes(found)["missing_hours"] == pytest.approx(float(lost), rel=0.25)
    assert "10 hours of 2026-03-12 without a request" in found["causes"][0]["evidence"]
    assert found["ties_out"]


def test_a_month_with_everything_at_once_has_each_of_it_named(tmp_path: Path) -> None:
    """Lost cached tokens, a lost day, some lost requests, days of California, tax, a credit and a hidden project."""
    left = [call for n, call in enumerate(CALLS) if call.start.day != 12 and not (call.start.day == 20 and n % 2)]
    extra = [
        Charge(DAY, "VAT", "", Decimal(12)),
        Charge(DAY, f"{GPT_4O}, input", "proj_a", Decimal(-20)),
        Charge(DAY + timedelta(days=3), "o3-2025-04-16, output", "proj_hidden", Decimal(7)),
    ]
    lines = charges(CALLS, ahead=-7)
    found = against(traffic_of(tmp_path, left, cached=False), [*lines, *extra])
    amounts = causes(found)
    assert amounts.keys() == {
        "time_zone", "cached", "missing_hours", "missing_files", "tax", "credits", "unlogged_projects"
    }  # fmt: skip
    assert (amounts["tax"], amounts["credits"], amounts["unlogged_projects"]) == (12, -20, 7)
    assert amounts["cached"] == pytest.approx(-float(total(x for x in lines if "cached" in x.item)), rel=0.05)
    assert found["shift_hours"] == -7
    assert found["ties_out"]


def half_logged(folder: Path) -> audit.Audit:
    """Every other request of ten days is in a file that nobody loaded."""
    return traffic_of(folder, [call for n, call in enumerate(CALLS) if n % 2 or call.start.day > 10])


def test_requests_that_are_missing_here_and_there_are_a_hint_and_the_bill_does_not_tie_out(tmp_path: Path) -> None:
    found = against(half_logged(tmp_path), CHARGES)
    (cause,) = found["causes"]
    assert (cause["code"], cause["basis"]) == ("missing_files", "hint")
    assert "on 10 days" in cause["evidence"]
    assert (found["ties_out"], found["totals"]["explained"]) == (False, 0.0)
    assert found["totals"]["unexplained_share"] > 0.1


def test_differences_that_cancel_out_over_the_month_do_not_tie_out(traffic: audit.Audit) -> None:
    lines = [line.times("1.4" if line.day.day % 2 else "0.6") for line in CHARGES]
    found = against(traffic, lines)
    assert abs(found["totals"]["unexplained"]) < 0.1 * found["totals"]["billed"]
    assert found["totals"]["unexplained_share"] > 0.3
    assert not found["ties_out"]


def test_a_bill_without_models_or_projects_is_compared_by_the_day(traffic: audit.Audit) -> None:
    by_day: dict[date, Decimal] = {}
    for line in CHARGES:
        by_day[line.day] = by_day.get(line.day, Decimal(0)) + line.amount
    found = against(traffic, [Charge(day, "", "", amount) for day, amount in by_day.items()])
    assert (found["causes"], found["ties_out"]) == ([], True)
    assert [row["name"] for row in found["models"]] == [""]


def test_an_alias_on_the_bill_is_the_snapshot_of_the_log(traffic: audit.Audit) -> None:
    found = against(traffic, [replace(x, item=x.item.replace(GPT_4O, "gpt-4o")) for x in CHARGES])
    assert (found["causes"], found["ties_out"]) == ([], True)


def test_since_and_until_hold_for_both_sides(traffic: audit.Audit, tmp_path: Path) -> None:
    path = bill(tmp_path / "cost.csv", CHARGES)
    found = traffic.reconcile(path, since="2026-03-10", until="2026-03-12")
    wanted = total(line for line in CHARGES if line.day in (date(2026, 3, 10), date(2026, 3, 11)))
    assert found["totals"]["billed"] == pytest.approx(float(wanted))
    assert found["totals"]["list_cost"] == pytest.approx(float(wanted))


def test_a_bill_of_other_days_of_another_currency_or_of_requests_is_refused_with_what_to_do(
    traffic: audit.Audit, tmp_path: Path
) -> None:
    later = bill(tmp_path / "later.csv", [replace(line, day=line.day + timedelta(days=90)) for line in CHARGES])
    with pytest.raises(AuditError, match=r"covers 2026-05-30 to 2026-06-29 .* no day has both"):
        traffic.reconcile(later)
    euros = tmp_path / "euros.csv"
    euros.write_text(bill(tmp_path / "usd.csv", CHARGES).read_text().replace(",usd,", ",eur,"))
    with pytest.raises(InputError, match="the bill is in eur"):
        traffic.reconcile(euros)
    with pytest.raises(InputError, match="holds requests"):
        traffic.reconcile(log(tmp_path / "log.csv", CALLS[:5]))
    with pytest.raises(AuditError, match="holds no bill"):
        traffic.reconcile()


def test_every_cause_has_words() -> None:
    from audit.ledger.tables import CAUSES

    schema = json.loads(files("audit").joinpath("data/schemas/reconcile.schema.json").read_text(encoding="utf-8"))
    codes = cast("dict[str, Any]", schema)["properties"]["causes"]["items"]["properties"]["code"]["enum"]
    assert set(codes) == CAUSES.keys()
