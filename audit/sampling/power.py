"""What a number of pairs will be able to show: chance of `route`, and the width of the interval to expect.

All of it plans the decision that verdicts make: a test against the margin at alpha / k, the first and hardest
step of Holm's procedure over k workloads. Sampling without replacement from a finite log is not credited: the verdict
is about the traffic to come, of which the log is itself a sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.evidence.estimates import MIN_PAIRS, PLANNING_DISCORDANCE, largest_mean
from audit.evidence.statistics import CONFIDENCE, normal_cdf, normal_quantile, null_deviation

PRIOR_PAIRS = MIN_PAIRS
"""Pairs that the planning value counts for: a pilot of that size says half of what is planned with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What is known of a workload's paired differences before the replay."""

    discordance: float = PLANNING_DISCORDANCE
    """Mean squared difference; for 0/1 scores the share of pairs that differ."""
    gap: float = 0.0
    """Mean difference, incumbent minus candidate."""
    is_graded: bool = False
    """Some score is neither 0 nor 1."""

    @property
    def deviation(self) -> float:
        """Standard deviation of one difference, √(ψ - δ²)."""
        return math.sqrt(max(0.0, self.discordance - self.gap**2))


def planning_spread(pairs: float, squares: float, differences: float, *, is_graded: bool = False) -> Spread:
    """Spread from `pairs` measured ones with these sums of squared and of plain differences, 0 where there are none.

    Both are drawn towards the planning value (no gap, 12.7 % of pairs differ) by PRIOR_PAIRS pairs that say so: a lucky
    start must not starve its workload of pairs.

    >>> planning_spread(0, 0, 0)
    Spread(discordance=0.127, gap=0.0, is_graded=False)
    """
    weight = pairs + PRIOR_PAIRS
    return Spread(
        discordance=(squares + PRIOR_PAIRS * PLANNING_DISCORDANCE) / weight,
        gap=differences / weight,
        is_graded=is_graded,
    )


def power(
    pairs: float, discordance: float, gap: float, margin: float, alpha: float, *, is_graded: bool = False
) -> float:
    """Chance that `pairs` show a loss below `margin` at one-sided `alpha`, if it is `gap` in truth. Nam 1997.

    Φ((√n (m - δ) - z s₀) / s₁), as `pairs_needed` has them. Fewer than MIN_PAIRS pairs never show it. The mean of
    graded scores must also leave room for full losses not drawn.

    >>> round(power(399, 0.127, 0.0, 0.05, 0.025), 2)
    0.77
    """
    if pairs < MIN_PAIRS:
        return 0.0
    assumed = null_deviation(discordance, gap, margin, is_graded=is_graded)
    excess = math.sqrt(pairs) * (margin - gap) - normal_quantile(1 - alpha) * assumed
    if is_graded:
        largest = largest_mean(pairs, margin, alpha)
        if largest < 0:
            return 0.0
        excess = min(excess, math.sqrt(pairs) * (largest - gap))
    spread = math.sqrt(max(discordance - gap * gap, 0.0))
    return normal_cdf(excess / spread) if spread else float(excess >= 0)


def half_width(pairs: float, deviation: float) -> float:
    """Half of the 95 % interval to expect, z S / √n; 1 without pairs."""
    return min(1.0, normal_quantile((1 + CONFIDENCE) / 2) * deviation / math.sqrt(pairs)) if pairs else 1.0


def design_effect(populations: Sequence[int], pairs: Sequence[int]) -> float:
    """How many times more pairs than a plain random sample these strata need, n Σ N² / n_h / (Σ N)². Kish 1965.

    1 where every stratum is sampled at the same rate; infinite where one of them is not sampled at all.
    """
    if any(population and not taken for population, taken in zip(populations, pairs, strict=True)):
        return math.inf
    squares = sum(population**2 / taken for population, taken in zip(populations, pairs, strict=True) if taken)
    return sum(pairs) * squares / sum(populations) ** 2
