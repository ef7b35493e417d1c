"""Which workloads are decided together, on which pairs, and what those pairs say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import polars as pl

from audit.assumptions import Range
from audit.evidence.estimates import MIN_PAIRS, QualityLoss, loss_of, output_ratio
from audit.evidence.judged import deciding_pairs, is_judged, judged_loss
from audit.evidence.priors import model_family
from audit.evidence.strata import Split

LONG_INPUT_TOKENS = 50_000
"""Input length above which outcomes of shorter prompts say nothing: large models lose quality there too."""

UNSOUND = frozenset({"suspect_scorer", "suspect_stratum", "parse_failures", "judge_unverified"})
"""Reasons why outcomes are shown and cannot route."""


SCORED = pl.col("incumbent_score").is_not_null() & pl.col("candidate_score").is_not_null()
"""A failed answer with scores is part of the loss: left out, a candidate that fails often would look good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What a verdict needs to know of a workload."""

    workload_id: str
    endpoint: str
    incumbent_model: str
    gate_reasons: Sequence[str]
    advisory_reasons: Sequence[str]
    margin: float
    stakes: str
    confirmed_task_type: str | None
    is_folded: bool = False
    """It is the sum of the endpoints that the report does not show one by one."""

    @property
    def is_long(self) -> bool:
        """Only its input length stands against it, which outcomes at that length can answer."""
        return list(self.gate_reasons) == ["long_input"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Workloads decided together, and what was measured for them; margin and losses in fractions."""

    name: str
    margin: float
    loss: QualityLoss | None = None
    is_exact: bool = True
    ratio: Range | None = None
    parse_failure_share: float | None = None
    notes: tuple[str, ...] = ()
    decided_on: pl.DataFrame | None = None
    """The pairs behind `loss`, of the grader that decides; of a judge the labelled ones, with people's scores."""
    split: Split | None = None

    @property
    def measured(self) -> QualityLoss | None:
        """The loss, if it is of exactly this pair of models."""
        return self.loss if self.is_exact else None

    @property
    def is_sound(self) -> bool:
        """Enough pairs of exactly these models, and nothing speaks against their scores."""
        return self.measured is not None and self.measured.size >= MIN_PAIRS and not UNSOUND & set(self.notes)


def workload_of(row: Mapping[str, object]) -> Workload:
    """A workload from a row of `decide`'s frame; the margin becomes a fraction."""
    task_type = row["confirmed_task_type"]
    return Workload(
        workload_id=str(row["workload_id"]),
        endpoint=str(row["endpoint"]),
        incumbent_model=str(row["incumbent_model"]),
        gate_reasons=cast("list[str]", row["gate_reasons"] or []),
        advisory_reasons=cast("list[str]", row["advisory_reasons"] or []),
        margin=cast("float", row["margin"]) / 100,
        stakes=str(row["stakes"]),
        confirmed_task_type=None if task_type is None else str(task_type),
        is_folded=bool(row.get("is_folded", False)),
    )


def decision_units(
    asked: Sequence[Workload], by_endpoint: Mapping[str, pl.DataFrame], candidate: str
) -> dict[str, Unit]:
    """Decision unit of every workload id.

    Outcomes that name only an endpoint cannot be told apart by workload: they pool all workloads of that endpoint
    and model into one unit, with all its pairs and its strictest margin. A long-input workload stands alone, since
    only outcomes at its length count for it.
    """
    strictest: dict[tuple[str, str], float] = {}
    for work in asked:
        key = (work.endpoint, work.incumbent_model)
        strictest[key] = min(work.margin, strictest.get(key, work.margin))
    pooled: dict[str, Unit] = {}
    units: dict[str, Unit] = {}
    for work in asked:
        found = by_endpoint.get(work.endpoint)
        if found is None:
            units[work.workload_id] = Unit(name=work.workload_id, margin=work.margin)
            continue
        exact = _only(found, incumbent_model=work.incumbent_model, candidate_model=candidate)
        own = pl.col("workload_id") == work.workload_id
        if work.is_long:
            long = exact.filter(own & (pl.col("input_tokens_band") >= LONG_INPUT_TOKENS))
            units[work.workload_id] = _unit(work.workload_id, work.margin, long, is_exact=True)
        elif exact["workload_id"].has_nulls():
            name = f"{work.endpoint}\x1f{work.incumbent_model}"
            if name not in pooled:
                pooled[name] = _unit(name, strictest[work.endpoint, work.incumbent_model], exact, is_exact=True)
            units[work.workload_id] = pooled[name]
        elif not (mine := _only(exact, workload_id=work.workload_id)).is_empty():
            units[work.workload_id] = _unit(work.workload_id, work.margin, mine, is_exact=True)
        else:
            units[work.workload_id] = _other_models(
                work, found.filter(own | pl.col("workload_id").is_null()), candidate
            )
    return units


