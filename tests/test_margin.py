"""Margins: customers add up to the bill at every level, by a sum that shares no code with the allocation."""

import csv
import io
import json
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

import audit
from audit.assumptions import Assumptions, Range
from audit.cli import app
from audit.errors import AuditError
from audit.intake.loading import load
from audit.ledger.allocation import allocate, moves
from audit.pipeline import run_report
from audit.report import margin_words
from audit.report.margin_document import STEPS, Margins
from audit.savings.cascade import Offer
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.customers import ASSUMPTIONS, CONFIG, FORMULA, customers_database
from tests.exports import write_csv
from tests.logged import TODAY, calls

REVENUE = f"customer_id,revenue,plan,documents\nacme,5,pro,50\nbolt,20,,\n{FORMULA},0.5,free,\nidle,7,pro,\n"
STAKES = '[stakes]\nsort = "low"\ntalk = "low"\ndraw = "low"\nplan = "low"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("margin")
    customers_database(made)
    (made / "revenue.csv").write_text(REVENUE)
    (made / "audit.toml").write_text(STAKES)
    return made


@pytest.fixture(scope="module")
def margins(folder: Path) -> Margins:
    return asked(folder, folder / "revenue.csv")


def asked(folder: Path, revenue: Path, **more: Any) -> Margins:
    traffic = audit.open(folder / "usage.duckdb")
    return traffic.margin(revenue, config=folder / "audit.toml", today=TODAY, **more)


def customer(margins: Margins, name: str | None) -> Any:
    (found,) = [each for each in margins["customers"] if each["customer_id"] == name]
    return found


def test_customers_add_up_to_the_bill_now_and_to_the_savings_of_the_report_at_every_level(
    folder: Path, margins: Margins
) -> None:
    report = audit.open(folder / "usage.duckdb").report(config=folder / "audit.toml", today=TODAY).document
    bill = float(report["spend"]["list_cost"])
    saved = {level: report["savings"][level]["window"]["point"] for level in ("measured", "expected", "ceiling")}
    assert 0 < saved["measured"] < saved["expected"] < saved["ceiling"]
    for step in STEPS:
        cost = sum(float(each["cost"][step]) for each in margins["customers"] if each["cost"])
        assert cost == pytest.approx(bill - float(saved.get(step, 0)), abs=1e-9)
        assert margins["totals"]["cost"][step] == pytest.approx(cost, abs=1e-12)
    assert sum(each["requests"] for each in margins["customers"]) == report["requests"]["total"]


def test_the_allocation_is_exact_to_the_last_digit(folder: Path) -> None:
    with Warehouse.read(folder / "usage.duckdb") as warehouse:
        run_report(warehouse, Question(today=TODAY), CONFIG, ASSUMPTIONS)
        bill = warehouse.rows("select list_cost, request_count from report_totals")
        found = warehouse.rows("select sum(list_cost), sum(request_count) from customer_costs")
        by_workload = (
            "select {0}, sum(list_cost), sum(candidate_input_cost), sum(candidate_output_cost), sum(request_count) "
            "from {1} group by {0} order by {0}"
        )
        cells = warehouse.rows(by_workload.format("workload_key", "workload_totals"))
        parts = warehouse.rows(
            by_workload.format("workload_key", "customer_costs").replace(" group", " where workload_key <> '' group")
        )
    assert bill == found
    assert cells == parts


def test_a_customer_pays_for_its_own_tokens(margins: Margins) -> None:
    """By hand, in dollars: 2.50, 1.25 cached and 10 out per million on gpt-4o; 0.15 and 0.60 on mini."""
    acme = customer(margins, "acme")
    million = Decimal(1_000_000)
    now = (250 + 10) * (1000 * Decimal("2.5") + 100 * 10) + 120 * (
        600 * Decimal("2.5") + 400 * Decimal("1.25") + 100 * 10
    )
    assert acme["cost"]["now"] == pytest.approx(float(now / million), abs=1e-12)
    before, after = 1000 * Decimal("2.5") + 1000, 1000 * Decimal("0.15") + Decimal("1.05") * 100 * Decimal("0.6")
    saved = 250 * (before - after) / million
    assert acme["cost"]["measured"] == pytest.approx(float(now / million - saved), abs=1e-12)
    assert acme["margin"]["now"] == pytest.approx(5 - acme["cost"]["now"])
    assert acme["margin_share"]["now"] == pytest.approx(acme["margin"]["now"] / 5)


