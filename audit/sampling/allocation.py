"""How many pairs each stratum gets: Neyman's allocation in whole pairs, within floors, caps and a budget.

The variance of a spend-weighted loss is Σ W² S² / n; the allocation that makes it smallest for its price is
n ∝ W S / √u, with W the share of spend, S the spread of one pair's difference and u the price of one pair (Neyman
1934; Cochran 1977, 5.5). Rounding it, cutting it to floors and caps and solving again would be three steps that each
spoil the one before. Here it is one: every further pair of a stratum lowers the variance by W² S² / (n (n + 1)), so
pairs are bought in the order of that gain per dollar until the next one is too dear (Wright 2012). Where all pairs
cost the same, the result is the exact optimum; and more budget only ever adds pairs.
"""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CHEAPEST = 1e-12
"""USD; stands for the price of a pair that costs nothing, so that the gain per dollar stays finite."""

_HALVINGS = 64
"""Steps of the search for the gain at which the budget ends, over 40 decades: to the precision of a double."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """What an allocation needs to know of a part of the traffic."""

    name: str
    weight: float
    """W, its share of the spend, on any scale."""
    deviation: float
    """S, the standard deviation of one paired difference."""
    unit_cost: float
    """u, the price of one pair: USD, or 1 where the budget is in pairs."""
    floor: int
    """Pairs without which it is not worth beginning."""
    cap: int
    """Pairs there are: reaching it means that all of it is taken, with certainty."""
    done: int = 0
    """Pairs that were measured before and count as well."""

    @property
    def price(self) -> float:
        """Of one pair, above zero."""
        return max(self.unit_cost, CHEAPEST)

    @property
    def gain(self) -> float:
        """W² S² / u: what the gains per dollar of its pairs are proportional to."""
        return (self.weight * self.deviation) ** 2 / self.price

    @property
    def least(self) -> int:
        """The floor, or all of it."""
        return min(self.floor, self.cap)


def allocate(strata: Sequence[Stratum], budget: float) -> dict[str, int]:
    """Pairs by name, in the order given, for at most `budget`; a stratum whose floor it does not buy is left out.

    Floors are bought first, in the order of the spend at stake; what is left goes where a pair tells most per dollar.

    >>> even = [Stratum(name=n, weight=w, deviation=1, unit_cost=1, floor=0, cap=99) for n, w in (("a", 3), ("b", 1))]
    >>> allocate(even, 40)
    {'a': 30, 'b': 10}
    """
    funded = _funded(strata, budget)
    counts = _above_gain(funded, budget)
    left = budget - sum(each.price * counts[each.name] for each in funded)
    queue = [(-_next_gain(each, counts[each.name]), place) for place, each in enumerate(funded)]
    heapq.heapify(queue)
    while queue:
        gain, place = heapq.heappop(queue)
        each = funded[place]
        if gain == 0 or counts[each.name] >= each.cap:
            continue
        if each.price > left + 1e-9 * budget:
            break
        counts[each.name] += 1
        left -= each.price
        heapq.heappush(queue, (-_next_gain(each, counts[each.name]), place))
    return counts


def variance(strata: Sequence[Stratum], counts: Mapping[str, int]) -> float:
    """Σ W² S² / n of the strata that have pairs, with W as shares of theirs."""
    measured = [(each, each.done + counts.get(each.name, 0)) for each in strata]
    total = sum(each.weight for each, pairs in measured if pairs)
    return sum((each.weight / total * each.deviation) ** 2 / pairs for each, pairs in measured if pairs)


def apportion(total: int, shares: Sequence[int]) -> list[int]:
    """Whole parts of `total`, as near to the shares as can be and no larger than they are: by largest remainder.

    >>> apportion(10, [50, 30, 17])
    [5, 3, 2]
    """
    whole = sum(shares)
    total = min(total, whole)
    exact = [total * share / whole if whole else 0.0 for share in shares]
    parts = [math.floor(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts


def _funded(strata: Sequence[Stratum], budget: float) -> list[Stratum]:
    """Those whose floor the budget buys, the most spend first, in the order given."""
    left, bought = budget, set[str]()
    for each in sorted(strata, key=lambda each: (-each.weight, each.name)):
        price = each.price * each.least
        if price <= left * (1 + 1e-12) and (each.least or each.price <= left):
            left -= price
            bought.add(each.name)
    return [each for each in strata if each.name in bought]


def _next_gain(stratum: Stratum, pairs: int) -> float:
    """Fall of the variance per dollar by one more pair, W² S² / (u k (k + 1)); infinite for the first."""
    known = stratum.done + pairs
    if not known:
        return math.inf if stratum.gain else 0.0
    return stratum.gain / (known * (known + 1))


def _above_gain(funded: Sequence[Stratum], budget: float) -> dict[str, int]:
    """All pairs whose gain per dollar is above the smallest bound at which the budget buys them all."""

    def bought(bound: float) -> dict[str, int]:
        counts: dict[str, int] = {}
        for each in funded:
            # k (k + 1) <= gain / bound is the last pair that gains enough to have one more bought after it
            known = math.floor((math.sqrt(1 + 4 * each.gain / bound) - 1) / 2) + 1 if each.gain else 0
            counts[each.name] = max(each.least, min(each.cap, known - each.done))
        return counts

    high = max((each.gain for each in funded), default=0.0)
    low = high / 1e40
    if not high:
        return {each.name: each.least for each in funded}
    for _ in range(_HALVINGS):
        middle = math.sqrt(low) * math.sqrt(high)
        counts = bought(middle)
        if sum(each.price * counts[each.name] for each in funded) <= budget:
            high = middle
        else:
            low = middle
    counts = bought(high)
    if sum(each.price * counts[each.name] for each in funded) <= budget:
        return counts
    return {each.name: each.least for each in funded}
