"""FOCUS rows keep to version 1.2 of the specification, and add up to the bill to the last digit.

What version 1.2 asks is transcribed here from its column definitions (https://focus.finops.org/focus-specification/v1-2,
sections 2 and 3). The validator of the FinOps Foundation checks it once more where it is installed: FOCUS_VALIDATOR
names its command, to be run in its own folder: "env -C /opt/focus_validator python -m focus_validator.main".
"""

import csv
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import audit
from audit.warehouse import Warehouse
from tests.customers import customers_database
from tests.exports import Row
from tests.loads import jsonl
from tests.logged import TODAY, calls

Charge = dict[str, str]

MANDATORY_NOT_NULL = {
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
    "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
    "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
}  # fmt: skip
MANDATORY = MANDATORY_NOT_NULL | {
    "BillingAccountName", "ChargeClass", "ChargeDescription", "PricingQuantity", "PricingUnit",
}  # fmt: skip
OTHERS = {
    "AvailabilityZone", "BillingAccountType", "CapacityReservationId", "CapacityReservationStatus", "ChargeFrequency",
    "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit",
    "ContractedUnitPrice", "InvoiceId", "ListUnitPrice", "PricingCategory", "PricingCurrency",
    "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "RegionId",
    "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceSubcategory", "SkuId", "SkuMeter",
    "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType", "Tags",
}  # fmt: skip
NUMBERS = {
    "BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "PricingQuantity", "ConsumedQuantity", "ListUnitPrice",
    "ContractedUnitPrice",
}  # fmt: skip
TIMES = {"BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"}
ALLOWED = {
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargeFrequency": "Usage-Based",
    "PricingCategory": "Standard",
    "ServiceCategory": "AI and Machine Learning",
    "ServiceSubcategory": "Generative AI",
}
"""Of the values that each column allows, the one that is true of tokens at list price."""
CRITERIA = (
    "USAGE_MEASUREMENT_SUPPORTED,UNIT_PRICING_SUPPORTED,PUBLIC_PRICE_LIST_SUPPORTED,NEGOTIATED_PRICING_SUPPORTED,"
    "TAGGING_SUPPORTED,MULTIPLE_PRICING_CATEGORIES_SUPPORTED,RESOURCE_TYPE_ASSIGNMENT_SUPPORTED"
)
NO_INVOICE = "InvoiceId-C-005-C"
"""Asks for an invoice of every charge; the rule holds only for charges that have one, and these have none."""


def exported(db: Path, out: Path) -> list[Charge]:
    audit.open(db).export("focus", out, today=TODAY)
    with out.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return customers_database(tmp_path_factory.mktemp("focus"))


@pytest.fixture(scope="module")
def charges(db: Path) -> list[Charge]:
    return exported(db, db.with_name("focus.csv"))


def test_every_mandatory_column_is_there_and_every_other_is_of_the_specification_or_ours(charges: list[Charge]) -> None:
    columns = set(charges[0])
    assert columns >= MANDATORY
    assert all(name.startswith("x_") for name in columns - MANDATORY - OTHERS)
    for charge in charges:
        assert all(charge[name] for name in MANDATORY_NOT_NULL)
        assert charge["x_FocusVersion"] == "1.2"


