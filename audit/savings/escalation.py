"""Whether candidate plus check beats moving a workload outright: how much is sent on, what is still lost and saved.

Every answer of the candidate is checked; what the check flags is answered again by the incumbent. With q = share of
bad candidate answers, s = sensitivity and f = false alarm rate of the check:

    escalated        e = q s + (1 - q) f
    loss after it    lost (1 - s) - won (1 - f)
    saving           list cost (1 - e) - candidate cost - router - requests * price of a check

lost and won are the shares of requests that only the incumbent, only the candidate answers well; a graded score is
read as that share of a good answer. The check is taken to flag a bad answer as often whether or not the incumbent
does better, and escalated requests to cost what the workload's requests cost. Bounds are worst cases: each is the 95 %
bound of the outcomes at the check's own unfavourable (or favourable) end. This is advice and enters no total.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import numpy as np
import polars as pl

from audit.assumptions import Assumptions, Range, exact_decimal
from audit.evidence.estimates import paired_columns, quality_loss
from audit.evidence.statistics import Floats, effective_size, wilson
from audit.evidence.units import Unit
from audit.savings.cascade import Costs, Offer, offers
from audit.savings.check import Check, Checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """A workload served by the candidate behind a check; shares are fractions, savings USD in the window."""

    check: Check
    failure_basis: Literal["measured", "prior"]
    failure_rate: Range
    """Share of candidate answers that are bad."""
    escalation_rate: Range
    residual_loss: Range
    margin: float
    saving: Range
    saving_share: Range
    """Of the workload's list cost."""
    break_even_escalation: float
    """Share escalated at which nothing is saved any more, the check paid."""
    beats_direct: bool
    """Moved outright it may break the margin; behind the check it stays within, and still saves."""

    @property
    def basis(self) -> Literal["measured", "assumed"]:
        """'measured' only if outcomes and check were."""
        return "measured" if self.failure_basis == self.check.basis == "measured" else "assumed"

    def to_document(self) -> dict[str, object]:
        """The part `cascade` of a workload in the report; losses in points of 100."""
        points = {name: 100 * value for name, value in self.residual_loss.to_document().items()}
        return {
            "basis": self.basis,
            "check": self.check.to_document(),
            "failure_basis": self.failure_basis,
            "failure_rate": self.failure_rate.to_document(),
            "escalation_rate": self.escalation_rate.to_document(),
            "break_even_escalation": self.break_even_escalation,
            "residual_loss": points | {"margin": 100 * self.margin},
            "savings": self.saving.to_document(),
            "saving_share": self.saving_share.to_document(),
            "beats_direct": self.beats_direct,
        }


def cascades(
    workloads: pl.DataFrame,
    verdicts: pl.DataFrame,
    units: Mapping[str, Unit],
    expected_losses: Mapping[str, Range],
    *,
    checks: Checks,
    candidate: str,
    assumptions: Assumptions,
) -> dict[str, Cascade]:
    """Cascade of every workload that can be routed and has a check, by id.

    Without outcomes of exactly these models `expected_losses` (fractions, by workload) stand in for the share of bad
    answers, as if the candidate never did better and never failed together with the incumbent.
    """
    found: dict[str, Cascade] = {}
    for offer in offers(workloads, verdicts, candidate, assumptions):
        check = checks.of(offer.endpoint)
        if check is not None and offer.is_open and offer.list_cost > 0:
            unit = units[offer.workload_id]
            found[offer.workload_id] = _cascade(offer, unit, check, expected_losses[offer.workload_id], assumptions)
    return found


