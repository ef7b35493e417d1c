"""DuckDB's SQL as Spark's: what sqlglot translates without a word into something else, or into what Spark refuses.

Every rewrite is here because running both engines showed it to be needed, and has a test with both engines' answer.
Spark is meant with ANSI mode on and UTC as the time zone of its session.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

Structure = str | list["Structure"] | dict[str, "Structure"]
"""What json_transform reads: a type's name, a list around one structure, an object of structures."""
ASCII_BORDER = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"
END_OF_TEXT = r"\z"


def to_spark(tree: "Expr") -> "Expr":
    """The tree of a DuckDB query as one that sqlglot writes for Spark, changed in place."""
    rewrites = _rewrites()
    # Children first: what is rewritten holds parts that were.
    for node in reversed(list(tree.walk())):
        if (rewrite := rewrites.get(_kind(node))) is not None and (new := rewrite(node)) is not node:
            node.replace(new)
    return tree


def java_pattern(pattern: str) -> str:
    r"""A pattern of RE2 for Java, where `$` also stands before a last line break and `\b` knows letters beyond ASCII.

    >>> java_pattern("^[0-9]+$")
    '^[0-9]+\\z'
    """
    parts = re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|.", pattern, re.DOTALL)
    return "".join({"$": END_OF_TEXT, r"\b": ASCII_BORDER}.get(part, part) for part in parts)


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


def _rewrites() -> "dict[str, Callable[[Expr], Expr]]":
    return {
        "Bracket": _element,
        "DateDiff": _elapsed,
        "JSONArrayLength": _json_array_length,
        "JSONExtract": _json_value,
        "JSONExtractScalar": _json_value,
        "JSONObject": _json_object,
        "Length": _length,
        "RegexpExtract": _pattern,
        "RegexpExtractAll": _pattern,
        "RegexpLike": _pattern,
        "RegexpReplace": _pattern,
        "Try": _without_try,
        "TryCast": _try_cast,
        "hash": _hash,
        "epoch_us": lambda node: _call("unix_micros", *node.expressions),
        "from_json": _from_json,
        "FromJson": _from_json,
        "json_array_length": _json_array_length,
        "json_transform": _from_json,
        "json_valid": lambda node: _not_null(_call("get_json_object", node.expressions[0], _text("$"))),
        "to_microseconds": lambda node: _call(
            "make_dt_interval", _number(0), _number(0), _number(0), _micros(node.expressions[0])
        ),
    }


def _kind(node: "Expr") -> str:
    from sqlglot import exp

    return node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__


def _call(name: str, *arguments: "Expr") -> "Expr":
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _text(value: str) -> "Expr":
    from sqlglot import exp

    return exp.Literal.string(value)


def _number(value: float) -> "Expr":
    from sqlglot import exp

    return exp.Literal.number(value)


def _not_null(node: "Expr") -> "Expr":
    from sqlglot import exp

    return exp.Paren(this=exp.Not(this=exp.Is(this=node, expression=exp.Null())))


