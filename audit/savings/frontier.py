"""The cheapest policy for every quality loss that somebody may accept, from moving nothing to moving everything.

Saving and loss of a policy are sums over what it moves, and a share of a workload has that share of both. The best
policy for a given loss is then the one that fills it with the most saving per answer lost, the last workload in part
(Dantzig 1957): sorting by that ratio gives the whole frontier, and nothing lies beyond it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict, cast

import polars as pl

from audit.assumptions import Assumptions, Range
from audit.savings.cascade import Offer, offers


class Amounts(TypedDict):
    """What a policy does to all traffic of the window; money in USD."""

    spend: float
    saving: float
    measured_answers_lost: float
    unmeasured_answers_lost: float


class Step(Amounts):
    """A policy of the frontier: all of the step before it, and one workload more."""

    workload_id: str
    name: str
    is_measured: bool
    verdict: str


class Frontier(TypedDict):
    """Steps in order; before the first one nothing moves and the spend is today's."""

    requests: int
    """All traffic, as the denominator of answers lost."""
    spend: float
    steps: list[Step]
    chosen: Amounts
    """The policy of the report: every `route`, nothing else."""


def frontier(
    workloads: pl.DataFrame,
    verdicts: pl.DataFrame,
    expected_losses: Mapping[str, Range],
    *,
    candidate: str,
    assumptions: Assumptions,
    requests: int,
    spend: Decimal,
) -> Frontier:
    """The frontier over all workloads that no gate stops and that save something, by their points.

    A workload that is expected to gain comes first: it costs nothing to move. What was measured and what is only
    expected are sums of their own; the order takes them together, as somebody who has to decide now must.
    """
    rows = {str(row["workload_id"]): row for row in verdicts.iter_rows(named=True)}
    names = dict(workloads.select("workload_id", "name").iter_rows())
    items: list[_Item] = []
    for offer in offers(workloads, verdicts, candidate, assumptions):
        row = rows[offer.workload_id]
        saving = offer.saving(offer.output_ratio.point, assumptions.escalation_rate.point, assumptions)
        if offer.is_open and saving > 0:
            is_measured = row["evidence"] == "measured" and row["quality_loss_point"] is not None
            point = expected_losses[offer.workload_id].point
            if is_measured:
                point = cast("float", row["quality_loss_point"]) / 100
            item = _Item(offer=offer, saving=saving, lost=offer.requests * point, is_measured=is_measured)
            items.append(item)
    items.sort(key=lambda item: (-item.saving_per_loss, -item.saving, item.offer.workload_id))
    steps: list[Step] = []
    saved, measured, unmeasured = Decimal(0), 0.0, 0.0
    for item in items:
        saved += item.saving
        measured += item.lost if item.is_measured else 0.0
        unmeasured += 0.0 if item.is_measured else item.lost
        told: Step = {
            "workload_id": item.offer.workload_id,
            "name": str(names[item.offer.workload_id]),
            "is_measured": item.is_measured,
            "verdict": item.offer.verdict,
            "spend": float(spend - saved),
            "saving": float(saved),
            "measured_answers_lost": measured,
            "unmeasured_answers_lost": unmeasured,
        }
        steps.append(told)
    chosen = _amounts([item for item in items if item.offer.verdict == "route"], spend)
    return {"requests": requests, "spend": float(spend), "steps": steps, "chosen": chosen}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    offer: Offer
    saving: Decimal
    lost: float
    is_measured: bool

    @property
    def saving_per_loss(self) -> float:
        return float(self.saving) / self.lost if self.lost > 0 else math.inf


def _amounts(moved: Sequence[_Item], spend: Decimal) -> Amounts:
    saving = sum((item.saving for item in moved), Decimal(0))
    return {
        "spend": float(spend - saving),
        "saving": float(saving),
        "measured_answers_lost": math.fsum(item.lost for item in moved if item.is_measured),
        "unmeasured_answers_lost": math.fsum(item.lost for item in moved if not item.is_measured),
    }
