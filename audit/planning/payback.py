"""When the routing layer has paid for itself: savings as they ramp up, against what they cost, day by day.

Savings grow with the stages and end where a model is switched off; one-time and measuring costs are paid on the first
day, running costs all the time. Everything is linear between events, so the day of break-even is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from audit.assumptions import exact_decimal
from audit.config import RoutingCosts
from audit.planning.document import Months, Payback
from audit.report.bounds import Bounds
from audit.savings.projection import DAYS_PER_MONTH

Bound = Literal["low", "point", "high"]
BOUNDS: tuple[Bound, Bound, Bound] = ("low", "point", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A saving that runs from one day to another, counted from the start of the first stage."""

    start: float
    end: float
    per_day: Bounds

    def amount(self, bound: Bound, start: float, end: float) -> float:
        """What it saves between two days."""
        return self.per_day[bound] * max(0.0, min(self.end, end) - max(self.start, start))


def total(flows: Sequence[Flow], start: float, end: float) -> Bounds:
    """What all of them save between two days; bounds add up as if all erred to the same side."""
    low, point, high = (sum(flow.amount(bound, start, end) for flow in flows) for bound in BOUNDS)
    return {"low": low, "point": point, "high": high}


def payback(flows: Sequence[Flow], costs: RoutingCosts, measuring_cost: float, horizon_days: float) -> Payback:
    """When the sum of savings has caught up with the costs for good, at most at the horizon.

    The earliest day counts as `low`: it belongs to the high bound of the saving.
    """
    days = {bound: break_even_day(flows, bound, costs, measuring_cost, horizon_days) for bound in BOUNDS}
    months: Months = {
        "low": _months(days["high"]),
        "point": _months(days["point"]),
        "high": _months(days["low"]),
    }
    return {
        "one_time_cost": float(costs.one_time_cost),
        "monthly_cost": float(costs.monthly_cost),
        "measuring_cost": measuring_cost,
        "months": None if not flows or all(month is None for month in months.values()) else months,
        "words": _words(months, costs, measuring_cost, horizon_days) if flows else "Nothing moves, nothing is saved.",
    }


def break_even_day(
    flows: Sequence[Flow], bound: Bound, costs: RoutingCosts, measuring_cost: float, horizon_days: float
) -> Fraction | None:
    """The first day from which on the balance is not negative until the horizon; None where there is none.

    Balance on day t: savings up to t - one-time cost - measuring cost - t * monthly cost / 30.4375.
    """
    per_day = Fraction(costs.monthly_cost) / Fraction(DAYS_PER_MONTH)
    paid = Fraction(costs.one_time_cost) + Fraction(exact_decimal(measuring_cost))
    spans = [(Fraction(flow.start), Fraction(flow.end), Fraction(exact_decimal(flow.per_day[bound]))) for flow in flows]
    horizon = Fraction(horizon_days)
    events = sorted({Fraction(0), horizon, *(day for span in spans for day in span[:2] if 0 < day < horizon)})
    balances = [
        sum((rate * max(Fraction(0), min(end, day) - start) for start, end, rate in spans), Fraction(0))
        - paid
        - day * per_day
        for day in events
    ]
    since: Fraction | None = None
    for place, balance in enumerate(balances):
        if balance < 0:
            since = None
        elif since is None:
            since = events[place]
            if place and balance:
                before, start = balances[place - 1], events[place - 1]
                since = start + (events[place] - start) * -before / (balance - before)
    return since


def _months(day: Fraction | None) -> float | None:
    return None if day is None else float(day) / DAYS_PER_MONTH


def _words(months: Months, costs: RoutingCosts, measuring_cost: float, horizon_days: float) -> str:
    reach = f"{horizon_days / DAYS_PER_MONTH:.1f} months"
    if months["low"] is None:
        text = f"It does not pay for itself within {reach}, not even where everything goes well."
    elif months["point"] is None:
        text = f"Within {reach} it pays for itself only where everything goes well."
    elif not costs.one_time_cost + costs.monthly_cost and not measuring_cost:
        text = "There is nothing to pay back."
    else:
        latest = f"not within {reach}" if months["high"] is None else f"{months['high']:.1f}"
        text = f"It has paid for itself after {months['point']:.1f} months ({months['low']:.1f} to {latest})."
    if costs.are_stated:
        return text
    return f"{text} What the routing layer costs is not in it: state one_time_cost and monthly_cost in audit.toml."