def test_values_have_the_form_that_the_specification_asks_for(charges: list[Charge]) -> None:
    for charge in charges:
        assert {name: charge[name] for name in ALLOWED} == ALLOWED
        assert not charge["ChargeClass"], "nothing is a correction"
        assert re.fullmatch(r"(\d+ )?[A-Z][a-z]+s", charge["PricingUnit"])
        assert charge["ConsumedUnit"] == "Tokens"
        assert all(re.fullmatch(r"-?\d+(\.\d+)?", charge[name]) for name in NUMBERS)
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", charge[name]) for name in TIMES)
        for name in ("Tags", "SkuPriceDetails"):
            values = json.loads(charge[name])
            assert isinstance(values, dict)
            assert not any(isinstance(value, list | dict) for value in values.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def test_a_charge_is_of_one_day_within_its_month(charges: list[Charge]) -> None:
    for charge in charges:
        start, end, first, last = (
            datetime.fromisoformat(charge[name])
            for name in ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")
        )
        assert end - start == timedelta(days=1)
        assert first <= start < end <= last
        assert (first.day, last.day) == (1, 1)
        assert timedelta(days=28) <= last - first <= timedelta(days=31)


def test_price_times_quantity_is_the_cost(charges: list[Charge]) -> None:
    for charge in charges:
        costs = {Decimal(charge[name]) for name in ("ListCost", "ContractedCost", "EffectiveCost", "BilledCost")}
        for price in ("ListUnitPrice", "ContractedUnitPrice"):
            assert costs == {Decimal(charge[price]) * Decimal(charge["PricingQuantity"])}
        assert Decimal(charge["PricingQuantity"]) * 1_000_000 == Decimal(charge["ConsumedQuantity"])
        assert Decimal(charge["x_TokenCount"]) == Decimal(charge["ConsumedQuantity"])


def test_charges_add_up_to_the_bill_and_to_its_requests(db: Path, charges: list[Charge]) -> None:
    bill = audit.open(db).sql(
        "select list_cost, (select sum(request_count) from cell_costs where list_cost is not null "
        "and outcome = 'billed') as requests from report_totals",
        today=TODAY,
    )
    assert sum(Decimal(charge["ListCost"]) for charge in charges) == bill["list_cost"].item()
    assert sum(int(charge["x_RequestCount"]) for charge in charges) == bill["requests"].item()


def test_a_price_is_one_charge_of_a_day(charges: list[Charge]) -> None:
    keys = [(charge["ChargePeriodStart"], charge["x_Endpoint"], charge["SkuPriceId"]) for charge in charges]
    assert len(keys) == len(set(keys))


def test_each_class_of_tokens_is_charged_at_its_own_price(tmp_path: Path) -> None:
    """By hand: batch halves 2.50 and 10.00; a model without a price is on no line."""
    rows: list[Row] = [
        *calls("a", 10, usage_cache_read_input_tokens=300),
        *calls("a", 4, service_tier="batch", usage_output_tokens=110),
        *calls("a", 3, model="house-llama-70b", provider_name="self"),
    ]
    audit.load([jsonl(tmp_path / "log.jsonl", *rows)], db=tmp_path / "a.duckdb")
    found = {
        (charge["x_ServiceTier"], charge["x_TokenClass"]): (charge["x_TokenCount"], float(charge["ListCost"]))
        for charge in exported(tmp_path / "a.duckdb", tmp_path / "a.csv")
    }
    assert found == {
        ("default", "input"): ("7000", pytest.approx(0.0175)),
        ("default", "cache_read"): ("3000", pytest.approx(0.00375)),
        ("default", "output"): ("1000", pytest.approx(0.01)),
        ("batch", "input"): ("4000", pytest.approx(0.005)),
        ("batch", "output"): ("440", pytest.approx(0.0022)),
    }


def test_as_parquet_the_rows_are_the_same(db: Path, charges: list[Charge]) -> None:
    out = audit.open(db).export("focus", db.with_name("focus.parquet"), today=TODAY)
    with Warehouse.read(db) as warehouse:
        rows = warehouse.rows(f"select count(*), sum(ListCost), max(ChargePeriodEnd) from '{out}'")
    last = max(datetime.fromisoformat(charge["ChargePeriodEnd"]) for charge in charges).replace(tzinfo=None)
    assert rows == [(len(charges), sum(Decimal(charge["ListCost"]) for charge in charges), last)]


def failures(output: str) -> Iterator[str]:
    """The rules that failed by themselves, not for a rule that they are made of."""
    for line in output.splitlines():
        if (found := re.match(r"\S+ (\S+): FAIL", line)) and "failed child rules" not in line:
            yield found[1]


@pytest.mark.skipif("FOCUS_VALIDATOR" not in os.environ, reason="FOCUS_VALIDATOR does not name the official validator")
def test_the_official_validator_finds_nothing_wrong(charges: list[Charge], db: Path) -> None:
    assert charges
    wanted = ["--data-file", str(db.with_name("focus.csv")), "--focus-dataset", "CostAndUsage"]
    wanted += ["--validate-version", "1.2", "--block-download", "--applicability-criteria", CRITERIA]
    command = [*shlex.split(os.environ["FOCUS_VALIDATOR"]), *wanted]
    done = subprocess.run(command, cwd=db.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r": PASS", done.stdout)) > 150
    assert list(failures(done.stdout)) == [NO_INVOICE]
