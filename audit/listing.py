"""The lists of the report document: workloads, what was observed, checks, assumptions, models, days, traffic."""

from collections.abc import Mapping
from contextlib import nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from audit import sql
from audit.assumptions import Assumptions
from audit.catalog.price_file import TOKEN_CLASSES
from audit.config import Config
from audit.evidence.ageing import FULL_WEIGHT_DAYS, HALF_LIFE_DAYS
from audit.evidence.observational import CAVEAT, observed
from audit.evidence.priors import base_rate_document
from audit.intake.load_checks import known, rows_against
from audit.savings.check import checks_from
from audit.savings.escalation import Cascade
from audit.savings.projection import Savings
from audit.scope import Scope
from audit.warehouse import Warehouse
from audit.without_rows import has_all_rows
from audit.workloads.shapes import rule_in_words

if TYPE_CHECKING:
    from audit.report.document import Check, Workload

BOUNDS = [
    f"{axis}_{side}"
    for axis in ("input_bin", "output_bin", "cache_read_bin", "reasoning_bin", "size", "ratio")
    for side in ("low", "high")
]


def workload_list(
    warehouse: Warehouse,
    workloads: pl.DataFrame,
    verdicts: pl.DataFrame,
    savings: Mapping[str, object],
    totals: tuple[int, Decimal],
    cascades: Mapping[str, Cascade],
) -> "list[Workload]":
    """Every workload with its verdict, most expensive first; shares are of `totals`, all requests and all cost."""
    all_requests, all_cost = totals[0] or 1, totals[1] or Decimal(1)
    rules = {row["workload_id"]: row for row in warehouse.frame("select * from workload_rules").iter_rows(named=True)}
    # Both frames carry what the verdict was based on; the workload's own columns win.
    own = [name for name in verdicts.columns if name == "workload_id" or name not in workloads.columns]
    split = workloads.group_by("endpoint", "model").len().filter(pl.col("len") > 1).select("endpoint", "model").rows()
    found: list[Workload] = []
    for row in workloads.join(verdicts.select(own), on="workload_id", maintain_order="left").iter_rows(named=True):
        saved = cast("dict[str, object]", savings[row["workload_id"]])
        rule = rules[row["rule_id"]]
        loss = row["quality_loss_point"]
        cascade = cascades.get(row["workload_id"])
        found.append(
            cast(
                "Workload",
                {
                    "id": row["workload_id"],
                    "name": _name(row, rule, split),
                    "endpoint": row["endpoint"],
                    "incumbent": row["model"],
                    "requests": row["request_count"],
                    "request_share": row["request_count"] / all_requests,
                    "cost": float(row["list_cost"]),
                    "cost_share": float(row["list_cost"] / all_cost),
                    "tokens": {
                        "input": {"p50": row["input_p50"], "p95": row["input_p95"]},
                        "output": {"p50": row["output_p50"], "p95": row["output_p95"]},
                        "cache_read_share": row["cache_read_share"],
                    },
                    "task_type": row["confirmed_task_type"] or row["task_type"],
                    "task_confidence": 1.0 if row["confirmed_task_type"] else row["task_confidence"],
                    "verdict": row["verdict"],
                    "reasons": row["reasons"],
                    "risk": row["risk"],
                    "evidence": row["evidence"],
                    "pairs": row["pairs"],
                    "pairs_needed": row["pairs_needed"],
                    "p_value": row["p_value"],
                    "pairs_effective": row["pairs_effective"],
                    "pairs_discounted": row["pairs_discounted"],
                    "pairs_refused": row["pairs_refused"],
                    "strata": row["strata"],
                    "quality_loss": None
                    if loss is None
                    else {
                        "low": row["quality_loss_low"],
                        "point": loss,
                        "high": row["quality_loss_high"],
                        "margin": row["margin"],
                        "adjusted_p": row["adjusted_p"],
                        "pooled": None
                        if row["pooled_units"] is None
                        else {
                            "units": row["pooled_units"],
                            **{bound: row[f"pooled_loss_{bound}"] for bound in ("low", "point", "high")},
                        },
                    },
                    "output_ratio": saved["output_ratio"],
                    "break_even_escalation": saved["break_even_escalation"],
                    "cascade": None if cascade is None else cascade.to_document(),
                    "savings": saved["savings"],
                    "ceiling": saved["ceiling"],
                    "pass_probability": row["pass_probability"],
                    "stakes": row["stakes"],
                    "margin": row["margin"],
                    "risk_dimension": row["risk_dimension"],
                    "is_clustered": rule["is_clustered"],
                    "bounds": {name: rule[name] for name in BOUNDS},
                    "rule_in_words": rule_in_words(rule),
                    "shape_in_words": row["shape_in_words"],
                },
            )
        )
    return found


def _name(row: Mapping[str, object], rule: Mapping[str, object], split: list[tuple[object, ...]]) -> str:
    """The endpoint, what its traffic looks like, and the rule where the endpoint is several workloads."""
    name = f"{row['endpoint']}: {row['name']}"
    return f"{name}, {rule_in_words(rule)}" if (row["endpoint"], row["model"]) in split else name


MOST_READ_AGAIN = 500_000
"""Requests that a report compares again for what was observed of both models. All else reads cells."""
MOST_PASSED_OVER = 5_000_000
"""Rows of the database that they are looked for among; either takes about a second."""

