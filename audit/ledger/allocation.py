"""What each customer's traffic costs now and after each level has moved; customers add up to the bill exactly.

A saving is linear in the requests and tokens of a workload (`savings.cascade`), so the saving of a customer is the
same formula over the customer's own part of it: no key, no average, nothing left over.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import polars as pl

from audit.assumptions import Assumptions, exact_decimal
from audit.report.document import Level
from audit.report.margin_document import STEPS, Step
from audit.savings.cascade import Costs, Offer

PRICED = ("eligible", "gated", "other_model")
"""Dispositions of requests that are billed at a known price."""

PRECISION = 100
"""Digits: sums of products of prices, tokens, ratios and odds stay exact, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What becomes of a workload at one level: the part of it that moves, and how long the answers then are."""

    weight: Decimal
    output_ratio: float


def moves(offer: Offer, assumptions: Assumptions) -> dict[Level, Move]:
    """The levels at which a workload moves, by the rules of the three totals (`savings.projection`)."""
    escalation, ratio = assumptions.escalation_rate.point, offer.output_ratio.point
    found: dict[Level, Move] = {}
    if offer.verdict != "keep" and offer.saving(ratio, escalation, assumptions) > 0:
        if offer.verdict == "route":
            found["measured"] = Move(weight=Decimal(1), output_ratio=ratio)
        weight = Decimal(1) if offer.verdict == "route" else exact_decimal(offer.pass_probability)
        found["expected"] = Move(weight=weight, output_ratio=ratio)
    if offer.saving(offer.ceiling_ratio, escalation, assumptions) > 0:
        found["ceiling"] = Move(weight=Decimal(1), output_ratio=offer.ceiling_ratio)
    return found


@dataclass(slots=True, kw_only=True)
class Share:
    """One customer's part of the traffic and of the bill, in USD."""

    requests: int = 0
    priced_requests: int = 0
    """Those that are billed at a known price; of the others, failures and a gateway's answers cost nothing."""
    unpriced_requests: int = 0
    unknown_usage_requests: int = 0
    cost: dict[Step, Decimal] = field(default_factory=lambda: dict.fromkeys(STEPS, Decimal(0)))
    """Of all but the unpriced requests and those of unknown usage."""

    @property
    def left_out(self) -> int:
        """The requests that the cost leaves out."""
        return self.unpriced_requests + self.unknown_usage_requests


def allocate(costs: pl.DataFrame, offers: Iterable[Offer], assumptions: Assumptions) -> dict[str, Share]:
    """The shares by customer id, '' for requests that name none; `costs` is the relation customer_costs."""
    planned = {offer.workload_id: moves(offer, assumptions) for offer in offers}
    shares: defaultdict[str, Share] = defaultdict(Share)
    with localcontext(prec=PRECISION):
        for row in costs.iter_rows(named=True):
            share = shares[row["customer_id"]]
            share.requests += row["request_count"]
            if row["disposition"] == "unknown_usage":
                share.unknown_usage_requests += row["request_count"]
            elif row["disposition"] == "unpriced":
                share.unpriced_requests += row["request_count"]
            elif row["disposition"] in PRICED:
                share.priced_requests += row["request_count"]
            if row["list_cost"] is None:
                continue
            saved = _savings(row, planned.get(row["workload_key"] or "", {}), assumptions)
            for step in STEPS:
                share.cost[step] += row["list_cost"] - saved.get(step, 0)
    return dict(shares)


def _savings(row: Mapping[str, object], planned: Mapping[Level, Move], assumptions: Assumptions) -> dict[str, Decimal]:
    if not planned:
        return {}
    part = Costs(
        requests=int(str(row["request_count"])),
        list_cost=_money(row["list_cost"]),
        candidate_input_cost=_money(row["candidate_input_cost"]),
        candidate_output_cost=_money(row["candidate_output_cost"]),
    )
    escalation = assumptions.escalation_rate.point
    return {
        level: move.weight * part.net_saving(move.output_ratio, escalation, assumptions)
        for level, move in planned.items()
    }


def _money(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)
