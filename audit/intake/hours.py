"""Usage by the hour, summed with the cells where a bill is loaded: a report on bill and log reads no request."""

from collections.abc import Collection

from audit import sql
from audit.warehouse import Warehouse

MISSING = """
select load_id from traffic_cells where outcome = 'billed' except select load_id from kept_hours
"""
"""The loads whose billed requests are in cells and in no hours: all of them until a bill is loaded."""


def keep_hours(warehouse: Warehouse, loads: Collection[int] | None) -> None:
    """Sum the hours of `loads`, or of all where it is None, and of those that lack them; none without a bill."""
    changed = "true" if loads is None else f"load_id in ({', '.join(map(str, loads))})"
    warehouse.execute(f"delete from kept_hours where {changed}")
    if not warehouse.rows("select 1 from loaded_costs limit 1"):
        return
    warehouse.execute(
        f"insert into kept_hours by name select * from ({sql.find('hourly_usage').select}) where load_id in ({MISSING})"
    )


def take_kept_hours(warehouse: Warehouse, since: str, until: str) -> None:
    """Make the kept hours from `since` to before `until` the relation `hourly_usage`, where every load has them."""
    if warehouse.rows(f"select 1 from ({MISSING}) limit 1"):
        return
    warehouse.execute(
        f"create or replace temp view hourly_usage as select * from main.kept_hours "
        f"where usage_hour >= timestamp '{since}' and usage_hour < timestamp '{until}'"
    )
