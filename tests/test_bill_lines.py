"""What a line of a bill is for, as far as its text tells: model, class of tokens, tier, or no traffic at all."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from exports import Row, write_csv
from planted_bills import FIRST, GPT_4O, MINI, Charge, bill, charges, log, month

import audit
from audit.intake.loading import load
from audit.ledger.bill import Bill, read_bill
from audit.warehouse import Warehouse

LOGGED = (GPT_4O, MINI, "claude-sonnet-4-5-20250929", "in-house")
DAY = FIRST.date()


def bill_of(path: Path, models: tuple[str, ...] = LOGGED) -> Bill:
    db = path.with_suffix(".duckdb")
    assert load([str(path)], db).refused == ()
    with Warehouse.read(db) as warehouse:
        warehouse.execute("create temp view bill_lines as select * from loaded_costs")
        found = read_bill(warehouse, models, None, None)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "model", "token_class", "tier"),
    [
        ("gpt-4o-2024-08-06, input", GPT_4O, "input", "default"),
        ("gpt-4o-2024-08-06, cached input", GPT_4O, "cache_read", "default"),
        ("gpt-4o-mini-2024-07-18, output_tokens, batch", MINI, "output", "batch"),
        ("gpt-4o-mini, output", MINI, "output", "default"),
        ("Usage, Azure OpenAI, gpt-4o input tokens, gpt-4o-0806 Inp glbl", GPT_4O, "input", "default"),
        ("Usage, Azure OpenAI, gpt 4o mini 0718 cached Inp regnl", MINI, "cache_read", "default"),
        ("claude-sonnet-4-5-20250929, uncached_input_tokens, standard", LOGGED[2], "input", "default"),
        (
            "claude-sonnet-4-5-20250929, cache_creation.ephemeral_1h_input_tokens",
            LOGGED[2],
            "cache_creation_1h",
            "default",
        ),
        ("in-house, prompt", "in-house", "input", "default"),
        ("o3-2025-04-16, output, flex", "o3-2025-04-16", "output", "flex"),
    ],
)
def test_a_line_of_traffic_names_its_model_as_the_log_does(
    tmp_path: Path, text: str, model: str, token_class: str, tier: str
) -> None:
    (line,) = bill_of(bill(tmp_path / "a.csv", [Charge(DAY, text, "p", Decimal(1))])).lines
    assert (line.kind, line.model, line.token_class, line.tier) == ("usage", model, token_class, tier)


@pytest.mark.parametrize(
    ("text", "amount", "kind"),
    [
        ("gpt-4o-2024-08-06, input", "-1", "credit"),
        ("Promotional credit", "-1", "credit"),
        ("VAT", "1", "tax"),
        ("Tax, sales", "1", "tax"),
        ("Amazon EC2, t3.micro", "1", "other"),
        ("a canada region", "1", "other"),
    ],
)
def test_a_line_that_is_for_no_traffic_says_so(tmp_path: Path, text: str, amount: str, kind: str) -> None:
    lines = [Charge(DAY, "gpt-4o-2024-08-06, input", "p", Decimal(5)), Charge(DAY, text, "p", Decimal(amount))]
    (other,) = (line for line in bill_of(bill(tmp_path / "a.csv", lines)).lines if line.amount == Decimal(amount))
    assert other.kind == kind


def test_a_total_of_the_organization_does_not_count_beside_its_groups(tmp_path: Path) -> None:
    lines = [Charge(DAY, "", "", Decimal(9)), Charge(DAY, "gpt-4o, input", "p", Decimal(4))]
    lines.append(Charge(DAY + timedelta(days=1), "gpt-4o, input", "p", Decimal(2)))
    assert sum(line.amount for line in bill_of(bill(tmp_path / "a.csv", lines)).lines) == 6


def focus(path: Path, rows: list[tuple[str, str, str, str, str]]) -> Path:
    names = ("ChargePeriodStart", "ChargePeriodEnd", "BilledCost", "ChargeCategory", "ChargeDescription")
    found: list[Row] = [{"BillingCurrency": "USD", **dict(zip(names, row, strict=True))} for row in rows]
    return write_csv(path, found)


def test_an_invoice_of_a_month_is_compared_as_a_whole(tmp_path: Path) -> None:
    calls = month()
    audit.load(log(tmp_path / "log.csv", calls), db=tmp_path / "usage.duckdb")
    due = sum(line.amount for line in charges(calls))
    invoice = focus(
        tmp_path / "invoice.csv",
        [
            ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", f"{due:f}", "Usage", "language models"),
            ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "9.5", "Tax", "VAT"),
        ],
    )
    found = audit.open(tmp_path / "usage.duckdb").reconcile(invoice)
    assert found["bill"] == {"start": "2026-03-01", "end": "2026-03-31"}
    assert [(cause["code"], cause["amount"]) for cause in found["causes"]] == [("tax", 9.5)]
    assert {"", "input", "output"} <= {row["name"] for row in found["line_items"]}, "the bill names no model"
    assert found["totals"]["unexplained_gross"] == pytest.approx(0, abs=1e-6)
    assert found["ties_out"]


def test_days_that_begin_at_another_hour_are_those_of_the_log_too(tmp_path: Path) -> None:
    calls = month()
    audit.load(log(tmp_path / "log.csv", calls), db=tmp_path / "usage.duckdb")
    rows: list[tuple[str, str, str, str, str]] = []
    for line in charges(calls, ahead=-8):
        start = datetime.combine(line.day, datetime.min.time()) + timedelta(hours=8)
        end = start + timedelta(days=1)
        rows.append((f"{start.isoformat()}Z", f"{end.isoformat()}Z", f"{line.amount:f}", "Usage", line.item))
    found = audit.open(tmp_path / "usage.duckdb").reconcile(focus(tmp_path / "bill.csv", rows))
    assert (found["shift_hours"], [cause["code"] for cause in found["causes"]]) == (-8, ["time_zone"])
    assert "begin at 08:00 UTC" in found["causes"][0]["evidence"]
    assert found["totals"]["unexplained_gross"] == pytest.approx(0, abs=1e-6)


def test_a_log_of_whole_days_cannot_speak_of_hours(tmp_path: Path) -> None:
    rows: list[Row] = [
        {
            "start_time": (FIRST + timedelta(days=day)).isoformat(),
            "request_grain": "bucket",
            "request_count": 10,
            "bucket_seconds": 86_400,
            "end_time": (FIRST + timedelta(days=day + 1)).isoformat(),
            "provider_name": "openai",
            "request_model": GPT_4O,
            "usage_input_tokens": 1_000_000 * (1 + day % 5),
            "usage_output_tokens": 0,
        }
        for day in range(20)
    ]
    audit.load(write_csv(tmp_path / "log.csv", rows), db=tmp_path / "usage.duckdb")
    lines = [
        Charge(date(2026, 3, 1 + day), f"{GPT_4O}, input", "", Decimal("2.5") * (1 + (day + 1) % 5))
        for day in range(20)
    ]
    found = audit.open(tmp_path / "usage.duckdb").reconcile(bill(tmp_path / "cost.csv", lines))
    assert found["shift_hours"] == 0
    assert not found["ties_out"]
