"""A report reads what loads summed: it is the same, to the last digit, once the rows of all requests are gone."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import audit
from audit import listing
from audit.warehouse import Warehouse
from tests.exports import Row
from tests.loads import jsonl
from tests.logged import BIG, SMALL, TODAY, calls, outcomes_file
from tests.planted_bills import Charge, bill

DAYS = [date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)]
SPENT = Decimal(2 * 300) * (1000 * Decimal("2.50") + 100 * 10) / 1_000_000
"""On the big model each day, in dollars: two endpoints with 300 calls."""
SMALL_CALL = (1000 * 0.15 + 100 * 0.60) / 1_000_000
"""What a call of the small model costs, which is not on the bill."""
UNNEEDED = (
    "audit.intake.loading",
    "audit.readers",
    "audit.sampling",
    "plotly",
    "rich",
    "sqlglot",
    "ijson",
    "zstandard",
)
"""What a report as JSON has no use for."""


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with outcomes that know their templates, a bill, and both models on one endpoint."""
    folder = tmp_path_factory.mktemp("summed")
    db = folder / "usage.duckdb"
    rows: list[Row] = [
        row | {"template_hash": f"of-{endpoint}", "project_id": "proj_a"}
        for day in DAYS
        for endpoint in ("tag", "talk")
        for row in calls(endpoint, 300, day=day)
    ]
    rows += [row for day in DAYS for row in calls("tag", 50, day=day, model=SMALL)]
    audit.load([bill(folder / "bill.csv", [Charge(day, BIG, "proj_a", SPENT) for day in DAYS])], db=db)
    audit.load([jsonl(folder / "log.jsonl", *rows)], db=db)
    outcomes_file(db, [(f"tag-{DAYS[1]}-{BIG}-{number}", 1, int(number % 20 > 0)) for number in range(200)])
    return db


@pytest.fixture
def without_rows(traffic: Path, tmp_path: Path) -> Path:
    """The same database, in which nothing is left of a request that could be read."""
    copy = tmp_path / "usage.duckdb"
    shutil.copy(traffic, copy)
    with Warehouse.create(copy) as warehouse:
        assert warehouse.count("select count(distinct template_hash) from paired_outcomes") == 1
        warehouse.execute("delete from stored_facts")
    return copy


def told(db: Path, candidate: str) -> Mapping[str, object]:
    """The report without the name of the database."""
    document = audit.open(db).report(candidate=candidate, today=TODAY).document
    return {name: value for name, value in document.items() if name not in ("database", "db", "generated_at")}


@pytest.mark.parametrize("candidate", ["gpt-4o-mini", "gpt-4.1-nano"])
def test_a_report_with_outcomes_and_a_bill_is_the_same_without_the_rows_of_requests(
    candidate: str, traffic: Path, without_rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for what was observed of both models, which is read of so few requests that it takes a second at most."""
    monkeypatch.setattr(listing, "MOST_READ_AGAIN", 0)
    whole = told(traffic, candidate)
    assert told(without_rows, candidate) == whole
    assert "reconciliation" in whole


def test_the_hours_of_a_bill_that_is_loaded_last_are_those_of_a_bill_that_is_loaded_first(
    traffic: Path, tmp_path: Path
) -> None:
    db = tmp_path / "usage.duckdb"
    for name in ("log.jsonl", "bill.csv"):
        audit.load([traffic.with_name(name)], db=db)
    kept = "select * exclude (load_id) from kept_hours order by all"
    with Warehouse.read(db) as late, Warehouse.read(traffic) as early:
        assert late.rows(kept) == early.rows(kept)
        assert late.count("select sum(request_count) from kept_hours") == 3 * (300 + 300 + 50)


def test_of_a_few_days_the_bill_is_held_against_the_hours_of_these_days(traffic: Path) -> None:
    found = audit.open(traffic).report(since=DAYS[1], until=DAYS[2], today=TODAY).document.get("reconciliation")
    assert found is not None
    assert found["list_cost"] == pytest.approx(float(SPENT) + 50 * SMALL_CALL)
    assert found["difference"] == pytest.approx(-50 * SMALL_CALL)


def test_a_report_says_what_the_checks_of_the_load_found(traffic: Path, tmp_path: Path) -> None:
    copy = tmp_path / "usage.duckdb"
    shutil.copy(traffic, copy)
    with Warehouse.create(copy) as warehouse:
        warehouse.execute("update files set read_count = read_count + 1")
    before = {check["name"]: check["ok"] for check in audit.open(copy).report(today=TODAY).document["checks"]}
    audit.open(copy).rebuild()
    after = {check["name"]: check["ok"] for check in audit.open(copy).report(today=TODAY).document["checks"]}
    assert {name for name in before if before[name] != after[name]} == {
        "chk_rows_read_are_loaded_duplicate_or_rejected"
    }


def test_a_load_that_was_killed_before_its_checks_has_them_made_by_the_report(traffic: Path, tmp_path: Path) -> None:
    copy = tmp_path / "usage.duckdb"
    shutil.copy(traffic, copy)
    with Warehouse.create(copy) as warehouse:
        warehouse.execute("update files set read_count = read_count + 1")
        warehouse.execute("delete from meta where key = 'load_checks'")
    failed = [check["name"] for check in audit.open(copy).report(today=TODAY).document["checks"] if not check["ok"]]
    assert failed == ["chk_rows_read_are_loaded_duplicate_or_rejected"]


def test_a_report_as_json_imports_nothing_that_it_does_not_need(traffic: Path) -> None:
    script = (
        f"import sys; sys.argv = ['audit', 'report', '--json', '--quiet', '--db', {str(traffic)!r}]\n"
        "from audit.cli import app\n"
        "try: app()\n"
        f"except SystemExit: print([name for name in {UNNEEDED!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
