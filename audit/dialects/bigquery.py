"""DuckDB's SQL as BigQuery's, by its documentation: nothing of this was run on the service.

https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from audit.dialects.pieces import (
    ISO_TIME,
    LONE_HOURS,
    SLASHES,
    floor_of_log2,
    is_listing,
    is_type,
    json_text_path,
    path_of,
    piece,
)  # fmt: skip
from audit.spark_sql.pieces import call, number_literal, text_literal

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

LONE_MINUTES = r"([ T][0-9]{1,2}:[0-9]{2})\s*$"
"""A time without seconds, which is none here."""
NANOSECONDS = r"([.][0-9]{6})[0-9]+"
"""More digits than a TIMESTAMP takes."""
ENCODED = "%[0-9A-Fa-f]{2}|[^%]+|%"


def rewrites() -> "dict[str, Callable[[Expr], Expr]]":
    """What stands in the place of a kind of node, or of a call."""
    return {
        "ArrayFilter": _filter,
        "Bracket": lambda node: _part(f"value[SAFE_OFFSET({node.expressions[0].name})]", value=node.this),
        "Cast": _cast,
        "ConcatWs": lambda node: call("ARRAY_TO_STRING", _array(*node.expressions[1:]), node.expressions[0]),
        "Contains": lambda node: _part("(STRPOS(value, part) > 0)", value=node.this, part=node.expression),
        "DateDiff": _elapsed,
        "Floor": lambda node: floor_of_log2(node, _part("(r - CASE WHEN POW(2, r) > x THEN 1 ELSE 0 END)")),
        "FromJson": _texts,
        "JSONExtract": lambda node: _if_valid("SAFE.JSON_QUERY(value, path)", node.this, path_of(node)),
        "JSONExtractScalar": _scalar,
        "JSONObject": _object,
        "Length": _length,
        "RegexpReplace": lambda node: call("REGEXP_REPLACE", node.this, node.expression, node.args["replacement"]),
        "SplitPart": _split_part,
        "Try": lambda node: node.this,
        "TryCast": _try_cast,
        "UnixToTime": lambda node: _part("SAFE.TIMESTAMP_MICROS(value)", value=node.this),
        "epoch_us": lambda node: call("UNIX_MICROS", *node.expressions),
        "json_array_length": _array_length,
        "json_valid": lambda node: _part("(SAFE.PARSE_JSON(value, wide_number_mode => 'round') IS NOT NULL)",
                                         value=node.expressions[0]),
        "to_json": lambda node: call("TO_JSON_STRING", *node.expressions),
        "url_decode": _decoded,
    }  # fmt: skip


def _part(text: str, **places: "Expr") -> "Expr":
    return piece(text, "bigquery", **places)


def _array(*items: "Expr") -> "Expr":
    from sqlglot import exp

    return exp.Array(expressions=[item.copy() for item in items])


def _filter(node: "Expr") -> "Expr":
    name = node.expression.expressions[0].name
    return _part(
        f"ARRAY(SELECT {name} FROM UNNEST(items) AS {name} WITH OFFSET AS place WHERE condition ORDER BY place)",
        items=node.this,
        condition=node.expression.this,
    )


def _cast(node: "Expr") -> "Expr":
    """A text that is no number gives NULL: BigQuery may cast also where a CASE says not to."""
    from sqlglot import exp

    if is_type(node, "varchar", "text") and is_listing(node.this):
        return _listed(node.this)
    if is_type(node, "timestamp", "timestampntz") and isinstance(node.this, exp.Literal):
        return _part("TIMESTAMP(value, 'UTC')", value=node.this)
    is_text = isinstance(node.this, exp.Column) and is_type(node, "double")
    if is_text or (is_type(node, "bigint") and isinstance(node.this, (exp.Round, exp.Bracket))):
        return exp.TryCast(this=node.this, to=node.args["to"], safe=True)
    return node


def _try_cast(node: "Expr") -> "Expr":
    value = node.this
    if is_type(node, "timestamptz"):
        return _part(
            "CASE WHEN REGEXP_CONTAINS(value, form) THEN SAFE_CAST(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE("
            "REGEXP_REPLACE(TRIM(value), slashes, lines), hours, minutes), lone, zero), nano, micro) AS TIMESTAMP) END",
            value=value, form=text_literal(ISO_TIME), slashes=text_literal(SLASHES), lines=text_literal(r"\1-\2-"),
            hours=text_literal(LONE_HOURS), minutes=text_literal(r"\1\2:00"), lone=text_literal(LONE_MINUTES),
            zero=text_literal(r"\1:00"), nano=text_literal(NANOSECONDS), micro=text_literal(r"\1"),
        )  # fmt: skip
    if is_type(node, "bigint"):
        return _part(
            "COALESCE(SAFE_CAST(value AS INT64), SAFE_CAST(ROUND(SAFE_CAST(value AS FLOAT64)) AS INT64))", value=value
        )
    if is_type(node, "decimal"):
        # NUMERIC has nine digits after the point, and DECIMAL(18, 10) eight before it
        return _part(
            "CASE WHEN ABS(SAFE_CAST(value AS FLOAT64)) < 100000000 THEN ROUND(SAFE_CAST(value AS BIGNUMERIC), 10) END",
            value=value,
        )
    return node


def _elapsed(node: "Expr") -> "Expr":
    """DuckDB counts the borders of units between two times."""
    size = {"millisecond": 1_000, "second": 1_000_000}[str(node.args["unit"]).lower()]
    return _part(
        "(DIV(UNIX_MICROS(later), size) - DIV(UNIX_MICROS(earlier), size))",
        later=node.this,
        earlier=node.expression,
        size=number_literal(size),
    )


def _if_valid(text: str, value: "Expr", path: "list[str | int]", **places: "Expr") -> "Expr":
    """Functions on JSON text take what they find before its first mistake."""
    return _part(
        f"CASE WHEN SAFE.PARSE_JSON(value, wide_number_mode => 'round') IS NOT NULL THEN {text} END",
        value=value,
        path=text_literal(json_text_path(path)),
        **places,
    )


def _scalar(node: "Expr") -> "Expr":
    if is_listing(node):
        return node
    text = "COALESCE(SAFE.JSON_VALUE(value, path), SAFE.JSON_QUERY(value, path))"
    return _if_valid(text, node.this, path_of(node))


def _listed(node: "Expr") -> "Expr":
    """The text of a list of texts in JSON, as DuckDB writes one."""
    from sqlglot import exp

    found = node.this if isinstance(node, exp.Try) else node
    return _if_valid(
        "CONCAT('[', ARRAY_TO_STRING(ARRAY(SELECT COALESCE(JSON_VALUE(item, path), JSON_QUERY(item, path)) "
        "FROM UNNEST(JSON_QUERY_ARRAY(value)) AS item WITH OFFSET AS place ORDER BY place), ', '), ']')",
        found.this,
        path_of(found)[1:],
    )


def _texts(node: "Expr") -> "Expr":
    """A list of texts in JSON; a list here cannot hold a NULL."""
    return _part(
        "ARRAY(SELECT COALESCE(JSON_VALUE(item), item) FROM UNNEST(CASE WHEN "
        "SAFE.PARSE_JSON(value, wide_number_mode => 'round') IS NOT NULL THEN SAFE.JSON_QUERY_ARRAY(value) END) "
        "AS item WITH OFFSET AS place WHERE item <> 'null' ORDER BY place)",
        value=node.this,
    )


def _object(node: "Expr") -> "Expr":
    pairs = [part for each in node.expressions for part in (each.this, each.expression)]
    return call("TO_JSON_STRING", call("JSON_OBJECT", *pairs))


def _array_length(node: "Expr") -> "Expr":
    value, *path = node.expressions
    keys: list[str | int] = [step for each in path for step in each.name.removeprefix("$.").split(".")]
    return _if_valid(
        "CASE WHEN SAFE.JSON_QUERY(value, path) IS NOT NULL "
        "THEN COALESCE(ARRAY_LENGTH(SAFE.JSON_QUERY_ARRAY(value, path)), 0) END",
        value,
        keys,
    )


def _length(node: "Expr") -> "Expr":
    from sqlglot import exp

    if isinstance(node.this, exp.RegexpExtractAll):
        return call("ARRAY_LENGTH", call("REGEXP_EXTRACT_ALL", node.this.this, node.this.expression))
    return node


def _split_part(node: "Expr") -> "Expr":
    return _part(
        f"SPLIT(value, separator)[SAFE_OFFSET({int(node.args['part_index'].name) - 1})]",
        value=node.this,
        separator=node.args["delimiter"],
    )


def _decoded(node: "Expr") -> "Expr":
    """Byte by byte, for there is no function for it; NULL for bytes that are no UTF-8, as in DuckDB."""
    return _part(
        "(SELECT SAFE_CAST(STRING_AGG("
        "CASE WHEN LENGTH(part) = 3 AND STARTS_WITH(part, '%') THEN FROM_HEX(SUBSTR(part, 2)) "
        "ELSE CAST(part AS BYTES) END, b'' ORDER BY place) AS STRING) "
        "FROM UNNEST(REGEXP_EXTRACT_ALL(value, encoded)) AS part WITH OFFSET AS place)",
        value=node.expressions[0],
        encoded=text_literal(ENCODED),
    )
