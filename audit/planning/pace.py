"""How long each stage lasts: until the monitor has seen enough of what it can see enough of."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_DAYS = 14
"""What takes longer than this at the share of a stage is left to a wider one."""

WEEK = 7
"""Days of a stage in which nothing can be decided: errors and cut answers show, on every day of the week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Checks of one workload in one stage."""

    per_day: float
    needed: int
    """In all, from the first stage on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When a stage begins, how long it lasts, and in how many days each workload is decided."""

    starts_on_day: int
    days: int
    to_decide: Mapping[str, int | None]
    """0: by the stages before; None: not in this one."""


def paces(stages: Sequence[Mapping[str, Demand]]) -> list[Pace]:
    """One pace per stage, each a day at least; checks of a workload add up over the stages.

    >>> [pace.days for pace in paces([{"a": Demand(per_day=5, needed=500)}, {"a": Demand(per_day=100, needed=500)}])]
    [7, 5]
    """
    seen: defaultdict[str, float] = defaultdict(float)
    decided: set[str] = set()
    found: list[Pace] = []
    start = 0
    for demands in stages:
        to_decide: dict[str, int | None] = {}
        for name, demand in demands.items():
            left = demand.needed - seen[name]
            is_soon = demand.per_day > 0 and left <= MOST_DAYS * demand.per_day
            to_decide[name] = 0 if name in decided else max(1, math.ceil(left / demand.per_day)) if is_soon else None
        waited = [days for days in to_decide.values() if days]
        days = max(waited, default=WEEK if None in to_decide.values() else 1)
        found.append(Pace(starts_on_day=start, days=days, to_decide=to_decide))
        decided |= {name for name, taken in to_decide.items() if taken is not None}
        for name, demand in demands.items():
            seen[name] += days * demand.per_day
        start += days
    return found
