"""DuckDB's SQL as ClickHouse's. Every rewrite was run in chDB and its answer compared with DuckDB's.

Meant under the settings of OPENING: there a NULL stays one in a cast and in a join, and a column comes before an alias.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from audit.dialects.pieces import ISO_TIME, LONE_HOURS, SLASHES, is_listing, is_type, path_of, piece
from audit.spark_sql.pieces import call, number_literal, text_literal

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

OPENING = (
    "set prefer_column_name_to_alias = 1",
    "set cast_keep_nullable = 1",
    "set join_use_nulls = 1",
    "set short_circuit_function_evaluation = 'force_enable'",
)
MONEY_MOST = "100000000"
"""What DECIMAL(18, 10) no longer holds, in dollars."""


def rewrites() -> "dict[str, Callable[[Expr], Expr]]":
    """What stands in the place of a kind of node, or of a call."""
    return {
        "ArrayFilter": _filter,
        "Bracket": _element,
        "Cast": _cast,
        "ConcatWs": _joined,
        "DateDiff": _elapsed,
        "FromJson": lambda node: _part("JSONExtract(ifNull(value, ''), 'Array(Nullable(String))')", value=node.this),
        "Coalesce": _coalesced,
        "IntDiv": lambda node: call(
            "intDivOrZero", node.this, node.expression
        ),  # NULL is 0 underneath, and would raise
        "JSONExtract": lambda node: call("nullIf", _at("JSONExtractRaw", node), text_literal("")),
        "JSONExtractScalar": _scalar,
        "JSONObject": _object,
        "Length": _length,
        "Split": lambda node: _part(
            "splitByString(separator, ifNull(value, ''))", value=node.this, separator=node.expression
        ),
        "Lower": lambda node: call("lowerUTF8", node.this),
        "RegexpReplace": lambda node: call("replaceRegexpAll", node.this, node.expression, node.args["replacement"]),
        "Round": lambda node: _part("floor(value + 0.5)", value=node.this),  # to the even one, in ClickHouse
        "SplitPart": _split_part,
        "Substring": lambda node: call(
            "substringUTF8", node.this, *filter(None, map(node.args.get, ("start", "length")))
        ),
        "Try": lambda node: node.this,
        "TryCast": _try_cast,
        "UnixToTime": lambda node: call("fromUnixTimestamp64Micro", node.this, text_literal("UTC")),
        "epoch_us": lambda node: call("toUnixTimestamp64Micro", *node.expressions),
        "json_array_length": _array_length,
        "json_valid": lambda node: call("isValidJSON", *node.expressions),
        "to_json": lambda node: call("toJSONString", *node.expressions),
        "url_decode": _decoded,
    }


def _part(text: str, **places: "Expr") -> "Expr":
    return piece(text, "clickhouse", **places)


def _filter(node: "Expr") -> "Expr":
    return call("arrayFilter", node.expression, node.this)


def _element(node: "Expr") -> "Expr":
    """The element of a list, which has NULL for one that is not there if any of its elements may be NULL."""
    from sqlglot import exp

    index = int(node.expressions[0].name)  # sqlglot counts from 0
    return call("arrayElement", node.this, number_literal(index + 1)) if isinstance(node, exp.Bracket) else node


def _cast(node: "Expr") -> "Expr":
    """A text that is no number gives NULL: ClickHouse may cast also where a CASE says not to."""
    from sqlglot import exp

    if is_type(node, "varchar", "text"):
        return _listed(node.this) if is_listing(node.this) else node
    if is_type(node, "array") and isinstance(node.this, exp.Null):
        return _part("CAST([] AS Array(Nullable(String)))")  # a list cannot be NULL
    if is_type(node, "double"):
        return call("toFloat64OrNull", node.this)
    if is_type(node, "bigint") and isinstance(node.this, exp.Anonymous) and node.this.name == "arrayElement":
        return call("toInt64OrNull", node.this)
    if is_type(node, "bigint") and isinstance(node.this, exp.Floor):
        return call("accurateCastOrNull", node.this, text_literal("Int64"))
    if is_type(node, "timestamp", "timestampntz") and isinstance(node.this, exp.Literal):
        return call("toDateTime64", node.this, number_literal(6), text_literal("UTC"))
    return node


def _try_cast(node: "Expr") -> "Expr":
    value = node.this
    if is_type(node, "timestamptz"):
        return _part(
            "CASE WHEN match(value, form) THEN parseDateTime64BestEffortOrNull("
            "replaceRegexpOne(replaceRegexpOne(value, slashes, lines), hours, minutes), 6, 'UTC') END",
            value=value,
            form=text_literal(ISO_TIME),
            slashes=text_literal(SLASHES),
            lines=text_literal(r"\1-\2-"),
            hours=text_literal(LONE_HOURS),
            minutes=text_literal(r"\1\2:00"),
        )
    if is_type(node, "bigint"):
        return _part(
            "coalesce(toInt64OrNull(trimBoth(value)), "
            "accurateCastOrNull(round(toFloat64OrNull(trimBoth(value))), 'Int64'))",
            value=value,
        )
    if is_type(node, "decimal"):
        # digits after the scale are cut off, and what is too much for the type is not seen
        return _part(
            "CASE WHEN abs(toFloat64OrNull(trimBoth(value))) < most "
            "THEN CAST(round(toDecimal128OrNull(trimBoth(value), 20), 10) AS Nullable(Decimal(18, 10))) END",
            value=value,
            most=number_literal(int(MONEY_MOST)),
        )
    return call("toFloat64OrNull", call("trimBoth", value))


def _joined(node: "Expr") -> "Expr":
    """sqlglot would put an empty text, and a separator, where DuckDB leaves a NULL out."""
    from sqlglot import exp

    separator, *texts = node.expressions
    found = _part("arrayFilter(part -> isNotNull(part), texts)", texts=exp.Array(expressions=[t.copy() for t in texts]))
    return call("arrayStringConcat", found, separator)


def _elapsed(node: "Expr") -> "Expr":
    """DuckDB counts the borders of units between two times."""
    size = {"millisecond": 1_000, "second": 1_000_000}[str(node.args["unit"]).lower()]
    return _part(
        "(intDiv(toUnixTimestamp64Micro(later), size) - intDiv(toUnixTimestamp64Micro(earlier), size))",
        later=node.this,
        earlier=node.expression,
        size=number_literal(size),
    )


def _at(function: str, node: "Expr", *more: "Expr") -> "Expr":
    steps = [number_literal(step + 1) if isinstance(step, int) else text_literal(step) for step in path_of(node)]
    return call(function, node.this, *steps, *more)


def _scalar(node: "Expr") -> "Expr":
    return node if is_listing(node) else _at("JSONExtract", node, text_literal("Nullable(String)"))


def _listed(node: "Expr") -> "Expr":
    """The text of a list of texts in JSON, as DuckDB writes one."""
    from sqlglot import exp

    found = node.this if isinstance(node, exp.Try) else node
    _, *steps = path_of(found)
    inside = call(
        "JSONExtract", exp.column("each"), *map(text_literal, map(str, steps)), text_literal("Nullable(String)")
    )
    return _part(
        "CASE WHEN isValidJSON(value) THEN concat('[', arrayStringConcat(arrayFilter(part -> isNotNull(part), "
        "arrayMap(each -> inside, JSONExtractArrayRaw(ifNull(value, '')))), ', '), ']') END",
        value=found.this,
        inside=inside,
    )


def _object(node: "Expr") -> "Expr":
    pairs = [part for each in node.expressions for part in (each.this, each.expression)]
    return call("toJSONString", call("map", *pairs))


def _coalesced(node: "Expr") -> "Expr":
    """Of lists the first that holds anything, for none of them is NULL."""
    from sqlglot import exp

    first, *others = [node.this, *node.expressions]
    if len(others) == 1 and isinstance(others[0], exp.Anonymous) and others[0].name == "splitByString":
        return _part("CASE WHEN notEmpty(found) THEN found ELSE CAST(other AS Array(Nullable(String))) END",
                     found=first, other=others[0])  # fmt: skip
    return node


def _array_length(node: "Expr") -> "Expr":
    value, *path = node.expressions
    keys = [text_literal(step) for each in path for step in each.name.removeprefix("$.").split(".")]
    of = [value, *keys]
    is_there = call("JSONHas", *of) if keys else call("isValidJSON", value)
    return _part(
        "CASE WHEN there THEN CASE WHEN kind = 'Array' THEN size ELSE 0 END END",
        there=is_there,
        kind=call("JSONType", *of),
        size=call("JSONLength", *of),
    )


def _length(node: "Expr") -> "Expr":
    from sqlglot import exp

    if isinstance(node.this, exp.RegexpExtractAll):
        return call("countMatches", node.this.this, node.this.expression)
    return node


def _split_part(node: "Expr") -> "Expr":
    parts = call("splitByString", node.args["delimiter"], call("ifNull", node.this, text_literal("")))
    return call("arrayElement", parts, node.args["part_index"])


def _decoded(node: "Expr") -> "Expr":
    """DuckDB has no answer for bytes that are no UTF-8."""
    (text,) = node.expressions
    return _part("CASE WHEN isValidUTF8(decoded) THEN decoded END", decoded=call("decodeURLComponent", text))
