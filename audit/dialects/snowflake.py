"""DuckDB's SQL as Snowflake's, by its documentation: nothing of this was run on the service.

https://docs.snowflake.com/en/sql-reference/functions-all
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from audit.dialects.pieces import ISO_TIME, LONE_HOURS, SLASHES, floor_of_log2, is_listing, is_type, path_of, piece
from audit.spark_sql.pieces import call, number_literal, text_literal

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

OPENING = (
    "alter session set timezone = 'UTC'",
    "alter session set timestamp_ntz_output_format = 'YYYY-MM-DD HH24:MI:SS.FF6'",
    "alter session set timestamp_ltz_output_format = 'YYYY-MM-DD HH24:MI:SS.FF6TZH:TZM'",
    "alter session set timestamp_tz_output_format = 'YYYY-MM-DD HH24:MI:SS.FF6TZH:TZM'",
)
"""How a time becomes text: by default with a space before its offset."""


def rewrites() -> "dict[str, Callable[[Expr], Expr]]":
    """What stands in the place of a kind of node, or of a call."""
    return {
        "ArrayFilter": _filter,
        "Bracket": lambda node: _part(f"CAST(GET(value, {node.expressions[0].name}) AS VARCHAR)", value=node.this),
        "Cast": _cast,
        "ConcatWs": lambda node: call(
            "ARRAY_TO_STRING", call("ARRAY_CONSTRUCT_COMPACT", *node.expressions[1:]), node.expressions[0]
        ),
        "Floor": lambda node: floor_of_log2(node, _part("(r - CASE WHEN POWER(2, r) > x THEN 1 ELSE 0 END)")),
        "FromJson": lambda node: _part(
            "CASE WHEN IS_ARRAY(TRY_PARSE_JSON(value)) THEN CAST(TRY_PARSE_JSON(value) AS ARRAY) END", value=node.this
        ),
        # a quotient has six digits after the point, and may be rounded up to the next whole number
        "IntDiv": lambda node: _part("CAST((a - MOD(a, b)) / b AS BIGINT)", a=node.this, b=node.expression),
        "JSONExtract": lambda node: call("TO_JSON", _at(node.this, path_of(node))),
        "JSONExtractScalar": _scalar,
        "JSONObject": _object,
        "Length": _length,
        # REGEXP_LIKE means all of the text
        "RegexpLike": lambda node: _part("(REGEXP_INSTR(value, form) > 0)", value=node.this, form=node.expression),
        "RegexpReplace": lambda node: call("REGEXP_REPLACE", node.this, node.expression, node.args["replacement"]),
        "Try": lambda node: node.this,
        "TryCast": _try_cast,
        "UnixToTime": lambda node: call("TO_TIMESTAMP_NTZ", node.this, number_literal(6)),
        "epoch_us": lambda node: _part("DATE_PART('EPOCH_MICROSECOND', value)", value=node.expressions[0]),
        "json_array_length": _array_length,
        "json_valid": lambda node: _part("(TRY_PARSE_JSON(value) IS NOT NULL)", value=node.expressions[0]),
        "to_json": lambda node: call("TO_JSON", call("TO_VARIANT", *node.expressions)),
        "url_decode": _decoded,
    }


def _part(text: str, **places: "Expr") -> "Expr":
    return _quoted(piece(text, "snowflake", **places))


def _quoted(tree: "Expr") -> "Expr":
    """The tree with the variables of its lambdas in quotes, as all other names are; else they would be others."""
    from sqlglot import exp

    for each in tree.find_all(exp.Lambda):
        names = {parameter.name for parameter in each.expressions}
        for node in list(each.this.find_all(exp.Identifier)):
            if node.name in names:
                node.set("quoted", True)
    return tree


def _filter(node: "Expr") -> "Expr":
    """The elements are of any type, and have to be texts for the condition to read them."""
    from sqlglot import exp

    (name,) = node.expression.expressions
    condition = node.expression.this.copy()
    for each in list(condition.find_all(exp.Identifier, exp.Column)):
        if each.name == name.name and not isinstance(each.parent, exp.Column):
            each.replace(exp.cast(exp.column(name.name), "varchar"))
    return _quoted(call("FILTER", node.this, exp.Lambda(this=condition, expressions=[name.copy()])))


def _cast(node: "Expr") -> "Expr":
    """A text that is no number gives NULL: Snowflake may cast also where a CASE says not to."""
    from sqlglot import exp

    if is_type(node, "varchar", "text") and is_listing(node.this):
        return _listed(node.this)
    if is_type(node, "array"):
        return _part("CAST(value AS ARRAY)", value=node.this)
    is_text = isinstance(node.this, exp.Column) and is_type(node, "double")
    if is_text or (is_type(node, "bigint") and isinstance(node.this, exp.SplitPart)):
        return exp.TryCast(this=node.this, to=node.args["to"], safe=True)
    return node


def _try_cast(node: "Expr") -> "Expr":
    value = node.this
    if is_type(node, "timestamptz"):
        return _part(
            "CASE WHEN REGEXP_INSTR(value, form) > 0 THEN TRY_TO_TIMESTAMP_TZ(REGEXP_REPLACE(REGEXP_REPLACE("
            "TRIM(value), slashes, lines), hours, minutes)) END",
            value=value, form=text_literal(ISO_TIME), slashes=text_literal(SLASHES), lines=text_literal(r"\1-\2-"),
            hours=text_literal(LONE_HOURS), minutes=text_literal(r"\1\2:00"),
        )  # fmt: skip
    if is_type(node, "decimal"):
        return _part(
            # a DECFLOAT keeps 38 digits, and reads an exponent, which a DECIMAL does not
            "CASE WHEN ABS(TRY_TO_DECFLOAT(value)) < 100000000 "
            "THEN CAST(TRY_TO_DECFLOAT(value) AS DECIMAL(18, 10)) END",
            value=value,
        )
    return node


def _at(value: "Expr", path: "list[str | int]") -> "Expr":
    steps = "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in path).removeprefix(".")
    parsed = call("TRY_PARSE_JSON", value)
    return call("GET_PATH", parsed, text_literal(steps)) if steps else parsed


def _scalar(node: "Expr") -> "Expr":
    return node if is_listing(node) else _part("CAST(found AS VARCHAR)", found=_at(node.this, path_of(node)))


def _listed(node: "Expr") -> "Expr":
    """The text of a list of texts in JSON, as DuckDB writes one."""
    from sqlglot import exp

    found = node.this if isinstance(node, exp.Try) else node
    inside = "".join(f'."{step}"' for step in path_of(found)[1:]).removeprefix(".")
    return _part(
        "CASE WHEN TRY_PARSE_JSON(value) IS NOT NULL THEN '[' || CASE WHEN IS_ARRAY(TRY_PARSE_JSON(value)) THEN "
        "ARRAY_TO_STRING(ARRAY_COMPACT(TRANSFORM(CAST(TRY_PARSE_JSON(value) AS ARRAY), item -> GET_PATH(item, path))), "
        "', ') ELSE '' END || ']' END",
        value=found.this,
        path=text_literal(inside),
    )


def _object(node: "Expr") -> "Expr":
    pairs = [part for each in node.expressions for part in (each.this, each.expression)]
    return call("TO_JSON", call("OBJECT_CONSTRUCT_KEEP_NULL", *pairs))


def _array_length(node: "Expr") -> "Expr":
    value, *path = node.expressions
    keys: list[str | int] = [step for each in path for step in each.name.removeprefix("$.").split(".")]
    return _part("CASE WHEN found IS NOT NULL THEN COALESCE(ARRAY_SIZE(found), 0) END", found=_at(value, keys))


def _length(node: "Expr") -> "Expr":
    from sqlglot import exp

    if isinstance(node.this, exp.RegexpExtractAll):
        return call("REGEXP_COUNT", node.this.this, node.this.expression)
    return node


def _decoded(node: "Expr") -> "Expr":
    """By way of hexadecimal digits, for there is no function for it; NULL for bytes that are no UTF-8, as in DuckDB."""
    return _part(
        "TRY_HEX_DECODE_STRING(HEX_ENCODE(SPLIT_PART(value, '%', 1)) || ARRAY_TO_STRING(TRANSFORM("
        "ARRAY_SLICE(SPLIT(value, '%'), 1, ARRAY_SIZE(SPLIT(value, '%'))), item -> "
        "CASE WHEN REGEXP_INSTR(CAST(item AS VARCHAR), '^[0-9A-Fa-f]{2}') > 0 "
        "THEN LEFT(CAST(item AS VARCHAR), 2) || HEX_ENCODE(SUBSTR(CAST(item AS VARCHAR), 3)) "
        "ELSE '25' || HEX_ENCODE(CAST(item AS VARCHAR)) END), ''))",
        value=node.expressions[0],
    )
