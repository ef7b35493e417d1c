"""The report document, put together from what the stages found: only sums and shares, nothing is estimated here."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import polars as pl

from audit import data_quality, listing
from audit.assumptions import Assumptions
from audit.catalog.facts import catalogue_info
from audit.comparing.other_candidates import Others, what_if
from audit.comparing.side_by_side import intelligence, latency
from audit.comparing.two_models import compared
from audit.config import Config
from audit.evidence.judged import judges
from audit.evidence.reasons import REASONS
from audit.findings import horizon_months
from audit.folding import Rest as Folded
from audit.report_warnings import report_warnings
from audit.savings.escalation import Cascade
from audit.savings.projection import Savings
from audit.scope import Scope
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.report.document import Account, ReportDocument, Rest

SCHEMA = "traffic-audit/report/1"
SET_APART = ("gated", "other_model", "unpriced", "unknown_usage", "gateway_cache_hit", "failed")


def document(
    warehouse: Warehouse,
    scope: Scope,
    config: Config,
    assumptions: Assumptions,
    workloads: pl.DataFrame,
    verdicts: pl.DataFrame,
    savings: Savings,
    cascades: Mapping[str, Cascade],
    others: Others,
    rest: Folded | None = None,
) -> "ReportDocument":
    """The document of design contract `traffic-audit/report/1`, ready for JSON."""
    parts = savings.to_document()
    classes = _dispositions(warehouse, workloads, verdicts)
    months, capped_by = horizon_months(scope, workloads, assumptions)
    rows = dict(zip(("read", "loaded", "duplicate", "rejected"), _row_counts(warehouse), strict=True))
    info = catalogue_info(scope.question.today)
    multiplier = savings.monthly_multiplier
    totals = (sum(count for count, _ in classes.values()), sum((spent for _, spent in classes.values()), Decimal(0)))
    cost = float(totals[1])
    billed, billed_count = warehouse.rows("select sum(billed_cost), sum(billed_cost_count) from spend_by_disposition")[
        0
    ]
    result: dict[str, object] = {
        "schema": SCHEMA,
        "window": {
            "start": scope.window.start.isoformat() if scope.window.start else None,
            "end": scope.window.end.isoformat() if scope.window.end else None,
            "days": scope.window.days,
        },
        "pair": {"incumbent": scope.question.incumbent, "candidate": scope.question.candidate},
        "question": {
            "since": None if scope.question.since is None else scope.question.since.isoformat(),
            "until": None if scope.question.until is None else scope.question.until.isoformat(),
            "monthly_requests": scope.question.monthly_requests,
            "sources": list(config.sources),
        },
        "rows": rows,
        "requests": {"total": totals[0]}
        | {
            name: classes[name][0]
            for name in ("failed", "gateway_cache_hit", "unknown_usage", "unpriced", "other_model")
        }
        | {"gated": classes["gated"][0], "eligible": classes["eligible"][0]},
        "spend": {
            "currency": "USD",
            "list_cost": cost,
            "billed_cost": float(str(billed)) if int(str(billed_count or 0)) else None,
            "monthly_list_cost": None if multiplier is None else cost * multiplier,
        },
        "rest": _rest(rest, totals),
        "routable": parts["routable"],
        "savings": parts["savings"],
        "blended": parts["blended"],
        "workloads": listing.workload_list(warehouse, workloads, verdicts, parts["workloads"], totals, cascades),
        "observational": listing.observational(warehouse, workloads, scope.candidate_model),
        "checks": listing.checks(warehouse, scope, is_folded=rest is not None),
        "assumptions": listing.assumption_list(warehouse, assumptions, savings, config, is_folded=rest is not None),
        "accounting": _accounting(workloads, verdicts, classes),
        "models": listing.models(warehouse),
        "daily": listing.daily(warehouse),
        "traffic": listing.traffic(warehouse),
        "shape_map": [
            {"input_bin": i, "output_bin": o, "requests": n, "list_cost": float(c or 0)}
            for i, o, n, c in warehouse.frame("select * from token_shape order by input_bin, output_bin").iter_rows()
        ],
        "latency": latency(warehouse, scope),
        "intelligence": intelligence(warehouse, scope, config),
        "catalogue": {
            "version": f"genai-prices {info.version}",
            "checked_on": info.checked_on.isoformat(),
            "age_days": info.age_days,
        },
        "retirements": [
            {"model": each.model, "date": each.retires_on.isoformat(), "source": each.source}
            for each in scope.retirements
        ],
        "horizon_months": months,
        "data_quality": data_quality.data_quality(warehouse, scope),
        "files": data_quality.files(warehouse),
        "reason_texts": REASONS,
        "judges": judges(warehouse.frame("select * from outcome_pairs")),
        "comparison": compared(warehouse, scope, config),
        "what_if": what_if(workloads, verdicts, others, scope, assumptions, totals, multiplier),
    }
    result["warnings"] = report_warnings(
        warehouse, scope, config, assumptions, result, stale=info.warning, capped_by=capped_by
    )
    return cast("ReportDocument", result)


Classes = dict[str, tuple[int, Decimal]]
"""Disposition -> requests and list cost."""


def _dispositions(warehouse: Warehouse, workloads: pl.DataFrame, verdicts: pl.DataFrame) -> Classes:
    """Every request in one class; a workload stopped as a whole (long input) moves from eligible to gated."""
    classes: Classes = {name: (0, Decimal(0)) for name in ("eligible", *SET_APART)}
    for name, requests, cost in warehouse.rows(
        "select disposition, request_count, coalesce(list_cost, 0) from spend_by_disposition"
    ):
        classes[str(name)] = (int(str(requests)), Decimal(str(cost)))
    gated = verdicts.filter(pl.col("is_gated")).select("workload_id")
    stopped = workloads.filter(pl.col("cell_gate") == "").join(gated, on="workload_id", how="semi")
    requests, cost = int(stopped["request_count"].sum() or 0), sum(stopped["list_cost"], Decimal(0))
    classes["eligible"] = (classes["eligible"][0] - requests, classes["eligible"][1] - cost)
    classes["gated"] = (classes["gated"][0] + requests, classes["gated"][1] + cost)
    return classes


def _rest(rest: Folded | None, totals: tuple[int, Decimal]) -> "Rest | None":
    """The endpoints that are not shown one by one; shares are of all traffic."""
    if rest is None:
        return None
    return {
        "name": rest.name,
        "endpoints": rest.endpoints,
        "endpoints_kept": rest.kept,
        "requests": rest.requests,
        "request_share": rest.requests / (totals[0] or 1),
        "list_cost": float(rest.list_cost),
        "unpriced_requests": rest.unpriced_requests,
        "unknown_usage_requests": rest.unknown_usage_requests,
        "cost_share": float(rest.list_cost / (totals[1] or 1)),
    }


def _accounting(workloads: pl.DataFrame, verdicts: pl.DataFrame, classes: Classes) -> "list[Account]":
    """route + pilot + keep + everything set apart = all requests and dollars."""
    joined = workloads.join(verdicts.select("workload_id", "verdict", "is_gated"), on="workload_id")
    lines: list[Account] = []
    for bucket, verdict in (("route", "route"), ("pilot", "pilot"), ("keep_eligible", "keep")):
        part = joined.filter((pl.col("verdict") == verdict) & ~pl.col("is_gated"))
        cost = float(sum(part["list_cost"], Decimal(0)))
        lines.append({"bucket": bucket, "requests": int(part["request_count"].sum() or 0), "list_cost": cost})
    for name in SET_APART:
        unknown = name in ("unpriced", "unknown_usage") and classes[name][0] > 0
        lines.append(
            {"bucket": name, "requests": classes[name][0], "list_cost": None if unknown else float(classes[name][1])}
        )
    return lines


def _row_counts(warehouse: Warehouse) -> list[int]:
    counts = warehouse.rows(
        "select coalesce(sum(read_count), 0), coalesce(sum(loaded_count), 0), coalesce(sum(duplicate_count), 0), "
        "coalesce(sum(rejected_count), 0) from request_files"
    )[0]
    return [int(str(count)) for count in counts]
