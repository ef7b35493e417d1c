"""Several workloads' losses estimated together: what the others lost says something about each, and how much is data.

A loss is two rates: how often the models differ, and how often the incumbent wins where they do. Both follow a
Beta-binomial over the workloads, so a workload without a single differing pair still has a spread. The parameters of
the two distributions are not plugged in but averaged over, by their likelihood: with few workloads nobody knows how
alike they are, and the intervals have to say so (Morris 1983). An outlier neither drags the others nor is dragged to
them by much, since every workload may come from a vague distribution instead (Schmidli et al. 2014).

The posterior of a workload is its own likelihood times the prior that all *other* workloads give: none shrinks to
itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import scipy.special

from audit.assumptions import Range
from audit.evidence.statistics import CONFIDENCE, Floats, normal_quantile

_log_beta = cast("Callable[[Floats | float, Floats | float], Floats]", vars(scipy.special)["betaln"])

MIN_WORKLOADS = 3
"""Workloads below which nothing is shared: two cannot show how much workloads vary. With three random RouteLLM
categories of 20 pairs the mean error falls by 22 %, at a coverage of 95 %."""

VAGUE_SHARE = 0.1
"""Prior weight of "this workload is unlike the others": Beta(1/2, 1/2) instead of what they share."""

_MEANS = 0.5 - 0.5 * np.cos(np.pi * (np.arange(24) + 0.5) / 24)
"""Possible means of a rate, even on the arcsine scale on which a share is equally well known everywhere."""

_SPREADS = np.linspace(0.03, 0.6, 14)
"""Possible spreads of a rate, 1 / sqrt(1 + a + b): even in the standard deviation. Gelman 2006."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Paired differences of one workload, summed up; `pairs` may be an effective number."""

    pairs: float
    mean: float
    mean_absolute: float
    mean_square: float


def shrunken(workloads: Sequence[Differences]) -> list[Range] | None:
    """Posterior mean and 95 % interval of each loss, as fractions; None for fewer than MIN_WORKLOADS workloads.

    Graded differences count as fewer full ones of one common size, Σ d² / Σ |d| over all pairs, which keeps each mean
    and, over all workloads, the variance. Bounds are the Cornish-Fisher quantiles (1938) of four exact moments, so no
    random draw is needed.
    """
    if len(workloads) < MIN_WORKLOADS:
        return None
    pairs, mean, absolute, square = (
        np.array([getattr(each, name) for each in workloads], dtype=np.float64)
        for name in ("pairs", "mean", "mean_absolute", "mean_square")
    )
    moved = float(pairs @ absolute)
    size = max(float(pairs @ square) / moved, float(absolute.max())) if moved else 1.0
    differing = np.minimum(pairs, pairs * absolute / size)
    lost = np.clip(pairs * (absolute + mean) / (2 * size), 0.0, differing)
    often, losing = _rates(differing, pairs), _rates(lost, differing)
    point, low, high = _quantiles(often * _centred(losing), normal_quantile((1 + CONFIDENCE) / 2))
    bounds = np.clip(size * np.stack([np.minimum(low, point), point, np.maximum(high, point)]), -1.0, 1.0)
    return [Range(low=low, point=point, high=high) for low, point, high in bounds.T.tolist()]


def _rates(successes: Floats, trials: Floats) -> Floats:
    """First four moments of each workload's rate given all data, shape (4, workloads)."""
    means, spreads = (grid.ravel() for grid in np.meshgrid(_MEANS, _SPREADS))
    strength = 1 / spreads**2 - 1
    a, b = means * strength, (1 - means) * strength
    x, rest = successes[:, None], (trials - successes)[:, None]
    alike = np.log(1 - VAGUE_SHARE) + _log_beta(a + x, b + rest) - _log_beta(a, b)
    unlike = np.log(VAGUE_SHARE) + _log_beta(0.5 + x, 0.5 + rest) - _log_beta(0.5, 0.5)
    either = np.logaddexp(alike, unlike)
    likelihood = either.sum(axis=0)
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    is_alike = np.exp(alike - either)
    shared, vague = _beta_moments(a + x, b + rest), _beta_moments(0.5 + x, 0.5 + rest)
    return np.stack(
        [(is_alike * of_all + (1 - is_alike) * own) @ weights for of_all, own in zip(shared, vague, strict=True)]
    )


def _beta_moments(a: Floats, b: Floats) -> list[Floats]:
    """E x, E x², E x³, E x⁴ of Beta(a, b)."""
    factors = [(a + power) / (a + b + power) for power in range(4)]
    return [np.prod(factors[: power + 1], axis=0) for power in range(4)]


def _centred(rate: Floats) -> Floats:
    """The same moments of 2 x - 1: the share lost minus the share won of the pairs that differ."""
    one, two, three, four = rate
    return np.stack(
        [
            2 * one - 1,
            4 * two - 4 * one + 1,
            8 * three - 12 * two + 6 * one - 1,
            16 * four - 32 * three + 24 * two - 8 * one + 1,
        ]
    )


def _quantiles(moments: Floats, z: float) -> tuple[Floats, Floats, Floats]:
    """Mean and the quantiles at -z and z of distributions with these four moments. Cornish, Fisher 1938."""
    one, two, three, four = moments
    variance = np.maximum(two - one**2, 1e-18)
    deviation = np.sqrt(variance)
    skew = (three - 3 * one * two + 2 * one**3) / deviation**3
    excess = (four - 4 * one * three + 6 * one**2 * two - 3 * one**4) / variance**2 - 3

    def at(z: float) -> Floats:
        steps = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
        return one + deviation * steps

    return one, at(-z), at(z)
