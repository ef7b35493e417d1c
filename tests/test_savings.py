"""The three totals: ordered, exact where they can be, wide where they must be, and zero when nothing changes."""

import numpy as np
import polars as pl
import pytest

from audit.assumptions import Assumptions, Range, exactly
from audit.savings.cascade import refuse_costlier
from audit.savings.projection import DAYS_PER_MONTH, project
from tests.paired import (
    EQUAL_LENGTH,
    NO_DAYS,
    SMALL,
    bounds,
    daily,
    decided,
    outcomes,
    pairs,
    priced,
    priced_frame,
    saved,
    totals,
    verdicts,
    workload,
    workload_frame,
)


def test_routing_everything_at_equal_tokens_saves_exactly_94_percent() -> None:
    work = priced_frame(priced("tag", cost="123.456789012345"))
    result = saved(work, decided("tag", found=outcomes("tag", both=5000)))
    expected = 123.456789012345 * 0.94
    assert bounds(result.measured.window) == pytest.approx((expected, expected, expected), rel=1e-9)
    assert result.measured.share_of_spend.point == pytest.approx(0.94, abs=1e-9)
    assert result.measured == result.ceiling


def test_without_outcomes_measured_is_zero_and_expected_reaches_from_nothing_to_the_ceiling() -> None:
    names = [f"w{index}" for index in range(40)]
    work = priced_frame(*(priced(name) for name in names))
    result = saved(work, decided(*names))
    assert bounds(result.measured.window) == (0.0, 0.0, 0.0)
    assert result.ceiling.share_of_spend.point == pytest.approx(0.94)
    low, point, high = bounds(result.expected.share_of_spend)
    assert low < 0.05
    assert point == pytest.approx(0.94 * 6.5 / 12)
    assert high > 0.9


def test_traffic_already_on_the_candidate_saves_exactly_nothing() -> None:
    """Also when checks and routers would cost something: there is nothing to route."""
    assumptions = Assumptions(escalation_rate=exactly(0.1), check_cost_share=0.02, router_cost_per_1k_requests=1.0)
    work = priced_frame(priced("tag", model=SMALL, ratio="1"))
    result = saved(work, decided("tag", incumbent_model=SMALL), assumptions=assumptions, days=daily(30, work))
    for level in (result.measured, result.expected, result.ceiling):
        assert bounds(level.window) == bounds(level.monthly) == bounds(level.share_of_spend) == (0.0, 0.0, 0.0)
        assert bounds(level.requests) == bounds(level.cost) == (0.0, 0.0, 0.0)
    assert result.per_1k_requests.now == result.per_1k_requests.ceiling
    assert bounds(result.workloads[0].saving) == (0.0, 0.0, 0.0)
    assert result.workloads[0].break_even_escalation is None


def test_an_equally_priced_candidate_saves_nothing_at_equal_length() -> None:
    result = saved(priced_frame(priced("tag", ratio="1")), decided("tag"))
    assert bounds(result.ceiling.window) == bounds(result.expected.window) == (0.0, 0.0, 0.0)


def test_a_costlier_candidate_is_shown_signed_and_never_routed() -> None:
    work = priced_frame(priced("vision", ratio="2"), priced("tag"))
    both = pl.concat([outcomes("vision", both=798, lost=1, won=1), outcomes("tag", both=798, lost=1, won=1)])
    found = decided("vision", "tag", found=both)
    assert found["verdict"].to_list() == ["route", "route"]
    kept = refuse_costlier(work, found, candidate=SMALL, assumptions=EQUAL_LENGTH)
    assert kept["verdict"].to_list() == ["keep", "route"]
    assert kept["reasons"].to_list() == [["costs_more", "loss_within_margin"], ["loss_within_margin"]]
    result = saved(work, found)
    by_id = {each.workload_id: each for each in result.workloads}
    assert by_id["vision"].saving.point == -100.0
    assert by_id["vision"].ceiling == 0.0
    assert result.ceiling.window.point == pytest.approx(94.0)
    assert result.measured.requests.point == 1000


def test_a_costlier_route_is_left_out_even_when_nobody_turned_it_into_keep() -> None:
    work = priced_frame(priced("vision", ratio="2"))
    found = decided("vision", found=outcomes("vision", both=800))
    result = project(work, found, NO_DAYS, candidate=SMALL, assumptions=EQUAL_LENGTH, totals=totals(work), draws=100)
    assert bounds(result.measured.window) == (0.0, 0.0, 0.0)


