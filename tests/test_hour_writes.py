"""Cache writes that are kept for an hour: counted apart, priced at their own rate, and in no total twice."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.assumptions import Assumptions
from audit.config import Config
from audit.intake.loading import load
from audit.pipeline import run_report
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.exports import Row, write_csv
from tests.loads import jsonl, loaded
from tests.logged import TODAY, calls
from tests.planted_bills import Charge, bill
from tests.staging import judged

SAMPLES = Path(__file__).parent / "data" / "samples" / "anthropic"
SONNET = "claude-sonnet-4-5-20250929"
SHORT, LONG = ("3", "0.30", "3.75", "6", "15"), ("6", "0.60", "7.50", "12", "22.50")
"""Anthropic's list for Sonnet 4.5: input, cache read, write for five minutes and for an hour, output; above 200k."""
BATCH_HAIKU = ("0.50", "0.05", "0.625", "1", "2.50")
"""Haiku 4.5 on Batch: half of everything."""
Used = tuple[tuple[str, ...], tuple[int, ...]]
PRICED = ("cell_costs", "customer_costs", "spend_by_day", "focus_charges", "list_cost_by_hour")


def messages() -> Iterator[Used]:
    for line in (SAMPLES / "messages_written_here.jsonl").read_text().splitlines():
        if usage := json.loads(line)["response"].get("usage"):
            written = usage.get("cache_creation", {}).get("ephemeral_1h_input_tokens", 0)
            five = usage["cache_creation_input_tokens"] - written
            yield (
                SHORT,
                (usage["input_tokens"], usage["cache_read_input_tokens"], five, written, usage["output_tokens"]),
            )


def usage_report() -> Iterator[Used]:
    for bucket in json.loads((SAMPLES / "usage_report_written_here.json").read_text())["data"]:
        for row in bucket["results"]:
            five, hour = (row["cache_creation"][f"ephemeral_{kept}_input_tokens"] for kept in ("5m", "1h"))
            plain = row["uncached_input_tokens"], row["cache_read_input_tokens"]
            rates = BATCH_HAIKU if "haiku" in row["model"] else SHORT if row["context_window"] == "0-200k" else LONG
            yield rates, (*plain, five, hour, row["output_tokens"])


def console() -> Iterator[Used]:
    with (SAMPLES / "claude_api_tokens_written_here.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            kinds = ("no_cache", "cache_read", "cache_write_5m", "cache_write_1h")
            counts = (*(int(row[f"usage_input_tokens_{kind}"]) for kind in kinds), int(row["usage_output_tokens"]))
            yield BATCH_HAIKU if "haiku" in row["model_version"] else LONG if "> 200k" in str(row) else SHORT, counts


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("messages_written_here.jsonl", messages),
        ("usage_report_written_here.json", usage_report),
        ("claude_api_tokens_written_here.csv", console),
    ],
)
def test_the_bill_of_a_sample_with_writes_for_an_hour_is_that_of_a_row_loop(
    tmp_path: Path, name: str, used: Any
) -> None:
    loaded(tmp_path / "usage.duckdb", SAMPLES / name)
    rows = list(used())
    assert sum(counts[3] for _, counts in rows) > 0
    exact = sum((Decimal(rate) * count for rates, counts in rows for rate, count in zip(rates, counts, strict=True)))
    found = audit.open(tmp_path / "usage.duckdb")
    for relation in PRICED:
        cost = found.sql(f"select sum(list_cost) from {relation}", today=date(2026, 4, 2)).item()
        assert cost == exact / 1_000_000, relation


def test_each_class_of_tokens_has_its_own_cost_and_they_add_up(tmp_path: Path) -> None:
    written: Row = {"usage_cache_creation_input_tokens": 700, "usage_cache_creation_1h_input_tokens": 400}
    rows = [row | written for row in calls("a", 2, model=SONNET, provider_name="anthropic")]
    loaded(tmp_path / "usage.duckdb", jsonl(tmp_path / "log.jsonl", *rows))
    found = audit.open(tmp_path / "usage.duckdb")
    charges = "select token_class, consumed_quantity, usd_per_million from focus_charges order by token_class"
    assert found.sql(charges, today=TODAY).rows() == [
        ("cache_creation", 600, Decimal("3.75")),
        ("cache_creation_1h", 800, 6),
        ("input", 600, 3),
        ("output", 200, 15),
    ]
    classes = "select cache_creation_tokens, cache_creation_1h_tokens, cache_creation_1h_cost from spend_by_token_class"
    assert found.sql(classes, today=TODAY).rows() == [(600, 800, Decimal("0.0048"))]
    check = "select * from chk_cached_tokens_are_part_of_input"
    assert found.sql(check, today=TODAY).is_empty()
    with Warehouse.create(tmp_path / "usage.duckdb") as warehouse:
        warehouse.execute("update traffic_cells set usage_cache_creation_1h_input_tokens = 1401")
    assert found.sql(check, today=TODAY).height == 1


