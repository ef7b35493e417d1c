"""Do the parts of a sample differ, and do they differ in sign: two tests over estimates with known variances."""

import math
from collections.abc import Callable
from typing import cast

import scipy.special

from audit.evidence.statistics import Floats

# scipy ships no type information: P(chi-square of `degrees` > value).
_chi_square_above = cast("Callable[[float, float], float]", vars(scipy.special)["chdtrc"])


def smoothed(mean: float, square: float, size: float) -> tuple[float, float]:
    """Mean and its variance from the mean difference, the mean squared difference and the size of a part.

    One pair is added that half the time is lost and half the time won, and one that is equal: for 0/1 scores the
    half of a pair in each of the four cells of Agresti and Min 2005. A part in which nothing differed by luck would
    otherwise have no variance at all.

    >>> tuple(round(value, 5) for value in smoothed(0.0, 0.0, 48))
    (0.0, 0.0004)
    """
    total = size + 2
    centre = size * mean / total
    return centre, ((size * square + 1) / total - centre**2) / total


def cochran_p(means: Floats, variances: Floats) -> float:
    """P-value of "all parts have one mean", 1 for fewer than two parts. Cochran 1954.

    Q = Σ (m - m̄)² / v with m̄ the mean weighted by 1/v, chi-square of k - 1 degrees.
    """
    if len(means) < 2:
        return 1.0
    weights = 1 / variances
    centre = float((weights * means).sum() / weights.sum())
    return float(_chi_square_above(len(means) - 1, float((weights * (means - centre) ** 2).sum())))


def gail_simon_p(means: Floats, variances: Floats) -> float:
    """P-value of "no two parts have means of opposite sign", 1 for fewer than two parts. Gail and Simon 1985.

    Q = min of Σ m²/v over the positive and over the negative means; with k parts P = Σ over h = 1..k-1 of
    C(k-1, h) / 2^(k-1) P(chi-square of h degrees > Q), the least favourable mixture.

    >>> import numpy as np
    >>> round(gail_simon_p(np.array([1.645, -1.645]), np.ones(2)), 3)
    0.05
    """
    k = len(means)
    if k < 2:
        return 1.0
    ratios = means**2 / variances
    smaller = min(float(ratios[means > 0].sum()), float(ratios[means < 0].sum()))
    if smaller == 0:
        return 1.0
    return sum(math.comb(k - 1, h) / 2 ** (k - 1) * float(_chi_square_above(h, smaller)) for h in range(1, k))
