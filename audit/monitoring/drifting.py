"""How far the traffic has moved from the one a plan was made from, and what a new fit of the workloads would change.

What the candidate answers now counts where the incumbent's answer would have, and an escalated request once: routing is
no drift.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import cast

import polars as pl

from audit import sql
from audit.intake.fitting import BUSIEST
from audit.measures import MEASURES
from audit.planning.document import Baseline
from audit.report.monitor_document import Drift, Move, ShareChange
from audit.schema import TABLES
from audit.warehouse import Warehouse

LIMIT = 0.2
"""Total variation: a fifth of the requests is somewhere else than it was."""

MOVES_SHOWN = 50

AS_INCUMBENT = """
    select requests.* replace (
        coalesce(
            case when watched_models.role = 'incumbent' then requests.model end,
            (
                select max_by(workload_rules.model, workload_rules.fitted_request_count)
                from workload_rules
                inner join watched_models as incumbents on workload_rules.model = incumbents.model
                where incumbents.role = 'incumbent' and workload_rules.endpoint = requests.endpoint
            ),
            requests.model
        ) as model
    )
    from requests
    inner join watched_models on requests.model = watched_models.model
    inner join placed_requests
        on requests.file_id = placed_requests.file_id and requests.row_number = placed_requests.row_number
    where not placed_requests.is_second_answer
"""
"""The requests of both models, all under a model of which the database has rules for the endpoint."""

SHARES = """
    select coalesce(workload_id, '') as id, endpoint, cast(sum(request_count) as bigint) as requests
    from cell_workloads
    where outcome = 'billed'
    group by all
"""


def drift(warehouse: Warehouse, baseline: Mapping[str, Baseline], days: float) -> Drift:
    """The shares of requests now and in the plan, by workload where the database has the plan's rules.

    Needs a settled scope and `placed_requests`. Without those rules only endpoints can be compared.
    """
    ids = {name.partition(":")[0] for name in baseline}
    known = {str(name) for (name,) in warehouse.rows("select distinct workload_id from workload_rules")}
    has_rules = bool(ids & known)
    rest = {each["endpoint"] for each in baseline.values() if each.get("is_folded", False)}
    kept = {each["endpoint"] for each in baseline.values()} - rest

    def key_of(workload_id: str, endpoint: str) -> str:
        """What a plan took as one stays one; rules that it found without storing them are those of an endpoint."""
        if rest and endpoint not in kept:
            return min(rest)
        return workload_id if has_rules and (not rest or workload_id in known) else endpoint

    _count_as_incumbent(warehouse)
    rows = warehouse.rows(SHARES)
    before, now, names = defaultdict[str, float](float), defaultdict[str, float](float), dict[str, str]()
    for name, each in baseline.items():
        key = key_of(name.partition(":")[0], each["endpoint"])
        before[key] += each["requests_per_day"]
        names.setdefault(key, each["endpoint"] if key == each["endpoint"] else each["name"])
    for workload_id, endpoint, count in rows:
        key = key_of(str(workload_id), str(endpoint))
        now[key] += int(str(count))
        names.setdefault(key, str(endpoint))
    old, new = _shares(before), _shares(now)
    changes: list[ShareChange] = [
        {"id": key, "name": names[key], "before": old.get(key, 0.0), "now": new.get(key, 0.0)}
        for key in sorted(old.keys() | new.keys())
    ]
    changes.sort(key=lambda each: (-abs(each["now"] - each["before"]), each["id"]))
    distance = sum(abs(each["now"] - each["before"]) for each in changes) / 2
    return {
        "basis": "workloads" if has_rules else "endpoints",
        "total_variation": distance,
        "limit": LIMIT,
        "exceeded": distance > LIMIT,
        "shares": changes,
        "refit": _refit(warehouse) if has_rules and distance > LIMIT else None,
        "requests_per_day": sum(now.values()) / days if days else 0.0,
        "requests_per_day_before": sum(before.values()),
    }


def _shares(counts: Mapping[str, float]) -> dict[str, float]:
    total = sum(counts.values())
    return {key: count / total for key, count in counts.items()} if total else {}


def _count_as_incumbent(warehouse: Warehouse) -> None:
    """Shadow the cells by those of both models, all under the incumbent."""
    cells = sql.find("traffic_cells").select
    warehouse.execute(f"create or replace temp table traffic_cells as with requests as ({AS_INCUMBENT}) {cells}")
    warehouse.add_views("3_", "4_")


def _refit(warehouse: Warehouse) -> list[Move]:
    """Requests that a fit of this traffic alone would take from one workload to another, most first."""
    from audit.workloads.rules import fit_rules

    cells = warehouse.frame(f"select * from fitting_cells where endpoint in ({BUSIEST})")
    first, last = cast(
        "tuple[date, date]", warehouse.rows("select min(usage_date), max(usage_date) from placed_requests")[0]
    )
    rules = fit_rules(cells, fitted_from=first, fitted_to=last)
    placed = sql.find("cell_workloads").select
    warehouse.execute(f"create or replace temp table cells_before as select * from ({placed})")
    warehouse.temporary("workload_rules", rules.with_columns(pl.col("fitted_from", "fitted_to").cast(pl.Date)))
    try:
        keys = [name for name in TABLES["traffic_cells"] if name not in MEASURES]
        same = " and ".join(f"before.{key} is not distinct from after.{key}" for key in keys)
        rows = warehouse.rows(
            f"""
            select coalesce(before.workload_id, ''), after.workload_id, sum(before.request_count)
            from cells_before as before inner join ({placed}) as after on {same}
            where before.outcome = 'billed' and after.workload_id is not null
            group by all
            order by sum(before.request_count) desc, 1, 2
            limit {MOVES_SHOWN}
            """
        )
    finally:
        warehouse.execute("drop table temp.workload_rules")
    return [{"old": str(old), "new": str(new), "requests": int(str(count))} for old, new, count in rows]
