"""What moving some requests means: money, checks, and the quality to be expected, as sums that simply add up.

What was measured and what is only expected of it are sums of their own. Bounds of losses add up too, as if every
workload erred to the same side at once: wider than independent errors would be, and never too narrow for shared ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from audit.assumptions import Assumptions, Range, exact_decimal
from audit.policy.document import Escalation, Rule
from audit.savings.cascade import Costs, Offer
from audit.savings.check import Check
from audit.savings.escalation import Cascade, saving_behind_check

FIGURES = (
    "requests",
    "list_cost",
    "saving",
    "escalations",
    "classifier_cost",
    "beyond_gate",
    *(f"{basis}_{name}" for basis in ("measured", "unmeasured") for name in ("requests", "low", "point", "high")),
)
"""Requests moved, what they cost today, what moving saves; answers sent on by a check; what a model that reads requests
first costs, which is off the saving; requests that the candidate cannot serve or nobody priced; and by whether outcomes
exist: requests moved and good answers lost."""

Tally = dict[str, Decimal]
"""The FIGURES."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the report says about a workload."""

    offer: Offer
    loss: Range
    """Share of good answers lost: measured, or else what published results let one expect."""
    is_measured: bool
    cascade: Cascade | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a replay counts."""

    assumptions: Assumptions
    is_at_ceiling: bool
    """Answers whose length nobody measured are taken to be no longer than today's, as the report's ceiling does."""


def nothing() -> Tally:
    """What stays."""
    return dict.fromkeys(FIGURES, Decimal(0))


def added(one: Tally, other: Tally, weight: Decimal = Decimal(1)) -> Tally:
    """The sum of one and so much of another."""
    return {name: one[name] + weight * other[name] for name in FIGURES}


def moved(costs: Costs, known: Known | None, gate: str, rule: Rule | None, terms: Terms) -> Tally:
    """What happens to requests of one workload under the rule they meet (None: the default).

    Behind a gate nothing is saved, whatever the policy says: the candidate cannot answer, or at no known price.
    """
    if rule is None or rule["to"] == "incumbent" or not rule["share"]:
        return nothing()
    share = exact_decimal(rule["share"])
    read = exact_decimal(rule["classifier"]["usd_per_request"]) * costs.requests if "classifier" in rule else Decimal(0)
    if known is None or gate:
        return nothing() | {"beyond_gate": share * costs.requests, "saving": -read, "classifier_cost": read}
    escalation = rule.get("escalation")
    ratio = known.offer.ceiling_ratio if terms.is_at_ceiling else known.offer.output_ratio.point
    if escalation is None:
        rate, loss = terms.assumptions.escalation_rate.point, known.loss
        saving = costs.net_saving(ratio, rate, terms.assumptions)
    else:
        rate = escalation["expected_rate"]
        loss = _behind(known, escalation)
        saving = saving_behind_check(costs, ratio, rate, escalation["usd_per_check"], terms.assumptions)
    basis, answers = "measured" if known.is_measured else "unmeasured", share * costs.requests
    return nothing() | {
        "requests": answers,
        "list_cost": share * costs.list_cost,
        "saving": share * saving - read,
        "classifier_cost": read,
        "escalations": answers * exact_decimal(rate),
        f"{basis}_requests": answers,
        **{f"{basis}_{name}": answers * exact_decimal(value) for name, value in loss.to_document().items()},
    }


def _behind(known: Known, escalation: Escalation) -> Range:
    """Loss behind a rule's check; of one that audit.toml does not declare like this only its sensitivity counts."""
    if known.cascade is not None and _is_declared(escalation, known.cascade.check):
        return known.cascade.residual_loss
    missed = 1 - escalation["sensitivity"]
    ends = (known.loss.low, known.loss.point, known.loss.high)
    # A gain is not caught by the check, hence not scaled.
    low, point, high = (missed * end if end > 0 else end for end in ends)
    return Range(low=low, point=point, high=high)


def _is_declared(escalation: Escalation, check: Check) -> bool:
    rates = (escalation["sensitivity"], escalation["false_alarm_rate"])
    return rates == (check.sensitivity.share.point, check.false_alarm_rate.share.point)


def together(costs: Costs, more: Costs) -> Costs:
    """The sum of two."""
    return Costs(
        requests=costs.requests + more.requests,
        list_cost=costs.list_cost + more.list_cost,
        candidate_input_cost=costs.candidate_input_cost + more.candidate_input_cost,
        candidate_output_cost=costs.candidate_output_cost + more.candidate_output_cost,
    )


NO_COSTS = Costs(requests=0, list_cost=Decimal(0), candidate_input_cost=Decimal(0), candidate_output_cost=Decimal(0))

KnownById = Mapping[str, Known]
