"""The bill: cells times prices, against a loop over the rows in Decimal and against genai_prices itself."""

import json
import random
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from exports import START, Row, bucket, spend_log, spend_logs, write_csv, write_jsonl, write_prices
from genai_prices import Usage, calc_price
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from oracle import CARDS, Contract, disposition, list_cost

from audit.assumptions import Assumptions
from audit.config import Config
from audit.intake.loading import load
from audit.pipeline import Result, run_report
from audit.scope import Question, settle
from audit.warehouse import Warehouse

DATA = Path(__file__).parent / "data"
TODAY = date(2026, 11, 22)
PROVIDERS = {"claude-sonnet-4-5": "anthropic", "gemini-2.5-pro": "gemini"}
MINUTES_OF_TWO_MONTHS = 61 * 24 * 60


@contextmanager
def settled(folder: Path, *paths: Path, config: Config | None = None) -> Generator[Warehouse]:
    """The warehouse of the loaded files, ready for the queries of a report."""
    report = load([str(path) for path in paths], folder / "usage.duckdb", config=config)
    assert (report.refused, report.failed_checks) == ((), ())
    with Warehouse.read(folder / "usage.duckdb") as warehouse:
        settle(warehouse, Question(today=TODAY), config or Config())
        yield warehouse


def document_of(run: Result) -> dict[str, Any]:
    return cast("dict[str, Any]", run.document)


def bill(warehouse: Warehouse) -> dict[str, tuple[int, Decimal]]:
    """Disposition -> requests and dollars."""
    rows = warehouse.rows("select disposition, request_count, coalesce(list_cost, 0) from spend_by_disposition")
    return {str(name): (int(str(count)), Decimal(str(cost))) for name, count, cost in rows}


def expected_bill(rows: Sequence[Row], contracts: Sequence[Contract] = ()) -> dict[str, tuple[int, Decimal]]:
    found: dict[str, tuple[int, Decimal]] = {}
    for row in rows:
        name = disposition(row, contracts)
        cost = list_cost(row, contracts) if name in ("eligible", "other_model") else None
        count, dollars = found.get(name, (0, Decimal(0)))
        found[name] = (count + 1, dollars + (cost or 0))
    return found


def traffic(seed: int) -> list[Row]:
    """Calls of many models, tiers, lengths and days, a few of them failed, cached by the gateway or without usage."""
    draw = random.Random(seed)
    rows: list[Row] = []
    for number in range(80):
        model = draw.choice([*CARDS, "gpt-4o", "gpt-4o-mini", "in-house-7b", "claude-next"])
        is_embedding = model == "text-embedding-3-small"
        longest = 128_000 if model.startswith("gpt-4o") else 400_000
        length = min(longest, draw.choice([draw.randint(1, 9_000), draw.randint(1, longest), *EDGES]))
        cached = 0 if is_embedding else draw.choice([0, draw.randint(0, length)])
        row = spend_log(
            number,
            tokens_in=length,
            tokens_out=0 if is_embedding else draw.randint(0, 5_000),
            cached=cached,
            written=0 if is_embedding else draw.choice([0, draw.randint(0, length - cached)]),
            tier=draw.choice(["default", "default", "batch", "flex", "priority", "scale"]),
            start=START + timedelta(minutes=draw.randint(0, MINUTES_OF_TWO_MONTHS), microseconds=number),
            model=model,
            custom_llm_provider=PROVIDERS.get(model, "openai"),
        )
        odd = draw.randint(0, 30)
        if odd == 0:
            row |= NO_USAGE | {"status": "failure"}
        elif odd == 1:
            row |= {"cache_hit": "True"}
        elif odd == 2:
            row |= NO_USAGE
        rows.append(row)
    return rows


COUNTS = ("prompt_tokens", "completion_tokens", "metadata")
NO_USAGE = {name: spend_log(tokens_in=0, tokens_out=0)[name] for name in COUNTS}
EDGES = (200_000, 200_001, 272_000, 272_001)