def test_a_candidate_with_one_price_for_writes_is_paid_it_for_those_of_an_hour(tmp_path: Path) -> None:
    rows = calls(
        "a",
        3,
        model="house-a",
        usage_cache_creation_input_tokens=700,
        usage_cache_creation_1h_input_tokens=400,
        customer_id="c",
    )
    prices = {"house-a": {"input": 10, "cache_creation_1h": 20, "output": 30}, "house-b": {"input": 1, "output": 2}}
    lines = [f"{model},{name},{price}\n" for model, listed in prices.items() for name, price in listed.items()]
    (tmp_path / "prices.csv").write_text("model,token_class,usd_per_million\n" + "".join(lines))
    config, db = Config(prices_file=tmp_path / "prices.csv"), tmp_path / "usage.duckdb"
    assert load([str(write_csv(tmp_path / "log.csv", rows))], db, config=config).failed_checks == ()
    question = Question(incumbent="house-a", candidate="house-b", today=TODAY)
    with Warehouse.read(db) as warehouse:
        run_report(warehouse, question, config, Assumptions())
        for relation in ("cell_costs", "customer_costs"):
            costs = f"select sum(list_cost), sum(candidate_input_cost) from {relation}"
            own, other = warehouse.rows(costs)[0]
            assert own == 3 * (600 * 10 + 400 * 20 + 100 * 30) / Decimal(1_000_000)
            assert other == 3 * 1000 * 1 / Decimal(1_000_000)


def test_more_writes_for_an_hour_than_writes_are_rejected_with_both_counts(tmp_path: Path) -> None:
    row = calls("a", 1, usage_cache_creation_input_tokens=5, usage_cache_creation_1h_input_tokens=6)[0]
    odd = calls("a", 1, usage_cache_creation_input_tokens=5, usage_cache_creation_1h_input_tokens="some")[0]
    more, text = judged(jsonl(tmp_path / "log.jsonl", row, odd))
    assert more["reject_reason"] == "usage_cache_creation_1h_input_tokens 6 exceed usage_cache_creation_input_tokens 5"
    assert text["reject_reason"] == "usage_cache_creation_1h_input_tokens some is not a count"


@pytest.mark.parametrize(
    ("convention", "stated", "read"),
    [("true", 10, 16), ("false", 10, 10), (None, 10, 10), (None, 3, 9)],
)
def test_writes_for_an_hour_are_all_writes_where_no_total_is_stated(
    tmp_path: Path, convention: str | None, stated: int, read: int
) -> None:
    columns = {"start_time": "at", "model": "m", "usage_input_tokens": "i", "usage_output_tokens": "o"}
    columns |= {"usage_cache_creation_input_tokens": "w", "usage_cache_creation_1h_input_tokens": "h"}
    source = "" if convention is None else f"input_excludes_cache = {convention}\n"
    mapped = "".join(f'{name} = "{column}"\n' for name, column in columns.items())
    (tmp_path / "own.toml").write_text(f'[source]\nname = "own"\n{source}[columns]\n{mapped}')
    call = {"at": "2026-09-01T10:00:00", "m": SONNET, "i": stated, "o": 2}
    rows = ({"w": None, "h": 6}, {"w": None, "h": "6.0"}, {"w": None, "h": 0}, {"w": 0, "h": 6})
    path = jsonl(tmp_path / "log.jsonl", *(call | row for row in rows))
    hour, point, none, zero = judged(path, map_file=tmp_path / "own.toml")
    for row in (hour, point):
        assert row["reject_reason"] is None
        counts = (row[f"usage_{name}_tokens"] for name in ("input", "cache_creation_input", "cache_creation_1h_input"))
        assert tuple(counts) == (read, 6, 6)
        assert row["usage_note"] == (
            "no total of cache writes: those for an hour are taken as all"
            if convention or read == stated
            else "cached tokens exceed input; treated as exclusive"
        )
    assert (none["reject_reason"], none["usage_note"], none["usage_cache_creation_input_tokens"]) == (None, None, 0)
    assert zero["reject_reason"] == "usage_cache_creation_1h_input_tokens 6 exceed usage_cache_creation_input_tokens 0"


@pytest.mark.parametrize("tells_lifetimes", [True, False])
def test_a_bill_with_lines_for_writes_ties_out_whether_it_tells_their_lifetimes(
    tmp_path: Path, tells_lifetimes: bool
) -> None:
    written: Row = {"usage_cache_creation_input_tokens": 700, "usage_cache_creation_1h_input_tokens": 400}
    days = [date(2026, 9, day) for day in (1, 2, 3)]
    asked = [row for day in days for row in calls("a", 50, day=day, model=SONNET, provider_name="anthropic")]
    loaded(tmp_path / "usage.duckdb", jsonl(tmp_path / "log.jsonl", *(row | written for row in asked)))
    lines = {
        "uncached_input_tokens": 300 * 3,
        "output_tokens": 100 * 15,
        f"cache_creation{'.ephemeral_5m_input_tokens' * tells_lifetimes}": 300 * Decimal("3.75"),
        f"cache_creation{'.ephemeral_1h_input_tokens' * tells_lifetimes}": 400 * 6,
    }
    if not tells_lifetimes:
        lines["cache_creation"] = 300 * Decimal("3.75") + 400 * 6
    charges = [
        Charge(day, f"{SONNET}, {name}", "", 50 * Decimal(amount) / 1_000_000)
        for day in days
        for name, amount in lines.items()
    ]
    found = audit.open(tmp_path / "usage.duckdb").reconcile(bill(tmp_path / "bill.csv", charges))
    assert (found["ties_out"], found["causes"]) == (True, [])
