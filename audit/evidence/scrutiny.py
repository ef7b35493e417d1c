"""What speaks against the pairs of a unit beside their scores: age, models switched off, strata that disagree."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import polars as pl

from audit.evidence.ageing import Present, dated, refusals
from audit.evidence.strata import split
from audit.evidence.units import Unit, Workload

STRATA: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "disagree": pl.Boolean(),
    "differ_p": pl.Float64(),
    "sign_p": pl.Float64(),
    "cut_side": pl.String(),
    "cut_tokens": pl.Int64(),
    "parts": pl.List(
        pl.Struct(
            {
                "name": pl.String(),
                "pairs": pl.Int64(),
                "low": pl.Float64(),
                "point": pl.Float64(),
                "high": pl.Float64(),
                "adjusted_p": pl.Float64(),
                "reading": pl.String(),
            }
        )
    ),
}
"""The strata of a decision unit, null where its pairs cannot be told apart."""

COUNTED: dict[str, pl.DataType] = {
    "pairs_effective": pl.Float64(),
    "pairs_discounted": pl.Int64(),
    "pairs_refused": pl.List(pl.Struct({"reason": pl.String(), "pairs": pl.Int64()})),
    "strata": pl.Struct(STRATA),
}
"""Columns of `counted`."""


def by_endpoint(pairs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The pairs of each endpoint."""
    return {cast("str", key[0]): frame for key, frame in pairs.partition_by("endpoint", as_dict=True).items()}


def refused_pairs(
    asked: Sequence[Workload],
    units: Mapping[str, Unit],
    found: Mapping[str, pl.DataFrame],
    candidate: str,
    present: Present,
) -> dict[str, dict[str, int]]:
    """Pairs that do not count, by workload id and reason; `found` are all pairs by endpoint."""
    members: dict[str, list[str]] = {}
    for work in asked:
        members.setdefault(units[work.workload_id].name, []).append(work.workload_id)
    counts: dict[str, dict[str, int]] = {work.workload_id: {} for work in asked}
    for work in asked:
        if work.endpoint in found:
            concerned, models = members[units[work.workload_id].name], (work.incumbent_model, candidate)
            counts[work.workload_id] = refusals(found[work.endpoint], concerned, models, present.retired)
    return counts


def examined(units: Mapping[str, Unit], refused: Mapping[str, dict[str, int]], alpha: float) -> dict[str, Unit]:
    """The units with what their age and their strata have to say about them, each looked at once."""
    known: dict[str, Unit] = {}
    for key, unit in units.items():
        if unit.name not in known:
            known[unit.name] = _parted(dated(unit, refused[key]), alpha)
    return {key: known[unit.name] for key, unit in units.items()}


def _parted(unit: Unit, alpha: float) -> Unit:
    if unit.decided_on is None or unit.measured is None:
        return unit
    parts = split(unit.decided_on, unit.margin, alpha)
    if parts is None:
        return unit
    notes = ("strata_disagree",) if parts.disagree else ()
    notes += ("suspect_stratum",) if parts.has_suspect else ()
    return replace(unit, split=parts, notes=(*unit.notes, *notes))


def counted(unit: Unit, refused: Mapping[str, int]) -> dict[str, object]:
    """What the pairs of a unit count for, which of them do not, and its strata."""
    older = 0 if unit.decided_on is None else unit.decided_on.filter(pl.col("discount") < 1).height
    return {
        "pairs_effective": None if unit.loss is None else unit.loss.size,
        "pairs_discounted": older,
        "pairs_refused": [{"reason": reason, "pairs": count} for reason, count in refused.items()],
        "strata": None if unit.split is None else unit.split.to_document(),
    }
