"""What if other workloads moved, or other figures held? The totals again, from sums that a report carries along.

A saving is linear in what the traffic costs on both models, so nothing has to be priced again. The page does the same
arithmetic in `audit/data/report/whatif.js`; a test holds the two together to the cent.
"""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict

from audit.assumptions import Assumptions, exact_decimal
from audit.errors import ConfigError, UnknownNameError
from audit.evidence.reasons import Verdict
from audit.savings.cascade import Costs, ceiling_ratio


class Workload(TypedDict):
    """One workload of the incumbent: what the report decided about it on the pair's own candidate."""

    id: str
    verdict: Verdict
    pass_probability: float
    output_ratio: float | None
    """Measured candidate output tokens per incumbent output token; null where no pair has measured it."""
    requests: int
    list_cost: float


class Candidate(TypedDict):
    """What one model may be given and what that costs; lists have one entry per workload, in their order."""

    model: str
    retires_on: str | None
    requests: list[int]
    """0 where a gate stops the whole workload."""
    list_cost: list[float]
    input_cost: list[float]
    output_cost: list[float]
    """At one candidate output token per incumbent output token."""
    gates: list[str | None]
    """What stops the workload, or the part of it that is not in `requests`."""


class Inputs(TypedDict):
    """`what_if` of the report document: sums of the window, and the assumptions that hold by default."""

    requests: int
    list_cost: float
    monthly_multiplier: float | None
    output_ratio: float
    escalation_rate: float
    check_cost_share: float
    router_cost_per_1k_requests: float
    workloads: list[Workload]
    candidates: list[Candidate]
    """The pair's own first: only it has outcomes here, so only it has verdicts and measured ratios."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far one control goes, and by which step."""

    low: float
    high: float
    step: float


