"""A cost that leaves out requests says how many in the same row: nobody can take the sum of a part for the whole."""

import csv
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.assumptions import Assumptions
from audit.pipeline import run_report
from audit.report.csv_tables import csv_table
from audit.report.daily import daily, daily_table
from audit.report.document import ReportDocument
from audit.report.html import render_html
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.exports import Row
from tests.logged import TODAY
from tests.report_document import example_document
from tests.unpriced import PRICES, USED, cost, database, row, use
from tests.wide_document import MODELS as PAGE_MODELS
from tests.wide_document import wide_document

SCHEMA = json.loads(files("audit").joinpath("data/schemas/report.schema.json").read_text(encoding="utf-8"))

Told = tuple[int, int, int, Decimal | None]
"""Requests, those without a price, those of unknown usage, and what the others cost."""


@dataclass(frozen=True)
class Call:
    """A request of the log, by what its row may be grouped by."""

    model: str
    endpoint: str
    day: str
    hour: int
    outcome: str
    tokens: dict[str, int]


def logged(number: int, call: Call) -> Row:
    start = f"{call.day}T{call.hour:02}:00:{number % 60:02}+00:00"
    counted = dict.fromkeys(USED, "") if call.outcome == "unknown" else {}
    is_failed = call.outcome == "failed"
    return row(
        number, call.model, call.tokens, endpoint=call.endpoint, start_time=start, is_failed=is_failed, **counted
    )


def told(calls: Sequence[Call], lists: dict[str, list[str]], key: Callable[[Call], Any]) -> dict[Any, Told]:
    """By hand: one request after the other."""
    found: defaultdict[Any, list[Call]] = defaultdict(list)
    for call in calls:
        found[key(call)].append(call)
    return {group: _of(part, lists) for group, part in found.items()}


def _of(calls: Sequence[Call], lists: dict[str, list[str]]) -> Told:
    known, unpriced, unknown, total = 0, 0, 0, Decimal(0)
    for call in calls:
        usd = cost(call.tokens, lists[call.model])
        if call.outcome == "unknown":
            unknown += 1
        elif call.outcome == "billed" and usd is None:
            unpriced += 1
        elif call.outcome == "billed" and usd is not None:
            known, total = known + 1, total + usd
    return len(calls), unpriced, unknown, total if known or not unpriced + unknown else None


def rows_of(warehouse: Warehouse, relation: str, key: str) -> dict[Any, Told]:
    """What a relation says of each key."""
    unknown = "0" if relation == "list_cost_by_hour" else "unknown_usage_request_count"
    found = warehouse.rows(f"select request_count, unpriced_request_count, {unknown}, list_cost, {key} from {relation}")
    rows: dict[Any, Any] = {tuple(str(part) for part in each[4:]): each[:4] for each in found}
    assert len(rows) == len(found)
    return rows


def document_rows(found: Sequence[Any], *key: str) -> dict[Any, Any]:
    return {
        tuple(each[name] for name in key): (
            each["requests"], each["unpriced_requests"], each["unknown_usage_requests"], each["list_cost"],
        )
        for each in found
    }  # fmt: skip


def in_floats(rows: dict[Any, Told]) -> dict[Any, Any]:
    return {key: (*counts, None if usd is None else pytest.approx(float(usd))) for key, (*counts, usd) in rows.items()}


RELATIONS: dict[str, tuple[str, Callable[[Call], Any]]] = {
    "spend_by_day": ("usage_date, endpoint, model", lambda call: (call.day, call.endpoint, call.model)),
    "spend_by_endpoint": ("endpoint, model", lambda call: (call.endpoint, call.model)),
    "spend_by_model": ("model", lambda call: (call.model,)),
    "list_cost_by_hour": ("usage_hour, model", lambda call: (f"{call.day} {call.hour:02}:00:00", call.model)),
    "report_totals": ("incumbent", lambda _: ("gpt-4o",)),
}
MODELS = ("house-a", "house-b", "house-c")
CALLS = st.builds(
    Call,
    model=st.sampled_from(MODELS),
    endpoint=st.sampled_from(("e-0", "e-1", "e-2")),
    day=st.sampled_from(("2026-09-01", "2026-09-02")),
    hour=st.sampled_from((8, 9)),
    outcome=st.sampled_from(("billed", "billed", "failed", "unknown")),
    tokens=st.fixed_dictionaries(dict.fromkeys(PRICES, st.sampled_from((0, 0, 0, 1, 900)))).filter(
        lambda tokens: any(tokens.values())  # a call without any is one of unknown usage
    ),
)


