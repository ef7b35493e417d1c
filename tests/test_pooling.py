"""Workloads estimated together: what sharing must do, must not do, and whether its arithmetic is right."""

import math

import numpy as np
import polars as pl
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.evidence.shrinkage import Differences, shrunken
from audit.evidence.statistics import Floats, tango_interval
from tests.paired import one, outcomes, pairs, public_pairs, verdicts, workload, workload_frame

ROUTELLM = "routellm_gpt4turbo_vs_mixtral.csv"
ARTEFACT = "mmlu_high_school_mathematics"
betabinom = vars(scipy.stats)["betabinom"]

Cells = list[tuple[int, int, int]]
"""(lost, won, pairs) by workload."""


def differences(lost: float, won: float, pairs: float, size: float = 1.0) -> Differences:
    """Sums of one workload in which every difference has the same size."""
    moved = size * (lost + won) / pairs
    return Differences(pairs=pairs, mean=size * (lost - won) / pairs, mean_absolute=moved, mean_square=size * moved)


def points(cells: Cells, size: float = 1.0) -> list[tuple[float, float, float]]:
    """(low, point, high) in points of 100."""
    found = shrunken([differences(*cell, size=size) for cell in cells])
    assert found is not None
    return [(100 * each.low, 100 * each.point, 100 * each.high) for each in found]


def simulated_rates(cells: list[tuple[int, int]], draws: int, generator: np.random.Generator) -> list[Floats]:
    """Draws of each workload's rate from its posterior, by importance sampling with scipy's Beta-binomial."""
    mean = 0.5 - 0.5 * np.cos(math.pi * generator.random(draws))
    strength = 1 / generator.uniform(0.03, 0.6, draws) ** 2 - 1
    a, b = mean * strength, (1 - mean) * strength
    alike = [0.9 * betabinom.pmf(x, n, a, b) for x, n in cells]
    either = [each + 0.1 * betabinom.pmf(x, n, 0.5, 0.5) for each, (x, n) in zip(alike, cells, strict=True)]
    weights = np.prod(either, axis=0)
    picked = generator.choice(draws, draws, p=weights / weights.sum())
    found: list[Floats] = []
    for (x, n), shared, total in zip(cells, alike, either, strict=True):
        is_alike = generator.random(draws) < (shared / total)[picked]
        own_a, own_b = np.where(is_alike, a[picked], 0.5), np.where(is_alike, b[picked], 0.5)
        found.append(generator.beta(own_a + x, own_b + n - x))
    return found


@pytest.mark.parametrize(
    "cells",
    [
        [(2, 1, 20), (0, 0, 20), (5, 1, 20), (3, 3, 20)],
        [(10, 2, 60), (4, 4, 30), (30, 3, 80), (1, 0, 25), (6, 2, 50)],
    ],
)
def test_posteriors_agree_with_simulation(cells: Cells) -> None:
    generator = np.random.default_rng(11)
    often = simulated_rates([(lost + won, n) for lost, won, n in cells], 200_000, generator)
    losing = simulated_rates([(lost, lost + won) for lost, won, _ in cells], 200_000, generator)
    for rate, side, found in zip(often, losing, points(cells), strict=True):
        loss = 100 * rate * (2 * side - 1)
        assert found[1] == pytest.approx(loss.mean(), abs=0.35)
        assert (found[0], found[2]) == pytest.approx(np.quantile(loss, (0.025, 0.975)), abs=1.3)


def test_two_workloads_are_not_pooled_and_three_are() -> None:
    frame = workload_frame(*(workload(name) for name in "abc"))
    two = verdicts(frame, pl.concat([outcomes(name, both=40, lost=3) for name in "ab"]))
    assert two["pooled_loss_point"].null_count() == 3
    three = verdicts(frame, pl.concat([outcomes(name, both=40, lost=3) for name in "abc"]))
    assert three["pooled_units"].to_list() == [3, 3, 3]


