"""A budget holds whatever the texts turn out to say, and what it does not pay for is said."""

import math
from decimal import Decimal
from pathlib import Path

import pytest
from exports import spend_log
from samples_of import TODAY, database, replays, sampled, source

from audit.assumptions import Assumptions
from audit.config import Config
from audit.errors import ConfigError
from audit.pipeline import run_report
from audit.sampling.plan import Ask
from audit.scope import Question
from audit.warehouse import Warehouse

MILLION = Decimal(1_000_000)
MINI_BATCH, BIG_BATCH = (Decimal("0.075"), Decimal("0.30")), (Decimal("1.25"), Decimal(5))
"""USD per million input and output tokens on Batch, typed here; half of the list price."""
LENGTH_RATIO = Decimal("1.05")
"""Output tokens of the candidate per one of the incumbent, where nothing is measured."""


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two endpoints of one workload each; docs costs some ten times as much as chat."""
    rows = [
        *[spend_log(n, tag="docs", tokens_in=8_000 + n % 7, tokens_out=300) for n in range(4_000)],
        *[spend_log(n, tag="chat", tokens_in=700 + n % 9, tokens_out=40) for n in range(4_000, 8_000)],
    ]
    return database(tmp_path_factory.mktemp("traffic"), *rows)


def replay_cost(requests: int, tokens_in: int, tokens_out: int, prices: tuple[Decimal, Decimal]) -> Decimal:
    return requests * (tokens_in * prices[0] + tokens_out * prices[1]) / MILLION


def test_a_replay_costs_the_tokens_at_the_batch_price_with_nothing_cached(tmp_path: Path) -> None:
    rows = [spend_log(n, tokens_in=2_000, cached=1_024, tokens_out=200, tier="priority") for n in range(50)]
    db = database(tmp_path, *rows)
    document = sampled(db, tmp_path / "sample", texts=source(has_answer=lambda _: False))
    candidate = replay_cost(50, 2_000, 200, (MINI_BATCH[0], MINI_BATCH[1] * LENGTH_RATIO))
    assert document["costs"]["candidate"] == pytest.approx(float(candidate))
    assert document["costs"]["incumbent"] == pytest.approx(float(replay_cost(50, 2_000, 200, BIG_BATCH)))
    assert document["cost"] == pytest.approx(sum(document["costs"].values()))


@pytest.mark.parametrize("usd", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("again", [0.0, 0.25])
@pytest.mark.parametrize("answered", [0, 2, 5])
def test_a_budget_in_dollars_is_kept_when_answers_turn_out_to_be_missing(
    traffic: Path, tmp_path: Path, usd: float, again: float, answered: int
) -> None:
    texts = source(has_answer=lambda sample_id: int(sample_id, 16) % 5 < answered)
    document = sampled(traffic, tmp_path / "sample", ask=Ask(usd=usd, again_share=again), texts=texts)
    assert document["cost"] <= usd
    if usd == 2:
        assert document["cost"] > 0.85 * usd, "there is room to spend it"
    found = replays(tmp_path / "sample")
    assert len(found) == document["pairs"]
    for row in document["workloads"]:
        weights = [each.weight for each in found if each.workload_id == row["workload_id"]]
        assert sum(weights) == pytest.approx(4_000)


def test_a_budget_too_small_for_all_begins_with_the_most_spend_and_names_the_rest(traffic: Path) -> None:
    document = sampled(traffic, ask=Ask(usd=0.0225))
    assert [row["endpoint"] for row in document["workloads"]] == ["docs"]
    assert [(left["endpoint"], left["reason"]) for left in document["left_out"]] == [
        ("chat", "the budget does not reach its least number of pairs")
    ]


def test_a_budget_that_pays_for_no_workload_says_what_the_cheapest_asks(traffic: Path) -> None:
    least = replay_cost(30, 704, 40, (MINI_BATCH[0], MINI_BATCH[1] * LENGTH_RATIO))
    with pytest.raises(ConfigError, match=rf"--budget 0\.0001: .*needs \${float(least):.5f}"):
        sampled(traffic, ask=Ask(usd=0.0001))
    with pytest.raises(ConfigError, match="--pairs 29: no workload is worth beginning with fewer than 30 pairs"):
        sampled(traffic, ask=Ask(pairs=29))


def test_without_a_budget_a_sample_has_the_power_that_verdicts_plan_with(traffic: Path) -> None:
    document = sampled(traffic, margin=5)
    assert document["tests"] == 2
    for row in document["workloads"]:
        assert row["power_if_equal"] == pytest.approx(0.8, abs=0.02)
        assert row["effective_pairs"] == pytest.approx(row["pairs_to_decide"], abs=6)
        assert row["power_at_half_margin"] < 0.5


def test_a_stricter_margin_asks_for_more_pairs_and_never_for_more_than_there_are(traffic: Path) -> None:
    pairs = [sampled(traffic, margin=margin)["pairs"] for margin in (5, 2, 0.5)]
    assert pairs == sorted(pairs)
    assert pairs[-1] == 8_000
    assert len(set(pairs)) == 3


def test_a_workload_that_nobody_set_a_budget_for_stops_at_five_thousand_pairs(tmp_path: Path) -> None:
    rows = [spend_log(n, tag="chat", tokens_in=500) for n in range(6_000)]
    assert sampled(database(tmp_path, *rows), margin=0.5)["pairs"] == 5_000


def test_the_incumbent_again_is_paid_from_the_same_budget(traffic: Path) -> None:
    alone, twice = (sampled(traffic, ask=Ask(usd=1.0, again_share=share)) for share in (0.0, 0.2))
    assert twice["pairs"] < alone["pairs"] / 2
    counted = sampled(traffic, ask=Ask(usd=1.0, again_count=30))
    assert counted["cost"] <= 1.0
    assert twice["pairs"] < counted["pairs"] < alone["pairs"]


def test_two_budgets_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match="give one of them"):
        Ask(usd=1.0, pairs=100)
    with pytest.raises(ConfigError, match="--budget -1 is not an amount"):
        Ask(usd=-1.0)


def test_a_plan_alone_writes_nothing_and_reads_no_text(traffic: Path, tmp_path: Path) -> None:
    planned, drawn = (sampled(traffic, out, ask=Ask(pairs=500)) for out in (None, tmp_path / "sample"))
    assert planned["files"] == []
    assert planned["texts"] is None
    assert {**planned, "files": 0, "texts": 0, "costs": 0, "cost": 0, "workloads": 0} == {
        **drawn, "files": 0, "texts": 0, "costs": 0, "cost": 0, "workloads": 0
    }  # fmt: skip
    assert planned["cost"] == pytest.approx(drawn["cost"], rel=0.02)


def test_the_strata_of_a_workload_are_sampled_by_spend_but_not_as_unequally(tmp_path: Path) -> None:
    rows = [spend_log(n, tag="chat", tokens_in=400 + 2 * n, tokens_out=40 + n // 5) for n in range(900)]
    (row,) = sampled(database(tmp_path, *rows), ask=Ask(pairs=200))["workloads"]
    spend = [part["list_cost"] for part in row["strata"]]
    pulls = [math.sqrt(part["requests"] * part["list_cost"]) for part in row["strata"]]
    assert len(spend) == 3
    assert spend[0] < spend[-1]
    for part, pull in zip(row["strata"], pulls, strict=True):
        assert part["pairs"] == pytest.approx(200 * pull / sum(pulls), abs=1)
    assert row["effective_pairs"] > 0.9 * row["pairs"], "unequal weights cost little"


def test_a_report_asks_for_as_many_pairs_as_a_sample_of_that_workload(traffic: Path) -> None:
    with Warehouse.read(traffic) as warehouse:
        verdicts = run_report(warehouse, Question(today=TODAY), Config(), Assumptions()).verdicts
    asked = dict(verdicts.select("workload_id", "pairs_needed").iter_rows())
    assert len(asked) == 2
    for name, pairs in asked.items():
        assert sampled(traffic, workload_ids=[name])["workloads"][0]["pairs_to_decide"] == pairs
