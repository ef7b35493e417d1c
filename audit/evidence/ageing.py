"""How far pairs of the past speak for the traffic of today: what they count for, and which are refused.

A prompt that changed makes other answers, so its pairs are refused. Time alone changes what is asked, little by
little, so old pairs count for less: their likelihood is raised to a power below 1 (power prior, Ibrahim and Chen 2000),
which shrinks the sample they stand for and leaves what they say as it is. The clock is an argument throughout.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import cast

import polars as pl

from audit.evidence.priors import model_family
from audit.evidence.units import Unit

FULL_WEIGHT_DAYS = 31
"""A pair up to a month older than the traffic counts in full: a replay takes days, and a month is one bill."""

HALF_LIFE_DAYS = 91
"""Beyond that it counts for half as much with each further quarter."""

UNTOLD: dict[str, pl.DataType] = {
    "drawn_with": pl.String(),
    "request_id": pl.String(),
    "stratum": pl.String(),
    "template_hash": pl.String(),
    "request_date": pl.Date(),
    "observed_on": pl.Date(),
    "input_bin": pl.Int64(),
}
"""What not every pair tells about its prompt; a column that is missing is empty."""

TEMPLATES = {"workload_id": pl.String(), "template_hash": pl.String()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The traffic and the day that pairs are held against; by default a present that nothing is too old for."""

    since: date | None = None
    """First day of the traffic that is decided on."""
    retired: frozenset[str] = frozenset()
    """Models that are switched off by now."""
    templates: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TEMPLATES))
    """Workload and prompt template of the traffic, where the logs know templates; null where no pair has it."""


def age(pairs: pl.DataFrame, present: Present) -> pl.DataFrame:
    """The pairs in their order with all columns of UNTOLD, `discount` in 0..1, and why one is refused, or null.

    The day of a pair is that of its prompt or of its scores, whichever is older; without any it counts in full.
    """
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in UNTOLD.items() if name not in pairs.columns]
    templates = present.templates.select(list(TEMPLATES)).drop_nulls("workload_id").unique()
    day = pl.min_horizontal("request_date", "observed_on")
    days = (pl.lit(present.since, dtype=pl.Date) - day).dt.total_days() - FULL_WEIGHT_DAYS
    is_known = pl.col("template_hash").is_not_null() & pl.col("workload_id").is_in(templates["workload_id"].implode())
    return (
        pairs.with_columns(missing)
        .join(
            templates.with_columns(is_current=pl.lit(value=True)), on=list(TEMPLATES), how="left", maintain_order="left"
        )
        .with_columns(
            discount=(0.5 ** (days.clip(lower_bound=0) / HALF_LIFE_DAYS)).fill_null(1.0),
            refusal=pl.when(is_known & pl.col("is_current").is_null()).then(pl.lit("other_template")),
        )
        .drop("is_current")
    )


def refusals(
    pairs: pl.DataFrame, members: Sequence[str], asked: tuple[str, str], retired: frozenset[str]
) -> dict[str, int]:
    """Pairs that do not count for a verdict on these two models, by reason code.

    `pairs` are those of the endpoint; of them concern the workloads `members` those that name one of them, or none.
    """
    columns = ("incumbent_model", "candidate_model", "refusal")
    if not retired & set(asked) and all(
        set(pairs[name].unique()) <= {wanted} for name, wanted in zip(columns, (*asked, None), strict=True)
    ):
        return {}
    pairs = pairs.filter(pl.col("workload_id").is_in(members) | pl.col("workload_id").is_null())
    found: dict[str, int] = {}
    models = ("incumbent_model", "candidate_model")
    for incumbent, other, refusal, count in cast(
        "list[tuple[str, str, str | None, int]]", pairs.group_by(*models, "refusal").len().rows()
    ):
        if (incumbent, other) != asked:
            is_related = tuple(map(model_family, (incumbent, other))) == tuple(map(model_family, asked))
            reason = "other_snapshot" if is_related else "other_models"
        else:
            reason = "retired_snapshot" if retired & set(asked) else refusal
        if reason is not None:
            found[reason] = found.get(reason, 0) + count
    return dict(sorted(found.items()))


def dated(unit: Unit, refused: dict[str, int]) -> Unit:
    """The unit with what age has to say about it; outcomes of a model that is switched off are shown, not counted."""
    notes = [code for code in ("retired_snapshot", "other_template") if code in refused and code not in unit.notes]
    if unit.decided_on is not None and unit.is_exact and bool((unit.decided_on["discount"] < 1).any()):
        notes.append("older_outcomes")
    is_over = "retired_snapshot" in refused and unit.measured is not None
    return replace(
        unit,
        is_exact=unit.is_exact and not is_over,
        ratio=None if is_over else unit.ratio,
        notes=(*unit.notes, *notes),
    )