@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(0, 10**6))
def test_the_bill_of_any_traffic_is_that_of_its_rows_to_the_last_digit(seed: int) -> None:
    rows = traffic(seed)
    with TemporaryDirectory() as folder:
        path = write_jsonl(Path(folder) / "spend.jsonl", rows)
        with settled(Path(folder), path) as warehouse:
            assert bill(warehouse) == expected_bill(rows)


def test_prices_that_change_inside_the_window_hold_from_their_day_and_only_for_their_class(tmp_path: Path) -> None:
    march = date(2026, 3, 1)
    contracts = [
        Contract(model, token_class, march.replace(day=first), march + timedelta(days=until), Decimal(price))
        for model, token_class, first, until, price in (
            ("gpt-4o-2024-08-06", "input", 10, 19, "1.99"),
            ("gpt-4o-2024-08-06", "output", 15, 32, "7.123456"),
            ("gpt-4o-mini-2024-07-18", "cache_read", 5, 5, "0.01"),
        )
    ]
    models = ("gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-4o-2024-05-13")
    rows = [
        spend_log(day * 3 + place, tokens_in=1000 + 7 * day, cached=300, written=100, tokens_out=90 + day,
                  start=START + timedelta(days=day), model=model)
        for day in range(40) for place, model in enumerate(models)
    ]  # fmt: skip
    prices = write_prices(
        tmp_path / "prices.csv",
        *(
            {"model": each.model, "token_class": each.token_class, "valid_from": each.since, "valid_to": each.until,
             "usd_per_million": each.usd_per_million}
            for each in contracts
        ),
    )  # fmt: skip
    with settled(tmp_path, write_jsonl(tmp_path / "a.jsonl", rows), config=Config(prices_file=prices)) as warehouse:
        assert bill(warehouse) == expected_bill(rows, contracts)


def test_a_contract_that_ends_leaves_a_model_unpriced_from_that_day_on(tmp_path: Path) -> None:
    rows = [spend_log(day, start=START + timedelta(days=day), model="in-house-7b") for day in range(20)]
    ends = {"valid_to": START.date() + timedelta(days=10), "model": "in-house-7b"}
    prices = write_prices(
        tmp_path / "prices.csv",
        {"token_class": "input", "usd_per_million": 2} | ends,
        {"token_class": "output", "usd_per_million": 4} | ends,
    )
    with settled(tmp_path, write_jsonl(tmp_path / "a.jsonl", rows), config=Config(prices_file=prices)) as warehouse:
        assert bill(warehouse) == {"other_model": (10, Decimal("0.024")), "unpriced": (10, Decimal(0))}


def test_months_are_split_where_a_price_changes_and_not_where_only_its_source_does(tmp_path: Path) -> None:
    """Batch prices were verified on 2026-10-14, at the rates that had been assumed for the days before."""
    october = [spend_log(day, start=datetime(2026, 10, 1 + day, tzinfo=UTC), tier="batch") for day in range(30)]
    june = [
        spend_log(90 + day, start=datetime(2025, 6, 1 + day, tzinfo=UTC), model="o3-2025-04-16") for day in range(30)
    ]
    with settled(tmp_path, write_jsonl(tmp_path / "a.jsonl", october + june)) as warehouse:
        periods = warehouse.rows("select distinct cast(billing_period as varchar) from traffic_cells order by 1")
        assert periods == [("2025-06-01",), ("2025-06-10",), ("2026-10-01",)]
        assert bill(warehouse) == expected_bill(october + june)


NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
"""Every tier has a published price by then."""
CONTEXTS: dict[str, dict[str, str]] = {
    "default": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}


