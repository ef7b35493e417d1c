"""The table under `request_facts`: a column of it exists once some load can fill it."""

from audit.schema import REQUEST_FACTS, USUAL, facts_view
from audit.warehouse import Warehouse


def make_room(warehouse: Warehouse, rows: str) -> bool:
    """Give the table `stored_facts` the columns that `rows`, a SELECT of all columns of `request_facts`, can fill.

    What a format cannot state is the constant NULL in its staging query, and DuckDB's planner knows so: it is asked
    for what it assumes about each column, which takes planning the query and reading the first rows. A column that
    only might be filled is made. False where there is no row to read, and so nothing to learn.
    """
    stored = stored_columns(warehouse)
    missing = [name for name in REQUEST_FACTS if name not in stored]
    if not missing:
        return True
    asked = ", ".join(f"stats({_kept(name)}).has_no_null" for name in missing)
    first = warehouse.rows(f"select {asked} from ({rows}) as facts limit 1")
    for known in first:
        fillable = [name for name, can_be_filled in zip(missing, known, strict=True) if can_be_filled is not False]
        for name in fillable:
            warehouse.execute(f"alter table stored_facts add column {name} {REQUEST_FACTS[name]}")
        if fillable:
            warehouse.execute(facts_view(stored_columns(warehouse)))
    return bool(first)


def as_stored(warehouse: Warehouse) -> str:
    """The SELECT items that make a row of `stored_facts` of one with all columns of `request_facts`."""
    return ", ".join(f"{_kept(name)} as {name}" for name in stored_columns(warehouse))


def stored_columns(warehouse: Warehouse) -> list[str]:
    """The columns that `stored_facts` has by now."""
    return [str(name) for (name, *_) in warehouse.rows("describe stored_facts")]


def _kept(name: str) -> str:
    return f"nullif({name}, '{USUAL[name]}')" if name in USUAL else name
