"""The size of a sample: what a budget affords, or what should decide every workload."""

import math
from collections.abc import Sequence

from audit.assumptions import Assumptions
from audit.errors import ConfigError
from audit.evidence.estimates import MIN_PAIRS, sample_size
from audit.evidence.statistics import CONFIDENCE
from audit.sampling.allocation import Stratum, allocate
from audit.sampling.plan import Ask, Known, Plan, Planned
from audit.sampling.population import LeftOut, Part, Population

MIN_PART = 5
"""Pairs of every stratum of a sampled workload: one without any would be missing from the weighted mean."""

MOST_PAIRS = 5_000
"""Pairs of a workload that nobody set a budget for: a question still open after them is one about the margin."""


def make_plan(
    populations: Sequence[Population],
    ask: Ask,
    assumptions: Assumptions,
    *,
    tests: int | None = None,
    known: Known | None = None,
    scale: float = 1.0,
) -> Plan:
    """The plan that `ask` affords; without a budget, the pairs that should decide every workload.

    `tests` is how many decisions Holm's procedure will count, one per workload unless given. A budget in dollars (times
    `scale`) is kept by what the plan itself costs: where the strata are dearer than was reckoned, it is planned again
    with less. ConfigError when the budget does not pay for the least of any workload.
    """
    known = known or Known()
    usd = None if ask.usd is None else ask.usd * scale

    def at(again_share: float) -> Plan:
        return _affordable(populations, ask, assumptions, tests or len(populations), usd, again_share, known)

    plan = at(ask.again_share)
    if ask.again_count and plan.pairs:
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            # the more often the incumbent answers again, the fewer pairs the budget has left
            middle = min(1.0, ask.again_count / plan.pairs) if usd is None else (low + high) / 2
            plan = at(middle)
            low, high = (middle, high) if middle * plan.pairs < ask.again_count else (low, middle)
            if usd is None or abs(middle * plan.pairs - ask.again_count) < 1:
                break
    if not plan.pairs:
        raise ConfigError(_too_small(populations, ask, known))
    return plan


_HALVINGS = 20
"""Steps of the search for the share that a number of repeated answers is: finer than one in a million."""


def _affordable(
    populations: Sequence[Population],
    ask: Ask,
    assumptions: Assumptions,
    tests: int,
    usd: float | None,
    again_share: float,
    known: Known,
) -> Plan:
    """A plan whose own cost is within `usd`."""
    target = usd
    while True:
        plan = _plan(populations, ask, assumptions, tests, target, again_share, known)
        if usd is None or target is None or plan.cost <= usd:
            return plan
        target *= min(0.999, usd / plan.cost)


def _plan(
    populations: Sequence[Population],
    ask: Ask,
    assumptions: Assumptions,
    tests: int,
    usd: float | None,
    again_share: float,
    known: Known,
) -> Plan:
    strata = {
        each.workload_id: _stratum(each, again_share, known, in_pairs=ask.pairs is not None) for each in populations
    }
    budget = usd if usd is not None else ask.pairs
    if budget is None:
        alpha = assumptions.alpha / tests
        counts = {
            each.workload_id: _to_decide(each, strata[each.workload_id], known, alpha, assumptions.power)
            for each in populations
        }
    else:
        counts = _allocate(list(strata.values()), populations, budget, known)
    chosen: list[Planned] = []
    left: list[LeftOut] = []
    for each in populations:
        name = each.workload_id
        if count := counts.get(name, 0):
            chosen.append(
                Planned(
                    population=each,
                    counts=_split(each, count, known),
                    again_share=again_share,
                    missing_share=known.missing_shares.get(name, 0.0),
                )
            )
        else:
            reason = MEASURED if each.pairs >= MIN_PAIRS else BUDGET
            left.append(LeftOut(workload_id=name, endpoint=each.endpoint, list_cost=each.list_cost, reason=reason))
    return Plan(workloads=tuple(chosen), left_out=tuple(left), tests=tests)


BUDGET = "the budget does not reach its least number of pairs"
MEASURED = "further pairs of it would tell less than those of the others"


