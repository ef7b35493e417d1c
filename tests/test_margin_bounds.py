"""`audit margin` where requests have no known cost: a margin that leaves them out says that it is an upper bound."""

import csv
import io
import json
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import audit
from audit.report import margin_words
from audit.report.margin_document import STEPS, Margins
from audit.report.margins import render_margins
from audit.report.spreadsheet import csv_text
from tests.logged import TODAY
from tests.unpriced import PRICES, USED, Tokens, cost, database, row, use

REVENUE = {"acme": Decimal(3), "bolt": Decimal("0.001"), "idle": Decimal(1)}
NOBODY = ""
Call = tuple[str, str, str, Tokens]
"""Customer, model, outcome, tokens."""


def margins(folder: Path, calls: Sequence[Call], lists: dict[str, list[str]]) -> Margins:
    rows = [
        row(number, model, tokens, customer_id=name, is_failed=outcome == "failed")
        | (dict.fromkeys(USED, "") if outcome == "unknown" else {})
        for number, (name, model, outcome, tokens) in enumerate(calls)
    ]
    db, _ = database(folder, rows, lists)
    (folder / "audit.toml").write_text(f'[prices]\nfile = "{folder / "prices.csv"}"\n')
    paid = "".join(f"{name},{usd}\n" for name, usd in REVENUE.items())
    (folder / "revenue.csv").write_text(f"customer_id,revenue\n{paid}")
    return audit.open(db).margin(folder / "revenue.csv", config=folder / "audit.toml", today=TODAY)


def by_hand(calls: Sequence[Call], lists: dict[str, list[str]]) -> tuple[int, int, int, Decimal, Decimal | None]:
    """Requests, those without a price, those of unknown usage, the cost of the others, and the same or None of none."""
    unpriced, unknown, known, total = 0, 0, 0, Decimal(0)
    for _, model, outcome, tokens in calls:
        usd = cost(tokens, lists[model])
        if outcome == "unknown":
            unknown += 1
        elif outcome == "billed":
            unpriced, known, total = unpriced + (usd is None), known + (usd is not None), total + (usd or 0)
    return len(calls), unpriced, unknown, total, total if known or not unpriced + unknown else None


MODELS = ("house-a", "house-b")
CALLS = st.lists(
    st.tuples(
        st.sampled_from((*REVENUE, "stranger", NOBODY)),
        st.sampled_from(MODELS),
        st.sampled_from(("billed", "billed", "billed", "failed", "unknown")),
        st.fixed_dictionaries(dict.fromkeys(PRICES, st.sampled_from((0, 0, 1, 900)))).filter(
            lambda tokens: any(tokens.values())
        ),
    ),
    min_size=4,
    max_size=30,
)