def test_a_gated_workload_is_in_no_total() -> None:
    result = saved(priced_frame(priced("tag")), decided("tag", gate_reasons=["images"]))
    assert bounds(result.ceiling.window) == bounds(result.ceiling.requests) == (0.0, 0.0, 0.0)
    assert bounds(result.workloads[0].saving) == (0.0, 0.0, 0.0)


def test_a_kept_workload_still_counts_to_the_ceiling() -> None:
    result = saved(priced_frame(priced("tag")), decided("tag", found=outcomes("tag", both=100, lost=80)))
    assert result.expected.window.high == 0.0
    assert result.ceiling.window.point == pytest.approx(94.0)


def test_escalation_checks_and_router_are_paid_from_the_saving() -> None:
    assumptions = Assumptions(
        output_ratio=exactly(1.0),
        escalation_rate=Range(low=0.1, point=0.2, high=0.3),
        check_cost_share=0.01,
        router_cost_per_1k_requests=0.5,
    )
    work = priced_frame(priced("tag"))
    result = saved(work, decided("tag", found=outcomes("tag", both=8000)), assumptions=assumptions)
    low, point, high = bounds(result.measured.window)
    assert point == pytest.approx(100 * (0.94 - 0.2 - 0.01) - 0.5)
    assert (low, high) == pytest.approx((point - 10, point + 10), abs=0.5)
    assert result.workloads[0].break_even_escalation == pytest.approx(0.94 - 0.01 - 0.005)


def test_a_measured_length_ratio_replaces_the_prior_and_brings_its_uncertainty() -> None:
    generator = np.random.default_rng(2)
    before = generator.integers(80, 300, size=400)
    after = (before * 1.5 * generator.uniform(0.6, 1.4, size=400)).astype(int)
    found = pairs(
        "tag",
        [1.0] * 400,
        [1.0] * 400,
        incumbent_output_tokens=pl.Series(before),
        candidate_output_tokens=pl.Series(after),
    )
    decision = verdicts(workload_frame(workload("tag")), found)
    result = saved(priced_frame(priced("tag")), decision)
    ratio = after.sum() / before.sum()
    assert result.workloads[0].output_ratio == pytest.approx(ratio)
    assert result.measured.window.point == pytest.approx(97 - 3 * ratio)
    assert result.measured.window.low < result.measured.window.point < result.measured.window.high
    assert result.ceiling.window.point == pytest.approx(result.measured.window.point)


def test_the_prior_length_ratio_lowers_expected_and_not_the_ceiling() -> None:
    result = saved(priced_frame(priced("tag", ratio="0.5")), decided("tag"), assumptions=Assumptions())
    assert result.ceiling.window.point == 50.0
    assert result.workloads[0].saving.point == pytest.approx(75 - 25 * 1.05)
    assert result.workloads[0].saving.low == pytest.approx(75 - 25 * 1.2, abs=0.2)
    assert 49.0 < result.expected.window.high <= 50.0


def test_the_low_end_of_a_route_counts_what_the_evidence_leaves_open() -> None:
    """A verdict at one-sided 2 % may be wrong in 2 of 100 worlds; the low end says so."""
    found = decided("tag", found=outcomes("tag", both=1264, lost=35, won=20), margin=2.36)
    assert found["verdict"].to_list() == ["route"]
    odds = float(found["pass_probability"][0])
    assert 0.975 <= odds < 0.99
    low, point, _ = bounds(saved(priced_frame(priced("tag")), found).measured.window)
    assert low <= odds * point < point


def test_workloads_of_one_unit_pass_or_fail_together() -> None:
    """Ten workloads decided by one endpoint's outcomes are one coin, not ten."""
    names = [f"w{index}" for index in range(10)]
    few = outcomes("api", both=60, lost=3)
    frame = workload_frame(*(workload(name, endpoint="api") for name in names))
    found = verdicts(frame, few, assumptions=EQUAL_LENGTH)
    assert set(found["verdict"]) == {"pilot"}
    work = priced_frame(*(priced(name, endpoint="api") for name in names))
    low, point, high = bounds(saved(work, found).expected.window)
    assert low == 0.0
    assert 0 < point < high
    assert high == pytest.approx(940.0)


