"""Always-valid evidence against values computed elsewhere, and what has to hold of it for any data."""

import math
import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.evidence.sequential import BETS, mean_bets, mean_bounds, mean_evidence, rate_bounds, rate_evidence


def evidence(failures: float, trials: float, limit: float) -> float:
    return float(rate_evidence(np.array(failures), np.array(trials), limit))


@pytest.mark.parametrize(
    ("failures", "trials", "e"), [(10, 100, 0.616), (14, 100, 31.8), (20, 200, 3.48), (5, 100, 0.0351)]
)
def test_evidence_about_a_rate_has_the_published_values(failures: int, trials: int, e: float) -> None:
    assert math.exp(evidence(failures, trials, 0.05)) == pytest.approx(e, rel=2e-3)


@pytest.mark.parametrize(
    ("failures", "trials", "low", "high"), [(10, 100, 0.0288, 0.2283), (100, 1000, 0.0688, 0.1384)]
)
def test_bounds_of_a_rate_have_the_published_values(failures: int, trials: int, low: float, high: float) -> None:
    assert rate_bounds(failures, trials, 0.05) == pytest.approx((low, high), abs=6e-5)


def by_integration(failures: int, trials: int, limit: float) -> float:
    """The mixture over uniform rates above the limit, summed up in small steps."""
    rates = np.linspace(limit, 1, 200_001)
    middle = (rates[1:] + rates[:-1]) / 2
    ratio = (middle / limit) ** failures * ((1 - middle) / (1 - limit)) ** (trials - failures)
    return float(ratio.mean())


@given(st.integers(0, 40), st.integers(0, 60), st.floats(0.01, 0.6))
@settings(max_examples=40)
def test_evidence_about_a_rate_is_the_mean_likelihood_ratio_above_the_limit(
    failures: int, successes: int, limit: float
) -> None:
    expected = by_integration(failures, failures + successes, limit)
    assert math.exp(evidence(failures, failures + successes, limit)) == pytest.approx(expected, rel=1e-4)


@given(st.floats(0.02, 0.9), st.integers(0, 12))
def test_evidence_about_a_rate_has_mean_one_at_the_limit_and_less_below(limit: float, trials: int) -> None:
    for rate in (limit, limit / 2):
        mean = sum(
            math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) * math.exp(evidence(k, trials, limit))
            for k in range(trials + 1)
        )
        assert mean <= 1 + 1e-9
    assert evidence(0, 0, limit) == pytest.approx(0, abs=1e-9)


def product_of_bets(values: list[Fraction], limit: Fraction) -> Fraction:
    """The mean over the bets of the product of their gains, in exact fractions."""
    total = Fraction(0)
    for number in range(1, BETS + 1):
        bet = Fraction(number, BETS + 1) / (1 + limit)
        total += math.prod((1 + bet * (value - limit) for value in values), start=Fraction(1))
    return total / BETS


def about_mean(values: list[float], limit: float) -> float:
    return float(mean_evidence(mean_bets(np.array(values), limit)))


scores = st.lists(st.integers(-4, 4).map(lambda quarter: quarter / 4), max_size=30)


@given(scores, st.integers(0, 20))
@settings(max_examples=60)
def test_evidence_about_a_mean_is_what_exact_bets_win(values: list[float], percent: int) -> None:
    exact = product_of_bets([Fraction(value) for value in values], Fraction(percent, 100))
    assert math.exp(about_mean(values, percent / 100)) == pytest.approx(float(exact), rel=1e-9)


@given(scores, st.randoms(use_true_random=False))
def test_order_does_not_matter(values: list[float], draw: random.Random) -> None:
    shuffled = values.copy()
    draw.shuffle(shuffled)
    assert about_mean(shuffled, 0.03) == pytest.approx(about_mean(values, 0.03), abs=1e-9)
    halves = mean_bets(np.array(values[:7]), 0.03) + mean_bets(np.array(values[7:]), 0.03)
    assert float(mean_evidence(halves)) == pytest.approx(about_mean(values, 0.03), abs=1e-9)


@given(st.integers(0, 10), st.integers(1, 5))
def test_evidence_about_a_mean_has_mean_one_at_the_limit(percent: int, length: int) -> None:
    """Over all outcomes of a gap that is exactly at the limit."""
    limit = percent / 100
    chances = {1.0: 0.1 + limit, 0.0: 0.8 - limit, -1.0: 0.1}
    mean = sum(
        math.prod(chances[value] for value in drawn) * math.exp(about_mean(list(drawn), limit))
        for drawn in product(chances, repeat=length)
    )
    assert mean == pytest.approx(1, rel=1e-9)


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=1, max_size=60))
@settings(max_examples=40)
def test_bounds_of_a_mean_hold_the_mean_and_what_they_leave_out_is_refuted(values: list[float]) -> None:
    low, high = (float(end) for end in mean_bounds(np.array(values), 0.05))
    assert low <= float(np.mean(values)) <= high
    if low > -1:
        assert about_mean(values, low - 1e-6) == pytest.approx(math.log(40), abs=1e-2)
    if high < 1:
        assert about_mean([-value for value in values], -(high + 1e-6)) == pytest.approx(math.log(40), abs=1e-2)


def test_without_outcomes_nothing_is_known() -> None:
    assert mean_bounds(np.array([]), 0.05).tolist() == [-1.0, 1.0]
    assert rate_bounds(0, 0, 0.05).tolist() == [0.0, 1.0]
    assert about_mean([], 0.02) == pytest.approx(0)


def test_a_light_pair_counts_less() -> None:
    values = np.array([1.0] * 10)
    full, half = (float(mean_evidence(mean_bets(values, 0.02, np.full(10, each)))) for each in (1.0, 0.5))
    assert 0 < half < full == pytest.approx(about_mean([1.0] * 10, 0.02))