@settings(max_examples=8, deadline=None)
@given(
    calls=CALLS,
    lists=st.fixed_dictionaries(dict.fromkeys(MODELS, st.lists(st.sampled_from(sorted(PRICES)), unique=True))),
)
def test_a_margin_is_an_upper_bound_where_a_request_of_the_customer_has_no_known_cost(
    calls: list[Call], lists: dict[str, list[str]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        found = margins(Path(name), calls, lists)
    seen = {each["customer_id"] or NOBODY: each for each in found["customers"]}
    assert set(seen) == {*REVENUE, *(customer for customer, *_ in calls)}
    for customer, each in seen.items():
        mine = [call for call in calls if call[0] == customer]
        requests, unpriced, unknown, _, usd = by_hand(mine, lists)
        assert (each["requests"], each["unpriced_requests"], each["unknown_usage_requests"]) == (
            requests, unpriced, unknown,
        )  # fmt: skip
        paid = REVENUE.get(customer)
        margin = None if paid is None or usd is None else paid - usd
        for step in STEPS:
            assert (None if each["cost"] is None else each["cost"][step]) == near(usd)
            assert (None if each["margin"] is None else each["margin"][step]) == near(margin)
        assert each["margin_is_upper_bound"] == (margin is not None and unpriced + unknown > 0)
    _, unpriced, unknown, total, _ = by_hand(calls, lists)
    assert found["totals"]["margin_is_upper_bound"] == (unpriced + unknown > 0)
    assert found["totals"]["margin"]["now"] == near(sum(REVENUE.values(), Decimal(0)) - total)


def near(usd: Decimal | None) -> Any:
    return None if usd is None else pytest.approx(float(usd), abs=1e-12)


@pytest.fixture
def some(tmp_path: Path) -> Margins:
    """acme's are partly unpriced, bolt's partly of unknown usage and dear, a stranger's whole."""
    text, audio = use(input=1000, output=100), use(input=1000, audio_output=100)
    calls: list[Call] = [
        *[("acme", "house-a", "billed", text)] * 4,
        *[("acme", "house-a", "billed", audio)] * 2,
        *[("bolt", "house-a", "billed", text)] * 2,
        ("bolt", "house-a", "unknown", text),
        ("stranger", "house-a", "billed", text),
    ]
    return margins(tmp_path, calls, {"house-a": ["input", "output"]})


def test_text_and_page_mark_bounds_and_say_why(some: Margins) -> None:
    one = 0.0041
    acme, bolt, stranger = (
        next(each for each in some["customers"] if each["customer_id"] == name) for name in ("acme", "bolt", "stranger")
    )
    assert acme["cost"] is not None
    assert acme["cost"]["now"] == pytest.approx(4 * one)
    assert margin_words.row(some, acme)[2:5] == ["≥ $0.0164", "≤ $2.98", "≤ $2.98"]
    assert margin_words.row(some, bolt)[2:4] == ["≥ $0.0082", "≤ -$0.0072"]
    assert margin_words.row(some, stranger)[2:4] == ["$0.0041", "n/a"]
    assert margin_words.total(some)[2:4] == ["≥ $0.0287", "≤ $3.97"]
    assert (acme["cost_per"]["request"]["now"], margin_words.row(some, acme)[7]) == (pytest.approx(one), "$0.0041")
    out = io.StringIO()
    render_margins(some, Console(file=out, width=80, color_system=None))
    said = " ".join(out.getvalue().split())
    assert "$4.00 revenue less at least $0.0287 cost leave at most $3.97" in said
    assert "After routing, at most:" in said
    assert "costing more than they pay: at least 1 customer now" in said
    assert (
        "3 requests have no known cost, in no cost here, 2 without a price and 1 of unknown usage: the margin "
        "of all and of 2 customers is at most what is shown."
    ) in said


def test_json_and_csv_have_the_bound_in_a_key_of_its_own(some: Margins) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/margin.schema.json").read_text(encoding="utf-8"))
    document = json.loads(json.dumps(some))
    jsonschema.validate(document, schema)
    document["totals"]["margin_is_upper_bound"] = "yes"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)
    lines = csv.DictReader(io.StringIO(csv_text(*margin_words.csv_rows(some))))
    rows = {line["customer_id"]: line for line in lines}
    assert {name: line["margin_is_upper_bound"] for name, line in rows.items()} == {
        "acme": "true", "bolt": "true", "idle": "false", "stranger": "false",
    }  # fmt: skip
    assert (rows["acme"]["unpriced_requests"], rows["bolt"]["unknown_usage_requests"]) == ("2", "1")
    assert float(rows["acme"]["cost_per_request_now"]) == pytest.approx(0.0041)


def test_where_every_cost_is_known_no_margin_is_a_bound(tmp_path: Path) -> None:
    found = margins(tmp_path, [("acme", "house-a", "billed", use(input=1000))] * 3, {"house-a": ["input"]})
    assert not found["totals"]["margin_is_upper_bound"]
    assert not any("at most" in sentence for sentence in [*margin_words.lead(found), *found["notes"]])
    assert margin_words.lead(found)[1] == "No customer costs more than it pays."
