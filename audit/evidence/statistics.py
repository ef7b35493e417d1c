"""The few statistics every verdict rests on, written out because no kept-up library ships them together.

All differences are incumbent minus candidate on the 0..1 scale of the scores: positive is a quality loss.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

import numpy as np
import scipy.special
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

# scipy ships no type information: its functions get their types here, once.
_special = cast("dict[str, object]", vars(scipy.special))
_normal_quantile = cast("Callable[[float], float]", _special["ndtri"])
_student_cdf = cast("Callable[[float, float], float]", _special["stdtr"])
_student_quantile = cast("Callable[[float, float], float]", _special["stdtrit"])
_beta_quantile = cast("Callable[[float, float, Floats], Floats]", _special["betaincinv"])

CONFIDENCE = 0.95
"""Two-sided level of every interval; its upper end is a one-sided test at 0.025."""

_BISECTIONS = 60
"""Halvings of an interval of length 2: 2 / 2^60 is below the spacing of doubles near 1."""


def normal_cdf(z: float) -> float:
    """P(Z <= z) of the standard normal distribution."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def normal_quantile(probability: float) -> float:
    """Value z with P(Z <= z) = probability.

    >>> round(normal_quantile(0.975), 3)
    1.96
    """
    return float(_normal_quantile(probability))


def student_quantile(degrees: float, probability: float) -> float:
    """Value t with P(T <= t) = probability at `degrees` of freedom."""
    return float(_student_quantile(degrees, probability))


def beta_quantile(alpha: float, beta: float, probability: Floats) -> Floats:
    """Quantiles of Beta(alpha, beta), one per probability."""
    return _beta_quantile(alpha, beta, probability)