SERVED_BY_BOTH = """
    select coalesce(sum(request_count), 0) from traffic_cells
    semi join report_sources using (source_format)
    where request_grain = 'request'
        and endpoint in (select endpoint from traffic_cells inner join report_pairs on model = incumbent_model)
        and endpoint in (select endpoint from traffic_cells inner join report_pairs on model = candidate_model)
"""


def observational(warehouse: Warehouse, workloads: pl.DataFrame, candidate: str) -> dict[str, object]:
    """What the log shows of both models on each workload; a workload behind a gate is not compared.

    Of more than MOST_READ_AGAIN requests on the endpoints that both serve, or of some among more than
    MOST_PASSED_OVER rows, none is looked at; neither where some are gone.
    """
    concerned = warehouse.count(SERVED_BY_BOTH)
    if not may_read_again(warehouse, concerned):
        return {"caveat": CAVEAT, "workloads": [], "requests_not_read": concerned}
    seen = observed(warehouse.frame("select * from observational_models"), candidate)
    ids = [name for name in workloads["workload_id"] if name in seen]
    return {"caveat": CAVEAT, "workloads": [{"id": name, **seen[name]} for name in ids], "requests_not_read": 0}


def may_read_again(warehouse: Warehouse, concerned: int) -> bool:
    """Whether there are requests of both models on one endpoint, all there and few enough to look at one by one."""
    passed_over = warehouse.count("select sum(row_count) from request_files")
    return 0 < concerned <= MOST_READ_AGAIN and passed_over <= MOST_PASSED_OVER and has_all_rows(warehouse)


def checks(warehouse: Warehouse, scope: Scope, *, is_folded: bool = False) -> "list[Check]":
    """Every check, those of the load included: a report on rows that do not add up must say so."""
    queries, found = sql.in_folders("5_"), known(warehouse)
    missing = [query for query in queries if query.when == "load" and query.name not in found]
    is_part = is_folded or scope.question.since is not None or scope.question.until is not None
    # What a load must have done is asked of all cells as they are stored, whatever this connection sees of them.
    with Warehouse.read(warehouse.path) if missing and is_part else nullcontext(warehouse) as whole:
        found |= {query.name: rows_against(whole, query) for query in missing}
    found |= {query.name: rows_against(warehouse, query) for query in queries if query.when != "load"}
    return [
        {
            "name": query.name,
            "ok": not (rows := found[query.name]),
            "detail": f"{query.purpose} Rows: {rows}" if rows else query.purpose,
        }
        for query in queries
    ]


def assumption_list(
    warehouse: Warehouse, assumptions: Assumptions, savings: Savings, config: Config, *, is_folded: bool = False
) -> list[object]:
    """Every value the numbers rest on, with its source; how many endpoints are kept, where it is not all."""
    found: list[object] = [*assumptions.to_document(is_folded=is_folded), *checks_from(config.check).to_document()]
    found += base_rate_document(warehouse.frame("select * from paired_workloads"), assumptions.margins)
    found += [
        {"name": "discount", "value": float(config.discount), "source": "audit.toml" if config.discount else "default"},
        {"name": "cache_share_kept", "value": True, "source": "the candidate hits the prompt cache as often as today"},
        {"name": "token_quantiles", "value": "interpolated", "source": "inside half-octave bins of the cells"},
        {
            "name": "pair_full_weight_days",
            "value": FULL_WEIGHT_DAYS,
            "source": "a pair no older than the traffic by more",
        },
        {"name": "pair_half_life_days", "value": HALF_LIFE_DAYS, "source": "beyond that (power prior)"},
        {"name": "bootstrap_blocks", "value": str(savings.day_blocks), "source": "days observed in the window"},
        {"name": "simulated_worlds", "value": savings.draws, "source": f"seed {savings.seed}"},
    ]
    return found


def models(warehouse: Warehouse) -> list[object]:
    """Every model of the window, unpriced ones first."""
    rows = warehouse.frame("select * from spend_by_model order by list_cost desc nulls first, model").iter_rows(
        named=True
    )
    return [
        {
            "provider_name": row["provider_name"],
            "model": row["model"],
            "requests": row["request_count"],
            **_spent(row),
            "priced": row["unpriced_request_count"] == 0,
        }
        for row in rows
    ]


def daily(warehouse: Warehouse) -> list[object]:
    """Requests and list cost per day and model, and how many of the requests the cost leaves out."""
    rows = warehouse.frame("select * from spend_by_day_and_model order by usage_date, model").iter_rows(named=True)
    return [
        {
            "date": row["usage_date"].isoformat(),
            "model": row["model"],
            "requests": row["request_count"],
            **_spent(row),
        }
        for row in rows
    ]


def _spent(row: Mapping[str, Any]) -> dict[str, object]:
    """The list cost of a row that has a known one, and the requests that are not in it."""
    return {
        "list_cost": None if row["list_cost"] is None else float(row["list_cost"]),
        "unpriced_requests": row["unpriced_request_count"],
        "unknown_usage_requests": row["unknown_usage_request_count"],
    }


def traffic(warehouse: Warehouse) -> list[object]:
    """What was paid for, by endpoint, model, tier, length band and class of tokens."""
    rows = warehouse.frame("select * from spend_by_token_class order by all").iter_rows(named=True)
    return [
        {name: row[name] for name in ("endpoint", "provider_name", "model", "service_tier", "length_band")}
        | {
            "requests": row["request_count"],
            "usage": {
                name: {"tokens": row[f"{name}_tokens"], "list_cost": float(row[f"{name}_cost"])}
                for name in TOKEN_CLASSES
                if row[f"{name}_tokens"]
            },
        }
        for row in rows
    ]
