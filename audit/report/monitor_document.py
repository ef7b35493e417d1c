"""The words of `audit monitor --json`: what came of a stage of a rollout plan.

Money is in USD at list prices, quality in points of 100, rates and shares from 0 to 1. What was saved is realised, not
projected: signed, and of the requests that were seen.
"""

from typing import Literal, TypedDict

from audit.report.bounds import Bounds

SCHEMA = "traffic-audit/monitor/1"

Decision = Literal["stop", "go_on", "widen"]
"""Send the traffic back; stay in this stage; enough was seen for the next."""

RATES = ("error_rate", "retry_rate", "truncation_rate", "invalid_json_rate", "escalation_rate")


class Stage(TypedDict):
    """The stage that was watched."""

    number: int
    name: str
    days: int
    """Planned until the next."""
    days_seen: int
    """Days with traffic since it began."""
    stages: int
    """How many the plan has."""


class Window(TypedDict):
    """The traffic since the stage began."""

    since: str
    """First day that counts."""
    start: str
    end: str
    days: float


class Stopped(TypedDict):
    """The rule that fired first."""

    rule_id: str
    metric: str
    rule_ids: list[str]
    """All that fired."""
    on: str
    """The day whose evidence was enough."""
    reason: str


class Saving(TypedDict):
    """Realised against projected; realised = counterfactual_cost - actual_cost - overhead, to the digit."""

    moved_requests: int
    """Answered by the candidate, escalated ones included."""
    escalated_requests: int
    """Answered again by the incumbent, whose answer costs what it would have cost anyway."""
    uncounted_requests: int
    """Answered by the candidate, but what the incumbent would have cost is not known: images, audio, no price."""
    counterfactual_cost: float
    """Of the same tokens on the incumbent, at the prices of their days."""
    actual_cost: float
    overhead: float
    """Router and checks, as assumed."""
    realised: float
    projected: Bounds | None
    """By the plan, over as many days; null where the plan projects none."""
    projected_at_seen: float | None
    """The plan's point, per request that it moves, times the requests that moved."""


class Rate(TypedDict):
    """A share of requests; the bounds hold at all looks together with 95 %."""

    events: int
    trials: int
    low: float
    point: float
    high: float


class Latency(TypedDict):
    """Milliseconds of interactive answers; the bounds hold at one look with 95 %."""

    count: int
    p50: Bounds
    p95: Bounds


class Score(TypedDict):
    """Mean of people's scores, on the log's own scale, with Student's interval."""

    count: int
    low: float
    point: float
    high: float


class Side(TypedDict):
    """One model on the requests of a rule; null where the log does not say."""

    requests: int
    error_rate: Rate | None
    """Of the endpoint as a whole: a failed request often has no tokens that would tell rules apart."""
    retry_rate: Rate | None
    truncation_rate: Rate | None
    invalid_json_rate: Rate | None
    """Of answers that were graded."""
    escalation_rate: Rate | None
    latency_ms: Latency | None
    feedback: Score | None
    input_tokens: float | None
    output_tokens: float | None


class Before(TypedDict):
    """The same of the incumbent, as the plan has it; null where the log does not know."""

    requests_per_day: float
    """Billed requests."""
    error_rate: float | None
    """Failed requests of the endpoint, of all of it: a failed one often has no tokens that tell workloads apart."""
    retry_rate: float | None
    """Requests after the first attempt, of those that say which attempt they are."""
    truncation_rate: float | None
    """Answers cut at the token limit, of those that say how they finished."""
    invalid_json_rate: float | None
    """Answers that are no JSON though JSON was asked for; null in every plan so far: no export says it."""
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    input_tokens: float
    """Mean of a request."""
    output_tokens: float


class Quality(TypedDict):
    """Loss on outcomes since the plan was made; the bounds hold at all looks together with 95 %."""

    pairs: int
    one_sided: int
    """Comparisons of a score of the candidate alone with one of the incumbent alone."""
    alone: int
    """Further scores of the candidate, held against the incumbent's usual ones."""
    loss: Bounds
    """From comparisons where there are any."""
    margin: float


class Watched(TypedDict):
    """The requests of one rule of the plan, whichever model answered them."""

    rule_id: str
    workload_ids: list[str]
    name: str
    endpoint: str
    share_planned: float
    share_seen: float | None
    """Of requests, those that the candidate answered; an escalated one is one."""
    saving: Saving
    incumbent: Side
    candidate: Side
    before: Before | None
    quality: Quality | None
    checks: int
    checks_to_decide: int | None
    decided: bool
    """Enough outcomes to go to the next stage, or none needed in this one."""


class RuleState(TypedDict):
    """A stop rule of the plan and what it has come to."""

    id: str
    metric: str
    workload_id: str | None
    limit: float
    test: str
    alpha: float | None
    events: float | None
    """Of a rate; of a saving the realised one; null of a mean."""
    trials: float
    """Requests, outcomes, or of a saving the projected one."""
    value: float | None
    """Rate, mean loss in points, or share of the projected saving; null where nothing was seen."""
    log_e: float | None
    """Natural logarithm of the evidence; null for a threshold."""
    log_e_peak: float | None
    log_e_threshold: float | None
    fired_on: str | None
    words: str


class ShareChange(TypedDict):
    """A workload, or an endpoint where workloads cannot be told, by its share of requests."""

    id: str
    name: str
    before: float
    now: float


class Move(TypedDict):
    """Requests of the window that a new fit takes from one workload to another."""

    old: str
    new: str
    requests: int


class Drift(TypedDict):
    """How far the traffic is from the plan's."""

    basis: Literal["workloads", "endpoints"]
    total_variation: float
    """Half of the sum of all absolute changes of shares."""
    limit: float
    exceeded: bool
    shares: list[ShareChange]
    """Largest change first."""
    refit: list[Move] | None
    """Where it is offered: what `audit cluster --refit` would make of this traffic."""
    requests_per_day: float
    requests_per_day_before: float


class PlanRef(TypedDict):
    """Which plan was watched."""

    created: str
    incumbent: str
    candidate: str


class Monitor(TypedDict):
    """What came of a stage; `schema` names its version, audit/data/schemas/monitor.schema.json its form."""

    schema: str
    plan: PlanRef
    stage: Stage
    window: Window
    decision: Decision
    words: str
    """The decision in a sentence."""
    stopped: Stopped | None
    saving: Saving
    workloads: list[Watched]
    stop_rules: list[RuleState]
    drift: Drift
    notes: list[str]