def _only(pairs: pl.DataFrame, **wanted: object) -> pl.DataFrame:
    """The rows with these values: mostly all of them, and then a filter would take ten times as long as to look."""
    differ = [name for name, value in wanted.items() if any(each != value for each in pairs[name].unique())]
    return pairs.filter(pl.col(name).eq(wanted[name]) for name in differ) if differ else pairs


def _graded_alike(pairs: pl.DataFrame) -> list[pl.DataFrame]:
    """The pairs of each grader."""
    return [pairs] if pairs["grader"].n_unique() == 1 else pairs.partition_by("grader", maintain_order=True)


def _other_models(work: Workload, found: pl.DataFrame, candidate: str) -> Unit:
    """Unit of a workload with outcomes of other models only: the snapshot with most pairs is shown, none decides."""
    wanted = (model_family(work.incumbent_model), model_family(candidate))
    counts = (
        found.group_by("incumbent_model", "candidate_model").len().sort("len", "incumbent_model", "candidate_model")
    )
    related = [
        (incumbent, other)
        for incumbent, other, _ in cast("list[tuple[str, str, int]]", counts.rows())
        if (model_family(incumbent), model_family(other)) == wanted
    ]
    if not related:
        notes = () if found.is_empty() else ("other_models",)
        return Unit(name=work.workload_id, margin=work.margin, notes=notes)
    incumbent, other = related[-1]
    chosen = found.filter((pl.col("incumbent_model") == incumbent) & (pl.col("candidate_model") == other))
    return _unit(work.workload_id, work.margin, chosen, is_exact=False, notes=("other_snapshot",))


def _unit(name: str, margin: float, pairs: pl.DataFrame, *, is_exact: bool, notes: tuple[str, ...] = ()) -> Unit:
    """What `pairs` say; of several graders the least favourable, so that `route` holds under each.

    Where all would route, one that people have checked decides: a judge nobody checked takes no `route` away either.
    A grader of few pairs counts beside one of enough only if they show a loss above the margin.
    """
    if pairs.is_empty():
        return Unit(name=name, margin=margin, notes=notes)
    usable = pairs.filter(~pl.col("parse_failed") | SCORED) if pairs["parse_failed"].any() else pairs
    usable = evened(usable)
    parts = _graded_alike(usable)
    every = [(*graded_loss(part, margin), part) for part in parts]
    found = [each for each in every if each[2].height >= MIN_PAIRS or each[0].reading == "above"] or every
    losses = [loss for loss, _, _ in found]
    if len(parts) > 1:
        notes += ("several_graders",) if len({loss.reading for loss in losses}) == 1 else ("graders_disagree",)
    failed = pairs.filter("parse_failed").height / pairs.height
    if failed > margin:
        notes += ("parse_failures",)
    if any(loss.is_suspect for loss in losses):
        notes += ("suspect_scorer",)
    worst, rests_on, part = max(
        found,
        key=lambda each: (each[0].reading != "within", each[1] != "judge_unverified", each[0].loss.high, each[0].p),
        default=(None, "", None),
    )
    decided_on = None if part is None else deciding_pairs(part)
    if rests_on:
        notes += (rests_on,)
    # another grader of the same answers says nothing new of their length
    ratio = output_ratio(max(parts, key=len)) if is_exact and parts else None
    return Unit(
        name=name,
        margin=margin,
        loss=worst,
        is_exact=is_exact,
        ratio=ratio,
        parse_failure_share=failed,
        notes=notes,
        decided_on=decided_on,
    )


def evened(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with the weights of each sample, or of each file of scores, scaled to a mean of 1.

    A weight says how many requests a pair stands for among those of its own sample. Taken as they are, the few pairs
    of a small first sample would weigh as much together as the many of a later one.
    """
    if pairs["drawn_with"].n_unique() <= 1:
        return pairs
    weight = pl.col("weight")
    is_even = weight.max() == weight.min()
    even = pl.when(is_even).then(1.0).otherwise(weight / weight.mean())
    return pairs.with_columns(even.over("drawn_with").alias("weight"))


def graded_loss(pairs: pl.DataFrame, margin: float) -> tuple[QualityLoss, str]:
    """The loss of one grader's pairs, and the reason code of what a judge's rests on ('' for other graders)."""
    if is_judged(pairs):
        return judged_loss(pairs, margin)
    return loss_of(pairs, margin), ""
