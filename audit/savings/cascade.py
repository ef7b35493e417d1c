"""What one workload costs on the candidate and saves when routed: the only place with the formula of a saving."""

from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import numpy as np
import polars as pl

from audit.assumptions import Assumptions, Range, exact_decimal
from audit.evidence.reasons import Verdict
from audit.evidence.statistics import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Requests that could move, with what they cost on both models in the window."""

    requests: int
    list_cost: Decimal
    candidate_input_cost: Decimal
    candidate_output_cost: Decimal
    """At one candidate output token per incumbent output token."""

    def net_saving(self, ratio: float, escalation_rate: float, assumptions: Assumptions) -> Decimal:
        """Signed saving when all of them move, exact.

        list cost - candidate input - ratio * candidate output - (escalation rate + check share) * list cost
        - router cost per 1,000 requests * requests / 1,000. An escalated answer is paid twice.
        """
        lost_share = exact_decimal(escalation_rate) + exact_decimal(assumptions.check_cost_share)
        router = exact_decimal(assumptions.router_cost_per_1k_requests) * self.requests / 1000
        candidate = self.candidate_input_cost + exact_decimal(ratio) * self.candidate_output_cost
        return self.list_cost - candidate - lost_share * self.list_cost - router


def ceiling_ratio(ratio: float, *, is_measured: bool) -> float:
    """Output ratio of the ceiling: the measured one, else no longer answers than today's."""
    return ratio if is_measured else min(1.0, ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Costs):
    """A workload with its costs on both models, its verdict and the odds behind it."""

    workload_id: str
    endpoint: str
    model: str
    decision_unit: str
    verdict: Verdict
    is_open: bool
    """False behind a gate or when the candidate already serves it: nothing can be saved."""
    output_ratio: Range
    is_ratio_measured: bool
    pass_probability: float
    pass_alpha: float | None
    pass_beta: float | None

    @property
    def ceiling_ratio(self) -> float:
        """Output ratio of the ceiling."""
        return ceiling_ratio(self.output_ratio.point, is_measured=self.is_ratio_measured)

    def saving(self, ratio: float, escalation_rate: float, assumptions: Assumptions) -> Decimal:
        """Signed saving in the window, exact; 0 where nothing can be routed."""
        return self.net_saving(ratio, escalation_rate, assumptions) if self.is_open else Decimal(0)

    def savings(self, ratios: Floats, escalation_rates: Floats, assumptions: Assumptions) -> Floats:
        """The same for many worlds at once, in floats."""
        if not self.is_open:
            return np.zeros(len(ratios))
        base = float(self.saving(0.0, 0.0, assumptions))
        return base - ratios * float(self.candidate_output_cost) - escalation_rates * float(self.list_cost)


def offers(workloads: pl.DataFrame, verdicts: pl.DataFrame, candidate: str, assumptions: Assumptions) -> list[Offer]:
    """The workloads with their verdicts, ordered by decision unit and id; unmeasured lengths as assumed now."""
    joined = workloads.join(verdicts, on="workload_id", how="inner", validate="1:1").sort(
        "decision_unit", "workload_id"
    )
    return [_offer(row, candidate, assumptions) for row in joined.iter_rows(named=True)]


def _offer(row: dict[str, object], candidate: str, assumptions: Assumptions) -> Offer:
    is_measured = bool(row["output_ratio_is_measured"])
    return Offer(
        workload_id=str(row["workload_id"]),
        endpoint=str(row["endpoint"]),
        model=str(row["model"]),
        decision_unit=str(row["decision_unit"]),
        verdict=cast("Verdict", row["verdict"]),
        is_open=not row["is_gated"] and row["model"] != candidate,
        requests=cast("int", row["request_count"]),
        list_cost=exact_decimal(cast("Decimal", row["list_cost"])),
        candidate_input_cost=exact_decimal(cast("Decimal", row["candidate_input_cost"])),
        candidate_output_cost=exact_decimal(cast("Decimal", row["candidate_output_cost"])),
        output_ratio=_measured_ratio(row) if is_measured else assumptions.output_ratio,
        is_ratio_measured=is_measured,
        pass_probability=cast("float", row["pass_probability"] or 0.0),
        pass_alpha=cast("float | None", row["pass_alpha"]),
        pass_beta=cast("float | None", row["pass_beta"]),
    )


def _measured_ratio(row: dict[str, object]) -> Range:
    low, point, high = (cast("float", row[f"output_ratio_{bound}"]) for bound in ("low", "point", "high"))
    return Range(low=low, point=point, high=high)


def refuse_costlier(
    workloads: pl.DataFrame, verdicts: pl.DataFrame, *, candidate: str, assumptions: Assumptions
) -> pl.DataFrame:
    """The verdicts with every `route` or `pilot` that would not save anything turned into `keep` (costs_more)."""
    escalation = assumptions.escalation_rate.point
    costlier = [
        offer.workload_id
        for offer in offers(workloads, verdicts, candidate, assumptions)
        if offer.verdict != "keep" and offer.saving(offer.output_ratio.point, escalation, assumptions) <= 0
    ]
    refused = pl.col("workload_id").is_in(costlier)
    emptied = ("pairs_needed", "pass_alpha", "pass_beta", "pass_probability")
    return verdicts.with_columns(
        pl.when(refused).then(pl.lit("keep")).otherwise(pl.col("verdict")).alias("verdict"),
        pl.when(refused)
        .then(pl.concat_list(pl.lit(["costs_more"], dtype=pl.List(pl.String)), pl.col("reasons")))
        .otherwise(pl.col("reasons"))
        .alias("reasons"),
        *(pl.when(refused).then(None).otherwise(pl.col(name)).alias(name) for name in emptied),
    )
