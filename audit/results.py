"""What a report finds out beyond SQL, as relations: so that every figure can be asked for, and computed again, in SQL.

Verdicts, savings of workloads and checks are worked out in Python; what is shown of them in sum is a query over these
relations (`queries/6_report`), not the number that Python added up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from audit.savings.escalation import Cascade
from audit.savings.projection import Savings
from audit.scope import Scope
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.report.document import Assumption
    from audit.savings.frontier import Frontier

FOLDER = "6_report"
"""The queries that need a finished report."""

RESULTS = {
    "policy_frontier": (
        "position",
        "The least spend at every loss, from nothing to everything: each row moves its workload and those before it.",
    ),
    "report_assumptions": ("name", "Every value the report rests on, as text, with its source."),
    "report_question": ("incumbent, candidate", "The pair, the window, and how many such windows a month has."),
    "verdicts": ("workload_id", "One row per workload of the incumbent: verdict, reasons, quality loss."),
    "workload_checks": ("workload_id", "What candidate plus check would save; only where audit.toml declares a check."),
    "workload_savings": (
        "workload_id",
        "What moving each workload would save in the window, and at what output ratio.",
    ),
    "workloads": (
        "workload_id",
        "One row per workload of the incumbent: tokens, costs on both models, gates, name and shape.",
    ),
}
"""Relations that only a report makes, with their grain and what they hold."""


def show_results(
    warehouse: Warehouse,
    scope: Scope,
    workloads: pl.DataFrame,
    verdicts: pl.DataFrame,
    savings: Savings,
    cascades: Mapping[str, Cascade],
    assumptions: "list[Assumption]",
    frontier: "Frontier",
) -> None:
    """Make the relations of `RESULTS` and the views over them, temporary: the database stays as it is."""
    frames = {
        "policy_frontier": _frontier(frontier),
        "report_assumptions": _assumptions(assumptions),
        "report_question": _question(scope, savings),
        "verdicts": verdicts,
        "workload_checks": _checks(cascades),
        "workload_savings": _savings(savings),
        "workloads": workloads,
    }
    for name, frame in frames.items():
        warehouse.temporary(name, frame)
    warehouse.add_views(FOLDER)


def _question(scope: Scope, savings: Savings) -> pl.DataFrame:
    row: dict[str, str | float | datetime | None] = {
        "incumbent": scope.question.incumbent,
        "candidate": scope.question.candidate,
        "window_start": scope.window.start,
        "window_end": scope.window.end,
        "window_days": scope.window.days,
        "windows_per_month": savings.monthly_multiplier,
    }
    moment = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        [row],
        schema={
            "incumbent": pl.String,
            "candidate": pl.String,
            "window_start": moment,
            "window_end": moment,
            "window_days": pl.Float64,
            "windows_per_month": pl.Float64,
        },
    )


def _savings(savings: Savings) -> pl.DataFrame:
    """The bounds are simulated, as those of the totals are; the points add up to theirs."""
    rows = [
        (
            each.workload_id,
            each.output_ratio,
            each.saving.low,
            each.saving.point,
            each.saving.high,
            each.ceiling,
            each.break_even_escalation,
        )
        for each in savings.workloads
    ]
    names = ("output_ratio", "saving_low", "saving", "saving_high", "ceiling", "break_even_escalation")
    return pl.DataFrame(rows, schema={"workload_id": pl.String} | dict.fromkeys(names, pl.Float64), orient="row")


def _checks(cascades: Mapping[str, Cascade]) -> pl.DataFrame:
    rows = [
        (
            workload_id,
            each.beats_direct,
            each.escalation_rate.point,
            each.break_even_escalation,
            100 * each.residual_loss.point,
            100 * each.margin,
            each.saving.point,
        )
        for workload_id, each in cascades.items()
    ]
    names = ("escalation_rate", "break_even_escalation", "residual_loss_point", "margin", "saving")
    schema = {"workload_id": pl.String, "beats_direct": pl.Boolean} | dict.fromkeys(names, pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _frontier(frontier: "Frontier") -> pl.DataFrame:
    rows = [{"position": place, **step} for place, step in enumerate(frontier["steps"], start=1)]
    amounts = ("spend", "saving", "measured_answers_lost", "unmeasured_answers_lost")
    return pl.DataFrame(
        rows,
        schema={"position": pl.Int64, "workload_id": pl.String, "name": pl.String, "verdict": pl.String}
        | {"is_measured": pl.Boolean}
        | dict.fromkeys(amounts, pl.Float64),
    )


def _assumptions(assumptions: "list[Assumption]") -> pl.DataFrame:
    rows = [(row["name"], str(row["value"]), row["source"]) for row in assumptions]
    return pl.DataFrame(rows, schema=dict.fromkeys(("name", "value", "source"), pl.String), orient="row")
