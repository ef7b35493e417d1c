"""Conditions of Polars in DuckDB's words, as far as both mean the same by them.

The translation is DuckDB's own, of its source for Polars. That source itself wants pyarrow, which is eight times the
size of everything this package is; so its parts are taken, and held by `tests/test_lazy_requests.py`.
"""

# pyright: reportPrivateUsage=false

import json
from collections.abc import Mapping
from functools import reduce

import polars as pl
from duckdb import Expression
from duckdb.polars_io import (
    _conjuncts,
    _expression_from_tree,
    _stands_for,
    _strip_dynamic_predicates,
    _tree_to_sql_expression,
)

Comparable = Mapping[str, pl.DataType]
"""Columns that DuckDB compares as Polars does, by name."""


def comparable(schema: Mapping[str, pl.DataType], types: Mapping[str, str]) -> Comparable:
    """The columns of a relation that both engines compare alike."""
    return {name: kind for name, kind in schema.items() if _stands_for(kind, types[name])}


def pushed(predicate: pl.Expr | None, known: Comparable) -> tuple[Expression | None, pl.Expr | None]:
    """What DuckDB decides of a predicate, and what Polars applies afterwards: all of it, where DuckDB cannot."""
    if predicate is None:
        return None, None
    tree, had_hint = _strip_dynamic_predicates(json.loads(predicate.meta.serialize(format="json")))
    if tree is None:
        return None, None
    parts = _conjuncts(tree)
    translated = [each for each in (_tree_to_sql_expression(part, known) for part in parts) if each is not None]
    rest = None
    if len(translated) < len(parts):
        rest = _expression_from_tree(tree) if had_hint else predicate
    return (reduce(Expression.__and__, translated) if translated else None), rest
