"""Many worlds that the evidence allows: the same seed gives the same worlds, whatever the order of the rows.

What is unknown about all workloads at once is drawn once per world and shared, or errors would cancel that do not.
"""

import math
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, cast

import numpy as np
import polars as pl

from audit.assumptions import Assumptions, Range
from audit.evidence.statistics import Floats, beta_quantile, normal_quantile, student_quantile

BOUNDS = (0.025, 0.975)
"""Quantiles printed as low and high."""

MIN_DAYS = 7
"""Days below which days are not resampled: a weekday pattern cannot be seen."""

MIN_WEEKS = 3
"""Weeks from which whole weeks are resampled, which keeps the weekday pattern."""

DayBlocks = Literal["none", "days", "weeks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDraws:
    """What one decision unit draws for itself, one entry per world."""

    chance: Floats
    length: Floats

    def measured_ratio(self, ratio: Range) -> Floats:
        """Output ratios around a measured one, normal on the log scale with the 95 % bounds of `ratio`."""
        steps = self.length / normal_quantile(BOUNDS[1])
        down, up = math.log(ratio.point / ratio.low), math.log(ratio.high / ratio.point)
        return ratio.point * np.exp(down * np.minimum(steps, 0.0) + up * np.maximum(steps, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Worlds:
    """Shared draws, one entry per world, and the generator for what each decision unit draws for itself."""

    escalation_rate: Floats
    prior_ratio: Floats
    prior_quantile: Floats
    generator: np.random.Generator
    odds: dict[tuple[float, float], Floats] = field(default_factory=dict[tuple[float, float], Floats])
    """Drawn odds by (alpha, beta): many units share a prior, and quantiles of it are slow."""

    def unit(self) -> UnitDraws:
        """Draws of the next decision unit; every unit takes as many, whatever its verdict."""
        count = len(self.prior_quantile)
        return UnitDraws(chance=self.generator.random(count), length=self.generator.standard_normal(count))

    def passes(self, own: UnitDraws, pass_probability: float, alpha: float | None, beta: float | None) -> Floats:
        """1 in the worlds where a unit's loss is within its margin, else 0.

        With a prior, the odds are the same quantile of Beta(alpha, beta) for every unit of a world: if public
        workloads mislead about one unmeasured unit they mislead about all.
        """
        if alpha is None or beta is None:
            return (own.chance < pass_probability).astype(np.float64)
        if (alpha, beta) not in self.odds:
            self.odds[alpha, beta] = beta_quantile(alpha, beta, self.prior_quantile)
        return (own.chance < self.odds[alpha, beta]).astype(np.float64)


def worlds(assumptions: Assumptions, *, seed: int, draws: int) -> Worlds:
    """`draws` worlds; length and odds of unmeasured workloads and the escalation rate are shared by all of them."""
    generator = np.random.default_rng([seed, 0])
    return Worlds(
        escalation_rate=_within(assumptions.escalation_rate, generator.random(draws)),
        prior_ratio=_within(assumptions.output_ratio, generator.random(draws)),
        prior_quantile=generator.random(draws),
        generator=generator,
    )


def _within(assumed: Range, quantile: Floats) -> Floats:
    """Values of an assumed range: its bounds are the 95 % bounds, its point the median, never outside it."""
    return np.interp(quantile, (BOUNDS[0], 0.5, BOUNDS[1]), (assumed.low, assumed.point, assumed.high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days of the window drawn again: how much traffic, and how it splits over endpoints and models."""

    blocks: DayBlocks
    volume: Floats
    """Cost per day of the drawn days over that observed."""
    shares: dict[tuple[str, str], Floats]
    """(endpoint, model) -> its share of the cost of the drawn days over its observed share."""

    def share(self, endpoint: str, model: str) -> Floats:
        """How much larger than observed the part of this endpoint and model is; 1 where it has no daily cost."""
        return self.shares.get((endpoint, model), np.ones(len(self.volume)))


def resampled_days(daily: pl.DataFrame, *, seed: int, draws: int) -> Days:
    """Block bootstrap over the days of `daily` (usage_date, endpoint, model, list_cost). Efron 1979, Kuensch 1989.

    As many blocks as observed are drawn with replacement: single days from 7 days on, runs of seven days from the
    first day on with three weeks or more (a shorter last run stays one block and counts for its days). Days without
    rows count as empty. Few blocks vary less among themselves than their mean may be off, so deviations are stretched
    to the width of Student's interval: 2.7 times with three weeks, 1.6 with five, 1.1 with twenty days.
    """
    nothing = Days(blocks="none", volume=np.ones(draws), shares={})
    costs = daily.filter(pl.col("list_cost") > 0)
    if daily.is_empty() or costs.is_empty():
        return nothing
    first, last = cast("date", daily["usage_date"].min()), cast("date", daily["usage_date"].max())
    count = (last - first).days + 1
    if count < MIN_DAYS:
        return nothing
    length = 7 if count >= 7 * MIN_WEEKS else 1
    block = ((pl.col("usage_date") - first).dt.total_days() // length).alias("block")
    summed = (
        costs.group_by("endpoint", "model", block).agg(pl.col("list_cost").sum()).sort("endpoint", "model", "block")
    )
    blocks = -(-count // length)
    generator = np.random.default_rng([seed, 1])
    drawn = generator.multinomial(blocks, np.full(blocks, 1 / blocks), size=draws).astype(np.float64)
    stretch = student_quantile(blocks - 1, BOUNDS[1]) / normal_quantile(BOUNDS[1]) * math.sqrt(blocks / (blocks - 1))

    def stretched(relative: Floats) -> Floats:
        return np.maximum(0.0, 1 + stretch * (relative - 1))

    observed = float(summed["list_cost"].sum())
    total = drawn @ _by_block(summed, blocks)
    lengths = np.minimum(length, count - length * np.arange(blocks))
    whole = np.zeros(draws)
    share: dict[tuple[str, str], Floats] = {}
    for key, rows in summed.partition_by("endpoint", "model", as_dict=True).items():
        cost = float(rows["list_cost"].sum())
        part = drawn @ _by_block(rows, blocks) / cost
        # A draw of empty days has no shares; the observed ones stand in.
        own = stretched(np.divide(part * observed, total, out=np.ones(draws), where=total > 0))
        share[str(key[0]), str(key[1])] = own
        whole += cost / observed * own
    return Days(
        blocks="weeks" if length == 7 else "days",
        volume=stretched(total / observed * count / (drawn @ lengths)),
        shares={name: own / whole for name, own in share.items()},
    )


def _by_block(rows: pl.DataFrame, blocks: int) -> Floats:
    sums = np.zeros(blocks)
    np.add.at(sums, rows["block"].to_numpy(), rows["list_cost"].to_numpy())
    return sums
