"""Verdicts and prices -> the three totals: measured, expected and ceiling, never mixed.

Points are sums of exact decimals; bounds are quantiles over simulated worlds (`simulation`). In every world
measured <= expected <= ceiling, so the bounds are ordered as the points are.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import groupby
from typing import cast

import numpy as np
import polars as pl

from audit.assumptions import Assumptions, Range, exact_decimal
from audit.evidence.statistics import Floats
from audit.savings.cascade import Offer, offers
from audit.savings.simulation import BOUNDS, MIN_DAYS, DayBlocks, Days, UnitDraws, Worlds, resampled_days, worlds

DAYS_PER_MONTH = 30.4375
"""365.25 / 12."""

LEVELS = ("measured", "expected", "ceiling")
QUANTITIES = ("window", "monthly", "requests", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """All traffic of the window, routed or not."""

    requests: int
    tokens: int
    list_cost: Decimal
    window_days: float
    days_observed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One evidence level: what is routed, and what that saves."""

    requests: Range
    request_share: Range
    cost: Range
    cost_share: Range
    window: Range
    monthly: Range | None
    share_of_spend: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Blended:
    """Cost of all traffic per unit of today's traffic, at each level."""

    now: float
    measured: float
    expected: float
    ceiling: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSaving:
    """What routing one workload would save in the window, signed; zeros where it cannot be routed at all."""

    workload_id: str
    saving: Range
    ceiling: float
    output_ratio: float
    break_even_escalation: float | None
    """Share of candidate answers that may be escalated before the saving is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """The three levels with everything a report prints about them."""

    measured: Level
    expected: Level
    ceiling: Level
    per_1k_requests: Blended
    per_1m_tokens: Blended
    workloads: tuple[WorkloadSaving, ...]
    monthly_multiplier: float | None
    day_blocks: DayBlocks
    seed: int
    draws: int

    def to_document(self) -> dict[str, dict[str, object]]:
        """The parts `routable`, `savings` and `blended` of the report, and `workloads` by id, as JSON values."""
        levels = {"measured": self.measured, "expected": self.expected, "ceiling": self.ceiling}
        return {
            "routable": {
                name: _documents(level, "requests", "request_share", "cost", "cost_share")
                for name, level in levels.items()
            },
            "savings": {
                name: _documents(level, "window", "monthly", "share_of_spend") for name, level in levels.items()
            },
            "blended": {"per_1k_requests": asdict(self.per_1k_requests), "per_1m_tokens": asdict(self.per_1m_tokens)},
            "workloads": {
                each.workload_id: {
                    "savings": each.saving.to_document(),
                    "ceiling": each.ceiling,
                    "output_ratio": each.output_ratio,
                    "break_even_escalation": each.break_even_escalation,
                }
                for each in self.workloads
            },
        }


def _documents(level: Level, *names: str) -> dict[str, dict[str, float] | None]:
    ranges = {name: cast("Range | None", getattr(level, name)) for name in names}
    return {name: None if value is None else value.to_document() for name, value in ranges.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """Sums of one level: exact points, and per world both "in or out" and "weighted by its odds"."""

    points: dict[str, Decimal]
    worlds: Floats

    @classmethod
    def empty(cls, draws: int) -> "_Tally":
        return cls(points=dict.fromkeys(QUANTITIES, Decimal(0)), worlds=np.zeros((2, len(QUANTITIES), draws)))

    def add(self, offer: Offer, saving: Decimal, weight: float, drawn: Floats, odds: float, amounts: Floats) -> None:
        """Add `weight` times a workload to the points, and its amounts where `drawn` is 1 and with its odds."""
        for name, value in zip(QUANTITIES, (saving, saving, offer.requests, offer.list_cost), strict=True):
            self.points[name] += exact_decimal(weight) * value
        self.worlds[0] += drawn * amounts
        self.worlds[1] += odds * amounts


def project(
    workloads: pl.DataFrame,
    verdicts: pl.DataFrame,
    daily: pl.DataFrame,
    *,
    candidate: str,
    assumptions: Assumptions,
    totals: Totals,
    seed: int = 0,
    draws: int = 4000,
    bounds: tuple[float, float] = BOUNDS,
) -> Savings:
    """The three totals of a window with the quantiles `bounds`, 95 % of the worlds; zeros where nothing can be routed.

    measured = Σ saving over `route`; expected = measured + Σ P(pass) saving over `pilot`; ceiling = Σ max(0, saving)
    over all workloads without a gate. A routed workload is missing from the worlds in which its loss exceeds the
    margin after all. A pilot that turns out dearer is not routed. Amounts of the window keep its total spend and
    vary how it splits over endpoints; a month also varies in volume, unless `monthly_requests` fixes it.
    """
    seen = daily if totals.days_observed >= MIN_DAYS else daily.clear()
    days = resampled_days(seen, seed=seed, draws=draws)
    shared = worlds(assumptions, seed=seed, draws=draws)
    tallies = {name: _Tally.empty(draws) for name in LEVELS}
    results: list[WorkloadSaving] = []
    for _, unit in groupby(offers(workloads, verdicts, candidate, assumptions), key=lambda offer: offer.decision_unit):
        own = shared.unit()
        results.extend(_count(offer, tallies, shared, own, days, assumptions, bounds) for offer in unit)
    multiplier = monthly_multiplier(assumptions, totals.requests, totals.window_days)
    measured, expected, ceiling = _levels(tallies, totals, multiplier, bounds)
    windows = [level.window.point for level in (measured, expected, ceiling)]
    return Savings(
        measured=measured,
        expected=expected,
        ceiling=ceiling,
        per_1k_requests=_blended(float(totals.list_cost), windows, totals.requests / 1000),
        per_1m_tokens=_blended(float(totals.list_cost), windows, totals.tokens / 1_000_000),
        workloads=tuple(sorted(results, key=lambda result: result.workload_id)),
        monthly_multiplier=multiplier,
        day_blocks=days.blocks,
        seed=seed,
        draws=draws,
    )


def _count(
    offer: Offer,
    tallies: dict[str, _Tally],
    shared: Worlds,
    own: UnitDraws,
    days: Days,
    assumptions: Assumptions,
    bounds: tuple[float, float],
) -> WorkloadSaving:
    """Add one workload to the levels it belongs to."""
    ratio, escalation = offer.output_ratio, assumptions.escalation_rate.point
    saving = offer.saving(ratio.point, escalation, assumptions)
    most = max(Decimal(0), offer.saving(offer.ceiling_ratio, escalation, assumptions))
    ratios = own.measured_ratio(ratio) if offer.is_ratio_measured else shared.prior_ratio
    shortest = ratios if offer.is_ratio_measured else np.minimum(1.0, ratios)
    drawn = offer.savings(ratios, shared.escalation_rate, assumptions)
    best = np.maximum(0.0, offer.savings(shortest, shared.escalation_rate, assumptions))
    share = days.share(offer.endpoint, offer.model)
    volume = days.volume if assumptions.monthly_requests is None else np.ones_like(days.volume)

    def amounts(savings: Floats) -> Floats:
        window = savings * share
        rest = (np.full_like(window, value) for value in (float(offer.requests), float(offer.list_cost)))
        return np.stack([window, window * volume, *rest])

    if offer.verdict != "keep" and saving > 0:
        odds = offer.pass_probability
        passes = shared.passes(own, odds, offer.pass_alpha, offer.pass_beta)
        if offer.verdict == "route":
            tallies["measured"].add(offer, saving, 1.0, passes, odds, amounts(drawn))
            tallies["expected"].add(offer, saving, 1.0, passes, odds, amounts(drawn))
        else:
            tallies["expected"].add(offer, saving, odds, passes, odds, amounts(np.maximum(0.0, drawn)))
    if most > 0:
        tallies["ceiling"].add(offer, most, 1.0, np.ones_like(best), 1.0, amounts(best))
    unescalated = offer.saving(ratio.point, 0.0, assumptions)
    return WorkloadSaving(
        workload_id=offer.workload_id,
        saving=_range(float(saving), drawn[None, :], bounds),
        ceiling=float(most),
        output_ratio=ratio.point,
        break_even_escalation=float(unescalated / offer.list_cost) if offer.is_open and offer.list_cost else None,
    )


def _range(point: float, drawn: Floats, bounds: tuple[float, float], floor: Range | None = None) -> Range:
    """The widest `bounds` of the rows of `drawn` around `point`, none of the three below those of `floor`."""
    low, high = np.quantile(drawn, bounds, axis=-1)
    values = (min(point, float(low.min())), point, max(point, float(high.max())))
    if floor is not None:  # equal sums in another order may differ in the last digit
        values = tuple(max(pair) for pair in zip(values, (floor.low, floor.point, floor.high), strict=True))
    return Range(low=values[0], point=values[1], high=values[2])


def _scaled(amount: Range, by: float) -> Range:
    return Range(low=by * amount.low, point=by * amount.point, high=by * amount.high)


def _share(amount: Range, whole: float) -> Range:
    """Divided, not multiplied by the inverse: all of it is 1, not a bit less. 0 of nothing."""
    low, point, high = (min(1.0, part / whole) if whole else 0.0 for part in (amount.low, amount.point, amount.high))
    return Range(low=low, point=point, high=high)


def _levels(
    tallies: dict[str, _Tally], totals: Totals, multiplier: float | None, bounds: tuple[float, float]
) -> list[Level]:
    """The levels in order, each at least the one before it at low, point and high."""
    levels: list[Level] = []
    before: dict[str, Range] = {}
    cost = float(totals.list_cost)
    for tally in (tallies[name] for name in LEVELS):
        ranges = {
            name: _range(float(tally.points[name]), tally.worlds[:, index], bounds, before.get(name))
            for index, name in enumerate(QUANTITIES)
        }
        levels.append(
            Level(
                requests=ranges["requests"],
                request_share=_share(ranges["requests"], totals.requests),
                cost=ranges["cost"],
                cost_share=_share(ranges["cost"], cost),
                window=ranges["window"],
                monthly=None if multiplier is None else _scaled(ranges["monthly"], multiplier),
                share_of_spend=_share(ranges["window"], cost),
            )
        )
        before = ranges
    return levels


def monthly_multiplier(assumptions: Assumptions, requests: int, window_days: float) -> float | None:
    """Months in terms of the window; None when the logs are shorter than a day and no volume is given."""
    if assumptions.monthly_requests is not None:
        return assumptions.monthly_requests / requests if requests else None
    return DAYS_PER_MONTH / window_days if window_days >= 1 else None


def _blended(cost: float, savings: list[float], units: float) -> Blended:
    """Cost per unit now and after each saving; zeros without units."""
    now, measured, expected, ceiling = ((cost - saving) / units if units else 0.0 for saving in (0.0, *savings))
    return Blended(now=now, measured=measured, expected=expected, ceiling=ceiling)
