"""What there is to sample: workloads with an open question, in strata, what is known of them and what a pair costs."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import polars as pl

from audit.errors import AuditError, UnknownNameError
from audit.evidence.estimates import QualityLoss
from audit.evidence.reasons import REASONS
from audit.evidence.units import LONG_INPUT_TOKENS, Unit
from audit.sampling.power import Spread, planning_spread
from audit.sampling.strata import CELL_KEY, stratify
from audit.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stratum of a workload."""

    name: str
    requests: int
    available: int
    """Requests without a pair so far: those that can be drawn."""
    list_cost: float
    """USD that its requests cost in the window."""
    candidate_cost: float
    """USD of one answer by the candidate on Batch, on average."""
    incumbent_cost: float
    """USD of one answer by the incumbent on Batch, on average."""

    def rate(self, pairs: int) -> float:
        """Chance of a request to be among `pairs` that are drawn of those available.

        What is left after one random draw is itself a random draw: a second sample stands for all requests as well,
        or the stratum replayed most before would weigh least among its pairs.
        """
        return pairs / self.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A workload that can be sampled."""

    workload_id: str
    name: str
    endpoint: str
    incumbent_model: str
    margin: float
    """As a fraction."""
    spread: Spread
    pairs: int
    """Measured before, of exactly these models: as many of today, of one grader, as carry as much."""
    parts: tuple[Part, ...]

    @property
    def list_cost(self) -> float:
        """USD at stake in the window."""
        return sum(part.list_cost for part in self.parts)

    @property
    def available(self) -> int:
        """Requests that can be drawn."""
        return sum(part.available for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A workload of the incumbent that is not sampled, and why."""

    workload_id: str
    endpoint: str
    list_cost: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What the first stages of a report found."""

    workloads: pl.DataFrame
    verdicts: pl.DataFrame
    units: Mapping[str, Unit]
    """What was measured, by workload id."""
    cells: pl.DataFrame
    """`replay_cells`, with `paired_count`: requests that have a pair of these models already."""


DECIDED = "decided on the pairs it has; name it with --workload to replay more of it all the same"
NO_REQUESTS = "buckets of a usage export or embeddings, no requests that could be replayed"
PAIRED = "all of its requests have a pair already"


def read_frames(
    warehouse: Warehouse, workloads: pl.DataFrame, verdicts: pl.DataFrame, units: Mapping[str, Unit]
) -> Frames:
    """The frames, with the requests counted that need no second replay."""
    cells = warehouse.frame("select * from replay_cells").with_columns(paired_count=pl.lit(0, dtype=pl.Int64))
    if warehouse.count("select count(*) from paired_outcomes where scope = 'request'"):
        counted = warehouse.frame(
            f"select {', '.join(CELL_KEY)}, cast(count(*) as bigint) as paired from requests "
            f"where outcome = 'billed' and request_grain = 'request' and {HAS_PAIR} group by {', '.join(CELL_KEY)}"
        )
        cells = cells.join(counted, on=CELL_KEY, how="left", nulls_equal=True)
        cells = cells.with_columns(paired_count=pl.col("paired").fill_null(0)).drop("paired")
    return Frames(workloads=workloads, verdicts=verdicts, units=units, cells=cells)


PAIR_OF = """exists (
    select 1 from paired_outcomes inner join report_pairs
        on paired_outcomes.incumbent_model = report_pairs.incumbent_model
        and paired_outcomes.candidate_model = report_pairs.candidate_model
    where paired_outcomes.scope = 'request' and paired_outcomes.incumbent_model = requests.model and {same}
)"""

# By key where the pair knows it: ids may be missing or shared. Two questions, each of which is a hash join.
HAS_PAIR = f"""(
    {PAIR_OF.format(same="paired_outcomes.sample_id = printf('%016x', requests.request_key)")}
    or {PAIR_OF.format(same="paired_outcomes.sample_id is null and paired_outcomes.request_id = requests.request_id")}
)"""
"""Condition on a row of `requests`: a pair of the models asked about is stored for it."""


def populations(
    frames: Frames, *, endpoints: Collection[str] = (), workload_ids: Collection[str] = (), margin: float | None = None
) -> tuple[list[Population], list[LeftOut]]:
    """The workloads to sample, most spend first, and those left out of the ones asked for.

    `endpoints` and `workload_ids` choose (empty: all); a workload that is named is sampled even if it is decided.
    `margin`, in points, replaces those by stakes. Raises UnknownNameError for a name that no workload has.
    """
    _refuse_unknown("endpoint", endpoints, frames.workloads["endpoint"])
    _refuse_unknown("workload", workload_ids, frames.workloads["workload_id"])
    parts = _parts(frames)
    chosen: list[Population] = []
    left: list[LeftOut] = []
    for row in frames.workloads.join(frames.verdicts, on="workload_id", suffix="_decided").iter_rows(named=True):
        name, endpoint = str(row["workload_id"]), str(row["endpoint"])
        if (endpoints and endpoint not in endpoints) or (workload_ids and name not in workload_ids):
            continue
        is_long = cast("list[str]", row["gate_reasons"]) == ["long_input"]
        own = [part for is_part_long, part in parts.get(name, ()) if is_part_long or not is_long]
        reason = _closed(row, own, is_named=name in workload_ids)
        if reason is not None:
            cost = float(cast("float", row["list_cost"] or 0))
            left.append(LeftOut(workload_id=name, endpoint=endpoint, list_cost=cost, reason=reason))
            continue
        measured = frames.units[name].measured
        chosen.append(
            Population(
                workload_id=name,
                name=str(row["name"] or ""),
                endpoint=endpoint,
                incumbent_model=str(row["incumbent_model"]),
                margin=float(cast("float", row["margin"] if margin is None else margin)) / 100,
                spread=spread_of(measured),
                pairs=0 if measured is None else math.floor(measured.size),
                parts=tuple(own),
            )
        )
    return sorted(chosen, key=lambda each: (-each.list_cost, each.workload_id)), left


def nothing_to_sample(left: Iterable[LeftOut], incumbent: str) -> AuditError:
    """Why there is no workload to sample, and what to do about it."""
    reasons = {each.reason for each in left}
    if not reasons:
        return AuditError(f"no billed requests of {incumbent}; `audit status` lists the models in use")
    if reasons == {NO_REQUESTS}:
        return AuditError(
            f"of {incumbent} there are only buckets of a usage export, or embeddings: no requests to replay; export "
            "request logs (`audit formats` lists who keeps them and how) and load those"
        )
    return AuditError(f"nothing to replay for {incumbent}: {'; '.join(sorted(reasons))}")


def _refuse_unknown(kind: str, asked: Iterable[str], known: pl.Series) -> None:
    names = {str(name) for name in known}
    for name in asked:
        if name not in names:
            raise UnknownNameError(kind, name, names, "`audit report --json` lists them")


def _closed(row: Mapping[str, object], parts: list[Part], *, is_named: bool) -> str | None:
    """Why a workload is not sampled; None where it is."""
    gates = cast("list[str]", row["gate_reasons"])
    if "same_model" in cast("list[str]", row["reasons"]):
        return REASONS["same_model"]
    if "folded" in cast("list[str]", row["reasons"]):
        return REASONS["folded"]
    if gates and gates != ["long_input"]:
        return " ".join(REASONS[gate] for gate in gates)
    if not parts:
        return NO_REQUESTS
    is_decided = row["evidence"] == "measured" and row["verdict"] in ("route", "keep") and not row["is_gated"]
    if is_decided and not is_named:
        return DECIDED
    return None if sum(part.available for part in parts) else PAIRED


def _parts(frames: Frames) -> dict[str, list[tuple[bool, Part]]]:
    """(whether its inputs are long, stratum) by workload id."""
    ratios = frames.verdicts.select("workload_id", "output_ratio_point")
    count, inputs, outputs = pl.col("request_count"), pl.col("usage_input_tokens"), pl.col("usage_output_tokens")
    priced = stratify(frames.cells).join(ratios, on="workload_id", how="left")
    priced = priced.with_columns(pl.selectors.matches("_(input|output)_price$").cast(pl.Float64).fill_null(0.0))
    found = (
        priced.group_by("workload_id", "stratum")
        .agg(
            is_long=pl.col("length_band").min() >= LONG_INPUT_TOKENS,
            requests=count.sum(),
            available=(count - pl.col("paired_count")).sum(),
            list_cost=pl.col("list_cost").cast(pl.Float64).sum(),
            candidate=(
                inputs * pl.col("candidate_input_price")
                + outputs * pl.col("output_ratio_point") * pl.col("candidate_output_price")
            ).sum()
            / count.sum(),
            incumbent=(inputs * pl.col("incumbent_input_price") + outputs * pl.col("incumbent_output_price")).sum()
            / count.sum(),
        )
        .sort("workload_id", "candidate", "stratum")
    )
    by_workload: dict[str, list[tuple[bool, Part]]] = {}
    for row in found.iter_rows(named=True):
        part = Part(
            name=str(row["stratum"]),
            requests=int(row["requests"]),
            available=int(row["available"]),
            list_cost=float(row["list_cost"]),
            candidate_cost=float(row["candidate"]),
            incumbent_cost=float(row["incumbent"]),
        )
        by_workload.setdefault(str(row["workload_id"]), []).append((bool(row["is_long"]), part))
    return by_workload


def spread_of(measured: QualityLoss | None) -> Spread:
    """What the pairs that the verdict rests on say of the spread."""
    if measured is None:
        return planning_spread(0, 0, 0)
    size = measured.size
    return planning_spread(size, size * measured.variance, size * measured.loss.point, is_graded=measured.is_graded)
