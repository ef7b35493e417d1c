"""The replay that has to come before a stage: how many pairs of which workload, what they cost, what they will show."""

from collections.abc import Collection

from audit.pipeline import Run
from audit.planning.document import Measure
from audit.sampling.plan import Ask
from audit.sampling.sample import Choice, replay_plan


def replays(run: Run, workload_ids: Collection[str]) -> dict[str, Measure]:
    """What should decide each of these workloads of a finished report; those that cannot be replayed are missing."""
    plan = replay_plan(run, Choice(ask=Ask(), workload_ids=tuple(workload_ids))) if workload_ids else None
    if plan is None:
        return {}
    alpha = run.assumptions.alpha / plan.tests
    return {
        each.population.workload_id: {
            "workload_id": each.population.workload_id,
            "pairs": each.pairs,
            "usd": sum(each.costs.values()),
            "chance": each.power(0.0, alpha),
        }
        for each in plan.workloads
        if each.pairs
    }
