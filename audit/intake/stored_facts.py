"""The table under `request_facts`: a column of it exists once some load can fill it."""

from audit import memory
from audit.schema import DERIVED, REQUEST_FACTS, USUAL, USUAL_WORDS, facts_view, usual
from audit.warehouse import Warehouse

_FILLABLE: dict[str, frozenset[str]] = {}
"""What was learned in this process: the columns that a query can fill, whatever file it reads. Asking takes as long as
planning to load the file, a tenth of the whole load of a small one."""


def make_room(warehouse: Warehouse, rows: str, kind: str | None = None) -> None:
    """Give the table `stored_facts` the columns that `rows`, a SELECT of all columns of `request_facts`, can fill.

    What a format cannot state is the constant NULL in its staging query, and DuckDB's planner knows so: it is asked
    for what it assumes about each column, which takes planning the query and reading the first rows; so for what is
    one and the usual value in all rows. A column that only might be filled is made. Queries of one `kind` fill the
    same columns.
    """
    stored = stored_columns(warehouse)
    fillable = _FILLABLE.get(kind or "")
    if fillable is None:
        asked = ", ".join(_is_fillable(name) for name in REQUEST_FACTS)
        first = warehouse.rows(f"select {asked} from ({rows}) as facts limit 1")
        if not first:  # nothing is learned where there is no row to read
            return
        fillable = frozenset(name for name, known in zip(REQUEST_FACTS, first[0], strict=True) if known is not False)
        if kind is not None:
            _FILLABLE[kind] = fillable
    missing = [name for name in REQUEST_FACTS if name in fillable and name not in stored]
    for name in missing:
        warehouse.execute(f"alter table stored_facts add column {name} {REQUEST_FACTS[name]}")
    if missing:
        warehouse.execute(facts_view(stored_columns(warehouse)))
    warehouse.allow(memory.to_write(len(stored) + len(missing)))


def as_stored(warehouse: Warehouse) -> str:
    """The SELECT items that make a row of `stored_facts` of one with all columns of `request_facts`."""
    return ", ".join(f"{_kept(name)} as {name}" for name in stored_columns(warehouse))


def stored_columns(warehouse: Warehouse) -> list[str]:
    """The columns that `stored_facts` has by now."""
    return [str(name) for (name, *_) in warehouse.rows("describe stored_facts")]


def _is_fillable(name: str) -> str:
    """The expression that is false where the planner knows that a column says nothing beyond what is usual."""
    if name in DERIVED:
        return "false"
    if name not in USUAL:
        return f"stats({name}).has_no_null"
    return f"stats({name}).has_no_null and (stats({name}).min, stats({name}).max) <> ({usual(name)}, {usual(name)})"


def _kept(name: str) -> str:
    return f"nullif({name}, {usual(name)})" if name in USUAL_WORDS else name
