"""Every workload as it is before anything moves: pace, cost, errors, cut answers, latency. Null is not known."""

from collections.abc import Mapping
from typing import cast

from audit.conversations.answers import REASONS
from audit.pipeline import Result
from audit.planning.document import Baseline
from audit.policy.decided import names_of
from audit.sampling.strata import CELL_KEY
from audit.warehouse import Warehouse
from audit.without_rows import has_all_rows

CUT = tuple(sorted({"length", *(word for word, reason in REASONS.items() if reason == "length")}))
"""Finish reasons, in small letters, of answers that reached the token limit."""

WATCHED = f"""
    with placed as (
        select distinct {", ".join(CELL_KEY)}, workload_id || coalesce(':' || cell_gate, '') as workload_key
        from cell_costs
        where cell_disposition in ('eligible', 'gated') and request_grain = 'request'
    )

    select
        workload_key,
        count(response_finish_reason) as finished_count,
        count(*) filter (where lower(response_finish_reason) in {CUT}) as cut_count,
        count(attempt) as attempt_count,
        count(*) filter (where attempt > 1) as retry_count,
        quantile_cont(duration_ms, 0.5) as latency_ms_p50,
        quantile_cont(duration_ms, 0.95) as latency_ms_p95
    from placed
    inner join requests
        on {" and ".join(f"placed.{name} is not distinct from requests.{name}" for name in CELL_KEY)}
    where outcome = 'billed' and requests.request_grain = 'request'
    group by workload_key
"""
"""What only single requests know: where some are gone the others do not speak for them, and nothing is known."""

FAILED = """
    select
        endpoint,
        model,
        cast(sum(request_count) as bigint) as requests,
        cast(sum(case when outcome = 'failed' then request_count else 0 end) as bigint) as failed
    from cell_costs
    where request_grain = 'request' and source_format <> 'openai_usage'
    group by endpoint, model
"""
"""Usage exports count what was billed, so they know of no failures."""


def baselines(warehouse: Warehouse, result: Result, per_day: float) -> dict[str, Baseline]:
    """Workload id -> how it is today, most expensive first; `per_day` turns a count of the window into a daily one."""
    watched: dict[str, dict[str, object]] = {}
    if has_all_rows(warehouse):
        watched = {str(row["workload_key"]): row for row in warehouse.frame(WATCHED).iter_rows(named=True)}
    failed = {
        (str(endpoint), str(model)): int(str(count)) / int(str(requests))
        for endpoint, model, requests, count in warehouse.rows(FAILED)
    }
    names, total = names_of(result), int(result.workloads["request_count"].sum() or 0)
    return {
        str(row["workload_id"]): _baseline(
            {**row, "name": names[str(row["workload_id"])]},
            watched.get(str(row["workload_id"]), {}),
            failed.get((str(row["endpoint"]), str(row["model"]))),
            per_day,
            total,
        )
        for row in result.workloads.iter_rows(named=True)
    }


def _baseline(
    row: Mapping[str, object], watched: Mapping[str, object], error_rate: float | None, per_day: float, total: int
) -> Baseline:
    count = cast("int", row["request_count"])
    tokens = [cast("int", row[f"usage_{side}_tokens"] or 0) / count for side in ("input", "output")]
    return {
        "name": str(row["name"]),
        "endpoint": str(row["endpoint"]),
        "is_folded": bool(row["is_folded"]),
        "requests_per_day": count * per_day,
        "share": count / total,
        "cost_per_request": float(str(row["list_cost"] or 0)) / count,
        "error_rate": error_rate,
        "retry_rate": _rate(watched, "retry_count", "attempt_count"),
        "truncation_rate": _rate(watched, "cut_count", "finished_count"),
        "invalid_json_rate": None,
        "latency_ms_p50": cast("float | None", watched.get("latency_ms_p50")),
        "latency_ms_p95": cast("float | None", watched.get("latency_ms_p95")),
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
    }


def _rate(row: Mapping[str, object], part: str, whole: str) -> float | None:
    known = cast("int", row.get(whole, 0))
    return cast("int", row[part]) / known if known else None