def test_a_month_is_the_window_times_its_length_and_only_from_a_day_on() -> None:
    work, found = priced_frame(priced("tag")), decided("tag", found=outcomes("tag", both=3000))
    week = saved(work, found, everything=totals(work, days=7.0))
    assert week.measured.monthly is not None
    assert week.measured.monthly.point == pytest.approx(94 * DAYS_PER_MONTH / 7)
    hour = saved(work, found, everything=totals(work, days=1 / 24))
    assert hour.measured.monthly is None
    assert hour.monthly_multiplier is None
    planned = Assumptions(output_ratio=exactly(1.0), monthly_requests=50_000)
    scaled = saved(work, found, assumptions=planned, everything=totals(work, days=1 / 24))
    assert scaled.measured.monthly is not None
    assert scaled.measured.monthly.point == pytest.approx(94 * 50)


def test_days_are_resampled_from_a_week_on_and_weeks_from_three() -> None:
    work = priced_frame(priced("tag"), priced("other"))
    found = decided("tag", "other", found=outcomes("tag", both=3000))
    widths: dict[str, float] = {}
    for days, blocks in ((6, "none"), (7, "days"), (20, "days"), (21, "weeks"), (30, "weeks")):
        result = saved(work, found, days=daily(days, work), everything=totals(work, days=days, days_observed=days))
        assert result.day_blocks == blocks
        assert result.measured.share_of_spend.high <= 1.0
        widths[f"{days}"] = result.measured.window.high - result.measured.window.low
    assert widths["6"] == 0
    assert widths["7"] > widths["20"] > 0


def test_a_day_bootstrap_of_one_endpoint_moves_the_month_and_not_the_share() -> None:
    work = priced_frame(priced("tag"))
    found = decided("tag", found=outcomes("tag", both=3000))
    result = saved(work, found, days=daily(14, work), everything=totals(work, days=14, days_observed=14))
    assert bounds(result.measured.share_of_spend) == pytest.approx((0.94, 0.94, 0.94))
    low, point, high = bounds(result.measured.monthly)
    assert low < point < high


def test_a_fixed_volume_takes_the_day_to_day_volume_out_of_the_month() -> None:
    work = priced_frame(priced("tag"))
    found = decided("tag", found=outcomes("tag", both=3000))
    planned = Assumptions(output_ratio=exactly(1.0), monthly_requests=2000)
    everything = totals(work, days=14, days_observed=14)
    result = saved(work, found, days=daily(14, work), assumptions=planned, everything=everything)
    assert bounds(result.measured.monthly) == pytest.approx((188.0, 188.0, 188.0))


def test_blended_cost_keeps_todays_requests_and_tokens_as_denominator() -> None:
    work = priced_frame(priced("tag"), priced("other", model="gpt-5"))
    result = saved(work.head(1), decided("tag", found=outcomes("tag", both=3000)), everything=totals(work))
    assert result.per_1k_requests.now == pytest.approx(100.0)
    assert result.per_1k_requests.measured == pytest.approx((200 - 94) / 2)
    assert result.per_1m_tokens.measured == pytest.approx((200 - 94) / 2)
    assert result.measured.request_share.point == 0.5
    assert result.measured.cost_share.point == 0.5


def test_nothing_at_all_gives_zeros() -> None:
    empty = priced_frame(priced("tag")).clear()
    result = saved(empty, decided("tag").clear())
    document = result.to_document()
    assert document["savings"]["ceiling"] == {
        "window": {"low": 0.0, "point": 0.0, "high": 0.0},
        "monthly": {"low": 0.0, "point": 0.0, "high": 0.0},
        "share_of_spend": {"low": 0.0, "point": 0.0, "high": 0.0},
    }
    assert document["blended"]["per_1m_tokens"] == {"now": 0.0, "measured": 0.0, "expected": 0.0, "ceiling": 0.0}
    assert document["workloads"] == {}


def test_the_order_of_rows_and_the_run_change_nothing() -> None:
    names = ["a", "b", "c", "d"]
    work = priced_frame(*(priced(name, cost=str(10 + index)) for index, name in enumerate(names)))
    found = decided(*names, found=outcomes("b", both=300, lost=4))
    turned = saved(work.reverse(), found.reverse(), days=daily(30, work).reverse(), assumptions=Assumptions())
    assert turned == saved(work, found, days=daily(30, work), assumptions=Assumptions())
    assert turned != saved(work, found, days=daily(30, work), assumptions=Assumptions(), seed=1)
