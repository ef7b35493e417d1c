"""Paired outcomes, gates and priors -> one verdict per workload.

Outcomes alone can say `route`: they must be of exactly these models, enough of them, plausibly scored, and still
significant after every workload tested in the same report is counted. Everything short of that is a pilot or stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from audit.assumptions import Assumptions
from audit.evidence.ageing import Present, age
from audit.evidence.estimates import MIN_PAIRS, QualityLoss, first_pairs
from audit.evidence.judged import MIN_LABELS
from audit.evidence.pooling import Pooled, pooled_losses
from audit.evidence.priors import Prior, base_rate, published
from audit.evidence.reasons import MISJUDGED, SUSPECT, Evidence, Verdict
from audit.evidence.scrutiny import COUNTED, by_endpoint, counted, examined, refused_pairs
from audit.evidence.statistics import holm
from audit.evidence.units import Unit, Workload, decision_units, workload_of

VERDICTS: dict[str, pl.DataType] = {
    "workload_id": pl.String(),
    "verdict": pl.String(),
    "reasons": pl.List(pl.String()),
    "risk": pl.Int64(),
    "risk_dimension": pl.String(),
    "evidence": pl.String(),
    "is_gated": pl.Boolean(),
    "pairs": pl.Int64(),
    "pairs_needed": pl.Int64(),
    "quality_loss_low": pl.Float64(),
    "quality_loss_point": pl.Float64(),
    "quality_loss_high": pl.Float64(),
    "pooled_loss_low": pl.Float64(),
    "pooled_loss_point": pl.Float64(),
    "pooled_loss_high": pl.Float64(),
    "pooled_units": pl.Int64(),
    "margin": pl.Float64(),
    "p_value": pl.Float64(),
    "adjusted_p": pl.Float64(),
    "output_ratio_low": pl.Float64(),
    "output_ratio_point": pl.Float64(),
    "output_ratio_high": pl.Float64(),
    "output_ratio_is_measured": pl.Boolean(),
    "pass_alpha": pl.Float64(),
    "pass_beta": pl.Float64(),
    "pass_probability": pl.Float64(),
    "parse_failure_share": pl.Float64(),
    "decision_unit": pl.String(),
    **COUNTED,
}
"""Columns of the result of `decide`."""

DOUBTS = frozenset({"graders_disagree", "parse_failures", "judge_unverified"})
"""Reasons to look at the scores again before believing them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict on a workload with its main reason first."""

    verdict: Verdict
    reasons: tuple[str, ...]
    evidence: Evidence
    is_gated: bool = False
    pairs_needed: int | None = None
    prior: Prior | None = None
    pass_probability: float | None = None


def decide(
    workloads: pl.DataFrame,
    pairs: pl.DataFrame,
    *,
    candidate: str,
    assumptions: Assumptions,
    base_rates: pl.DataFrame,
    task_priors: pl.DataFrame,
    present: Present | None = None,
) -> pl.DataFrame:
    """One row per workload with the columns of VERDICTS, in the order given; quality losses in points of 100.

    The rule: `route` if the upper end of the 95 % interval is within the margin, the Holm-adjusted one-sided p is at
    most alpha and nothing speaks against the outcomes; `keep` if the lower end is above the margin; else `pilot`.
    `present` says what the pairs are too old for, by default nothing.
    """
    asked = [workload_of(row) for row in workloads.iter_rows(named=True)]
    units, refused = measured_units(workloads, pairs, candidate=candidate, alpha=assumptions.alpha, present=present)
    tested = {
        units[work.workload_id].name: units[work.workload_id].measured
        for work in asked
        if not _is_closed(work, units[work.workload_id], candidate)
    }
    p_values = {name: loss.p for name, loss in tested.items() if loss is not None}
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    pooled = pooled_losses(asked, units)
    rates = {margin: base_rate(base_rates, margin * 100) for margin in {unit.margin for unit in units.values()}}
    rows: list[dict[str, object]] = []
    for work in asked:
        unit = units[work.workload_id]
        prior = _prior(work, candidate, unit.margin, rates, task_priors)
        if _is_closed(work, unit, candidate):
            decision = _closed(work, unit, candidate)
        elif unit.measured is not None:
            decision = _measured(unit, unit.measured, prior, adjusted[unit.name], len(adjusted), assumptions)
        else:
            decision = _unmeasured(work, unit, prior, len(adjusted) + 1, assumptions)
        row = _row(work, unit, decision, adjusted.get(unit.name), pooled.get(unit.name), assumptions)
        rows.append(row | counted(unit, refused[work.workload_id]))
    return pl.DataFrame(rows, schema=VERDICTS)


def measured_units(
    workloads: pl.DataFrame, pairs: pl.DataFrame, *, candidate: str, alpha: float, present: Present | None = None
) -> tuple[dict[str, Unit], dict[str, dict[str, int]]]:
    """What the outcomes say about every workload, and how many of them do not count for what reason, by its id."""
    present = present or Present()
    asked = [workload_of(row) for row in workloads.iter_rows(named=True)]
    pairs = pairs.with_columns(pl.col("weight").fill_null(1.0), pl.col("parse_failed").fill_null(value=False))
    aged = age(pairs, present)
    units = decision_units(asked, by_endpoint(aged.filter(pl.col("refusal").is_null())), candidate)
    refused = refused_pairs(asked, units, by_endpoint(aged), candidate, present)
    return examined(units, refused, alpha), refused


def _is_closed(work: Workload, unit: Unit, candidate: str) -> bool:
    """Nothing to decide: same model, no endpoint of its own, or a gate that outcomes have not lifted."""
    if work.incumbent_model == candidate or work.is_folded:
        return True
    is_lifted = work.is_long and unit.measured is not None and unit.measured.size >= MIN_PAIRS
    return bool(work.gate_reasons) and not is_lifted


def _closed(work: Workload, unit: Unit, candidate: str) -> Decision:
    same = ("same_model",) if work.incumbent_model == candidate else ()
    return Decision(
        verdict="keep",
        reasons=(*same, *work.gate_reasons, *(("folded",) if work.is_folded else ())),
        evidence="none" if unit.measured is None else "measured",
        is_gated=bool(work.gate_reasons),
    )


def _prior(
    work: Workload, candidate: str, margin: float, rates: Mapping[float, Prior], task_priors: pl.DataFrame
) -> Prior:
    if work.confirmed_task_type is not None:
        prior = published(task_priors, work.confirmed_task_type, work.incumbent_model, candidate, margin * 100)
        if prior is not None:
            return prior
    return rates[margin]


def _measured(
    unit: Unit, loss: QualityLoss, prior: Prior, adjusted: float, tests: int, assumptions: Assumptions
) -> Decision:
    """Verdict from outcomes of exactly these models.

    P(loss <= margin) of the data is 1 - p, the confidence distribution of the same interval; where the data do not
    count (suspect, unparsed, too few) the odds stay those of the prior. A unit whose strata disagree passes only if its
    worst stratum does, and further pairs of the whole would not decide it.
    """
    notes = unit.notes
    parts = unit.split if unit.split is not None and unit.split.disagree else None
    odds = None if not unit.is_sound else 1 - loss.p if parts is None else parts.odds
    if loss.reading == "above":
        return Decision(verdict="keep", reasons=("loss_above_margin", *notes), evidence="measured")
    if loss.reading == "within" and adjusted <= assumptions.alpha and unit.is_sound and parts is None:
        reasons = ("loss_within_margin", *notes, *(("no_difference",) if loss.mean_absolute == 0 else ()))
        return Decision(verdict="route", reasons=reasons, evidence="measured", pass_probability=odds)
    if parts is None and loss.reading == "open":
        notes = ("undecided", *notes)
    elif parts is None and loss.p > assumptions.alpha:
        notes = ("rare_losses", *notes)
    elif parts is None and adjusted > assumptions.alpha:
        notes = ("multiplicity", *notes)
    if loss.size < MIN_PAIRS:
        notes = (*notes, "few_pairs")
    # `keep` is not adjusted for the number of tests, so pairs that will show a loss need not be either.
    alpha = assumptions.alpha if loss.loss.point > loss.margin else assumptions.alpha / tests
    needed = loss.further_pairs(alpha, assumptions.power) if parts is None else parts.further_pairs(assumptions.power)
    if MISJUDGED & set(notes):
        needed = None
    return Decision(
        verdict="pilot",
        reasons=notes,
        evidence="measured",
        pairs_needed=MIN_LABELS if "judge_unverified" in notes else needed,
        prior=prior if odds is None else None,
        pass_probability=prior.mean if odds is None else odds,
    )


def _unmeasured(work: Workload, unit: Unit, prior: Prior, tests: int, assumptions: Assumptions) -> Decision:
    """Verdict without outcomes of these models: a pilot, or `keep` where published results leave no room.

    What another snapshot lost may lower the odds of the prior, and never raises them. `tests` is how many there will be
    once this unit is measured.
    """
    needed = first_pairs(unit.margin, assumptions.alpha / tests, assumptions.power)
    notes = unit.notes or ("no_outcomes",)
    if prior.is_above_margin:
        return Decision(verdict="keep", reasons=("published_loss", *notes), evidence="prior")
    if unit.loss is not None and unit.loss.size >= MIN_PAIRS and 1 - unit.loss.p < prior.mean:
        return Decision(
            verdict="pilot",
            reasons=notes,
            evidence="prior",
            pairs_needed=needed,
            pass_probability=1 - unit.loss.p,
        )
    odds = ["published_range" if prior.is_published else "base_rate"]
    if work.confirmed_task_type is not None and not prior.is_published:
        odds.append("no_published_range")
    return Decision(
        verdict="pilot",
        reasons=(*notes, *odds),
        evidence="prior",
        pairs_needed=needed,
        prior=prior,
        pass_probability=prior.mean,
    )


def _row(
    work: Workload,
    unit: Unit,
    decision: Decision,
    adjusted: float | None,
    pooled: Pooled | None,
    assumptions: Assumptions,
) -> dict[str, object]:
    loss, prior = unit.loss, decision.prior
    measured = unit.measured
    ratio = unit.ratio or assumptions.output_ratio
    dimension, risk = _risk(work, unit, decision)
    return {
        "workload_id": work.workload_id,
        "verdict": decision.verdict,
        "reasons": [*decision.reasons, *work.advisory_reasons],
        "risk": risk,
        "risk_dimension": dimension,
        "evidence": decision.evidence,
        "is_gated": decision.is_gated,
        "pairs": 0 if loss is None else loss.pairs,
        "pairs_needed": decision.pairs_needed,
        "quality_loss_low": None if loss is None else 100 * loss.loss.low,
        "quality_loss_point": None if loss is None else 100 * loss.loss.point,
        "quality_loss_high": None if loss is None else 100 * loss.loss.high,
        "pooled_loss_low": None if pooled is None else 100 * pooled.loss.low,
        "pooled_loss_point": None if pooled is None else 100 * pooled.loss.point,
        "pooled_loss_high": None if pooled is None else 100 * pooled.loss.high,
        "pooled_units": None if pooled is None else pooled.units,
        "margin": 100 * unit.margin,
        "p_value": None if measured is None else measured.p,
        "adjusted_p": adjusted,
        "output_ratio_low": ratio.low,
        "output_ratio_point": ratio.point,
        "output_ratio_high": ratio.high,
        "output_ratio_is_measured": unit.ratio is not None,
        "pass_alpha": None if prior is None else prior.alpha,
        "pass_beta": None if prior is None else prior.beta,
        "pass_probability": decision.pass_probability,
        "parse_failure_share": unit.parse_failure_share,
        "decision_unit": unit.name,
    }


def _risk(work: Workload, unit: Unit, decision: Decision) -> tuple[str, int]:
    """The largest of the named risks of routing this workload, 0 (none seen) to 4 (expect harm), and its name."""
    notes = set(decision.reasons) | set(unit.notes)
    loss = unit.measured
    quality = {"above": 4, "open": 2, "within": 0}[loss.reading] if loss is not None else 3
    if "published_loss" in notes:
        quality = 4
    pairs = 0 if loss is None else loss.size
    risks = {
        "quality": 0 if decision.verdict == "keep" and "same_model" in notes else quality,
        "scorer": 3 if notes & SUSPECT else 2 if notes & DOUBTS else 0,
        "snapshot": 3 if notes & {"other_snapshot", "retired_snapshot"} else 0,
        "strata": 3 if "strata_disagree" in notes else 0,
        "pairs": 0 if loss is None else 3 if pairs < MIN_PAIRS else 2 if pairs < 100 else 1 if pairs < 400 else 0,
        "long_input": 2 if "long_input" in work.gate_reasons else 0,
        "gate": 4 if decision.is_gated else 0,
        "stakes": {"low": 0, "normal": 1, "core": 2}.get(work.stakes, 1),
        "retirement": 1 if "incumbent_retires" in work.advisory_reasons else 0,
    }
    dimension = max(risks, key=lambda name: risks[name])
    return dimension, risks[dimension]
