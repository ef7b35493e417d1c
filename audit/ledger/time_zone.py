"""Whether the bill's days begin at another hour than the log's: the shift under which days agree best."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from statistics import median

SHIFTS = range(-12, 15)
"""Hours that any time zone is ahead of UTC."""
FEWEST_DAYS = 5
DISAGREES = 0.02
"""Of the bill: days that agree better than this need no shift."""
WORST_DAYS, WORST_SHARE = 2, 0.1
"""Days that may differ for a reason of their own, such as a file that is not in the log: at least so many, or so
large a share."""
BETTER = 0.5
"""The most that may be left of the disagreement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A shift that explains the days, and what speaks for it."""

    hours: int
    correlation_before: float
    correlation_after: float
    left_before: float
    """Of the bill: the sum of the days' differences, whatever their sign, at the usual ratio and without the worst
    days."""
    left_after: float


def find_shift(billed: Mapping[date, float], hourly: Mapping[datetime, float]) -> Shift | None:
    """The shift that fits clearly better than none; None where the days agree or nothing fits."""
    plain = _days(hourly, 0)
    # the first and the last day of a log are seldom whole
    days = sorted(billed.keys() & plain.keys())[1:-1]
    if len(days) < FEWEST_DAYS + WORST_DAYS or not sum(billed[day] for day in days):
        return None
    before = _disagreement(days, billed, plain)
    shifted = {hours: _days(hourly, hours) for hours in SHIFTS}
    best = min(SHIFTS, key=lambda hours: (_disagreement(days, billed, shifted[hours]), abs(hours)))
    after = _disagreement(days, billed, shifted[best])
    if best == 0 or before <= DISAGREES or after > BETTER * before:
        return None
    return Shift(
        hours=best,
        correlation_before=_correlation(days, billed, plain),
        correlation_after=_correlation(days, billed, shifted[best]),
        left_before=before,
        left_after=after,
    )


def _days(hourly: Mapping[datetime, float], hours: int) -> dict[date, float]:
    sums: dict[date, float] = defaultdict(float)
    for moment, cost in hourly.items():
        sums[(moment + timedelta(hours=hours)).date()] += cost
    return sums


def _disagreement(days: list[date], billed: Mapping[date, float], listed: Mapping[date, float]) -> float:
    differences = _differences(days, billed, listed)
    return sum(differences[day] for day in _kept(differences)) / sum(billed[day] for day in days)


def _differences(days: list[date], billed: Mapping[date, float], listed: Mapping[date, float]) -> dict[date, float]:
    ratio = median(billed[day] / listed[day] if listed.get(day) else 0.0 for day in days)
    return {day: abs(billed[day] - listed.get(day, 0.0) * ratio) for day in days}


def _kept(differences: Mapping[date, float]) -> list[date]:
    """All but the worst days."""
    most = len(differences) - max(WORST_DAYS, int(WORST_SHARE * len(differences)))
    return sorted(differences, key=lambda day: differences[day])[:most]


def _correlation(days: list[date], billed: Mapping[date, float], listed: Mapping[date, float]) -> float:
    kept = _kept(_differences(days, billed, listed))
    xs, ys = [billed[day] for day in kept], [listed.get(day, 0.0) for day in kept]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    product = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    spread = sqrt(sum((x - mean_x) ** 2 for x in xs) * sum((y - mean_y) ** 2 for y in ys))
    return product / spread if spread else 0.0