@pytest.mark.parametrize("tier", ["default", "batch", "flex", "priority"])
@pytest.mark.parametrize("model", ["gpt-4o-2024-08-06", "gpt-4o-2024-05-13", "gpt-4o-mini-2024-07-18", "gpt-6-luna"])
@pytest.mark.parametrize(("length", "cached"), [(1000, 0), (1000, 400), (272_000, 0), (272_001, 1000)])
def test_the_hand_written_prices_agree_with_genai_prices(model: str, tier: str, length: int, cached: int) -> None:
    # genai-prices has no cached rate for the first snapshot on Batch
    cached = 0 if (model, tier) == ("gpt-4o-2024-05-13", "batch") else cached
    row = spend_log(tokens_in=length, tokens_out=77, cached=cached, tier=tier, model=model, start=NOVEMBER)
    theirs = calc_price(
        Usage(input_tokens=length, cache_read_tokens=cached, output_tokens=77),
        model,
        provider_id="openai",
        genai_request_timestamp=NOVEMBER,
        price_context=CONTEXTS[tier],
    )
    assert list_cost(row) == theirs.total_price


def test_litellms_own_rows_reprice_to_litellms_own_spend(tmp_path: Path) -> None:
    path = DATA / "samples" / "litellm" / "litellm_1.106.2_spend_logs.jsonl"
    spend = sum(float(json.loads(line)["spend"]) for line in path.read_text().splitlines())
    with settled(tmp_path, path) as warehouse:
        ours = sum(float(cost) for _, cost in bill(warehouse).values())
        assert ours == pytest.approx(spend, abs=1e-9)
        billed = warehouse.value("select sum(billed_cost) from spend_by_disposition")
        assert float(str(billed)) == pytest.approx(spend, abs=1e-12)


@pytest.mark.parametrize(
    ("trace", "requests", "dollars", "saved"),
    [("code", 8_819, "47.608895", "44.7523613"), ("conv", 19_366, "96.791325", "90.9838455")],
)
def test_the_azure_traces_cost_what_is_published_for_gpt_4o_and_mini_saves_exactly_94_percent(
    tmp_path: Path, trace: str, requests: int, dollars: str, saved: str
) -> None:
    mapped = tmp_path / "map.toml"
    mapped.write_text(AZURE_MAP)
    load([str(DATA / f"AzureLLMInferenceTrace_{trace}.csv")], tmp_path / "usage.duckdb", map_file=mapped)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        settle(warehouse, Question(today=TODAY), Config())
        assert bill(warehouse) == {"eligible": (requests, Decimal(dollars))}
        now, then = warehouse.rows(
            "select sum(list_cost), sum(candidate_input_cost + candidate_output_cost) from cell_costs"
        )[0]
        assert Decimal(str(now)) - Decimal(str(then)) == Decimal(saved)
        assert Decimal(str(then)) == Decimal(str(now)) * Decimal("0.06")


AZURE_MAP = """
[source]
name = "azure"
[columns]
start_time = "TIMESTAMP"
usage_input_tokens = "ContextTokens"
usage_output_tokens = "GeneratedTokens"
provider_name = { constant = "openai" }
request_model = { constant = "gpt-4o-2024-08-06" }
"""


def test_a_candidate_that_is_the_incumbent_saves_exactly_nothing(tmp_path: Path) -> None:
    rows = spend_logs(300) + [spend_log(400 + n, cached=512, tier="batch", tokens_in=2048) for n in range(50)]
    load([str(write_jsonl(tmp_path / "a.jsonl", rows))], tmp_path / "usage.duckdb")
    question = Question(incumbent="gpt-4o", candidate="gpt-4o-2024-08-06", today=TODAY)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        run = run_report(warehouse, question, Config(), Assumptions())
    document = document_of(run)
    for level in ("measured", "expected", "ceiling"):
        assert set(document["savings"][level]["window"].values()) == {0}
    assert document["spend"]["list_cost"] == float(sum(list_cost(row) or 0 for row in rows))