def test_cost_per_request_session_and_document(margins: Margins) -> None:
    acme, bolt = customer(margins, "acme"), customer(margins, "bolt")
    assert (acme["sessions"], acme["units"]) == (3, {"documents": 50.0})
    for unit, number in (("request", 380), ("session", 3), ("documents", 50)):
        assert acme["cost_per"][unit]["now"] == pytest.approx(acme["cost"]["now"] / number)
    assert bolt["sessions"] is None, "its requests name no conversation"
    assert bolt["cost_per"].keys() == {"request"}


def test_customers_under_water_are_counted_now_and_after(margins: Margins) -> None:
    bolt = customer(margins, "bolt")
    assert bolt["margin"]["now"] < 0
    matched = [each["margin"] for each in margins["customers"] if each["match"] == "matched"]
    under = [margin for margin in matched if margin is not None and margin["now"] < 0]
    assert margins["under_water"]["now"]["customers"] == len(under)
    assert margins["under_water"]["ceiling"]["customers"] <= len(under)
    assert margins["customers"][0]["customer_id"] == "bolt", "the lowest margin comes first"


def test_what_has_no_counterpart_is_listed(margins: Margins, folder: Path, tmp_path: Path) -> None:
    assert customer(margins, "idle")["match"] == "no_traffic"
    nobody = customer(margins, None)
    assert (nobody["match"], nobody["revenue"], nobody["margin"]) == ("no_customer", None, None)
    left = margins["unmatched"]
    assert (left["revenue"], left["revenue_customers"], left["cost_customers"]) == (7, 1, 0)
    assert left["no_customer_cost"] == nobody["cost"]["now"] > 0
    (tmp_path / "few.csv").write_text("customer_id,revenue\nacme,5\n")
    few = asked(folder, tmp_path / "few.csv")
    assert few["unmatched"]["cost_customers"] == 2
    assert few["totals"]["cost"] == margins["totals"]["cost"]


def test_unpriced_requests_are_said_and_in_no_cost(margins: Margins) -> None:
    assert customer(margins, FORMULA)["unpriced_requests"] == 7
    assert any("7 requests have no known cost" in note for note in margins["notes"])