def _spark(text: str, **places: "Expr") -> "Expr":
    """A piece of Spark's SQL with the trees of `places` where their names stand."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(text, read="spark")
    found = [column for column in tree.find_all(exp.Column) if column.name in places]
    for column in found:
        place = places[column.name].copy()
        if column is tree:
            return place
        column.replace(exp.Paren(this=place) if isinstance(place, exp.Binary) else place)
    return tree


def _element(node: "Expr") -> "Expr":
    """Spark raises for the first element of an empty list where DuckDB gives NULL."""
    from sqlglot import exp

    index = node.expressions[0]
    sign, digits = (-1, index.this) if isinstance(index, exp.Neg) else (1, index)
    if len(node.expressions) != 1 or not isinstance(digits, exp.Literal) or not digits.is_int:
        return node
    return _call("try_element_at", node.this, _number(sign * int(digits.name) + 1))  # sqlglot counts from 0


def _elapsed(node: "Expr") -> "Expr":
    """DuckDB counts the borders of seconds between two times, Spark the seconds that have passed."""
    unit = str(node.args["unit"]).lower() if node.args.get("unit") else "day"
    clock = {"millisecond": "unix_millis", "second": "unix_seconds"}.get(unit)
    if clock is None:
        return node
    return _spark("(later - earlier)", later=_call(clock, node.this), earlier=_call(clock, node.expression))


def _pattern(node: "Expr") -> "Expr":
    from sqlglot import exp

    if isinstance(node.expression, exp.Literal):
        node.set("expression", _text(java_pattern(node.expression.name)))
    return node


def _length(node: "Expr") -> "Expr":
    """len() is that of a list or of a text in DuckDB, length() that of a text in Spark."""
    from sqlglot import exp

    lists = (exp.RegexpExtractAll, exp.ArrayFilter, exp.Transform, exp.Split, exp.Array, exp.JSONKeys)
    return _call("size", node.this) if isinstance(node.this, lists) else node


def _without_try(node: "Expr") -> "Expr":
    """Spark has no try(): its functions on JSON give NULL for what cannot be read, and a cast can be told to."""
    from sqlglot import exp

    for each in reversed(list(node.this.find_all(exp.Cast))):
        if type(each) is exp.Cast:
            each.replace(exp.TryCast(this=each.this, to=each.to, safe=True))
    return node.this


def _try_cast(node: "Expr") -> "Expr":
    """DuckDB rounds a number with a fraction to a whole one, where Spark finds none; times see `_time_of`."""
    from sqlglot import exp

    if node.args["to"].is_type(exp.DataType.Type.TIMESTAMPTZ):
        return _time_of(node.this)
    if node.args["to"].is_type("bigint") and not isinstance(node.this, exp.Round):
        return _spark(
            "coalesce(try_cast(value as bigint), try_cast(round(try_cast(value as decimal(38, 18))) as bigint))",
            value=node.this,
        )
    return node


def _time_of(text: "Expr") -> "Expr":
    """The time that a text states in ISO's form, or with slashes; Spark would also take a bare year or time of day.

    An offset may be hours alone, as PostgreSQL writes it, which Spark does not take.
    """
    return _spark(
        "case when value rlike form "
        "then try_cast(regexp_replace(regexp_replace(value, slashes, lines), hours, minutes) as timestamp) end",
        value=text,
        form=_text(r"^\s*[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}([^+-]*[^ +-])?([+-].*)?)?\s*\z"),
        slashes=_text(r"^\s*([0-9]{4})/([0-9]{1,2})/"),
        lines=_text("$1-$2-"),
        hours=_text(r"(:[0-9.]+)([+-][0-9]{2})\s*\z"),
        minutes=_text("$1$2:00"),
    )


def _from_json(node: "Expr") -> "Expr":
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
        return _spark(
            "case when json_array_length(value) is not null "
            f"then transform(from_json(value, 'ARRAY<STRING>'), each -> {each}) end",
            value=value,
        )
    return _spark(
        "case when json_object_keys(value) is not null then from_json(value, declared) end",
        value=value,
        declared=_text(_declared(structure)),
    )


def _declared(structure: Structure) -> str:
    if isinstance(structure, str):
        return spark_type(structure)
    if isinstance(structure, list):
        return f"ARRAY<{_declared(structure[0])}>"
    return "STRUCT<" + ", ".join(f"`{key}`: {_declared(part)}" for key, part in structure.items()) + ">"


def _json_value(node: "Expr") -> "Expr":
    """json_extract_string() or ->>, whose key may be another column."""
    from sqlglot import exp

    path = node.expression
    if not isinstance(path, exp.JSONPath):
        if isinstance(path, exp.Literal):
            return node
        return _spark("get_json_object(value, concat(before, key, after))", value=node.this, key=path,
                      before=_text("$['"), after=_text("']"))  # fmt: skip
    steps = [each for each in path.expressions if not isinstance(each, exp.JSONPathRoot)]
    wild = next((place for place, each in enumerate(steps) if _is_wild(each)), None)
    if wild is None:
        return _call("get_json_object", node.this, _text(json_path([_step(each) for each in steps])))
    return _each(node.this, [_step(each) for each in steps[:wild]], [_step(each) for each in steps[wild + 1 :]])


def _each(value: "Expr", before: Sequence[str | int], after: Sequence[str | int]) -> "Expr":
    """The texts at a path in each element of a list; get_json_object() gives one of them alone without its list."""
    return _spark(
        "filter(transform(from_json(value, 'ARRAY<STRING>'), each -> get_json_object(each, path)), "
        "found -> found is not null)",
        value=_call("get_json_object", value, _text(json_path(before))) if before else value,
        path=_text(json_path(after)),
    )


def _is_wild(step: "Expr") -> bool:
    from sqlglot import exp

    return isinstance(step, exp.JSONPathSubscript) and isinstance(step.this, exp.JSONPathWildcard)


def _step(step: "Expr") -> str | int:
    return step.this if isinstance(step.this, int) else str(step.this)


def _json_object(node: "Expr") -> "Expr":
    """json_object() keeps the keys of what is NULL."""
    from sqlglot import exp

    pairs = [part for each in node.expressions for part in (each.this, each.expression)]
    options = _call("map", _text("ignoreNullFields"), _text("false"))
    assert isinstance(node, exp.JSONObject)
    return _call("to_json", _call("named_struct", *pairs), options)


def _json_array_length(node: "Expr") -> "Expr":
    """0 for what is no list, as in DuckDB, and NULL for what is no JSON."""
    from sqlglot import exp

    value, *rest = node.expressions or [node.this]
    if rest:
        path = exp.JSONPath(expressions=[]) if not isinstance(rest[0], exp.Literal) else rest[0]
        value = _call("get_json_object", value, path)
    return _spark(
        "coalesce(json_array_length(value), case when get_json_object(value, root) is not null then 0 end)",
        value=value,
        root=_text("$"),
    )


def _hash(node: "Expr") -> "Expr":
    """A hash in 64 bits, of other values than DuckDB's; Spark's passes over NULL, as if the argument were not there."""
    from sqlglot import exp

    found = [part for each in node.expressions for part in (each, exp.Is(this=each.copy(), expression=exp.Null()))]
    return _call("xxhash64", *found)


def _micros(value: "Expr") -> "Expr":
    return _spark("cast(value as decimal(38, 6)) / 1000000", value=value)
