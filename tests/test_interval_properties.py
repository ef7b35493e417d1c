"""Intervals and tests against other people's code, and what must not change a quality loss."""

import math
from collections.abc import Callable
from random import Random
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import statsmodels.api
import statsmodels.stats.contingency_tables as contingency
import statsmodels.stats.multitest as multitest
import statsmodels.stats.power as power
import statsmodels.stats.proportion as proportion
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from audit.evidence.estimates import QualityLoss, quality_loss
from audit.evidence.statistics import (
    Floats,
    PairedMean,
    beta_quantile,
    holm,
    normal_quantile,
    paired_mean,
    pairs_needed,
    student_quantile,
    tango_interval,
    tango_z,
    wilson,
)

Anything = Callable[..., object]
# Neither library has types: their functions get one, once.
confint, mcnemar, multipletests, sample_size, wls, brentq, best = (
    cast("Anything", each)
    for each in (
        vars(proportion)["proportion_confint"],
        vars(contingency)["mcnemar"],
        vars(multitest)["multipletests"],
        vars(power)["normal_sample_size_one_tail"],
        vars(statsmodels.api)["WLS"],
        vars(scipy.optimize)["brentq"],
        vars(scipy.optimize)["minimize_scalar"],
    )
)
t_distribution, beta_distribution, normal = (vars(scipy.stats)[name] for name in ("t", "beta", "norm"))

counts = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 80)).filter(lambda cell: sum(cell) > 0)
scores = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.8, 1.0])
pairs = st.lists(st.tuples(scores, scores, st.integers(1, 5)), min_size=2, max_size=40)
binary = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]), st.just(1)), min_size=2, max_size=60
)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 300), st.integers(1, 300), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_agrees_with_statsmodels(successes: int, more: int, confidence: float) -> None:
    trials = successes + more - 1 or 1
    assume(successes <= trials)
    theirs = confint(successes, trials, alpha=1 - confidence, method="wilson")
    assert wilson(successes, trials, confidence) == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(counts)
def test_score_statistic_at_no_gap_is_statsmodels_mcnemar(cell: tuple[int, int, int]) -> None:
    b, c, ties = cell
    assume(b + c > 0)
    theirs = mcnemar([[ties, b], [c, 0]], exact=False, correction=False)
    assert tango_z(b, c, b + c + ties, 0.0) ** 2 == pytest.approx(vars(theirs)["statistic"], abs=1e-9)


def constrained(b: int, c: int, n: int, gap: float) -> float:
    """P(only candidate) that is likeliest when the gap is given, found by search instead of a formula."""

    def unlikely(q: float) -> float:
        cells = ((b, q + gap), (c, q), (n - b - c, 1 - 2 * q - gap))
        return -sum(count * math.log(max(share, 1e-300)) for count, share in cells if count)

    low, high = max(0.0, -gap), (1 - gap) / 2
    found = best(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-13})
    return min((low, high, cast("dict[str, float]", found)["x"]), key=unlikely)


@settings(max_examples=40, deadline=None)
@given(counts)
def test_bounds_of_tango_are_where_the_likeliest_explanation_is_just_rejected(cell: tuple[int, int, int]) -> None:
    b, c, ties = cell
    n = b + c + ties
    low, high = tango_interval(b, c, n)
    for bound, z in ((low, 1.959963985), (high, -1.959963985)):
        if abs(bound) < 1:
            q = constrained(b, c, n, bound)
            score = (b - c - n * bound) / math.sqrt(n * (2 * q + bound * (1 - bound)))
            assert score == pytest.approx(z, abs=2e-5)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_agrees_with_statsmodels(p_values: list[float]) -> None:
    with patch("gc.collect"):  # it collects garbage at every call, a sixth of a second each
        theirs = cast("tuple[object, Floats]", multipletests(p_values, method="holm"))
    assert holm(p_values) == pytest.approx(theirs[1].tolist(), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 500), st.floats(0.001, 0.999))
def test_quantiles_agree_with_scipy(degrees: float, probability: float) -> None:
    assert student_quantile(degrees, probability) == pytest.approx(t_distribution.ppf(probability, degrees), rel=1e-6)
    assert normal_quantile(probability) == pytest.approx(normal.ppf(probability), abs=1e-9)
    ours = beta_quantile(degrees, 2.0, np.array([probability]))
    assert ours == pytest.approx(beta_distribution.ppf([probability], degrees, 2.0), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.1, 9)), min_size=3, max_size=40))
def test_weighted_error_is_the_robust_error_of_a_regression_on_a_constant(rows: list[tuple[float, float]]) -> None:
    """Weighted least squares with White's error, small-sample form HC1."""
    differences, weights = (np.array(column) for column in zip(*rows, strict=True))
    found = paired_mean(differences, weights)
    model = wls(differences, np.ones(len(rows)), weights=weights)
    fitted = cast("Any", model).fit(cov_type="HC1")
    assert found.mean == pytest.approx(float(fitted.params[0]), abs=1e-9)
    assert found.error == pytest.approx(float(fitted.bse[0]), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.9, 0.9), st.integers(2, 200))
