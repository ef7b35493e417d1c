"""The replay that has to come before a stage: how many pairs of which workload, what they cost, what they will show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from audit.pipeline import Run
from audit.rollout.plan_document import Measure
from audit.sampling.plan import Ask
from audit.sampling.sample import Choice, replay_plan

LIKELY = 0.5
"""Chance below which a replay is expected to leave its question open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replays:
    """By workload id, and what is to be said about them."""

    measures: Mapping[str, Measure] = field(default_factory=dict[str, Measure])
    notes: tuple[str, ...] = ()


def replays(run: Run, workload_ids: Collection[str]) -> Replays:
    """What should decide these workloads of a finished report, each on its own budget."""
    if not workload_ids:
        return Replays()
    plan = replay_plan(run, Choice(ask=Ask(), workload_ids=tuple(workload_ids)))
    if plan is None:
        text = "Pilots cannot be replayed from this log; what they need is measured elsewhere: `audit outcomes add`."
        return Replays(notes=(text,))
    alpha = run.assumptions.alpha / plan.tests
    measures: dict[str, Measure] = {
        each.population.workload_id: {
            "workload_id": each.population.workload_id,
            "pairs": each.pairs,
            "usd": sum(each.costs.values()),
            "chance": each.power(0.0, alpha),
        }
        for each in plan.workloads
        if each.pairs
    }
    thin = [
        each.population.name or each.population.workload_id
        for each in plan.workloads
        if each.pairs and each.power(0.0, alpha) < LIKELY
    ]
    said = f"The log has too few requests to decide {', '.join(thin)}: load more of it, or accept a larger margin."
    return Replays(measures=measures, notes=(said,) if thin else ())
