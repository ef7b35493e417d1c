"""`manifest.json`: how a sample was drawn, what it costs and what it can show; the same document as `--json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TypedDict

from audit.assumptions import Assumptions
from audit.evidence.estimates import sample_size
from audit.sampling.batch import BatchFile
from audit.sampling.manifest import SCHEMA
from audit.sampling.plan import Ask, Plan, Planned
from audit.scope import Scope


class StratumRow(TypedDict):
    """A stratum: `pairs` of its `available` requests were drawn, at random."""

    stratum: str
    requests: int
    available: int
    list_cost: float
    pairs: int
    inclusion_probability: float


class WorkloadRow(TypedDict):
    """A workload that is sampled; losses and margins in points of 100, money in USD."""

    workload_id: str
    name: str
    endpoint: str
    incumbent_model: str
    requests: int
    list_cost: float
    cost_share: float
    margin: float
    pairs_measured: int
    pairs: int
    effective_pairs: float
    pairs_to_decide: int
    """In all, for the usual power if there is no loss."""
    planning_discordance: float
    power_if_equal: float
    power_at_half_margin: float
    half_width: float
    costs: dict[str, float]
    cost: float
    strata: list[StratumRow]


class LeftOutRow(TypedDict):
    """A workload that is not sampled."""

    workload_id: str
    endpoint: str
    list_cost: float
    reason: str


class SampleDocument(TypedDict):
    """The manifest of a sample."""

    schema: str
    created: str
    seed: int
    is_redacted: bool
    pair: dict[str, str]
    window: dict[str, str | float | None]
    budget: dict[str, float | None]
    again: dict[str, float]
    alpha: float
    tests: int
    workloads: list[WorkloadRow]
    left_out: list[LeftOutRow]
    pairs: int
    costs: dict[str, float]
    cost: float
    texts: dict[str, int] | None
    """None before they are read."""
    dropped: dict[str, int]
    """Requests read by the parameter of theirs that Batch has no word for, and that is left out."""
    files: list[dict[str, str | int]]


def document(
    scope: Scope,
    plan: Plan,
    assumptions: Assumptions,
    ask: Ask,
    *,
    created: date,
    seed: int,
    is_redacted: bool = False,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    texts: dict[str, int] | None = None,
    dropped: Mapping[str, int] | None = None,
    files: Sequence[BatchFile] = (),
) -> SampleDocument:
    """The manifest; `costs` by workload id and role are those of the plan unless given."""
    costs = costs or {each.population.workload_id: each.costs for each in plan.workloads}
    stake = sum(each.population.list_cost for each in plan.workloads) + sum(each.list_cost for each in plan.left_out)
    rows = [_workload(each, plan, assumptions, stake, costs[each.population.workload_id]) for each in plan.workloads]
    window = scope.window
    by_role: dict[str, float] = {}
    for row in rows:
        for role, cost in row["costs"].items():
            by_role[role] = by_role.get(role, 0.0) + cost
    return SampleDocument(
        schema=SCHEMA,
        created=created.isoformat(),
        seed=seed,
        is_redacted=is_redacted,
        pair={"incumbent": scope.question.incumbent, "candidate": scope.candidate_model},
        window={
            "start": window.start.isoformat() if window.start else None,
            "end": window.end.isoformat() if window.end else None,
            "days": window.days,
        },
        budget={"usd": ask.usd, "pairs": ask.pairs},
        again={"share": ask.again_share, "count": ask.again_count},
        alpha=assumptions.alpha,
        tests=plan.tests,
        workloads=rows,
        left_out=[LeftOutRow(**asdict(each)) for each in plan.left_out],
        pairs=plan.pairs,
        costs=by_role,
        cost=sum(by_role.values()),
        texts=texts,
        dropped=dict(dropped or {}),
        files=[asdict(file) for file in files],
    )


def _workload(
    each: Planned, plan: Plan, assumptions: Assumptions, stake: float, costs: Mapping[str, float]
) -> WorkloadRow:
    population, spread = each.population, each.population.spread
    alpha = assumptions.alpha / plan.tests
    return WorkloadRow(
        workload_id=population.workload_id,
        name=population.name,
        endpoint=population.endpoint,
        incumbent_model=population.incumbent_model,
        requests=sum(part.requests for part in population.parts),
        list_cost=population.list_cost,
        cost_share=population.list_cost / stake if stake else 0.0,
        margin=100 * population.margin,
        pairs_measured=population.pairs,
        pairs=each.pairs,
        effective_pairs=each.effective_pairs,
        pairs_to_decide=sample_size(
            spread.discordance, 0.0, population.margin, alpha, assumptions.power, is_graded=spread.is_graded
        ),
        planning_discordance=spread.discordance,
        power_if_equal=each.power(0.0, alpha),
        power_at_half_margin=each.power(population.margin / 2, alpha),
        half_width=100 * each.half_width,
        costs=dict(costs),
        cost=sum(costs.values()),
        strata=[
            StratumRow(
                stratum=part.name,
                requests=part.requests,
                available=part.available,
                list_cost=part.list_cost,
                pairs=count,
                inclusion_probability=part.rate(count),
            )
            for part, count in zip(population.parts, each.counts, strict=True)
        ],
    )
