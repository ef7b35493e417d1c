"""Paired outcomes of one decision unit -> quality loss and output-length ratio, each with its interval."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from audit.assumptions import Range
from audit.evidence.statistics import (
    Floats,
    PairedMean,
    effective_size,
    normal_quantile,
    paired_mean,
    pairs_needed,
    tango_interval,
    tango_p,
)

MIN_PAIRS = 30
"""Pairs below which nothing is routed: the usual floor per stratum of a replay."""

MIN_LENGTHS = 10
"""Equally weighted pairs below which no length ratio is believed. On ZeroEval and Shaberi a 90 % interval from 10 or
20 pairs covers the ratio of the endpoint in 90 to 98 % of the samples; the range assumed without pairs misses 7 of the
11 outright."""

LENGTH_SPREAD = 0.43
"""Standard deviation of the logarithm of a pair's length ratio: 0.55 to 2.25 in 90 % of the pairs of ZeroEval."""

MIN_DIFFERING = 10
"""Unequal pairs below which a Student interval is widened: a few differences say little about their own spread. They
count by what they carry of the effective size: many light ones are no sign that the heavy ones show theirs."""

IMPLAUSIBLE_SCORE = 0.20
"""An incumbent in production that scores below this is more likely misread than this bad."""

IMPLAUSIBLE_GAIN = 0.10
"""A smaller model that beats the incumbent by more than this is more likely a scoring artefact."""

MOST_PAIRS = 1_000_000
"""Cap of a sample size: a gap this close to the margin is not worth resolving."""