def test_unpriced_traffic_is_listed_with_its_tokens_and_never_costs_zero(tmp_path: Path) -> None:
    rows = [spend_log(n, model="in-house-7b") for n in range(3)] + [spend_log(10 + n, tier="scale") for n in range(2)]
    load([str(write_jsonl(tmp_path / "a.jsonl", [*rows, spend_log(20)]))], tmp_path / "usage.duckdb")
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        document = document_of(run_report(warehouse, Question(today=TODAY), Config(), Assumptions()))
        assert (document["requests"]["unpriced"], document["requests"]["eligible"]) == (5, 1)
        listed = {each["model"]: each for each in document["models"]}
        assert (listed["in-house-7b"]["list_cost"], listed["in-house-7b"]["priced"]) == (None, False)
        assert listed["gpt-4o-2024-08-06"]["unpriced_requests"] == 2
        found = warehouse.rows("select token_count, list_cost from spend_by_disposition where disposition = 'unpriced'")
        assert found == [(5 * 1100, None)]


def test_the_first_gpt_4o_snapshot_costs_5_and_15_and_an_alias_of_its_time_means_it(tmp_path: Path) -> None:
    summer = datetime(2024, 7, 1, tzinfo=UTC)
    rows = [
        spend_log(1, tokens_in=1_000_000, tokens_out=0, model="gpt-4o-2024-05-13"),
        spend_log(2, tokens_in=0, tokens_out=1_000_000, model="gpt-4o-2024-05-13"),
        spend_log(3, tokens_in=1_000_000, tokens_out=0, model="gpt-4o", start=summer),
        spend_log(4, tokens_in=1_000_000, tokens_out=0, model="gpt-4o"),
    ]
    with settled(tmp_path, write_jsonl(tmp_path / "a.jsonl", rows)) as warehouse:
        found = warehouse.rows("select model, sum(list_cost) from cell_costs group by model order by model")
        assert found == [("gpt-4o-2024-05-13", Decimal(25)), ("gpt-4o-2024-08-06", Decimal("2.5"))]


def test_buckets_are_billed_by_their_sums_and_cached_tokens_once(tmp_path: Path) -> None:
    rows = [
        bucket(requests=10, tokens_in=10_000, cached=4_000, tokens_out=1_000),
        bucket(requests=3, tokens_in=9_000, tokens_out=300, model="gpt-4o-mini-2024-07-18", batch="True"),
    ]
    with settled(tmp_path, write_csv(tmp_path / "usage.csv", rows)) as warehouse:
        # 6,000 at 2.50, 4,000 at 1.25 and 1,000 at 10.00; half of 9,000 at 0.15 and 300 at 0.60
        assert bill(warehouse) == {"eligible": (10, Decimal("0.03")), "other_model": (3, Decimal("0.000765"))}


def test_daily_costs_are_the_same_money(tmp_path: Path) -> None:
    rows = [spend_log(n, start=START + timedelta(hours=7 * n), tokens_in=1000 + n) for n in range(60)]
    with settled(tmp_path, write_jsonl(tmp_path / "a.jsonl", rows)) as warehouse:
        by_day: dict[str, Decimal] = {}
        for row in rows:
            day = str(row["startTime"])[:10]
            by_day[day] = by_day.get(day, Decimal(0)) + (list_cost(row) or Decimal(0))
        days = warehouse.rows("select cast(usage_date as varchar), list_cost from spend_by_day order by 1")
        assert days == sorted(by_day.items())


def test_a_cost_that_no_export_states_is_unknown_and_not_0(tmp_path: Path) -> None:
    call = {"start_time": "2026-09-01T09:00:00Z", "model": "gpt-4o", "prompt_tokens": 9, "completion_tokens": 1}
    (tmp_path / "log.jsonl").write_text(json.dumps(call | {"endpoint": "e"}) + "\n")
    with settled(tmp_path, tmp_path / "log.jsonl") as warehouse:
        assert warehouse.rows("select billed_cost from spend_by_endpoint") == [(None,)]