def test_a_customer_whose_requests_are_all_unpriced_has_no_margin_and_one_of_some_no_cheaper_requests(
    tmp_path: Path,
) -> None:
    of: dict[str, Any] = {"provider_name": "self", "model": "house-llama-70b"}
    rows = [
        *calls("a", 4, customer_id="all"),
        *calls("b", 4, customer_id="some"),
        *calls("c", 6, customer_id="some", **of),
    ]
    load(
        [str(write_csv(tmp_path / "log.csv", [*rows, *calls("d", 3, customer_id="none", **of)]))], tmp_path / "u.duckdb"
    )
    (tmp_path / "paid.csv").write_text("customer_id,revenue\nall,1\nsome,1\nnone,1\n")
    margins = audit.open(tmp_path / "u.duckdb").margin(tmp_path / "paid.csv", today=TODAY)
    unpriced, some, every = (customer(margins, name) for name in ("none", "some", "all"))
    assert [unpriced[name] for name in ("unpriced_requests", "cost", "margin", "margin_share")] == [3, None, None, None]
    assert (unpriced["match"], unpriced["cost_per"]) == ("matched", {})
    assert some["cost_per"] == every["cost_per"] == margins["totals"]["cost_per"]
    assert some["cost"]["now"] == pytest.approx(4 * (1000 * 2.5 + 100 * 10) / 1e6)
    assert margin_words.row(margins, unpriced)[1:4] == ["$1.00", "unpriced", "n/a"]
    schema = json.loads(files("audit").joinpath("data/schemas/margin.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(margins)), schema)


costs = st.integers(0, 10**12).map(lambda micro: Decimal(micro) / 10**9)
part = st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(1, 10**6), costs, costs, costs)


@given(st.lists(part, min_size=1, max_size=12), st.floats(0, 1), st.floats(0.5, 2), st.floats(0, 0.4))
def test_however_requests_are_dealt_to_customers_the_parts_add_up(
    parts: list[tuple[str, int, Decimal, Decimal, Decimal]], odds: float, ratio: float, escalation: float
) -> None:
    requests = sum(count for _, count, _, _, _ in parts)
    list_cost = sum((cost for _, _, cost, _, _ in parts), Decimal(0))
    into = sum((cost for _, _, _, cost, _ in parts), Decimal(0))
    out = sum((cost for _, _, _, _, cost in parts), Decimal(0))
    assumptions = Assumptions(
        escalation_rate=Range(low=escalation, point=escalation, high=escalation),
        router_cost_per_1k_requests=0.07,
        output_ratio=Range(low=ratio, point=ratio, high=ratio),
    )
    offer = Offer(
        requests=requests, list_cost=list_cost, candidate_input_cost=into,
        candidate_output_cost=out, workload_id="w", endpoint="e", model="m", decision_unit="w",
        verdict="pilot", is_open=True, output_ratio=assumptions.output_ratio, is_ratio_measured=False,
        pass_probability=odds, pass_alpha=None, pass_beta=None,
    )  # fmt: skip
    frame = pl.DataFrame(
        [(name, "w", "eligible", *rest) for name, *rest in parts],
        schema={"customer_id": pl.String, "workload_key": pl.String, "disposition": pl.String}
        | {"request_count": pl.Int64}
        | dict.fromkeys(("list_cost", "candidate_input_cost", "candidate_output_cost"), pl.Decimal(38, 12)),
        orient="row",
    )
    shares = allocate(frame, [offer], assumptions).values()
    assert sum(share.requests for share in shares) == requests
    assert sum(share.cost["now"] for share in shares) == list_cost
    for level, move in moves(offer, assumptions).items():
        whole = list_cost - move.weight * offer.saving(move.output_ratio, escalation, assumptions)
        assert abs(sum(share.cost[level] for share in shares) - whole) < Decimal("1e-18")


def run(folder: Path, *arguments: str) -> Result:
    there = ["--db", str(folder / "usage.duckdb"), "--config", str(folder / "audit.toml"), "--quiet"]
    return CliRunner().invoke(app, ["margin", str(folder / "revenue.csv"), *there, *arguments])


def test_json_is_as_its_schema_says(margins: Margins) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/margin.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(margins)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**margins, "under_water": {}}, schema)


def test_the_page_has_the_margins_and_the_csv_no_formula(folder: Path) -> None:
    done = run(folder, "--csv", "--html", str(folder / "page.html"))
    assert (done.exit_code, done.stderr.strip()) == (0, str(folder / "page.html"))
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["customer_id"] for row in rows} == {"acme", "bolt", f"'{FORMULA}", "idle", ""}
    page = (folder / "page.html").read_text()
    assert 'id="margins"' in page
    assert "Margin by customer" in page
    assert "bolt<" in page
    assert " under water</span>" in page


def test_the_terminal_names_who_is_under_water_and_two_forms_exclude_each_other(folder: Path) -> None:
    done = run(folder)
    assert done.exit_code == 0
    assert "Under water, costing more than they pay: " in done.stdout
    assert "(no customer)" in done.stdout
    assert all(len(shown) <= 80 for shown in done.stdout.splitlines())
    assert run(folder, "--csv", "--json").exit_code == 2
    assert run(folder, "--rate", "EUR").exit_code == 2


def test_where_no_customer_is_matched_nobody_is_said_to_be_above_water(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("customer_id,revenue\nidle,1\n")
    assert margin_words.lead(asked(folder, tmp_path / "r.csv"))[1] == "No customer has both revenue and traffic."


def test_a_cost_per_unit_has_a_column(margins: Margins) -> None:
    assert margin_words.heads(margins)[-3:] == ["Per request", "Per session", "Per document"]
    assert all(len(margin_words.row(margins, each)) == 10 for each in margins["customers"])
    assert len(margin_words.total(margins)) == 10


def test_a_page_that_cannot_be_written_is_refused_before_any_work(folder: Path) -> None:
    with pytest.raises(AuditError, match="no file can be written there"):
        asked(folder, folder / "revenue.csv", html=folder / "missing" / "page.html")