PLANNING_DISCORDANCE = 0.127
"""Share of pairs that differ, to plan a first replay with: all four ZeroEval tasks, gpt-4o-2024-05-13 and mini."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLoss:
    """Loss on the candidate as a fraction of the score range: interval, test against the margin, and plausibility."""

    pairs: int
    size: float
    """Equally weighted pairs of today that carry as much."""
    loss: Range
    p: float
    margin: float
    mean_absolute: float
    variance: float
    is_suspect: bool
    design_effect: float = 1.0
    """Pairs of this sampling design that carry as much as one of equal weight. Kish 1965."""
    is_graded: bool = False
    """Some score is neither 0 nor 1."""

    @property
    def reading(self) -> Literal["within", "above", "open"]:
        """Where the whole interval lies relative to the margin."""
        if self.loss.high <= self.margin:
            return "within"
        return "above" if self.loss.low > self.margin else "open"

    def further_pairs(self, alpha: float, power: float) -> int:
        """Pairs still missing for a verdict at one-sided `alpha`, if the loss is what it looks like; at least 1.

        They are new, so nothing discounts them, and drawn as the present ones were, so the design effect remains. The
        variance is smoothed by one differing pair, or a lucky start would ask for nothing.
        """
        smoothed = (self.variance * self.size + 1) / (self.size + 2)
        wanted = sample_size(smoothed, self.loss.point, self.margin, alpha, power, is_graded=self.is_graded)
        return max(1, math.ceil(min((wanted - self.size) * self.design_effect, MOST_PAIRS)))


def first_pairs(margin: float, alpha: float, power: float) -> int:
    """Pairs for a first verdict on an unmeasured workload, if the candidate is in truth as good as the incumbent."""
    return sample_size(PLANNING_DISCORDANCE, 0.0, margin, alpha, power)


def sample_size(
    discordance: float, gap: float, margin: float, alpha: float, power: float, *, is_graded: bool = False
) -> int:
    """Pairs in all, within MIN_PAIRS..MOST_PAIRS; of graded scores enough to rule out full losses not drawn as well."""
    needed = pairs_needed(discordance, gap, margin, alpha, power, is_graded=is_graded)
    if is_graded and gap < margin:
        needed = max(needed, _pairs_to_rule_out(discordance, gap, margin, alpha, power))
    return math.ceil(min(max(needed, MIN_PAIRS), MOST_PAIRS))


def _pairs_to_rule_out(discordance: float, gap: float, margin: float, alpha: float, power: float) -> float:
    """Pairs whose mean is in `power` of the samples at most `largest_mean`, and that is no gain."""
    chance = max(0.0, normal_quantile(power)) * math.sqrt(max(0.0, discordance - gap * gap))
    none_drawn = normal_quantile(1 - alpha) ** 2 * (1 - margin)
    inverse_root = (math.sqrt(chance**2 + 4 * none_drawn * (margin - gap)) - chance) / (2 * none_drawn)
    return max(inverse_root**-2, none_drawn / margin)


def largest_mean(pairs: float, margin: float, alpha: float) -> float:
    """Largest mean difference of graded scores at which `pairs` can rule out full losses not drawn; below 0: none.

    Tango's test of b = c = 0 at the `unseen_share` of that mean.
    """
    return margin - normal_quantile(1 - alpha) ** 2 * (1 - margin) / pairs


def unseen_share(mean: float, margin: float) -> float:
    """Share of full losses that would bring differences of `mean` to `margin`; 0 where they are there without.

    A gain seen does not make up for losses not seen: below no difference, the mean counts as none.
    """
    seen = max(mean, 0.0) if margin > 0 else mean
    return (margin - seen) / (1 - seen) if seen < margin else 0.0


def paired_columns(pairs: pl.DataFrame) -> tuple[Floats, Floats, Floats, Floats]:
    """Incumbent's and candidate's scores, weights, and what each pair counts for: 1 where nobody aged them."""
    before, after, weights = (
        pairs[name].cast(pl.Float64).to_numpy() for name in ("incumbent_score", "candidate_score", "weight")
    )
    aged = "discount" in pairs.columns
    return before, after, weights, pairs["discount"].cast(pl.Float64).to_numpy() if aged else np.ones(pairs.height)


def loss_of(pairs: pl.DataFrame, margin: float) -> QualityLoss:
    """`quality_loss` of a frame of at least one pair, all with scores."""
    before, after, weights, discounts = paired_columns(pairs)
    return quality_loss(before, after, weights, margin, discounts)


def quality_loss(
    incumbent: Floats, candidate: Floats, weights: Floats, margin: float, discounts: Floats | None = None
) -> QualityLoss:
    """Mean of incumbent minus candidate score with a 95 % interval and the one-sided test against `margin`.

    Scores 0/1 with equal weights: Tango 1998. Otherwise the interval of a skewed mean of the weighted differences
    (Hall 1992); with fewer than MIN_DIFFERING unequal pairs the hull of that and of Tango on the signs, every
    difference read as a full one. Alike differences say nothing of a rare full loss that was not drawn: the interval
    leaves those out, and the test passes no sooner than Tango's of as many pairs without a difference, which has to
    rule out the share of them that would bring the mean to the margin.
    `discounts` in 0..1 are what a pair counts for; they shrink the sample that Tango sees. Needs at least one pair.
    """
    difference = incumbent - candidate
    sampled, is_self_weighted = effective_size(weights), bool(np.ptp(weights) == 0)
    weights = weights if discounts is None else weights * discounts
    size = effective_size(weights, discounts)
    total = float(weights.sum())
    lost = size * float(weights[difference > 0].sum()) / total
    won = size * float(weights[difference < 0].sum()) / total
    low, high = tango_interval(lost, won, size)
    p = tango_p(lost, won, size, margin)
    mean = paired_mean(difference, weights, discounts)
    is_binary = bool(np.isin(incumbent, (0.0, 1.0)).all() and np.isin(candidate, (0.0, 1.0)).all())
    if not (is_binary and is_self_weighted):
        graded = mean.interval()
        if round(lost + won, 6) < MIN_DIFFERING:
            low, high, p = min(low, graded[0]), max(high, graded[1]), max(p, mean.p(margin))
        else:
            (low, high), p = graded, mean.p(margin)
        if unseen := unseen_share(mean.mean, margin):
            p = max(p, tango_p(0, 0, size, unseen))
    before, after = (float((weights * scores).sum()) / total for scores in (incumbent, candidate))
    return QualityLoss(
        pairs=len(difference),
        size=size,
        loss=Range(low=min(low, mean.mean), point=mean.mean, high=max(high, mean.mean)),
        p=p,
        margin=margin,
        mean_absolute=float((weights * np.abs(difference)).sum()) / total,
        variance=float((weights * difference**2).sum()) / total,
        is_suspect=before < IMPLAUSIBLE_SCORE or after - before > IMPLAUSIBLE_GAIN,
        design_effect=len(difference) / sampled,
        is_graded=not is_binary,
    )


def output_ratio(pairs: pl.DataFrame) -> Range | None:
    """Candidate output tokens per incumbent output token, None where known lengths count for fewer than MIN_LENGTHS.

    Ratio of weighted sums. The error of its logarithm is the jackknife's (Tukey 1958), which a few runaway answers
    widen as they should, and as if two more pairs had been seen, one of the usual spread on either side; a pair
    discounted by a has 1/a times the variance. The interval is that of a skewed mean (Hall 1992), on the log scale, so
    that it stays above 0.
    """
    if pairs["candidate_output_tokens"].null_count() == pairs.height:
        return None
    known = pairs.filter((pl.col("candidate_output_tokens") > 0) & (pl.col("incumbent_output_tokens") > 0))
    n = known.height
    weights, after, before = (
        known[name].cast(pl.Float64).to_numpy()
        for name in ("weight", "candidate_output_tokens", "incumbent_output_tokens")
    )
    discounts = known["discount"].cast(pl.Float64).to_numpy() if "discount" in known.columns else np.ones(n)
    weights = weights * discounts
    size = effective_size(weights, discounts)
    if round(size, 6) < MIN_LENGTHS:
        return None
    after, before = weights * after, weights * before
    without_one = np.log((after.sum() - after) / (before.sum() - before))
    parts = (without_one.mean() - without_one) / np.sqrt(discounts)
    ratio = float(after.sum() / before.sum())
    error = math.hypot(math.sqrt(float((parts**2).sum()) * (n - 1) / n), LENGTH_SPREAD * math.sqrt(2) / size)
    estimate = PairedMean(
        mean=math.log(ratio), error=error, degrees=size - 1, skewness=float((parts**3).sum()) / error**3
    )
    low, high = estimate.bounds()
    return Range(low=math.exp(low), point=ratio, high=math.exp(high))
