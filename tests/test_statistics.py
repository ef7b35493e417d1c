"""The statistics against published and independently computed values."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.assumptions import Assumptions
from audit.evidence.estimates import first_pairs, output_ratio, quality_loss
from audit.evidence.statistics import (
    effective_size,
    holm,
    normal_quantile,
    paired_mean,
    paired_mean_interval,
    pairs_needed,
    student_quantile,
    tango_interval,
    tango_p,
    tango_z,
    wilson,
)

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("b", "c", "n", "low", "high"),
    [
        (1, 7, 21, -0.5172, -0.0260),
        (40, 14, 1319, 0.0091, 0.0315),
        (109, 20, 800, 0.0853, 0.1391),
        (96, 77, 721, -0.0095, 0.0623),
        (52, 5, 512, 0.0658, 0.1221),
    ],
)
def test_tango_intervals_match_published_values(b: int, c: int, n: int, low: float, high: float) -> None:
    found = tango_interval(b, c, n)
    assert found == pytest.approx((low, high), abs=6e-5)


def test_tango_without_discordant_pairs_is_z_squared_over_n_plus_z_squared() -> None:
    z2 = normal_quantile(0.975) ** 2
    assert tango_interval(0, 0, 100) == pytest.approx((-z2 / (100 + z2), z2 / (100 + z2)), abs=1e-9)


def test_tango_without_pairs_says_nothing() -> None:
    assert tango_interval(0, 0, 0) == (-1.0, 1.0)
    assert tango_p(0, 0, 0, 0.05) == 1.0


def test_tango_when_every_pair_is_lost_reaches_one() -> None:
    low, high = tango_interval(5, 0, 5)
    assert high == 1.0
    assert 0 < low < 1


@pytest.mark.parametrize(
    ("b", "c", "n", "margin", "z", "p"),
    [
        (40, 14, 1319, 0.03, -1.735, 0.041),
        (40, 14, 1319, 0.02, -0.052, 0.479),
        (40, 14, 1319, 0.05, -4.436, 0.000),
        (99, 76, 721, 0.05, -0.986, 0.162),
        (35, 20, 1319, 0.02, -1.478, 0.070),
    ],
)
def test_non_inferiority_statistic_matches_published_values(
    b: int, c: int, n: int, margin: float, z: float, p: float
) -> None:
    assert tango_z(b, c, n, margin) == pytest.approx(z, abs=6e-4)
    assert tango_p(b, c, n, margin) == pytest.approx(p, abs=6e-4)


def test_score_statistic_at_no_gap_is_mcnemar() -> None:
    assert tango_z(35, 20, 1319, 0.0) == pytest.approx((35 - 20) / math.sqrt(35 + 20))


def test_same_data_pass_three_points_at_five_percent_and_fail_at_two_and_a_half() -> None:
    assert tango_interval(40, 14, 1319, confidence=0.90)[1] == pytest.approx(0.0294, abs=6e-5)
    assert tango_interval(40, 14, 1319, confidence=0.95)[1] == pytest.approx(0.0315, abs=6e-5)


counts = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60)).filter(lambda cell: sum(cell) > 0)


@settings(max_examples=80, deadline=None)
@given(counts, st.floats(0.005, 0.2))
def test_interval_contains_the_gap_and_agrees_with_the_test(cell: tuple[int, int, int], margin: float) -> None:
    b, c, ties = cell
    n = b + c + ties
    low, high = tango_interval(b, c, n)
    assert -1 <= low <= (b - c) / n <= high <= 1
    p = tango_p(b, c, n, margin)
    assert 0 <= p <= 1
    if abs(high - margin) > 1e-9:
        assert (high <= margin) == (p <= 0.025)


@settings(max_examples=60, deadline=None)
@given(counts)
def test_swapping_the_models_mirrors_the_interval(cell: tuple[int, int, int]) -> None:
    b, c, ties = cell
    low, high = tango_interval(b, c, b + c + ties)
    assert tango_interval(c, b, b + c + ties) == pytest.approx((-high, -low), abs=1e-9)


def test_tango_interval_covers_a_planted_gap_in_about_95_of_100_samples() -> None:
    generator = np.random.default_rng(7)
    cells = generator.multinomial(200, (0.08, 0.05, 0.87), size=1500)
    covered = [low <= 0.03 <= high for low, high in (tango_interval(b, c, 200) for b, c, _ in cells.tolist())]
    assert 0.935 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"), [(48, 50, 0.865, 0.989), (97, 100, 0.916, 0.990), (291, 300, 0.944, 0.984)]
)
def test_wilson_matches_published_values(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=6e-4)


def test_wilson_without_trials_is_everything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_quantiles_match_tables() -> None:
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=1e-6)
    assert student_quantile(9, 0.975) == pytest.approx(2.262157, abs=1e-6)


@pytest.mark.parametrize(
    ("discordance", "sizes"),
    [
        (0.041, (102, 282, 634, 633)),
        (0.10, (248, 687, 1546, 1545)),
        (0.161, (399, 1106, 2489, 2487)),
        (0.177, (438, 1216, 2736, 2735)),
        (0.240, (594, 1649, 3710, 3708)),
    ],
)
def test_sample_sizes_of_graded_scores_match_published_values(discordance: float, sizes: tuple[int, ...]) -> None:
    plans = ((0.0, 0.05), (0.0, 0.03), (0.0, 0.02), (0.01, 0.03))
    found = tuple(math.ceil(pairs_needed(discordance, gap, m, alpha=0.05, is_graded=True)) for gap, m in plans)
    assert found == sizes


def test_the_verdicts_own_alpha_needs_more_pairs_by_the_square_of_the_quantiles() -> None:
    usual, lenient = (pairs_needed(0.1, 0.0, 0.05, alpha=alpha, is_graded=True) for alpha in (0.025, 0.05))
    assert usual / lenient == pytest.approx((1.959964 + 0.841621) ** 2 / (1.644854 + 0.841621) ** 2, rel=1e-5)
    sizes = [pairs_needed(0.1, 0, m, alpha=0.05, power=0.9, is_graded=True) for m in (0.05, 0.03, 0.02)]
    assert list(map(math.ceil, sizes)) == [343, 952, 2141]


def test_a_gap_equal_to_the_margin_is_never_resolved() -> None:
    assert math.isinf(pairs_needed(0.1, 0.02, 0.02))


def test_holm_matches_published_values_in_any_order() -> None:
    assert holm([0.001, 0.008, 0.012, 0.03, 0.2]) == pytest.approx([0.005, 0.032, 0.036, 0.06, 0.2])
    assert holm([0.2, 0.012, 0.001, 0.03, 0.008]) == pytest.approx([0.2, 0.036, 0.005, 0.06, 0.032])
    assert holm([]) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_student_interval_of_differences_matches_the_textbook_formula() -> None:
    differences = np.array([0.1, -0.1, 0.3, 0.0, 0.2])
    half = 2.776445 * differences.std(ddof=1) / math.sqrt(5)
    assert paired_mean_interval(differences) == pytest.approx((0.1 - half, 0.1 + half), abs=1e-6)


def test_one_difference_has_no_interval() -> None:
    assert paired_mean_interval(np.array([0.1])) == (-1.0, 1.0)
    assert paired_mean_interval(np.array([])) == (-1.0, 1.0)


def test_weights_move_the_mean_and_a_heavy_pair_counts_as_few() -> None:
    differences, weights = np.array([1.0, 0.0, 0.0]), np.array([8.0, 1.0, 1.0])
    assert paired_mean(differences, weights).mean == pytest.approx(0.8)
    assert effective_size(weights) == pytest.approx(100 / 66)


def test_scaling_all_weights_changes_nothing() -> None:
    generator = np.random.default_rng(1)
    differences, weights = generator.normal(size=40) / 10, generator.uniform(1, 3, size=40)
    assert paired_mean_interval(differences, weights) == pytest.approx(paired_mean_interval(differences, 7 * weights))


def test_weighted_interval_covers_a_planted_mean_in_about_95_of_100_samples() -> None:
    generator = np.random.default_rng(3)
    hits: list[bool] = []
    for _ in range(1000):
        weights = generator.choice([1.0, 2.0, 4.0], size=80)
        low, high = paired_mean_interval(generator.beta(2, 8, size=80) - 0.15, weights)
        hits.append(low <= 0.05 <= high)
    assert 0.93 <= np.mean(hits) <= 0.97


def test_graded_scores_that_never_differ_are_no_proof() -> None:
    """Ten equal grades have no spread; the interval is that of ten tied pairs, not of width zero."""
    grades = np.full(10, 0.8)
    loss = quality_loss(grades, grades, np.ones(10), 0.05)
    assert (loss.loss.low, loss.loss.high) == pytest.approx(tango_interval(0, 0, 10))
    assert loss.reading == "open"


def test_one_minus_p_is_close_to_a_bayesian_posterior() -> None:
    """Dirichlet(1/2) posteriors of P(loss < margin): 0.935 and 0.904 and 0.0001."""
    assert 1 - tango_p(35, 20, 1319, 0.02) == pytest.approx(0.935, abs=0.01)
    assert 1 - tango_p(96, 77, 721, 0.05) == pytest.approx(0.904, abs=0.01)
    assert 1 - tango_p(112, 30, 800, 0.05) == pytest.approx(0.0001, abs=0.001)


def test_an_incumbent_that_is_nearly_always_wrong_is_suspect() -> None:
    right, wrong = np.ones(100), np.zeros(100)
    assert quality_loss(wrong, right, np.ones(100), 0.05).is_suspect
    assert quality_loss(np.r_[np.ones(19), np.zeros(81)], wrong, np.ones(100), 0.05).is_suspect
    assert not quality_loss(np.r_[np.ones(80), np.zeros(20)], np.ones(100) * 0.85, np.ones(100), 0.05).is_suspect


def test_a_first_replay_is_planned_with_the_discordance_of_public_data() -> None:
    frame = pl.read_csv(DATA / "zeroeval_gpt4o0513_vs_mini.csv")
    differing = frame.filter(pl.col("big_score") != pl.col("small_score")).height
    usual = Assumptions()
    expected = math.ceil(pairs_needed(round(differing / frame.height, 3), 0.0, 0.05))
    assert first_pairs(0.05, usual.alpha, usual.power) == expected == 427


def test_further_pairs_shrink_as_pairs_come_in_and_stay_finite() -> None:
    few = quality_loss(np.ones(20), np.ones(20), np.ones(20), 0.05)
    assert few.further_pairs(0.025, 0.8) > 53  # even without any difference 73 pairs are needed
    even = quality_loss(np.r_[np.ones(5), np.zeros(95)] + 0.0, np.zeros(100), np.ones(100), 0.05)
    assert even.further_pairs(0.025, 0.8) == 1_000_000 - 100


def test_the_example_of_the_readme_is_what_the_method_says() -> None:
    """160 pairs, 4 lost: "loss 2.5 (0.1 to 6.3), margin 5.0; 399 more pairs needed"."""
    candidate = np.r_[np.zeros(4), np.ones(156)]
    found = quality_loss(np.ones(160), candidate, np.ones(160), 0.05)
    assert found.reading == "open"
    bounds = (found.loss.low, found.loss.point, found.loss.high)
    assert [round(100 * bound, 1) for bound in bounds] == [0.1, 2.5, 6.3]
    assert found.further_pairs(0.025, 0.8) == 399


def _lengths(before: list[int], after: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"incumbent_output_tokens": before, "candidate_output_tokens": after, "weight": [1.0] * len(before)}
    )


def test_output_ratio_is_a_ratio_of_sums_with_bounds() -> None:
    generator = np.random.default_rng(5)
    before = generator.integers(50, 500, size=400)
    after = (before * 1.1 * generator.uniform(0.5, 1.5, size=400)).astype(int)
    found = output_ratio(_lengths(before.tolist(), after.tolist()))
    assert found is not None
    assert found.point == pytest.approx(after.sum() / before.sum())
    assert found.low < 1.1 < found.high
    assert found.high - found.low < 0.1


def test_output_ratio_needs_ten_known_lengths_and_equal_ones_are_no_proof() -> None:
    assert output_ratio(_lengths([100] * 9, [110] * 9)) is None
    assert output_ratio(_lengths([100] * 40, [0] * 40)) is None
    equal = output_ratio(_lengths([100] * 10, [110] * 10))
    assert equal is not None
    assert equal.point == pytest.approx(1.1)
    half = math.log(equal.high / equal.point)
    assert half == pytest.approx(2.262157 * 0.43 * math.sqrt(2) / 10, rel=1e-5)
    assert equal.low == pytest.approx(1.1 / math.exp(half))


def test_output_ratio_interval_covers_the_truth_in_about_95_of_100_samples() -> None:
    generator = np.random.default_rng(11)
    hits: list[bool] = []
    for _ in range(600):
        before = generator.lognormal(5, 0.8, size=150)
        after = before * 1.2 * generator.lognormal(-0.045, 0.3, size=150)
        found = output_ratio(_lengths(before.astype(int).tolist(), after.astype(int).tolist()))
        assert found is not None
        hits.append(found.low <= 1.2 <= found.high)
    assert 0.92 <= np.mean(hits) <= 0.97
