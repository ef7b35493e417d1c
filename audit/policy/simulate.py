"""`audit policy simulate`: the document of a policy played over the log, and the two policies that need no file."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NotRequired, TypedDict

import polars as pl

from audit.comparing.side_by_side import like_for_like
from audit.counting import number_of
from audit.errors import ConfigError
from audit.policy.decided import Decided
from audit.policy.document import SCHEMA as POLICY_SCHEMA
from audit.policy.document import Policy
from audit.policy.matching import thresholds
from audit.policy.moving import Tally, Terms
from audit.policy.replay import Replay, Span, replay
from audit.policy.visible import Seen, seen, sent_names
from audit.report.bounds import Bounds
from audit.savings.frontier import Frontier
from audit.warehouse import Warehouse

SCHEMA = "traffic-audit/policy-replay/1"


class Loss(TypedDict):
    """What moved requests lose; bounds hold as if every workload erred to the same side."""

    requests: Bounds
    answers_lost: Bounds
    points: Bounds | None
    """Mean over these requests, in points of 100; null where there are none."""


class QualityLoss(TypedDict):
    """By what it rests on: paired outcomes of exactly these models, or published results. Never one number."""

    measured: Loss
    unmeasured: Loss


class Latency(TypedDict):
    """Mean seconds of an answer, like for like, where the log has both models on the endpoint."""

    requests: float
    seconds_now: float
    seconds_then: float
    """An escalated answer takes both."""


class Moved(TypedDict):
    """What moves of some traffic; money in USD of the window.

    Bounds differ from the point only where the log leaves open what the policy would have decided.
    """

    moved_requests: Bounds
    moved_list_cost: Bounds
    saving: Bounds
    quality_loss: QualityLoss
    escalations: Bounds
    beyond_gate: Bounds
    """Requests the policy moves although the candidate cannot serve them, or nobody knows at what price."""


class Line(Moved):
    """Everything about some traffic; `list_cost` and `spend` are null where none of it has a price."""

    requests: int
    list_cost: float | None
    spend: Bounds | None
    latency: Latency | None


class EndpointLine(Line):
    """The traffic of one endpoint."""

    endpoint: str


class RuleLine(Moved):
    """What one rule moves; lines of rules add up to the total."""

    id: str
    name: str
    share: float


class Simulation(TypedDict):
    """A policy played over the log; audit/data/schemas/policy-replay.schema.json is its form."""

    schema: str
    policy: str
    """`ours`, `none`, `all`, or the file."""
    incumbent: str
    candidate: str
    window_days: float
    monthly_multiplier: float | None
    total: Line
    endpoints: list[EndpointLine]
    rules: list[RuleLine]
    notes: list[str]
    frontier: NotRequired[Frontier]


def empty(report: Decided) -> Policy:
    """The policy that moves nothing."""
    scope = report.result.scope
    return {
        "schema": POLICY_SCHEMA,
        "created": scope.question.today.isoformat(),
        "incumbent": scope.question.incumbent,
        "candidate": scope.question.candidate,
        "incumbent_models": sorted({model for _, model in scope.pairs}),
        "candidate_model": scope.candidate_model,
        "default": {"to": "incumbent"},
        "rules": [],
        "stages": [],
        "not_moved": [],
        "notes": [],
    }


def everything(warehouse: Warehouse, report: Decided) -> tuple[Policy, frozenset[str]]:
    """The policy that moves all that no gate stops, and the workloads that are: no router could see every gate."""
    policy = empty(report)
    models = policy["incumbent_models"]
    sent = (names for model, names in sent_names(warehouse).items() if model in models)
    policy["rules"] = [
        {
            "id": "all",
            "name": "everything that no gate stops",
            "workload_ids": [],
            "when": {"request_model": sorted({policy["incumbent"], *models}.union(*sent) - {""})},
            "to": "candidate",
            "share": 1.0,
        }
    ]
    return policy, frozenset(name for name, known in report.known.items() if known.offer.is_open)


def simulate(
    warehouse: Warehouse,
    report: Decided,
    policy: Policy,
    name: str,
    *,
    at_ceiling: bool = False,
    only: Collection[str] | None = None,
) -> Simulation:
    """The document about `policy` over the traffic of a report that has just been run over this connection.

    With `at_ceiling`, answers of unmeasured length are taken to be no longer than today's. Raises ConfigError where the
    policy is about another pair of models than the report.
    """
    scope = report.result.scope
    pair, asked = (policy["incumbent"], policy["candidate"]), (scope.question.incumbent, scope.question.candidate)
    if pair != asked:
        raise ConfigError(
            f"{name} is a policy from {pair[0]} to {pair[1]}, the question one from {asked[0]} to {asked[1]}; "
            f"ask with --from {pair[0]} --to {pair[1]}"
        )
    traffic = seen(warehouse, thresholds(policy["rules"]))
    models = policy["incumbent_models"] or sorted(traffic.names)
    played_by: Policy = {**policy, "candidate_model": scope.candidate_model, "incumbent_models": models}
    terms = Terms(assumptions=report.assumptions, is_at_ceiling=at_ceiling)
    played = replay(played_by, traffic, report.known, terms, only=only)
    speeds = _speeds(warehouse.frame("select * from answer_times"), traffic.by_endpoint)
    spans = {endpoint: played.total(endpoint=endpoint) for endpoint in traffic.by_endpoint}
    return {
        "schema": SCHEMA,
        "policy": name,
        "incumbent": asked[0],
        "candidate": asked[1],
        "window_days": scope.window.days,
        "monthly_multiplier": report.result.savings.monthly_multiplier,
        "total": _line(traffic.by_endpoint, played.total(), _latency(spans, speeds)),
        "endpoints": [
            {"endpoint": each, **_line({each: traffic.by_endpoint[each]}, span, _latency({each: span}, speeds))}
            for each, span in sorted(spans.items(), key=lambda pair: (-(traffic.by_endpoint[pair[0]][1] or 0), pair[0]))
        ],
        "rules": [
            {"id": rule["id"], "name": rule["name"], "share": rule["share"], **_moved(played.total(rule=rule["id"]))}
            for rule in policy["rules"]
        ],
        "notes": _notes(played, traffic),
    }


def _line(by_endpoint: Mapping[str, tuple[int, Decimal | None]], span: Span, latency: Latency | None) -> Line:
    priced = [cost for _, cost in by_endpoint.values() if cost is not None]
    cost = sum(priced, Decimal(0))
    saving = [each["saving"] for each in (span.low, span.point, span.high)]
    return {
        "requests": sum(count for count, _ in by_endpoint.values()),
        "list_cost": float(cost) if priced else None,
        **_moved(span),
        "spend": _bounds(cost - saving[2], cost - saving[1], cost - saving[0]) if priced else None,
        "latency": latency,
    }


def _moved(span: Span) -> Moved:
    return {
        "moved_requests": _of(span, "requests"),
        "moved_list_cost": _of(span, "list_cost"),
        "saving": _of(span, "saving"),
        "quality_loss": {"measured": _loss(span, "measured"), "unmeasured": _loss(span, "unmeasured")},
        "escalations": _of(span, "escalations"),
        "beyond_gate": _of(span, "beyond_gate"),
    }


def _loss(span: Span, basis: str) -> Loss:
    mean = span.mean_loss(basis)
    low, point, high = (
        tally[f"{basis}_{bound}"] for tally, bound in ((span.low, "low"), (span.point, "point"), (span.high, "high"))
    )
    return {
        "requests": _of(span, f"{basis}_requests"),
        "answers_lost": _bounds(low, point, high),
        "points": None if mean is None else _bounds(*(100 * each for each in mean)),
    }


def _of(span: Span, name: str) -> Bounds:
    return _bounds(span.low[name], span.point[name], span.high[name])


def _bounds(low: Decimal, point: Decimal, high: Decimal) -> Bounds:
    return {"low": float(low), "point": float(point), "high": float(high)}


def _speeds(times: pl.DataFrame, endpoints: Collection[str]) -> dict[str, tuple[float, float]]:
    """Seconds of both models on every endpoint where the log has both for the same kind of question."""
    both = set(times.filter((pl.col("incumbent_count") > 0) & (pl.col("candidate_count") > 0))["endpoint"])
    found: dict[str, tuple[float, float]] = {}
    for endpoint in both & set(endpoints):
        alike = like_for_like(times.filter(pl.col("endpoint") == endpoint))
        if alike is not None:
            found[endpoint] = (alike["incumbent_seconds"], alike["candidate_seconds"])
    return found


def _latency(spans: Mapping[str, Span], speeds: Mapping[str, tuple[float, float]]) -> Latency | None:
    moved = {endpoint: span.point for endpoint, span in spans.items() if endpoint in speeds and span.point["requests"]}
    count = sum(float(tally["requests"]) for tally in moved.values())
    if not count:
        return None

    def then(tally: Tally, seconds: tuple[float, float]) -> float:
        return float(tally["requests"]) * seconds[1] + float(tally["escalations"]) * seconds[0]

    return {
        "requests": count,
        "seconds_now": sum(float(tally["requests"]) * speeds[name][0] for name, tally in moved.items()) / count,
        "seconds_then": sum(then(tally, speeds[name]) for name, tally in moved.items()) / count,
    }


def _notes(played: Replay, traffic: Seen) -> list[str]:
    notes: list[str] = []
    total = played.total()
    if not total.is_exact:
        notes.append(
            "The log does not say how some requests would have been decided (lengths inside buckets, names that "
            "callers sent): the figures have bounds."
        )
    if total.point["beyond_gate"]:
        notes.append(
            f"{number_of(int(total.point['beyond_gate']), 'request')} would go to a candidate that cannot "
            "serve them, or at no known price: no saving is counted for them."
        )
    if read := total.point["classifier_cost"]:
        notes.append(
            f"A model reads requests first, for ${read:,.2f}, which is off the saving. What it would hold back nobody "
            "knows: the figures take it to let all through that the rules would move."
        )
    if traffic.unpriced_requests:
        notes.append(f"{number_of(traffic.unpriced_requests, 'request')} without a known price, in no dollar figure.")
    if any(piece.is_bucket for piece in traffic.pieces):
        notes.append("Buckets are known by their mean only; a rule on input length cannot be played over them.")
    return notes
