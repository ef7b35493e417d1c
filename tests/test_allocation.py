"""A replay budget goes where a pair tells most per dollar, and no further than there are requests."""

import csv
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from audit.sampling.allocation import Stratum, allocate, apportion, variance

PRICES = some.floats(0.001, 2)
ZEROEVAL = Path(__file__).parent / "data" / "zeroeval_gpt4o0513_vs_mini.csv"


def stratum(
    name: str, weight: float = 1.0, deviation: float = 1.0, *, price: float = 1.0, floor: int = 0, cap: int = 10_000,
    done: int = 0,
) -> Stratum:  # fmt: skip
    return Stratum(
        name=name, weight=weight, deviation=deviation, unit_cost=price, floor=floor, cap=cap, done=done
    )  # fmt: skip


@some.composite
def strata(draw: some.DrawFn, *, most_pairs: int = 400, price: some.SearchStrategy[float] = PRICES) -> list[Stratum]:
    count = draw(some.integers(1, 6))
    return [
        stratum(
            f"s{number}",
            draw(some.floats(0.01, 10)),
            draw(some.floats(0.05, 1)),
            price=draw(price),
            floor=draw(some.integers(0, 30)),
            cap=draw(some.integers(1, most_pairs)),
            done=draw(some.sampled_from([0, 0, 7, 150])),
        )
        for number in range(count)
    ]


def spent(parts: Sequence[Stratum], counts: dict[str, int]) -> float:
    return sum(each.unit_cost * counts.get(each.name, 0) for each in parts)


def test_zeroeval_is_allocated_by_spend_and_spread_as_published() -> None:
    """Shares of spend .208, .243, .478, .071; spreads .409, .204, .489, .321; n = 600 gives 130, 76, 359, 35."""
    with ZEROEVAL.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    parts: list[Stratum] = []
    for name in ("crux", "gsm", "math-l5", "numersense-v2"):
        own = [row for row in rows if row["category"] == name]
        gaps = [float(row["big_score"]) - float(row["small_score"]) for row in own]
        mean = sum(gaps) / len(gaps)
        spend = sum(2.5 * float(row["big_input_tokens"]) + 10 * float(row["big_output_tokens"]) for row in own)
        deviation = math.sqrt(sum(gap**2 for gap in gaps) / len(gaps) - mean**2)
        parts.append(stratum(name, spend, deviation, floor=30, cap=len(own)))
    total = sum(part.weight for part in parts)
    assert [round(part.weight / total, 3) for part in parts] == [0.208, 0.243, 0.478, 0.071]
    assert [round(part.deviation, 3) for part in parts] == [0.409, 0.204, 0.489, 0.321]
    counts = allocate(parts, 600)
    assert list(counts.values()) == [130, 76, 359, 35]
    assert math.sqrt(variance(parts, counts)) == pytest.approx(0.0160, abs=5e-5)
    equal = dict.fromkeys(counts, 150)
    assert math.sqrt(variance(parts, equal)) == pytest.approx(0.0208, abs=5e-5)


@given(parts=strata(), budget=some.floats(0, 500))
def test_a_budget_is_never_exceeded_and_every_stratum_gets_its_floor_or_nothing(
    parts: list[Stratum], budget: float
) -> None:
    counts = allocate(parts, budget)
    assert spent(parts, counts) <= budget * (1 + 1e-6)
    for each in parts:
        if each.name in counts:
            assert min(each.floor, each.cap) <= counts[each.name] <= each.cap


@given(parts=strata(price=some.just(1.0)), budget=some.integers(0, 2000))
def test_a_budget_in_pairs_is_spent_to_the_last_pair_or_on_all_there_are(parts: list[Stratum], budget: int) -> None:
    counts = allocate(parts, budget)
    funded = [each for each in parts if each.name in counts]
    assert sum(counts.values()) == min(budget, sum(each.cap for each in funded))


