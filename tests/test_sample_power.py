"""The power that a sample is said to have is the share of samples that the real decision calls `within`."""

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.typing import NDArray

from audit.evidence.estimates import PLANNING_DISCORDANCE, quality_loss, sample_size
from audit.evidence.statistics import pairs_needed, tango_p
from audit.sampling.power import (
    Spread,
    design_effect,
    half_width,
    planning_spread,
    power,
)

SAMPLES = 4000
Scores = NDArray[np.float64]


def shown(pairs: int, discordance: float, gap: float, margin: float, alpha: float) -> float:
    """Share of simulated samples in which Tango's test finds the loss below the margin."""
    generator = np.random.default_rng(3)
    chances = [(discordance + gap) / 2, (discordance - gap) / 2, 1 - discordance]
    found, counts = np.unique(generator.multinomial(pairs, chances, size=SAMPLES)[:, :2], axis=0, return_counts=True)
    hits = [tango_p(float(b), float(c), pairs, margin) <= alpha for b, c in found]
    return float(counts[hits].sum() / SAMPLES)


@pytest.mark.parametrize("alpha", [0.025, 0.025 / 8])
@pytest.mark.parametrize(
    ("discordance", "gap", "margin"),
    [(0.127, 0.0, 0.05), (0.127, 0.025, 0.05), (0.041, 0.0, 0.05), (0.24, 0.0, 0.02), (0.041, 0.01, 0.02)],
)
@pytest.mark.parametrize("wanted", [0.3, 0.8])
def test_power_is_that_of_the_tango_decision(
    discordance: float, gap: float, margin: float, alpha: float, wanted: float
) -> None:
    pairs = sample_size(discordance, gap, margin, alpha, wanted)
    told = power(pairs, discordance, gap, margin, alpha)
    assert told == pytest.approx(wanted, abs=0.01) or pairs == 30
    near = 0.035 if discordance * pairs > 10 else 0.06  # counts are whole: where only few differ, the test jumps
    assert told == pytest.approx(shown(pairs, discordance, gap, margin, alpha), abs=near)


def test_the_usual_formula_promises_too_much_where_few_pairs_differ() -> None:
    """Connor's n has 80 % in its own eyes; at 4.1 % discordance and 5 points Tango passes some 60 % of such samples."""
    pairs = math.ceil(pairs_needed(0.041, 0.0, 0.05, is_graded=True))
    assert shown(pairs, 0.041, 0.0, 0.05, 0.025) == pytest.approx(power(pairs, 0.041, 0.0, 0.05, 0.025), abs=0.035)
    assert shown(pairs, 0.041, 0.0, 0.05, 0.025) < 0.7


@pytest.mark.parametrize(("spread", "gap"), [(0.1, 0.0), (0.1, 0.02), (0.05, 0.03), (0.1, -0.02), (0.3, 0.01)])
def test_graded_pairs_are_enough_for_the_rare_losses_that_they_must_rule_out(spread: float, gap: float) -> None:
    """Differences that are nearly alike are not decided by their spread."""
    discordance = spread**2 + gap**2
    pairs = sample_size(discordance, gap, 0.05, 0.025, 0.8, is_graded=True)
    told = power(pairs, discordance, gap, 0.05, 0.025, is_graded=True)
    generator = np.random.default_rng(7)
    found = [
        quality_loss(np.full(pairs, 0.5), 0.5 - generator.normal(gap, spread, pairs), np.ones(pairs), 0.05)
        for _ in range(1000)
    ]
    hits = np.mean([loss.reading == "within" and loss.p <= 0.025 for loss in found])
    assert hits >= 0.77
    assert told == pytest.approx(hits, abs=0.04)


def _stratified(counts: Iterable[int], sizes: Iterable[int], gap: float, generator: np.random.Generator) -> bool:
    """Whether the verdict's own estimator, on weighted strata, reads a loss within 5 points."""
    incumbent: list[Scores] = []
    candidate: list[Scores] = []
    weights: list[Scores] = []
    for count, size in zip(counts, sizes, strict=True):
        kind = generator.choice(3, count, p=[(0.127 + gap) / 2, (0.127 - gap) / 2, 1 - 0.127])
        incumbent.append((kind != 1).astype(float))
        candidate.append((kind != 0).astype(float))
        weights.append(np.full(count, size / count))
    loss = quality_loss(np.concatenate(incumbent), np.concatenate(candidate), np.concatenate(weights), 0.05)
    return loss.reading == "within" and loss.p <= 0.025


@pytest.mark.parametrize("gap", [0.0, 0.02])
def test_the_design_effect_tells_what_unequal_weights_cost_the_decision(gap: float) -> None:
    counts, sizes = (100, 170, 330), (1000, 1000, 1000)
    effective = sum(counts) / design_effect(sizes, counts)
    generator = np.random.default_rng(11)
    hits = np.mean([_stratified(counts, sizes, gap, generator) for _ in range(1500)])
    # with weights the verdict reads a Student interval, which is a little bolder than Tango's
    assert hits - 0.07 <= power(effective, 0.127, gap, 0.05, 0.025) <= hits + 0.02


def test_the_design_effect_is_kishs_sample_over_effective_size() -> None:
    sizes, counts = (500, 300, 200), (10, 40, 50)
    weights = np.repeat([size / count for size, count in zip(sizes, counts, strict=True)], counts)
    kish = len(weights) * (weights**2).sum() / weights.sum() ** 2
    assert design_effect(sizes, counts) == pytest.approx(kish)
    assert design_effect((40, 60), (20, 30)) == pytest.approx(1)
    assert design_effect((40, 60), (20, 0)) == math.inf


@given(pairs=some.integers(30, 5000), discordance=some.floats(0.01, 0.5), margin=some.floats(0.01, 0.2))
def test_power_grows_with_pairs_and_falls_with_the_true_loss(pairs: int, discordance: float, margin: float) -> None:
    alpha = 0.025
    none, half = power(pairs, discordance, 0.0, margin, alpha), power(pairs, discordance, margin / 2, margin, alpha)
    if discordance > margin / 2:
        assert none >= half - 1e-12
    assert 0 <= power(pairs, discordance, 0.0, margin, alpha / 5) <= none <= 1
    assert power(2 * pairs, discordance, 0.0, margin, alpha) >= none - 1e-12


def test_less_than_thirty_pairs_show_nothing_because_verdicts_do_not_route_on_them() -> None:
    assert power(29, 0.0, 0.0, 0.2, 0.025) == 0
    assert sample_size(0.0001, 0.0, 0.2, 0.025, 0.8) >= 30


def test_the_half_width_is_what_the_planning_rule_says() -> None:
    """n = (1.96 / h)^2 psi: discordances of 4.1 % to 24 % need 385 to 2,305 pairs for two points."""
    assert half_width(385, math.sqrt(0.0401)) == pytest.approx(0.02, abs=1e-4)
    assert half_width(2305, math.sqrt(0.24)) == pytest.approx(0.02, abs=1e-4)
    assert half_width(0, 0.3) == 1


def test_a_pilot_moves_the_planned_spread_by_its_size() -> None:
    assert planning_spread(0, 0, 0) == Spread(discordance=PLANNING_DISCORDANCE, gap=0.0)
    lucky = planning_spread(30, 0, 0)
    assert lucky.discordance == pytest.approx(PLANNING_DISCORDANCE / 2)
    many = planning_spread(3000, 720, 90)
    assert many.discordance == pytest.approx(0.24, abs=0.002)
    assert many.gap == pytest.approx(0.03, abs=0.001)
    assert many.deviation == pytest.approx(math.sqrt(0.24 - 0.03**2), abs=0.005)
