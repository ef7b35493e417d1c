"""The relations of `queries/` as objects: found, described, ordered and transpiled. Touches no database.

A file is one SELECT; its stem is the name of the relation, its first comment the grain, its second one sentence of
purpose. What a relation reads is taken from the syntax tree, never declared twice.
"""

import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from audit.dialects import Dialect, written
from audit.errors import UnknownNameError

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

_SOURCE = re.compile(r"\b(?:from|join)\s+([a-z_][a-z0-9_]*)")
"""Names after from and join: enough to put files in order, and spares every start the SQL parser. A test holds it
against the syntax trees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One relation: a file of `queries/`."""

    name: str
    folder: str
    text: str
    select: str
    """The SELECT alone, without the header."""
    grain: str
    purpose: str
    when: str
    """For a check: 'load' (on newly loaded files) or 'report'; otherwise empty."""


def queries_folder() -> Path:
    """Where the queries lie: beside the package in a checkout, inside it when installed."""
    packaged = Path(__file__).parent / "queries"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "queries"


@cache
def all_queries() -> dict[str, Query]:
    """Every relation by name, in the order of the folders."""
    found: dict[str, Query] = {}
    for path in sorted(queries_folder().glob("[0-9]_*/*.sql")):
        text = path.read_text(encoding="utf-8")
        header = [line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--")]
        keys = dict(line.split(": ", 1) for line in header if line.startswith(("grain: ", "when: ")))
        purpose = next((line for line in header if not line.startswith(("grain: ", "when: "))), "")
        found[path.stem] = Query(
            name=path.stem,
            folder=path.parent.name,
            text=text,
            select="\n".join(line for line in text.splitlines() if not line.startswith("--")).strip(),
            grain=keys.get("grain", ""),
            purpose=purpose,
            when=keys.get("when", ""),
        )
    return found


def find(name: str) -> Query:
    """The relation called `name`; UnknownNameError otherwise."""
    queries = all_queries()
    if name not in queries:
        raise UnknownNameError("relation", name, queries, "`audit sql` without a name lists them all")
    return queries[name]


@cache
def in_folders(*prefixes: str) -> tuple[Query, ...]:
    """The relations of the folders that start with one of `prefixes`, each after those it reads."""
    chosen = {query.name: query for query in all_queries().values() if query.folder.startswith(prefixes)}
    graph = {name: sources(query.select) & chosen.keys() for name, query in chosen.items()}
    return tuple(chosen[name] for name in TopologicalSorter(graph).static_order())


def sources(text: str) -> set[str]:
    """The names after from and join in a SELECT, those of its own parts among them."""
    return set(_SOURCE.findall(text.lower()))


@cache
def reads(query: Query) -> frozenset[str]:
    """The names of the relations that `query` reads."""
    from sqlglot import exp

    tree = _parse(query)
    local = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    return frozenset(table.name for table in tree.find_all(exp.Table)) - local


def seeds() -> dict[str, Path]:
    """The CSV files of `queries/seeds` by the name of their table."""
    return {path.stem: path for path in sorted((queries_folder() / "seeds").glob("*.csv"))}


def transpile(query: Query, dialect: Dialect) -> str:
    """The SELECT in another dialect, by sqlglot and the rewrites that running it on that engine showed to be needed."""
    if dialect == "duckdb":
        return query.select
    return written(_parse(query), dialect)


def _parse(query: Query) -> "Expr":
    import sqlglot

    return sqlglot.parse_one(query.select, read="duckdb")