def _stratum(each: Population, again_share: float, known: Known, *, in_pairs: bool) -> Stratum:
    limits = _limits(each, known)
    return Stratum(
        name=each.workload_id,
        weight=each.list_cost,
        deviation=each.spread.deviation,
        unit_cost=1.0 if in_pairs else _pair_cost(each, again_share, known),
        floor=max(MIN_PAIRS - each.pairs, _least(each, known)) if each.pairs < MIN_PAIRS else 0,
        cap=sum(limits),
        done=each.pairs,
    )


def _least(each: Population, known: Known) -> int:
    """Pairs that reach every part."""
    return sum(min(MIN_PART, limit) for limit in _limits(each, known))


def _allocate(
    strata: Sequence[Stratum], populations: Sequence[Population], budget: float, known: Known
) -> dict[str, int]:
    """Pairs by workload id; one measured already gets enough to reach all of its parts, or leaves them to others."""
    least = {each.workload_id: _least(each, known) for each in populations}
    counts = allocate(strata, budget)
    while thin := {name for name, count in counts.items() if 0 < count < least[name]}:
        strata = [each for each in strata if each.name not in thin]
        counts = allocate(strata, budget)
    return counts


def _pair_cost(each: Population, again_share: float, known: Known) -> float:
    """USD of one pair, on the mix of strata that will be drawn."""
    shares = [_pull(part) for part in each.parts]
    extra = again_share + known.missing_shares.get(each.workload_id, 0.0)
    prices = [part.candidate_cost + extra * part.incumbent_cost for part in each.parts]
    return sum(share * price for share, price in zip(shares, prices, strict=True)) / sum(shares)


def _pull(part: Part) -> float:
    """What the pairs of a workload are shared out by: √(requests · spend).

    Neyman's W / √u for the spend-weighted loss: W ∝ spend, and a replay costs as much as the request did, u ∝ spend /
    requests. It stands half-way between drawing by requests and by dollars, so the mean over requests that a verdict
    reads loses little to unequal weights.
    """
    return (max(part.list_cost, 1e-12) * part.requests) ** 0.5 if part.available else 0.0


def _split(each: Population, count: int, known: Known) -> tuple[int, ...]:
    """Pairs per part, at least MIN_PART or all of it."""
    limits = _limits(each, known)
    parts = [
        Stratum(name=part.name, weight=_pull(part), deviation=1.0, unit_cost=1.0, floor=MIN_PART, cap=limit)
        for part, limit in zip(each.parts, limits, strict=True)
    ]
    counts = allocate(parts, count)
    return tuple(counts.get(part.name, 0) for part in each.parts)


def _limits(each: Population, known: Known) -> list[int]:
    """Requests per part that can be taken: all, or those that were drawn."""
    available = [part.available for part in each.parts]
    if not known.limits:
        return available
    return [known.limits.get((each.workload_id, part.name), 0) for part in each.parts]


def _to_decide(each: Population, stratum: Stratum, known: Known, alpha: float, wanted: float) -> int:
    """Pairs that should decide a workload: as good as the incumbent if nothing is known, else as it looks so far."""
    spread = each.spread
    # that a loss is above the margin is read from its interval, however many workloads are tested
    level = alpha if spread.gap < each.margin else (1 - CONFIDENCE) / 2
    needed = sample_size(
        spread.discordance, max(0.0, spread.gap), each.margin, level, wanted, is_graded=spread.is_graded
    )
    pulls = [_pull(part) for part in each.parts]
    drawn = [(part.requests, pull) for part, pull in zip(each.parts, pulls, strict=True) if pull]
    total = sum(requests for requests, _ in drawn)
    squares = sum(requests**2 / pull for requests, pull in drawn)
    further = (needed - each.pairs) * sum(pulls) * squares / total**2
    return min(stratum.cap, MOST_PAIRS, max(_least(each, known), stratum.least, math.ceil(min(further, MOST_PAIRS))))


def _too_small(populations: Sequence[Population], ask: Ask, known: Known) -> str:
    strata = [_stratum(each, ask.again_share, known, in_pairs=ask.pairs is not None) for each in populations]
    price = min((each.price * each.least for each in strata if each.least), default=0.0)
    if ask.pairs is not None:
        return f"--pairs {ask.pairs}: no workload is worth beginning with fewer than {price:.0f} pairs"
    return f"--budget {ask.usd:g}: the cheapest workload to begin with needs ${price:.6f}; give at least that"
