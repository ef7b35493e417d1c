"""DuckDB's SQL as Spark's: what sqlglot translates without a word into something else, or into what Spark refuses.

Every rewrite is here because running both engines showed it to be needed, and has a test with both engines' answer.
Spark is meant with ANSI mode on and UTC as the time zone of its session.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from audit.spark_sql.json_values import from_json, json_array_length, json_object, json_value, spark_type
from audit.spark_sql.pieces import call, not_null, number_literal, spark_tree, text_literal
from audit.spark_sql.rewriting import kind_of, rewritten

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

__all__ = ["java_pattern", "spark_type", "to_spark"]

ASCII_BORDER = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"
NUMBER = r"(?i)^\s*([0-9.e+-]+|[+-]?(inf|infinity|nan))\s*\z"
JAVA = {"$": r"\z", r"\b": ASCII_BORDER}


def to_spark(tree: "Expr") -> "Expr":
    """The tree of a DuckDB query as one that sqlglot writes for Spark, changed in place."""
    return rewritten(tree, _rewrites())


def java_pattern(pattern: str) -> str:
    r"""A pattern of RE2 for Java, where `$` also stands before a last line break and `\b` knows letters beyond ASCII.

    >>> java_pattern("^[0-9]+$")
    '^[0-9]+\\z'
    """
    parts: list[str] = re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|.", pattern, re.DOTALL)
    return "".join(JAVA.get(part, part) for part in parts)


def _rewrites() -> "dict[str, Callable[[Expr], Expr]]":
    return {
        "Bracket": _element,
        "DateDiff": _elapsed,
        "JSONArrayLength": json_array_length,
        "JSONExtract": json_value,
        "JSONExtractScalar": json_value,
        "JSONObject": json_object,
        "Length": _length,
        "RegexpExtract": _pattern,
        "RegexpExtractAll": _pattern,
        "RegexpLike": _pattern,
        "RegexpReplace": _pattern,
        "Try": _without_try,
        "TryCast": _try_cast,
        "hash": _hash,
        "epoch_us": lambda node: call("unix_micros", *node.expressions),
        "from_json": from_json,
        "FromJson": from_json,
        "json_array_length": json_array_length,
        "json_transform": from_json,
        "json_valid": lambda node: not_null(call("get_json_object", node.expressions[0], text_literal("$"))),
        "to_microseconds": lambda node: call(
            "make_dt_interval", number_literal(0), number_literal(0), number_literal(0), _micros(node.expressions[0])
        ),
    }


def _element(node: "Expr") -> "Expr":
    """Spark raises for the first element of an empty list where DuckDB gives NULL."""
    from sqlglot import exp

    index = node.expressions[0]
    sign, digits = (-1, index.this) if isinstance(index, exp.Neg) else (1, index)
    if len(node.expressions) != 1 or not isinstance(digits, exp.Literal) or not digits.is_int:
        return node
    return call("try_element_at", node.this, number_literal(sign * int(digits.name) + 1))  # sqlglot counts from 0


def _elapsed(node: "Expr") -> "Expr":
    """DuckDB counts the borders of seconds between two times, Spark the seconds that have passed."""
    unit = str(node.args["unit"]).lower() if node.args.get("unit") else "day"
    clock = {"millisecond": "unix_millis", "second": "unix_seconds"}.get(unit)
    if clock is None:
        return node
    return spark_tree("(later - earlier)", later=call(clock, node.this), earlier=call(clock, node.expression))


def _pattern(node: "Expr") -> "Expr":
    from sqlglot import exp

    if isinstance(node.expression, exp.Literal):
        node.set("expression", text_literal(java_pattern(node.expression.name)))
    return node


def _length(node: "Expr") -> "Expr":
    """len() is that of a list or of a text in DuckDB, length() that of a text in Spark."""
    from sqlglot import exp

    lists = (exp.RegexpExtractAll, exp.ArrayFilter, exp.Transform, exp.Split, exp.Array, exp.JSONKeys)
    return call("size", node.this) if isinstance(node.this, lists) else node


def _without_try(node: "Expr") -> "Expr":
    """Spark has no try(): its functions on JSON give NULL for what cannot be read, and a cast can be told to."""
    from sqlglot import exp

    if kind_of(node.this) == "url_decode":
        return _decoded(node.this.expressions[0])
    for each in reversed(list(node.this.find_all(exp.Cast))):
        if type(each) is exp.Cast:
            each.replace(exp.TryCast(this=each.this, to=each.to, safe=True))
    return node.this


def _decoded(text: "Expr") -> "Expr":
    """DuckDB leaves a lone % where it is, and has no answer for bytes that are no UTF-8, where Spark puts a mark."""
    return spark_tree(
        "case when value ilike encoded or not contains(try_url_decode(regexp_replace(value, lone, escaped)), mark) "
        "then try_url_decode(regexp_replace(value, lone, escaped)) end",
        value=text,
        encoded=text_literal("%\\%EF\\%BF\\%BD%"),
        lone=text_literal("%(?![0-9A-Fa-f]{2})"),
        escaped=text_literal("%25"),
        mark=text_literal("\ufffd"),
    )


def _try_cast(node: "Expr") -> "Expr":
    """DuckDB rounds a number with a fraction to a whole one, where Spark finds none; times see `_time_of`.

    Java also reads 1d, 1f and 0x1p3 as numbers, and digits of other scripts.
    """
    from sqlglot import exp

    kind = node.args["to"]
    if kind.is_type(exp.DataType.Type.TIMESTAMPTZ):
        return _time_of(node.this)
    if isinstance(node.this, exp.Round):
        return node
    if kind.is_type("bigint"):
        return spark_tree(
            "coalesce(try_cast(value as bigint), case when value rlike form "
            "then try_cast(round(try_cast(value as decimal(38, 18))) as bigint) end)",
            value=node.this,
            form=text_literal(NUMBER),
        )
    if kind.is_type("double", "decimal"):
        return spark_tree("case when value rlike form then number end", value=node.this, number=node,
                          form=text_literal(NUMBER))  # fmt: skip
    return node


def _time_of(text: "Expr") -> "Expr":
    """The time that a text states in ISO's form, or with slashes; Spark would also take a bare year or time of day.

    An offset may be hours alone, as PostgreSQL writes it, which Spark does not take.
    """
    return spark_tree(
        "case when value rlike form "
        "then try_cast(regexp_replace(regexp_replace(value, slashes, lines), hours, minutes) as timestamp) end",
        value=text,
        form=text_literal(
            r"^\s*[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}([^+-]*[^ +-])?([+-].*)?)?\s*\z"
        ),
        slashes=text_literal(r"^\s*([0-9]{4})/([0-9]{1,2})/"),
        lines=text_literal("$1-$2-"),
        hours=text_literal(r"(:[0-9.]+)([+-][0-9]{2})\s*\z"),
        minutes=text_literal("$1$2:00"),
    )


def _hash(node: "Expr") -> "Expr":
    """A hash in 64 bits, of other values than DuckDB's; Spark's passes over NULL, as if the argument were not there."""
    from sqlglot import exp

    found = [part for each in node.expressions for part in (each, exp.Is(this=each.copy(), expression=exp.Null()))]
    return call("xxhash64", *found)


def _micros(value: "Expr") -> "Expr":
    return spark_tree("cast(value as decimal(38, 6)) / 1000000", value=value)