@settings(max_examples=8, deadline=None)
@given(
    calls=st.lists(CALLS, min_size=20, max_size=50),
    lists=st.fixed_dictionaries(dict.fromkeys(MODELS, st.lists(st.sampled_from(sorted(PRICES)), unique=True))),
)
def test_every_row_with_a_cost_says_how_many_requests_are_not_in_it(
    calls: list[Call], lists: dict[str, list[str]]
) -> None:
    billed = [call for call in calls if call.outcome == "billed"]
    with tempfile.TemporaryDirectory() as name:
        db, config = database(Path(name), [logged(*each) for each in enumerate(calls)], lists)
        with Warehouse.read(db) as warehouse:
            document = run_report(warehouse, Question(today=TODAY), config, Assumptions()).document
            for relation, (key, group) in RELATIONS.items():
                asked = billed if relation == "list_cost_by_hour" else calls
                assert rows_of(warehouse, relation, key) == told(asked, lists, group), relation
        with Warehouse.read(db) as warehouse:
            folded = run_report(warehouse, Question(today=TODAY), config, Assumptions(endpoints_kept=1)).document
            kept = {str(each) for (each,) in warehouse.rows("select endpoint from kept_endpoints")}
    for report in (document, folded):
        days, models = report.get("daily", []), report.get("models", [])
        assert document_rows(days, "date", "model") == in_floats(told(calls, lists, lambda c: (c.day, c.model)))
        assert document_rows(models, "model") == in_floats(told(calls, lists, lambda c: (c.model,)))
        jsonschema.validate(json.loads(json.dumps(report)), SCHEMA)
    if (rest := folded.get("rest")) is not None:
        left = [call for call in calls if call.endpoint not in kept]
        (requests, unpriced, unknown, usd) = told(left, lists, lambda _: ())[()]
        found = rest["requests"], rest["unpriced_requests"], rest["unknown_usage_requests"], rest["list_cost"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
        assert found == (requests, unpriced, unknown, pytest.approx(float(usd or 0)))


def test_a_request_without_a_price_beside_one_that_failed_does_not_make_a_day_of_no_cost(tmp_path: Path) -> None:
    failed, unpriced, unknown = (
        Call("house-a", endpoint, "2026-09-01", 8, outcome, use(input=10))
        for endpoint, outcome in (("e-0", "failed"), ("e-1", "billed"), ("e-2", "unknown"))
    )
    db, config = database(tmp_path, [logged(*each) for each in enumerate((failed, unpriced, unknown))], {})
    with Warehouse.read(db) as warehouse:
        report = run_report(warehouse, Question(today=TODAY), config, Assumptions()).document
        assert warehouse.rows("select list_cost, monthly_list_cost from report_totals") == [(None, None)]
        by_customer = "select disposition, list_cost from customer_costs order by disposition"
        assert warehouse.rows(by_customer) == [("failed", 0), ("unknown_usage", None), ("unpriced", None)]
    assert document_rows(report.get("daily", []), "date") == {("2026-09-01",): (3, 1, 1, None)}
    assert document_rows(report.get("models", []), "model") == {("house-a",): (3, 1, 1, None)}
    (line,) = csv.DictReader(csv_table(report, "daily").splitlines())
    assert [line[name] for name in ("list_cost", "unpriced_requests", "unknown_usage_requests")] == ["", "1", "1"]


def wide() -> ReportDocument:
    """Three days of twelve models: on the first a costly one is priced in part, and one of those that are folded."""
    document = wide_document(1, 3, 12)
    days = document.get("daily", [])
    for model, unpriced in ((PAGE_MODELS[0], 1200), (PAGE_MODELS[11], 3)):
        next(day for day in days if day["model"] == model)["unpriced_requests"] = unpriced
    days.append({"date": days[0]["date"], "model": "house", "requests": 5, "list_cost": None, "unpriced_requests": 5})
    return document


def test_the_chart_of_days_says_of_every_bar_and_of_all_together_what_is_not_in_it() -> None:
    document = wide()
    chart: Any = daily(document)
    traces = {each["name"]: [shown for _, shown in each["customdata"]] for each in chart.data}
    costly, others = (traces[f"{name}, partly unpriced"] for name in (PAGE_MODELS[0], "7 other models"))
    assert [costly[0].split(" without ")[1], others[0].split(" without ")[1]] == ["1,200 requests", "3 requests"]
    assert not any("without" in shown for name, cells in traces.items() for shown in cells[name.endswith("priced") :])
    page = render_html(document)
    assert "In no cost here: 1,208 requests without a known price." in page


def test_the_table_of_days_says_in_its_row_what_the_sum_of_a_day_leaves_out() -> None:
    rows = [[cell.text or "" for cell in line.iter("td")] for line in daily_table(wide()).iter("tr")][1:]
    sums = [cells[1].partition(" without ")[2] for cells in rows]
    assert sums == ["1,208 requests", "", ""]


def test_a_day_whose_requests_all_lack_a_price_is_a_day_of_the_table() -> None:
    document = wide_document(1, 3, 2)
    days = document.get("daily", [])
    for day in days:
        if day["date"] == days[0]["date"]:
            day["list_cost"], day["unpriced_requests"] = None, day["requests"]
    rows = [[cell.text or "" for cell in line.iter("td")] for line in daily_table(document).iter("tr")][1:]
    assert [cells[1] == "unpriced" for cells in rows] == [True, False, False]


def test_a_model_of_which_some_requests_have_no_price_shows_what_the_others_cost() -> None:
    document = example_document()
    model = next(each for each in document.get("models", []) if each["list_cost"] is None)
    assert "no price</span>" in render_html(document)
    model["list_cost"], model["unpriced_requests"] = 12.5, 9000
    assert "$12.50 without 9,000 requests" in render_html(document)


def test_what_nobody_logged_tokens_of_is_not_said_to_lack_a_price() -> None:
    document = wide_document(1, 3, 2)
    first, other = document.get("daily", [])[0], document.get("models", [])[0]
    for unlogged in (first, other):
        unlogged["list_cost"], unlogged["unknown_usage_requests"] = None, unlogged["requests"]
    page = render_html(document)
    chart: Any = daily(document)
    assert f"{first['model']}, partly of unknown usage" in {each["name"] for each in chart.data}
    assert "of unknown usage</td>" in page
    assert "no price</span>" not in page
