"""Workload rules for endpoints that have none: frozen by a load for the busiest, found again by a report for others.

A tree for each of a million endpoints would take longer than the load, and most would hold a request or two.
"""

from datetime import date
from typing import TYPE_CHECKING

from audit.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

MOST_FITTED = 1_000
"""Endpoints, those with most requests, whose rules a load fits and stores: two to three seconds, and twice as many as
a report keeps by default. Rules of endpoints with few requests would hold everything anyway, so nothing is lost by
fitting them when they are asked for."""

BUSIEST = f"""
    select endpoint from fitting_cells
    group by endpoint order by sum(request_count) desc, endpoint limit {MOST_FITTED}
"""
"""The endpoints whose rules are stored."""


def fit_rules_of(warehouse: Warehouse, endpoints: str) -> None:
    """Give the `endpoints` (a query of names) workload rules where they have none, or too few requests until now."""
    from audit.workloads.rules import told_apart

    rules = _missing_rules(warehouse, endpoints)
    if rules is None:
        return
    warehouse.execute(
        "delete from workload_rules as rules where exists (select 1 from unfitted "
        "where unfitted.endpoint = rules.endpoint and unfitted.model = rules.model)"
    )
    known = {str(name) for (name,) in warehouse.rows("select workload_id from workload_rules")}
    warehouse.insert("workload_rules", told_apart(rules, known))


def _missing_rules(warehouse: Warehouse, endpoints: str) -> "pl.DataFrame | None":
    from audit.workloads.rules import DEFAULT, fit_rules

    warehouse.execute(
        f"""
        create or replace temp table unfitted as
        with sizes as (
            select endpoint, model, sum(request_count) as requests from fitting_cells
            where endpoint in ({endpoints}) group by endpoint, model
        ),
        fitted as (
            select endpoint, model, bool_or(is_clustered) as is_clustered from workload_rules group by endpoint, model
        )
        select sizes.endpoint, sizes.model
        from sizes left join fitted using (endpoint, model)
        where fitted.endpoint is null
            or (not fitted.is_clustered and sizes.requests >= {DEFAULT.smallest_segment})
        """
    )
    cells = warehouse.frame("select fitting_cells.* from fitting_cells semi join unfitted using (endpoint, model)")
    if cells.is_empty():
        return None
    first, last = warehouse.rows("select min(usage_date), max(usage_date) from daily_usage")[0]
    return fit_rules(cells, fitted_from=date.fromisoformat(str(first)), fitted_to=date.fromisoformat(str(last)))