def test_bounds_of_a_skewed_mean_solve_halls_equation(skewness: float, degrees: int) -> None:
    found = PairedMean(mean=0.0, error=1.0, degrees=degrees, skewness=skewness)
    t = t_distribution.ppf(0.975, degrees)

    def transformed(x: float, at: float) -> float:
        return x + skewness * x**2 / 3 + skewness**2 * x**3 / 27 + skewness / 6 - at

    low, high = (-cast("float", brentq(transformed, -1e4, 1e4, args=(at,), xtol=1e-12)) for at in (t, -t))
    assert found.bounds() == pytest.approx((min(low, -t), max(high, t)), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.9, 0.9), st.floats(-0.4, 0.4), st.integers(5, 200))
def test_a_skewed_mean_is_within_the_margin_exactly_when_its_test_says_so(
    skewness: float, mean: float, degrees: int
) -> None:
    found = PairedMean(mean=mean, error=0.05, degrees=degrees, skewness=skewness)
    high = found.bounds()[1]
    assert found.p(high + 1e-6) <= 0.025 <= found.p(high - 1e-6)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.02, 0.4), st.floats(0.005, 0.1), st.sampled_from([0.025, 0.05]), st.floats(0.6, 0.95))
def test_sample_sizes_agree_with_statsmodels(variance: float, margin: float, alpha: float, wanted: float) -> None:
    theirs = sample_size(margin, wanted, alpha, math.sqrt(variance))
    assert pairs_needed(variance, 0.0, margin, alpha, wanted, is_graded=True) == pytest.approx(theirs, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 0.4), st.floats(-0.04, 0.2), st.floats(0.005, 0.1), st.floats(0.6, 0.95))
def test_sample_sizes_of_tangos_test_agree_with_a_likelihood_that_is_maximised_at_the_margin(
    discordance: float, gap: float, margin: float, wanted: float
) -> None:
    assume(abs(gap - margin) > 0.002 and abs(gap) <= discordance)
    lost, won = (discordance + gap) / 2, (discordance - gap) / 2

    def unlikely(q: float) -> float:
        chances = (q + margin, q, 1 - 2 * q - margin)
        return -sum(share * math.log(p) for share, p in zip((lost, won, 1 - discordance), chances, strict=True))

    found = best(unlikely, bounds=(1e-12, (1 - margin) / 2 - 1e-12), method="bounded", options={"xatol": 1e-12})
    assumed = math.sqrt(2 * cast("Any", found).x + margin - margin**2)
    theirs = sample_size(abs(margin - gap), wanted, 0.025, assumed, std_alternative=math.sqrt(discordance - gap**2))
    assert pairs_needed(discordance, gap, margin, 0.025, wanted) == pytest.approx(theirs, rel=1e-4)


def loss_of(rows: list[tuple[float, float, int]], factor: float = 1.0) -> QualityLoss:
    """The loss of (incumbent, candidate, weight) at a margin of five points."""
    incumbent, candidate, weights = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return quality_loss(incumbent, candidate, factor * weights, 0.05)


def numbers(loss: QualityLoss) -> tuple[float, ...]:
    """Everything a verdict reads."""
    return loss.loss.low, loss.loss.point, loss.loss.high, loss.p, loss.variance, loss.mean_absolute, loss.size


@settings(max_examples=100, deadline=None)
@given(st.one_of(pairs, binary), st.floats(0.01, 100))
@example([(0.0, 0.0, 1), (0.0, 0.0, 4), (0.0, 0.0, 1)], 1.7170170989768003)
def test_the_scale_of_the_weights_changes_nothing(rows: list[tuple[float, float, int]], factor: float) -> None:
    assert numbers(loss_of(rows, factor)) == pytest.approx(numbers(loss_of(rows)), abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.one_of(pairs, binary), st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_changes_nothing(rows: list[tuple[float, float, int]], shuffler: Random) -> None:
    mixed = list(rows)
    shuffler.shuffle(mixed)
    assert numbers(loss_of(mixed)) == pytest.approx(numbers(loss_of(rows)), abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.one_of(pairs, binary))
def test_swapping_the_models_turns_the_loss_round(rows: list[tuple[float, float, int]]) -> None:
    one, other = loss_of(rows).loss, loss_of([(new, old, weight) for old, new, weight in rows]).loss
    assert (other.low, other.point, other.high) == pytest.approx((-one.high, -one.point, -one.low), abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(binary)
def test_twice_the_same_pairs_say_the_same_with_more_certainty(rows: list[tuple[float, float, int]]) -> None:
    once, twice = loss_of(rows), loss_of(rows + rows)
    assert twice.loss.point == pytest.approx(once.loss.point)
    assert twice.loss.high - twice.loss.low <= once.loss.high - once.loss.low + 1e-9
    assert twice.pairs == 2 * once.pairs


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_a_weight_moves_the_mean_like_copies_and_is_not_taken_for_copies(rows: list[tuple[float, float, int]]) -> None:
    """An integer weight k gives the mean of k copies, never their certainty."""
    copies = [(old, new, 1) for old, new, weight in rows for _ in range(weight)]
    weighted, copied = loss_of(rows), loss_of(copies)
    assert weighted.loss.point == pytest.approx(copied.loss.point, abs=1e-9)
    assert weighted.size <= copied.size + 1e-9
    errors = [
        paired_mean(np.array([old - new for old, new, _ in each]), np.array([float(weight) for *_, weight in each]))
        for each in (rows, copies)
    ]
    assert errors[0].error >= errors[1].error - 1e-9