REACH = {
    "escalation_rate": Reach(low=0, high=1, step=0.01),
    "output_ratio": Reach(low=0.2, high=5, step=0.01),
    "growth": Reach(low=-0.5, high=2, step=0.01),
    "discount": Reach(low=0, high=0.6, step=0.01),
}
"""Reasoning models write several tokens for each one that is read, hence an output ratio of up to 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is changed; the defaults change nothing."""

    kept: frozenset[str] = field(default_factory=frozenset[str])
    """Ids of workloads that stay on the incumbent whatever the report says."""
    candidate: str | None = None
    """None: the one that the report is about."""
    output_ratio: float | None = None
    """Of workloads without a measured one; None: as assumed."""
    escalation_rate: float | None = None
    """Share of routed answers that the incumbent answers again; None: as assumed."""
    growth: float = 0.0
    """0.2: a fifth more of every request."""
    discount: float = 0.0
    """Share off every price of both models, on top of what the report already takes off."""

    def __post_init__(self) -> None:
        """Refuse what the page's controls cannot be set to, naming the setting."""
        for name, reach in REACH.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and reach.low <= value <= reach.high):
                raise ConfigError(f"{name} is {value}; give a number from {reach.low} to {reach.high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One total: what moves, and what that saves."""

    window: Decimal
    monthly: Decimal | None
    share_of_spend: Decimal
    requests: Decimal
    request_share: Decimal
    cost: Decimal
    cost_share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The three levels, and what moving everything that is not kept would save, whoever has measured it."""

    spend: Decimal
    """All traffic of the window on today's models, grown and discounted."""
    monthly_spend: Decimal | None
    measured: Line | None
    """None: nobody has measured this candidate here."""
    expected: Line | None
    ceiling: Line
    choice: Line
    choice_measured: Line
    """The part of the choice that the report would route."""
    choice_unmeasured: Line

    def rows(self) -> list[dict[str, str | float | None]]:
        """The totals as rows of plain numbers."""
        return [
            {"total": name}
            | {field: _float(None if line is None else getattr(line, field)) for field in Line.__annotations__}
            for name, line in (
                ("measured", self.measured),
                ("expected", self.expected),
                ("ceiling", self.ceiling),
                ("choice", self.choice),
                ("choice_measured", self.choice_measured),
                ("choice_unmeasured", self.choice_unmeasured),
            )
        ]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


@dataclass(slots=True)
class _Sum:
    saving: Decimal = Decimal(0)
    requests: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    def add(self, saving: Decimal, costs: Costs, weight: Decimal = Decimal(1)) -> None:
        self.saving += weight * saving
        self.requests += weight * costs.requests
        self.cost += weight * costs.list_cost


def totals(inputs: Inputs, settings: Settings) -> Totals:
    """The totals under `settings`; the defaults give the points of the report.

    measured = Σ saving over `route`, expected = measured + Σ P(pass) saving over `pilot`, each only where it saves
    something; ceiling = Σ max(0, saving at the ceiling's output ratio); choice = Σ saving, signed. All over workloads
    that are not kept, with every price times (1 - discount) and every amount times (1 + growth). Raises
    UnknownNameError for a candidate or workload that the report does not have.
    """
    candidate = _candidate(inputs, settings)
    is_pair = candidate is inputs["candidates"][0]
    left = 1 - exact_decimal(settings.discount)
    escalation = inputs["escalation_rate"] if settings.escalation_rate is None else settings.escalation_rate
    unmeasured = inputs["output_ratio"] if settings.output_ratio is None else settings.output_ratio
    paid = Assumptions(
        check_cost_share=inputs["check_cost_share"],
        router_cost_per_1k_requests=inputs["router_cost_per_1k_requests"],
    )
    measured, expected, ceiling, proven, unproven = (_Sum() for _ in range(5))
    for index, workload in enumerate(inputs["workloads"]):
        if workload["id"] in settings.kept or not candidate["requests"][index]:
            continue
        costs = Costs(
            requests=candidate["requests"][index],
            list_cost=left * exact_decimal(candidate["list_cost"][index]),
            candidate_input_cost=left * exact_decimal(candidate["input_cost"][index]),
            candidate_output_cost=left * exact_decimal(candidate["output_cost"][index]),
        )
        own = workload["output_ratio"] if is_pair else None
        ratio = unmeasured if own is None else own
        verdict = workload["verdict"] if is_pair else "keep"
        saving = costs.net_saving(ratio, escalation, paid)
        most = costs.net_saving(ceiling_ratio(ratio, is_measured=own is not None), escalation, paid)
        (proven if verdict == "route" else unproven).add(saving, costs)
        if verdict == "route" and saving > 0:
            measured.add(saving, costs)
            expected.add(saving, costs)
        if verdict == "pilot" and saving > 0:
            expected.add(saving, costs, exact_decimal(workload["pass_probability"]))
        if most > 0:
            ceiling.add(most, costs)
    scale = _Scale(inputs, settings)
    return Totals(
        spend=scale.spend,
        monthly_spend=scale.monthly(scale.spend),
        measured=scale.line(measured) if is_pair else None,
        expected=scale.line(expected) if is_pair else None,
        ceiling=scale.line(ceiling),
        choice=scale.line(proven, unproven),
        choice_measured=scale.line(proven),
        choice_unmeasured=scale.line(unproven),
    )


def _candidate(inputs: Inputs, settings: Settings) -> Candidate:
    known = {workload["id"] for workload in inputs["workloads"]}
    for name in sorted(settings.kept - known):
        raise UnknownNameError("workload", name, known)
    by_model = {candidate["model"]: candidate for candidate in inputs["candidates"]}
    if settings.candidate is None:
        return inputs["candidates"][0]
    if settings.candidate not in by_model:
        hint = f"This report has {', '.join(by_model)}; `audit report --to {settings.candidate}` asks for another"
        raise UnknownNameError("candidate", settings.candidate, by_model, hint)
    return by_model[settings.candidate]


class _Scale:
    """From sums of the logs to amounts of the window and the month, after growth; discounts are in the sums."""

    def __init__(self, inputs: Inputs, settings: Settings) -> None:
        """Read the totals that shares are of."""
        self.grown = 1 + exact_decimal(settings.growth)
        self.requests = self.grown * inputs["requests"]
        self.spend = self.grown * (1 - exact_decimal(settings.discount)) * exact_decimal(inputs["list_cost"])
        multiplier = inputs["monthly_multiplier"]
        self.multiplier = None if multiplier is None else exact_decimal(multiplier)

    def monthly(self, window: Decimal) -> Decimal | None:
        """A month of an amount of the window."""
        return None if self.multiplier is None else self.multiplier * window

    def line(self, *parts: _Sum) -> Line:
        """The sum of some parts, with its shares of all traffic."""
        saving, requests, cost = (
            self.grown * sum((getattr(part, name) for part in parts), Decimal(0))
            for name in ("saving", "requests", "cost")
        )
        return Line(
            window=saving,
            monthly=self.monthly(saving),
            share_of_spend=_share(saving, self.spend),
            requests=requests,
            request_share=_share(requests, self.requests),
            cost=cost,
            cost_share=_share(cost, self.spend),
        )


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole else Decimal(0)