cells = st.lists(
    st.tuples(st.integers(0, 15), st.integers(0, 15), st.integers(0, 60)).map(lambda c: (c[0], c[1], sum(c) + 1)),
    min_size=3,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(cells, st.sampled_from([0.1, 0.5, 1.0]))
def test_bounds_are_in_order_possible_and_independent_of_the_order_of_workloads(cells: Cells, size: float) -> None:
    found = points(cells, size)
    assert all(-100 <= low <= point <= high <= 100 for low, point, high in found)
    turned = [value for each in points(cells[::-1], size)[::-1] for value in each]
    assert turned == pytest.approx([value for each in found for value in each], abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(cells)
def test_swapping_the_models_turns_every_pooled_loss_round(cells: Cells) -> None:
    mirrored = points([(won, lost, n) for lost, won, n in cells])
    for (low, point, high), other in zip(points(cells), mirrored, strict=True):
        assert other == pytest.approx((-high, -point, -low), abs=1e-6)


def test_similar_workloads_borrow_and_many_pairs_need_not() -> None:
    few = points([(3, 1, 30)] * 20)
    alone = points([(3, 1, 30)] * 3)
    low, high = tango_interval(3, 1, 30)
    assert few[0][2] - few[0][0] < alone[0][2] - alone[0][0] < 100 * (high - low)
    assert few[0][2] - few[0][0] < 40 * (high - low)
    low, point, high = points([(35, 20, 1319), (9, 1, 60), (8, 2, 60), (12, 1, 60)])[0]
    assert point == pytest.approx(1.137, abs=0.3)  # gsm stays gsm
    assert (low, high) == pytest.approx((0.04, 2.30), abs=0.4)


def test_an_outlier_does_not_drag_the_others() -> None:
    usual: Cells = [(3, 1, 50)] * 8
    without, beside = points(usual)[0], points([*usual, (45, 0, 50)])[0]
    assert beside[1] == pytest.approx(without[1], abs=1.5)
    outlier = points([*usual, (45, 0, 50)])[-1]
    assert outlier[1] > 75  # 90 alone


def test_graded_losses_keep_their_mean_and_gain_from_small_differences() -> None:
    graded = points([(30, 10, 400)] * 4, size=0.1)
    full = points([(30, 10, 400)] * 4)
    assert graded[0] == pytest.approx([value / 10 for value in full[0]], abs=1e-9)


def test_a_suspect_workload_is_neither_pooled_nor_lends_anything() -> None:
    found = public_pairs(ROUTELLM)
    models = found.row(0, named=True)
    names = found["workload_id"].unique(maintain_order=True)
    frame = workload_frame(*(workload(name, incumbent_model=models["incumbent_model"]) for name in names))
    candidate = str(models["candidate_model"])
    all_of_them = verdicts(frame, found, candidate)
    others = verdicts(frame, found.filter(pl.col("endpoint") != ARTEFACT), candidate)
    row = one(all_of_them, ARTEFACT)
    assert (row["verdict"], row["pooled_loss_point"]) == ("pilot", None)
    assert row["reasons"] == ["suspect_scorer"]
    columns = ["workload_id", "pooled_loss_low", "pooled_loss_point", "pooled_loss_high"]
    rest = pl.col("workload_id") != ARTEFACT
    assert all_of_them.filter(rest).select(columns).equals(others.filter(rest).select(columns))
    assert set(all_of_them.filter(rest)["pooled_units"]) == {57}


def test_a_confirmed_task_type_with_enough_workloads_is_a_pool_of_its_own() -> None:
    easy, hard = ("a", "b", "c"), ("x", "y", "z")
    rows = [workload(name, confirmed_task_type="extraction") for name in easy]
    rows += [workload(name, confirmed_task_type="chat") for name in hard[:2]]
    frame = workload_frame(*rows, workload("z"))
    found = pl.concat(
        [outcomes(name, both=38, lost=1, won=1) for name in easy]
        + [outcomes(name, both=25, lost=14, won=1) for name in hard]
    )
    result = verdicts(frame, found)
    assert result["pooled_units"].to_list() == [3, 3, 3, 6, 6, 6]  # two chats are too few, and z is unconfirmed
    unconfirmed = verdicts(workload_frame(*(workload(name) for name in easy + hard)), found)
    assert result["pooled_loss_point"][0] < unconfirmed["pooled_loss_point"][0]


def test_outcomes_of_other_incumbents_are_not_mixed() -> None:
    frame = workload_frame(
        *(workload(name) for name in "abc"), *(workload(name, incumbent_model="gpt-4o-2024-05-13") for name in "xyz")
    )
    found = [outcomes(name, both=40, lost=3) for name in "abc"]
    found += [outcomes(name, both=40, lost=20, incumbent_model="gpt-4o-2024-05-13") for name in "xyz"]
    assert set(verdicts(frame, pl.concat(found))["pooled_units"]) == {3}


def test_pooling_changes_no_verdict() -> None:
    """A workload that loses much among many that lose nothing is kept, however kind its company."""
    names = [f"w{index}" for index in range(12)]
    found = pl.concat([outcomes(name, both=60) for name in names] + [outcomes("bad", both=40, lost=20)])
    result = verdicts(workload_frame(*(workload(name) for name in names), workload("bad")), found)
    assert one(result, "bad")["verdict"] == "keep"
    alone = verdicts(workload_frame(workload("bad")), found)
    assert one(alone, "bad")["quality_loss_high"] == one(result, "bad")["quality_loss_high"]


def test_pooling_would_wave_through_a_bad_workload_in_good_company_which_is_why_it_decides_nothing() -> None:
    """One workload loses 8 points among nineteen that lose 1; 100 pairs each, margin 5, 200 times."""
    generator = np.random.default_rng(3)
    together = alone = 0
    for _ in range(200):
        good = generator.multinomial(100, (0.035, 0.025, 0.94), size=19).tolist()
        lost, won, _ = generator.multinomial(100, (0.10, 0.02, 0.88)).tolist()
        together += points([*((b, c, 100) for b, c, _ in good), (lost, won, 100)])[-1][2] <= 5
        alone += tango_interval(lost, won, 100)[1] <= 0.05
    assert alone / 200 <= 0.025
    assert together / 200 > 0.05


def test_pooled_intervals_cover_planted_losses_and_come_closer_to_them() -> None:
    """Twelve workloads of 30 graded pairs, losses spread over four points, 60 times."""
    generator = np.random.default_rng(5)
    covered: list[float] = []
    errors: list[tuple[float, float]] = []
    names = [f"w{index}" for index in range(12)]
    frame = workload_frame(*(workload(name) for name in names))
    for _ in range(60):
        chance = np.clip(generator.normal(0.16, 0.05, 12), 0.02, 0.4)
        parts: list[pl.DataFrame] = []
        for name, share in zip(names, chance.tolist(), strict=True):
            lost = generator.choice([0.0, 0.5, -0.5], size=30, p=[1 - share - 0.06, share, 0.06])
            parts.append(pairs(name, (0.5 + lost / 2).tolist(), (0.5 - lost / 2).tolist()))
        truth = 50 * (chance - 0.06)
        result = verdicts(frame, pl.concat(parts))
        low, point, high, own = (
            result[name].to_numpy()
            for name in ("pooled_loss_low", "pooled_loss_point", "pooled_loss_high", "quality_loss_point")
        )
        sound = ~np.isnan(point)  # a lucky sample looks suspect and is not pooled
        covered += ((low <= truth) & (truth <= high))[sound].tolist()
        errors += zip(np.abs(point - truth)[sound].tolist(), np.abs(own - truth)[sound].tolist(), strict=True)
    together, alone = np.mean(errors, axis=0).tolist()
    assert 0.93 <= np.mean(covered) <= 0.985
    assert together < 0.75 * alone
