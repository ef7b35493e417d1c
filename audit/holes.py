"""Whether the days of a log let one tell what a month brings."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise

QUIET_DAYS = 3
"""Days in a row without a request that a weekend and a holiday explain; after more, an export is probably missing."""


def pace_doubts(days: float, daily: Iterable[Mapping[str, object]]) -> list[str]:
    """Why the pace of a log of so many days may not be that of a month; `daily` are those with requests."""
    if days < 1:
        return ["the logs span less than a day: no monthly figure without --monthly-requests"]
    empty = _holes(date.fromisoformat(str(day["date"])) for day in daily)
    if not empty:
        return []
    count = sum((last - first).days + 1 for first, last in empty)
    first, last = max(empty, key=lambda hole: hole[1] - hole[0])
    return [
        f"{count:,} days without a request, most in a row from {first} to {last}, count as quiet ones in daily and "
        "monthly figures: load what was not exported, or narrow the days down (--since, --until)"
    ]


def _holes(days: Iterable[date]) -> list[tuple[date, date]]:
    """First and last day of every stretch of more than QUIET_DAYS without a request between `days`, in order."""
    return [
        (before + timedelta(days=1), after - timedelta(days=1))
        for before, after in pairwise(sorted(set(days)))
        if (after - before).days - 1 > QUIET_DAYS
    ]
