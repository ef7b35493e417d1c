"""DuckDB's functions on JSON as Spark's: both read the same of a text, and nothing of what is not all there."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from audit.spark_sql.pieces import call, spark_tree, text_literal

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

Structure = str | list["Structure"] | dict[str, "Structure"]
"""What json_transform reads: a type's name, a list around one structure, an object of structures."""


def spark_type(duckdb_type: str) -> str:
    """A type of DuckDB as Spark declares it.

    >>> spark_type('STRUCT("a" VARCHAR, "b" BIGINT[])')
    'STRUCT<`a`: STRING, `b`: ARRAY<BIGINT>>'
    """
    from sqlglot import exp

    return exp.DataType.build(duckdb_type, dialect="duckdb").sql(dialect="spark")


def json_path(steps: Sequence[str | int]) -> str:
    """The path of get_json_object to a key or element, whatever characters a key has.

    >>> json_path(["usage", "gen_ai.tokens", 0])
    "$['usage']['gen_ai.tokens'][0]"
    """
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps)


def from_json(node: "Expr") -> "Expr":
    """json_transform() with the structure as a type.

    Text that is not all of an object or list gives NULL; from_json() alone would give what came before its end.
    """
    value, written = node.expressions if node.expressions else (node.this, node.expression)
    structure = cast("Structure", json.loads(written.name))
    if isinstance(structure, list):
        # one element of another kind would make NULL of the whole list
        part, declared = structure[0], _declared(structure[0])
        each = (
            "each"
            if isinstance(part, str)
            else f"case when startswith(each, '{{') then from_json(each, '{declared}') end"
        )
        return spark_tree(
            "case when json_array_length(value) is not null "
            f"then transform(from_json(value, 'ARRAY<STRING>'), each -> {each}) end",
            value=value,
        )
    return spark_tree(
        "case when json_object_keys(value) is not null then from_json(value, declared) end",
        value=value,
        declared=text_literal(_declared(structure)),
    )


def _declared(structure: Structure) -> str:
    if isinstance(structure, str):
        return spark_type(structure)
    if isinstance(structure, list):
        return f"ARRAY<{_declared(structure[0])}>"
    return "STRUCT<" + ", ".join(f"`{key}`: {_declared(part)}" for key, part in structure.items()) + ">"


def json_value(node: "Expr") -> "Expr":
    """json_extract_string() or ->>, whose key may be another column."""
    from sqlglot import exp

    path = node.expression
    if not isinstance(path, exp.JSONPath):
        if isinstance(path, exp.Literal):
            return node
        return spark_tree("get_json_object(value, concat(before, key, after))", value=node.this, key=path,
                      before=text_literal("$['"), after=text_literal("']"))  # fmt: skip
    steps = [each for each in path.expressions if not isinstance(each, exp.JSONPathRoot)]
    wild = next((place for place, each in enumerate(steps) if _is_wild(each)), None)
    if wild is None:
        return call("get_json_object", node.this, text_literal(json_path([_step(each) for each in steps])))
    return _each(node.this, [_step(each) for each in steps[:wild]], [_step(each) for each in steps[wild + 1 :]])


def _each(value: "Expr", before: Sequence[str | int], after: Sequence[str | int]) -> "Expr":
    """The texts at a path in each element of a list; get_json_object() gives one of them alone without its list.

    What is no list has no elements, and is not NULL for that.
    """
    return spark_tree(
        "coalesce(filter(transform(from_json(value, 'ARRAY<STRING>'), each -> get_json_object(each, path)), "
        "found -> found is not null), case when json_object_keys(value) is not null then array() end)",
        value=call("get_json_object", value, text_literal(json_path(before))) if before else value,
        path=text_literal(json_path(after)),
    )


def _is_wild(step: "Expr") -> bool:
    from sqlglot import exp

    return isinstance(step, exp.JSONPathSubscript) and isinstance(step.this, exp.JSONPathWildcard)


def _step(step: "Expr") -> str | int:
    return step.this if isinstance(step.this, int) else str(step.this)


def json_object(node: "Expr") -> "Expr":
    """An object with the keys of what is NULL as well, as DuckDB makes it."""
    from sqlglot import exp

    pairs = [part for each in node.expressions for part in (each.this, each.expression)]
    options = call("map", text_literal("ignoreNullFields"), text_literal("false"))
    assert isinstance(node, exp.JSONObject)
    return call("to_json", call("named_struct", *pairs), options)


def json_array_length(node: "Expr") -> "Expr":
    """0 for what is no list, as in DuckDB, and NULL for what is no JSON."""
    from sqlglot import exp

    value, *rest = node.expressions or [node.this]
    if rest:
        path = exp.JSONPath(expressions=[]) if not isinstance(rest[0], exp.Literal) else rest[0]
        value = call("get_json_object", value, path)
    return spark_tree(
        "coalesce(json_array_length(value), case when get_json_object(value, root) is not null then 0 end)",
        value=value,
        root=text_literal("$"),
    )
