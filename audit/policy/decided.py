"""A finished report as a policy needs it: of every workload its verdict, its costs, and what to expect of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from audit.assumptions import Assumptions, Range
from audit.evidence.priors import expected_losses
from audit.pipeline import Result
from audit.policy.moving import Known
from audit.savings.cascade import offers
from audit.warehouse import Warehouse

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A finished report as a policy needs it."""

    result: Result
    assumptions: Assumptions
    known: Mapping[str, Known]
    rows: Mapping[str, Row]
    """Workload id -> its rows of `workloads` and `verdicts` in one."""


def decided(warehouse: Warehouse, result: Result, assumptions: Assumptions) -> Decided:
    """What the report says about every workload, with what to expect where nobody measured."""
    candidate = result.scope.candidate_model
    expected = expected_losses(
        result.workloads,
        candidate,
        base_rates=warehouse.frame("select * from paired_workloads"),
        task_priors=warehouse.frame("select * from task_priors"),
    )
    joined = result.workloads.join(result.verdicts.drop("margin"), on="workload_id", validate="1:1")
    margins = dict(result.verdicts.select("workload_id", "margin").iter_rows())
    names = names_of(result)
    rows = {
        str(row["workload_id"]): row | {"margin": margins[row["workload_id"]], "name": names[row["workload_id"]]}
        for row in joined.iter_rows(named=True)
    }
    known = {
        offer.workload_id: Known(
            offer=offer,
            loss=_loss(rows[offer.workload_id], expected[offer.workload_id]),
            is_measured=is_measured(rows[offer.workload_id]),
            cascade=result.cascades.get(offer.workload_id),
        )
        for offer in offers(result.workloads, result.verdicts, candidate, assumptions)
    }
    return Decided(result=result, assumptions=assumptions, known=known, rows=rows)


def names_of(result: Result) -> dict[str, str]:
    """Workload id -> its name in the report, with its endpoint and, where that has several workloads, its rule."""
    listed = cast("list[dict[str, object]]", result.document["workloads"])
    return {str(each["id"]): str(each["name"]) for each in listed}


def is_measured(row: Row) -> bool:
    """Whether outcomes of exactly this pair of models say what the workload loses."""
    return row["evidence"] == "measured" and row["quality_loss_point"] is not None


def _loss(row: Row, expected: Range) -> Range:
    if not is_measured(row):
        return expected
    low, point, high = (cast("float", row[f"quality_loss_{bound}"]) / 100 for bound in ("low", "point", "high"))
    return Range(low=low, point=point, high=high)


def texts(value: object) -> list[str]:
    """The codes in a list column, none where it is null."""
    return cast("list[str]", value or [])
