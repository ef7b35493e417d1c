"""The relation `requests` where all that it looks up is known before it runs: the endpoint rule and length bands.

What other tables of this machine say, the names of endpoints and models, is looked up when the cells are loaded.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from audit import sql
from audit.config import EndpointRule
from audit.dialects import duckdb_text
from audit.readers.reader import literal

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

UNKNOWN = ("endpoint_names", "resolution", "rule", "bands")
"""What is not there to be looked up, by the names that the relation joins it under."""


def requests(rule: EndpointRule | None, length_bands: Sequence[int]) -> str:
    """The text of `requests` over `loaded_facts` alone, in DuckDB's words."""
    tree = sqlglot.parse_one(sql.find("requests").select, read="duckdb")
    replaced = {"ruled_endpoint": _ruled(rule), "length_band": _band(length_bands)}
    for item in tree.find_all(exp.Alias):
        if item.alias in replaced:
            item.set("this", replaced.pop(item.alias))
    assert not replaced, f"`requests` no longer gives {', '.join(replaced)}"
    for join in list(tree.find_all(exp.Join)):
        if join.alias_or_name in UNKNOWN:
            join.pop()
    for cte in list(tree.find_all(exp.CTE)):
        if cte.alias in UNKNOWN:
            cte.pop()
    for column in list(tree.find_all(exp.Column)):
        if column.table in UNKNOWN and isinstance(column.parent, exp.Coalesce):
            first, *others = [column.parent.this, *column.parent.expressions]
            assert first is column
            column.parent.replace(exp.Coalesce(this=others[0], expressions=others[1:]) if others[1:] else others[0])
    return duckdb_text(tree)


def _ruled(rule: EndpointRule | None) -> "Expr":
    """What the rule of the user names, or nothing."""
    if rule is None:
        text = "cast(null as varchar)"
    elif rule.field == "tag":
        text = f"list_filter(tags, lambda tag: starts_with(tag, {literal(rule.key_text)}))[1]"
    elif rule.field == "metadata":
        text = f"try(json_extract_string(metadata, {literal('$.' + json.dumps(rule.key_text))}))"
    else:
        text = rule.field
    return sqlglot.parse_one(text, read="duckdb")


def _band(length_bands: Sequence[int]) -> "Expr":
    """The highest band that the input of a request exceeds, by comparing with each."""
    found = exp.Case()
    for band in sorted(length_bands, reverse=True):
        if band:
            found = found.when(f"input_each > {band}", str(band))
    return found.else_("0")