def wilson(successes: float, trials: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of one rate, (0, 1) without trials. Wilson 1927.

    >>> tuple(round(bound, 3) for bound in wilson(48, 50))
    (0.865, 0.989)
    """
    if trials <= 0:
        return 0.0, 1.0
    z = normal_quantile((1 + confidence) / 2)
    rate = successes / trials
    shrink = 1 + z * z / trials
    centre = (rate + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials)) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)


def tango_z(b: float, c: float, n: float, gap: float) -> float:
    """Score statistic of "the paired gap is `gap`"; it falls as `gap` grows. Tango 1998.

    b = pairs only the incumbent got right, c = only the candidate, n = all pairs: Z = (b - c - n gap) / √variance.
    """
    variance = _tango_variance(b, c, n, gap)
    excess = b - c - n * gap
    if variance <= 1e-15 * n:  # the hypothesis allows no spread: any excess contradicts it outright
        return math.copysign(math.inf, excess) if abs(excess) > 1e-9 * n else 0.0
    return excess / math.sqrt(variance)


def _tango_variance(b: float, c: float, n: float, gap: float) -> float:
    """Of b - c if the gap is `gap`: n (2q + gap (1 - gap)), with q the constrained estimate of P(only candidate)."""
    linear = -b - c + (2 * n - b + c) * gap
    root = math.sqrt(max(0.0, linear * linear + 8 * n * c * gap * (1 - gap)))
    return n * ((root - linear) / (2 * n) + gap * (1 - gap))


@lru_cache(maxsize=1 << 16)
def tango_interval(b: float, c: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of the paired gap of two rates, (-1, 1) without pairs. Tango 1998.

    >>> tuple(round(bound, 4) for bound in tango_interval(109, 20, 800))
    (0.0853, 0.1391)
    """
    if n <= 0:
        return -1.0, 1.0
    z = normal_quantile((1 + confidence) / 2)
    gap = (b - c) / n
    return _crossing(b, c, n, z, -1.0, gap), _crossing(b, c, n, -z, gap, 1.0)


def _crossing(b: float, c: float, n: float, level: float, low: float, high: float) -> float:
    """Gap in [low, high] where the falling statistic passes `level`; the end itself where it never does."""
    if tango_z(b, c, n, low) <= level:
        return low
    if tango_z(b, c, n, high) >= level:
        return high
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if tango_z(b, c, n, middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def tango_p(b: float, c: float, n: float, margin: float) -> float:
    """One-sided p-value against "the gap is at least `margin`", 1 without pairs. Tango 1998.

    >>> round(tango_p(40, 14, 1319, 0.03), 3)
    0.041
    """
    return normal_cdf(tango_z(b, c, n, margin)) if n > 0 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedMean:
    """A weighted mean of paired differences with its standard error, degrees of freedom and skewness.

    Differences of graded scores are skewed: most pairs tie and a few lose much. Student's interval then ends too low
    on the side of the losses, which is the side a route is decided on. Interval and test are therefore the wider of
    Student's and of Student's after Hall's cubic transformation, which removes the skewness to first order:
    T + a T² / 3 + a² T³ / 27 + a / 6. Hall 1992.
    """

    mean: float
    error: float
    degrees: float
    skewness: float = 0.0
    """a: third moment of the mean over its standard error cubed, the skewness of one pair over the root of n."""

    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean, cut to the possible [-1, 1]."""
        low, high = self.bounds()
        return max(-1.0, low), min(1.0, high)

    def bounds(self) -> tuple[float, float]:
        """95 % interval of the mean of something that may be any number; everything below one degree of freedom."""
        if self.degrees < 1:
            return -math.inf, math.inf
        t = student_quantile(self.degrees, (1 + CONFIDENCE) / 2)
        below, above = max(t, self._untransformed(t)), min(-t, self._untransformed(-t))
        return self.mean - below * self.error, self.mean - above * self.error

    def p(self, margin: float) -> float:
        """One-sided p-value against "the mean is at least `margin`"."""
        if self.degrees < 1:
            return 1.0
        excess = self.mean - margin
        if self.error == 0:
            return 0.0 if excess < 0 else 1.0
        t, a = excess / self.error, self.skewness
        transformed = t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6
        return float(_student_cdf(self.degrees, max(t, transformed)))

    def _untransformed(self, t: float) -> float:
        """The statistic that Hall's transformation takes to `t`: it only rises, so there is one."""
        a = self.skewness
        return t if abs(a) < 1e-9 else 3 / a * (math.cbrt(1 + a * (t - a / 6)) - 1)


def paired_mean(differences: Floats, weights: Floats, discounts: Floats | None = None) -> PairedMean:
    """Ratio-weighted mean of differences; error by linearisation, n/(n-1) Σ w²(d - mean)² / (Σ w)². Cochran 1977.

    Degrees of freedom are n - 1 for equal weights and effective size - 1 otherwise, (Σ w)² / Σ w² - 1:
    a few heavy pairs are few pairs. A pair discounted by a counts as a pair of 1/a times the variance. Skewness is
    that of the linearised pairs.
    """
    n = len(differences)
    if n == 0:
        return PairedMean(mean=0.0, error=0.0, degrees=0.0)
    total = float(weights.sum())
    mean = float((weights * differences).sum()) / total
    noise = weights if discounts is None else weights / np.sqrt(discounts)
    parts = noise * (differences - mean) / total
    size = math.sqrt(float((parts**2).sum()))
    return PairedMean(
        mean=mean,
        error=size * math.sqrt(n / (n - 1)) if n > 1 else 0.0,
        degrees=effective_size(weights, discounts) - 1,
        skewness=float(((parts / size) ** 3).sum()) if size > 0 else 0.0,
    )


def paired_mean_interval(differences: Floats, weights: Floats | None = None) -> tuple[float, float]:
    """95 % interval of the (weighted) mean difference, (-1, 1) for fewer than two pairs."""
    return paired_mean(differences, np.ones(len(differences)) if weights is None else weights).interval()


def effective_size(weights: Floats, discounts: Floats | None = None) -> float:
    """Number of equally weighted pairs that carry as much, (Σ w)² / Σ w²; 0 without pairs. Kish 1965.

    With discounts a, already part of the weights: (Σ w)² / Σ (w² / a), which is Σ a where the weights differ in
    nothing else, the size of a sample whose likelihood is raised to a. Ibrahim and Chen 2000.
    """
    if not len(weights):
        return 0.0
    noise = weights**2 if discounts is None else weights**2 / discounts
    # equal pairs are a whole number of pairs, in whatever unit their weights are
    return round(float(weights.sum() ** 2 / noise.sum()), 9)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: max over j <= i of min(1, (k - j + 1) p_(j)). Holm 1979.

    >>> [round(p, 3) for p in holm([0.03, 0.001, 0.2, 0.008, 0.012])]
    [0.06, 0.005, 0.2, 0.032, 0.036]
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def pairs_needed(
    discordance: float,
    gap: float,
    margin: float,
    alpha: float = 0.025,
    power: float = 0.8,
    *,
    is_graded: bool = False,
) -> float:
    """Pairs for the test to separate a loss of `gap` from `margin`, infinite when they are equal. Nam 1997.

    ((z_{1-alpha} s₀ + z_power s₁) / (margin - gap))², with s₁² = ψ - δ² the variance of a difference and s₀² the one
    that the test assumes at the margin. ψ, the discordance, is the mean squared difference: for 0/1 scores the share of
    pairs that differ.

    >>> math.ceil(pairs_needed(0.127, 0.0, 0.05))
    427
    """
    if gap == margin:
        return math.inf
    spread = math.sqrt(max(0.0, discordance - gap * gap))
    assumed = null_deviation(discordance, gap, margin, is_graded=is_graded)
    return ((normal_quantile(1 - alpha) * assumed + normal_quantile(power) * spread) / (margin - gap)) ** 2


def null_deviation(discordance: float, gap: float, margin: float, *, is_graded: bool) -> float:
    """Standard deviation of a difference as the test assumes it at the margin, in the limit of many pairs.

    Tango's test of 0/1 scores reckons with what the margin would bring about, Student's of graded ones with what it
    sees (Connor 1987).
    """
    if is_graded:
        return math.sqrt(max(0.0, discordance - gap * gap))
    differing = max(discordance, abs(gap))
    return math.sqrt(_tango_variance((differing + gap) / 2, (differing - gap) / 2, 1.0, margin))
