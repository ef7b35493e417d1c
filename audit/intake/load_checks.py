"""What the checks of loads found, kept in the database: they read every request, which no report has to.

Whatever changes what they look at forgets it first; where a command was killed before it could check again, the next
report asks for itself.
"""

import json
from typing import cast

from audit import sql
from audit.warehouse import Warehouse

SETTING = "load_checks"


def check_loads(warehouse: Warehouse) -> list[str]:
    """The sentences of the checks of loads, whose outcome is kept."""
    found = {query.name: rows_against(warehouse, query) for query in _marked("load")}
    warehouse.set(SETTING, json.dumps(found))
    return [_sentence(query, found[query.name]) for query in _marked("load") if found[query.name]]


def forget(warehouse: Warehouse) -> None:
    """Drop what was found before a change; inside its transaction."""
    warehouse.execute("delete from meta where key = ?", [SETTING])


def known(warehouse: Warehouse) -> dict[str, str]:
    """The first rows against each check, as text, empty where it holds; no check where nothing is known."""
    return cast("dict[str, str]", json.loads(warehouse.setting(SETTING) or "{}"))


def rows_against(warehouse: Warehouse, query: sql.Query) -> str:
    """The first rows that a check returns, as text; empty where it holds."""
    rows = warehouse.rows(f"select * from ({query.select}) limit 3")
    return str(rows) if rows else ""


def _marked(when: str) -> list[sql.Query]:
    return [query for query in sql.in_folders("5_") if query.when == when]


def _sentence(query: sql.Query, rows: str) -> str:
    return f"{query.name}: {query.purpose} First rows: {rows}"
