"""The three totals for any traffic: in order at every bound, linear, and right as often as they claim."""

import json
import math
from decimal import Decimal
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.assumptions import Assumptions, Range
from audit.savings.projection import DAYS_PER_MONTH, Level, Savings
from tests.paired import (
    BIG,
    EQUAL_LENGTH,
    SMALL,
    bounds,
    daily,
    decided,
    outcomes,
    priced,
    priced_frame,
    saved,
    totals,
    verdicts,
    workload,
    workload_frame,
)

evidence = st.sampled_from(
    ["none", "equal", "lost", "open", "few", "other snapshot", "image", "candidate", "confirmed"]
)
pieces = st.lists(
    st.tuples(evidence, st.integers(0, 10**9), st.integers(0, 3000), st.integers(0, 3000), st.integers(1, 10**6)),
    max_size=7,
)


def mixture(rows: list[tuple[str, int, int, int, int]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Priced workloads and verdicts from (evidence, cost in microdollars, input and output ratio in permille, …)."""
    asked: list[dict[str, object]] = []
    costs: list[dict[str, object]] = []
    found = [outcomes("nobody", both=1)]
    for index, (kind, micro, into, out, requests) in enumerate(rows):
        name, cost = f"w{index}", Decimal(micro) / 1_000_000
        model = SMALL if kind == "candidate" else BIG
        gates = ["images"] if kind == "image" else []
        task_type = "chat" if kind == "confirmed" else None
        asked.append(workload(name, incumbent_model=model, gate_reasons=gates, confirmed_task_type=task_type))
        both, lost, won = {"equal": (600, 2, 1), "lost": (100, 60, 1), "open": (90, 4, 3), "few": (9, 1, 0)}.get(
            kind, (0, 0, 0)
        )
        found.append(outcomes(name, both=both, lost=lost, won=won))
        if kind == "other snapshot":
            found.append(outcomes(name, both=500, incumbent_model="gpt-4o-2024-05-13"))
        costs.append(
            priced(
                name,
                model=model,
                request_count=requests,
                list_cost=cost,
                candidate_input_cost=cost * into / 2000,
                candidate_output_cost=cost * out / 2000,
            )
        )
    frame = workload_frame(*asked) if asked else workload_frame(workload("x")).clear()
    return priced_frame(*costs) if costs else priced_frame(priced("x")).clear(), verdicts(frame, pl.concat(found))


ranges = st.lists(st.floats(0, 0.6), min_size=3, max_size=3).map(sorted)


def levels(result: Savings) -> list[Level]:
    """Measured, expected, ceiling."""
    return [result.measured, result.expected, result.ceiling]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces, ranges, ranges, st.sampled_from([1, 10, 25]), st.integers(0, 3))
def test_bounds_and_levels_are_always_in_order(
    rows: list[tuple[str, int, int, int, int]], escalation: list[float], ratio: list[float], days: int, seed: int
) -> None:
    work, found = mixture(rows)
    assumptions = Assumptions(
        escalation_rate=Range(low=escalation[0], point=escalation[1], high=escalation[2]),
        output_ratio=Range(low=0.5 + ratio[0], point=0.5 + ratio[1], high=0.5 + ratio[2]),
    )
    everything = totals(work, days=days, days_observed=days)
    result = saved(work, found, days=daily(days, work), assumptions=assumptions, everything=everything, seed=seed)
    names = ("requests", "request_share", "cost", "cost_share", "window", "monthly", "share_of_spend")
    for name in names:
        values = [bounds(getattr(level, name)) for level in levels(result)]
        assert all(math.isfinite(value) for triple in values for value in triple)
        assert all(low <= point <= high for low, point, high in values)
        for smaller, larger in pairwise(values):
            assert all(a <= b for a, b in zip(smaller, larger, strict=True))
    for level in levels(result):
        assert level.request_share.high <= 1
        assert level.cost_share.high <= 1
        assert level.share_of_spend.high <= 1
    assert result.measured.window.point >= 0
    json.dumps(result.to_document(), allow_nan=False)


@settings(max_examples=15, deadline=None)
@given(pieces)
def test_twice_the_traffic_saves_twice_as_much_at_the_same_share(rows: list[tuple[str, int, int, int, int]]) -> None:
    work, found = mixture(rows)
    money = ("list_cost", "candidate_input_cost", "candidate_output_cost", "request_count", "usage_tokens")
    double = work.with_columns((pl.col(name) * 2).cast(work.schema[name]) for name in money)
    once, twice = saved(work, found), saved(double, found)
    for before, after in zip(levels(once), levels(twice), strict=True):
        assert bounds(after.window) == pytest.approx([2 * value for value in bounds(before.window)], abs=1e-9)
        assert bounds(after.share_of_spend) == pytest.approx(bounds(before.share_of_spend), abs=1e-9)


def test_expected_covers_the_saving_of_pilots_that_pass_as_often_as_they_should() -> None:
    """Units with a planted loss around the margin, 150 pairs each: what passes in truth lies inside the bounds."""
    generator, hits = np.random.default_rng(31), 0
    names = [f"w{index}" for index in range(12)]
    work = priced_frame(*(priced(name) for name in names))
    frame = workload_frame(*(workload(name) for name in names))
    for _ in range(60):
        losses = generator.uniform(0.0, 0.12, size=12)
        found = [
            outcomes(name, both=t, lost=b, won=c)
            for name, loss in zip(names, losses.tolist(), strict=True)
            for b, c, t in [generator.multinomial(150, (0.03 + loss, 0.03, 0.94 - loss)).tolist()]
        ]
        result = saved(work, verdicts(frame, pl.concat(found), assumptions=EQUAL_LENGTH))
        low, _, high = bounds(result.expected.window)
        hits += low <= 94 * int((losses <= 0.05).sum()) <= high
    assert hits / 60 >= 0.9


@pytest.mark.parametrize("count", [7, 20, 21, 30])
def test_day_bootstrap_covers_the_long_run_month_in_about_95_of_100_logs(count: int) -> None:
    """Logs of so many days from a process with mean 10 USD a day; the true month saves 0.94 x 10 x 30.4375."""
    truth, hits = 0.94 * 10 * DAYS_PER_MONTH, 0
    found = decided("tag", found=outcomes("tag", both=3000))
    generator = np.random.default_rng(29)
    for index in range(200):
        costs = generator.gamma(9.0, 10 / 9.0, size=count)
        work = priced_frame(priced("tag", cost=f"{costs.sum():.9f}"))
        days = daily(count, work).with_columns(pl.Series("list_cost", costs))
        everything = totals(work, days=count, days_observed=count)
        low, _, high = bounds(saved(work, found, days=days, everything=everything, seed=index).measured.monthly)
        hits += low <= truth <= high
    assert 0.9 <= hits / 200 <= 0.985


@pytest.mark.parametrize("count", [8, 22, 30, 61])
def test_days_that_are_all_alike_leave_nothing_open_about_the_month(count: int) -> None:
    """Weeks may end in a shorter one, which is no quiet week."""
    work = priced_frame(priced("tag"))
    days = daily(count, work).with_columns(list_cost=pl.lit(100 / count))
    everything = totals(work, days=count, days_observed=count)
    month = saved(work, decided("tag", found=outcomes("tag", both=3000)), days=days, everything=everything)
    assert bounds(month.measured.monthly) == pytest.approx([94 * DAYS_PER_MONTH / count] * 3)
