"""Relations that are made when a statement names them: DuckDB binds a view, and all that it reads, when it makes it."""

import re
from collections.abc import Iterator

from audit import sql
from audit.schema import TABLES

_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_WRITTEN = "header = true, delim = ',', quote = '\"', escape = '\"'"
"""How seeds are. Told so, DuckDB does not try every other way: 9 ms instead of 44 for all of them."""


class OnDemand:
    """The temporary relations of a connection that no statement has named yet; most statements name few of them."""

    def __init__(self) -> None:
        """Know of no relation."""
        self._unmade: dict[str, str] = {}
        self._made: dict[str, str] = {}
        """Those made since the last transaction began, which are lost with it."""

    def add_own(self) -> None:
        """What every database has: the CSV files of `queries/seeds` as tables, requests and cells as views."""
        for name, path in sql.seeds().items():
            escaped = str(path).replace("'", "''")
            self._unmade[name] = (
                f"create or replace temp table \"{name}\" as select * from read_csv('{escaped}', {_WRITTEN})"
            )
        self.add_views("2_", "3_")

    def add_views(self, *folders: str) -> None:
        """Every query in `folders` that is no table as a view; one that is there already is made again."""
        for query in sql.in_folders(*folders):
            if query.name not in {*TABLES, "checked_requests", "checked_costs"}:
                self._unmade[query.name] = f'create or replace temp view "{query.name}" as {query.select}'

    def before(self, statement: str) -> Iterator[str]:
        """The statements that make what `statement` names and is not there yet, each after those that it needs."""
        for name in _WORD.findall(statement.lower()):
            if name in self._unmade:
                made = self._made[name] = self._unmade.pop(name)
                yield from self.before(made)
                yield made

    def begin(self) -> None:
        """What is made from now on is made in a transaction."""
        self._made.clear()

    def roll_back(self) -> None:
        """The transaction is lost, and what was made in it."""
        self._unmade |= self._made
