"""What the cells say about the incumbent's workloads, in the frames that verdicts and savings are made from."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import polars as pl

from audit.assumptions import Assumptions
from audit.catalog.facts import retirement
from audit.config import Config
from audit.errors import UnknownNameError
from audit.evidence.ageing import Present
from audit.folding import LONG_INPUT_SHARE, Rest
from audit.savings.projection import DAYS_PER_MONTH, Totals
from audit.scope import Scope
from audit.warehouse import Warehouse
from audit.workloads.naming import UNCLEAR, name_workloads

IN_SUM = "many endpoints in sum"
"""What the rest is called instead of a guess from its shape, which is that of no workload."""

RESEMBLING = 10_000
"""Endpoints that are looked through for a name like one that nobody has."""

QUIET_DAYS = 3
"""Days in a row without a request that a weekend and a holiday explain; after more, an export is probably missing."""


def is_in_sum(name: str, endpoint: str) -> bool:
    """Whether a workload that a report calls `name` is the rest: no endpoint of that name would be called so."""
    return name.startswith(f"{endpoint}: {IN_SUM}")


def workloads(
    warehouse: Warehouse, scope: Scope, config: Config, assumptions: Assumptions, rest: Rest | None = None
) -> pl.DataFrame:
    """One row per workload of the incumbent, gated ones included, most expensive first.

    Columns: workload_id (unique; what a cell gate stops is 'ID:gate'), rule_id, endpoint, model, incumbent_model,
    request_count, usage_tokens, list_cost, candidate_input_cost, candidate_output_cost (Decimal),
    output_cost_share, gate_reasons, advisory_reasons, margin, stakes, confirmed_task_type, duration_ms,
    duration_count, bucket_request_count, is_folded, and the columns of `name_workloads`.
    """
    found = warehouse.frame("select * from workload_totals").with_columns(
        workload_id=pl.col("workload_key"),
        rule_id=pl.col("workload_id"),
        incumbent_model=pl.col("model"),
        usage_tokens=pl.col("usage_input_tokens") + pl.col("usage_output_tokens"),
        output_cost_share=(pl.col("list_output_cost").cast(pl.Float64) / pl.col("list_cost").cast(pl.Float64)).fill_nan(
            0.0
        ),
        candidate_input_cost=pl.col("candidate_input_cost").fill_null(Decimal(0)),
        candidate_output_cost=pl.col("candidate_output_cost").fill_null(Decimal(0)),
    )
    is_long = pl.col("long_request_count") > LONG_INPUT_SHARE * pl.col("request_count")
    gates = (
        pl.when(pl.col("cell_gate") != "")
        .then(pl.concat_list("cell_gate"))
        .when(is_long)
        .then(pl.lit(["long_input"]))
        .otherwise(pl.lit([], dtype=pl.List(pl.String)))
    )
    stakes = [config.stakes_of(endpoint) for endpoint in found["endpoint"]]
    found = found.with_columns(
        gate_reasons=gates,
        stakes=pl.Series(stakes, dtype=pl.String),
        margin=pl.Series([assumptions.margins.of(each) for each in stakes], dtype=pl.Float64),
        confirmed_task_type=pl.Series([config.task_types.get(e) for e in found["endpoint"]], dtype=pl.String),
        advisory_reasons=pl.Series(
            [_retiring(scope, model, assumptions) for model in found["model"]], dtype=pl.List(pl.String)
        ),
    )
    cells = warehouse.frame(
        "select cell_workloads.* exclude (workload_id), workload_id || coalesce(':' || cell_gate, '') as workload_id "
        "from cell_costs as cell_workloads where cell_disposition in ('eligible', 'gated')"
    )
    names = name_workloads(cells, warehouse.frame("select * from endpoint_words"))
    folded = pl.col("endpoint").is_in([] if rest is None else list(rest.names))
    named = found.join(names, on="workload_id", how="left").with_columns(
        is_folded=folded,
        name=pl.when(folded).then(pl.lit(IN_SUM)).otherwise("name"),
        task_type=pl.when(folded).then(pl.lit(UNCLEAR)).otherwise("task_type"),
        task_confidence=pl.when(folded).then(0.0).otherwise("task_confidence"),
    )
    return named.sort(["list_cost", "workload_id"], descending=[True, False], nulls_last=True)


def present(warehouse: Warehouse, scope: Scope, pairs: pl.DataFrame) -> Present:
    """What the pairs are held against; the templates of the traffic are looked up only for pairs that have one."""
    today = scope.question.today
    served = [*scope.pairs, *((provider, scope.candidate_model) for provider, _ in scope.pairs)]
    alive = {
        model for provider, model in served if not ((end := retirement(provider, model)) and end.retires_on <= today)
    }
    known = Present(
        since=scope.window.start.date() if scope.window.start else None,
        retired=frozenset(model for _, model in served) - alive,
    )
    if pairs["template_hash"].null_count() == pairs.height:
        return known
    return replace(known, templates=warehouse.frame("select * from current_templates"))


def totals(warehouse: Warehouse, found: pl.DataFrame, verdicts: pl.DataFrame, scope: Scope) -> Totals:
    """All traffic of the window; the eligible part is what no gate of a cell or a workload stops."""
    requests, tokens, cost = warehouse.rows(
        "select coalesce(sum(request_count), 0), coalesce(sum(token_count), 0), coalesce(sum(list_cost), 0) "
        "from spend_by_disposition"
    )[0]
    is_gated = verdicts.select("workload_id", "is_gated")
    eligible = found.join(is_gated, on="workload_id").filter(~pl.col("is_gated"))
    return Totals(
        requests=int(str(requests)),
        tokens=int(str(tokens)),
        list_cost=Decimal(str(cost)),
        eligible_requests=int(eligible["request_count"].sum() or 0),
        eligible_cost=sum(eligible["list_cost"], Decimal(0)),
        window_days=scope.window.days,
        days_observed=scope.window.days_observed,
    )


def horizon_months(scope: Scope, found: pl.DataFrame, assumptions: Assumptions) -> tuple[float, str | None]:
    """Months until the candidate, or the incumbent that most is spent on, is switched off; and which of them it is.

    At most the assumed horizon, with None. A projection beyond a shutdown would promise what cannot be had.
    """
    months, capped_by = float(assumptions.horizon_months), None
    spend = found.group_by("model").agg(pl.col("list_cost").sum()).sort("list_cost", "model", descending=True)
    leading = spend["model"][0] if spend.height else None
    for each in scope.retirements:
        if each.model in (scope.candidate_model, leading):
            left = max(0.0, (each.retires_on - scope.question.today) / timedelta(days=DAYS_PER_MONTH))
            if left < months:
                months, capped_by = left, each.model
    return months, capped_by


def strangers(warehouse: Warehouse, config: Config) -> str | None:
    """What audit.toml says of endpoints that no traffic has: after a slip of the pen the usual margin is in force."""
    named = sorted({*config.stakes, *config.task_types, *config.graders})
    asked = ", ".join("?" * len(named)) or "null"
    # of all days, also where a temporary table of the same name holds those of a few
    stored = f'"{warehouse.value("select current_database()")}".main.traffic_cells'
    served = warehouse.rows(f"select distinct endpoint from {stored} where endpoint in ({asked})", named)
    unknown = [name for name in named if (name,) not in served]
    if not unknown:
        return None
    likely = warehouse.rows(f"select distinct endpoint from {stored} limit {RESEMBLING}")
    others = f", and so of {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
    hint = f"What is said of it counts for nothing{others}"
    first = UnknownNameError("endpoint", unknown[0], [str(name) for (name,) in likely], hint)
    return f"{config.path or 'audit.toml'}: {first}"


def holes(days: Iterable[date]) -> list[tuple[date, date]]:
    """First and last day of every stretch of more than QUIET_DAYS without a request between `days`, in order."""
    return [
        (before + timedelta(days=1), after - timedelta(days=1))
        for before, after in pairwise(sorted(set(days)))
        if (after - before).days - 1 > QUIET_DAYS
    ]


def pace(days: float, daily: Iterable[Mapping[str, object]]) -> list[str]:
    """Why the pace of a log of so many days may not be that of a month; `daily` are those with requests."""
    if days < 1:
        return ["the logs span less than a day: no monthly figure without --monthly-requests"]
    empty = holes(date.fromisoformat(str(day["date"])) for day in daily)
    if not empty:
        return []
    count = sum((last - first).days + 1 for first, last in empty)
    first, last = max(empty, key=lambda hole: hole[1] - hole[0])
    return [
        f"{count:,} days without a request, most in a row from {first} to {last}, count as quiet ones in daily and "
        "monthly figures: load what was not exported, or narrow the days down (--since, --until)"
    ]


def _retiring(scope: Scope, model: str, assumptions: Assumptions) -> list[str]:
    """Reason codes for a switch-off within the horizon: said, counted in no number but the months projected."""
    end = scope.question.today + timedelta(days=DAYS_PER_MONTH * assumptions.horizon_months)
    retiring = {each.model for each in scope.retirements if each.retires_on <= end}
    return [
        code
        for code, name in (("incumbent_retires", model), ("candidate_retires", scope.candidate_model))
        if name in retiring
    ]