@given(parts=strata(), budget=some.floats(0, 500), more=some.floats(1, 3))
def test_more_budget_takes_no_pair_from_anybody(parts: list[Stratum], budget: float, more: float) -> None:
    floors = sum(each.unit_cost * max(1, min(each.floor, each.cap)) for each in parts)
    few, many = allocate(parts, floors + budget), allocate(parts, floors + budget * more)
    assert all(many[name] >= count for name, count in few.items())


@given(parts=strata(most_pairs=6, price=some.just(1.0)), budget=some.integers(1, 14))
def test_where_pairs_cost_the_same_no_other_allocation_is_more_precise(parts: list[Stratum], budget: int) -> None:
    parts = [stratum(p.name, p.weight, p.deviation, floor=1, cap=p.cap, done=p.done) for p in parts[:4]]
    counts = allocate(parts, budget)
    if len(counts) < len(parts):
        return
    choices = itertools.product(*(range(1, each.cap + 1) for each in parts))
    tried = [dict(zip(counts, chosen, strict=True)) for chosen in choices if sum(chosen) <= budget]
    assert variance(parts, counts) <= min(variance(parts, each) for each in tried) * (1 + 1e-9)


@given(parts=strata(most_pairs=5), budget=some.floats(0.5, 12))
def test_with_prices_nothing_cheaper_is_more_precise(parts: list[Stratum], budget: float) -> None:
    """Buying by gain per dollar is optimal among all that cost no more than what was spent."""
    parts = [stratum(p.name, p.weight, p.deviation, price=p.unit_cost, floor=1, cap=p.cap) for p in parts[:4]]
    counts = allocate(parts, budget)
    if len(counts) < len(parts):
        return
    choices = itertools.product(*(range(1, each.cap + 1) for each in parts))
    tried = [dict(zip(counts, chosen, strict=True)) for chosen in choices]
    limit = spent(parts, counts) * (1 + 1e-9)
    best = min(variance(parts, each) for each in tried if spent(parts, each) <= limit)
    assert variance(parts, counts) <= best * (1 + 1e-9)


@given(parts=strata(), budget=some.floats(1, 500), scale=some.floats(0.01, 100))
def test_the_currency_of_spend_and_budget_does_not_matter(parts: list[Stratum], budget: float, scale: float) -> None:
    other = [
        stratum(
            p.name, p.weight * scale, p.deviation, price=p.unit_cost * 4, floor=p.floor, cap=p.cap, done=p.done
        ) for p in parts
    ]  # fmt: skip
    one, two = allocate(parts, budget), allocate(other, budget * 4)
    assert one.keys() == two.keys()
    assert all(abs(one[name] - two[name]) <= 1 for name in one)


def test_a_stratum_that_wants_more_than_there_is_is_taken_whole_and_the_rest_shared_anew() -> None:
    counts = allocate([stratum("dear", 100, cap=40), stratum("a", 3), stratum("b", 1)], 440)
    assert counts == {"dear": 40, "a": 300, "b": 100}


def test_a_budget_too_small_for_all_floors_begins_with_the_most_spend() -> None:
    parts = [stratum("small", 1, floor=30), stratum("large", 9, floor=30), stratum("middle", 3, floor=30)]
    assert list(allocate(parts, 75)) == ["large", "middle"]
    assert allocate(parts, 29) == {}


def test_pairs_measured_before_count_so_that_the_next_go_elsewhere() -> None:
    fresh, measured = stratum("fresh"), stratum("measured", done=100)
    assert allocate([fresh, measured], 100) == {"fresh": 100, "measured": 0}
    assert allocate([fresh, measured], 300) == {"fresh": 200, "measured": 100}


def test_what_costs_four_times_as_much_gets_half_the_pairs() -> None:
    counts = allocate([stratum("plain", price=1), stratum("dear", price=4)], 300)
    assert counts == {"plain": 100, "dear": 50}


@given(shares=some.lists(some.integers(0, 50), min_size=1, max_size=8), total=some.integers(0, 300))
def test_apportioned_parts_add_up_and_are_no_larger_than_their_share(shares: list[int], total: int) -> None:
    parts = apportion(total, shares)
    assert sum(parts) == min(total, sum(shares))
    assert all(part <= share for part, share in zip(parts, shares, strict=True))