def _cascade(offer: Offer, unit: Unit, check: Check, expected: Range, assumptions: Assumptions) -> Cascade:
    measured = unit.measured
    if measured is None or unit.decided_on is None:
        failure, residual = expected, _times(expected, _reversed(check.sensitivity.share))
    else:
        incumbent, candidate, weights, discounts = paired_columns(unit.decided_on)
        failure = failure_rate(candidate, weights, discounts)
        residual = residual_loss(incumbent, candidate, weights, check, discounts)
    escalated = escalation_rate(failure, check)
    saving = _saving(offer, escalated, check, assumptions)
    whole = float(offer.list_cost)
    shares = Range(low=saving.low / whole, point=saving.point / whole, high=saving.high / whole)
    return Cascade(
        check=check,
        failure_basis="prior" if measured is None else "measured",
        failure_rate=failure,
        escalation_rate=escalated,
        residual_loss=residual,
        margin=unit.margin,
        saving=saving,
        saving_share=shares,
        break_even_escalation=shares.point + escalated.point,
        beats_direct=measured is not None
        and unit.is_sound
        and not (unit.split is not None and unit.split.disagree)
        and offer.verdict != "route"
        and measured.loss.high > unit.margin
        and residual.high <= unit.margin
        and saving.low > 0,
    )


def failure_rate(candidate: Floats, weights: Floats, discounts: Floats | None = None) -> Range:
    """Weighted share of bad candidate answers, 1 - mean score, Wilson at the effective size. Wilson 1927, Kish 1965."""
    weights = weights if discounts is None else weights * discounts
    share, size = float((weights * (1 - candidate)).sum() / weights.sum()), effective_size(weights, discounts)
    low, high = wilson(share * size, size)
    return Range(low=min(low, share), point=share, high=max(high, share))


def residual_loss(
    incumbent: Floats, candidate: Floats, weights: Floats, check: Check, discounts: Floats | None = None
) -> Range:
    """Loss that the check leaves, as a fraction of the score range; falls with sensitivity, rises with false alarms."""
    sensitivity, alarms = check.sensitivity.share, check.false_alarm_rate.share
    lost, won = np.maximum(incumbent - candidate, 0.0), np.maximum(candidate - incumbent, 0.0)

    def left(caught: float, disturbed: float) -> Range:
        return quality_loss(lost * (1 - caught), won * (1 - disturbed), weights, margin=1.0, discounts=discounts).loss

    return Range(
        low=left(sensitivity.high, alarms.low).low,
        point=left(sensitivity.point, alarms.point).point,
        high=left(sensitivity.low, alarms.high).high,
    )


def escalation_rate(failure: Range, check: Check) -> Range:
    """Share of answers that the check sends on, q s + (1 - q) f."""
    sensitivity, alarms = check.sensitivity.share, check.false_alarm_rate.share

    def sent(bad: float, caught: float, disturbed: float) -> float:
        return bad * caught + (1 - bad) * disturbed

    ends = (failure.low, failure.high)
    point = sent(failure.point, sensitivity.point, alarms.point)
    return Range(
        low=min(point, *(sent(bad, sensitivity.low, alarms.low) for bad in ends)),
        point=point,
        high=max(point, *(sent(bad, sensitivity.high, alarms.high) for bad in ends)),
    )


def saving_behind_check(
    costs: Costs, ratio: float, escalated: float, usd_per_check: float, assumptions: Assumptions
) -> Decimal:
    """Signed saving in the window, exact; the check's price replaces the share that `assumptions` set aside for it."""
    others = replace(assumptions, check_cost_share=0.0)
    return costs.net_saving(ratio, escalated, others) - exact_decimal(usd_per_check) * costs.requests


def _saving(offer: Offer, escalated: Range, check: Check, assumptions: Assumptions) -> Range:
    """Saving in the window, worst to best."""

    def net(ratio: float, rate: float, price: float) -> float:
        return float(saving_behind_check(offer, ratio, rate, price, assumptions))

    ratio, price = offer.output_ratio, check.usd_per_check
    return Range(
        low=net(ratio.high, escalated.high, price.high),
        point=net(ratio.point, escalated.point, price.point),
        high=net(ratio.low, escalated.low, price.low),
    )


def _reversed(share: Range) -> Range:
    return Range(low=1 - share.high, point=1 - share.point, high=1 - share.low)


def _times(one: Range, other: Range) -> Range:
    return Range(low=one.low * other.low, point=one.point * other.point, high=one.high * other.high)
