"""What the rewrites of several dialects ask of a syntax tree, and put new pieces of it together with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from audit.errors import ConfigError

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

ISO_TIME = r"^\s*[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}([^+-]*[^ +-])?([+-].*)?)?\s*$"
"""The texts that DuckDB takes for a time, of all that other engines do; see `spark_sql`."""
SLASHES = r"^\s*([0-9]{4})/([0-9]{1,2})/"
LONE_HOURS = r"(:[0-9.]+)([+-][0-9]{2})\s*$"
"""An offset of hours alone, as PostgreSQL writes it."""


def piece(text: str, dialect: str, **places: "Expr") -> "Expr":
    """A piece of another dialect's SQL with the trees of `places` where their names stand."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(text, read=dialect)
    for column in [each for each in tree.find_all(exp.Column) if each.name in places and not each.table]:
        place = places[column.name].copy()
        if column is tree:
            return place
        column.replace(exp.Paren(this=place) if isinstance(place, (exp.Binary, exp.Unary)) else place)
    return tree


def steps_of(path: "Expr") -> list[str | int] | None:
    """The keys and places of a JSON path, `'*'` for all elements; None where the key is another column.

    Raises ConfigError for a path of another kind, such as one from the end of a list.
    """
    from sqlglot import exp

    if isinstance(path, exp.Literal) and path.is_string and not path.name.startswith("$"):
        return [path.name]
    if isinstance(path, exp.Literal):
        raise ConfigError(f"{path.name}: a path into JSON that other engines do not have")
    if not isinstance(path, exp.JSONPath):
        return None
    found: list[str | int] = []
    for step in path.expressions:
        if isinstance(step, exp.JSONPathSubscript) and isinstance(step.this, int) and step.this >= 0:
            found.append(step.this)
        elif isinstance(step, exp.JSONPathSubscript) and isinstance(step.this, exp.JSONPathWildcard):
            found.append("*")
        elif isinstance(step, exp.JSONPathKey):
            found.append(str(step.this))
        elif not isinstance(step, exp.JSONPathRoot):
            raise ConfigError(f"{path}: a path into JSON that other engines do not have")
    return found


def path_of(node: "Expr") -> list[str | int]:
    """The path of a call into JSON, which has to be written down."""
    steps = steps_of(node.expression)
    assert steps is not None, node
    return steps


def is_listing(node: "Expr") -> bool:
    """Whether a call into JSON gives the list of what all elements of a list have at a path."""
    from sqlglot import exp

    inside = node.this if isinstance(node, exp.Try) else node
    return isinstance(inside, exp.JSONExtractScalar) and "*" in (steps_of(inside.expression) or ())


def is_type(node: "Expr", *names: str) -> bool:
    """Whether a cast is to one of these types."""
    return any(node.args["to"].is_type(name) for name in names)


def json_text_path(steps: "Sequence[str | int]") -> str:
    """A JSON path with every key in quotes.

    >>> json_text_path(["usage", "a.b", 0])
    '$."usage"."a.b"[0]'
    """
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps)


def floor_of_log2(node: "Expr", corrected: "Expr") -> "Expr":
    """floor(log2(x)) where a logarithm may miss a whole number by a bit.

    `corrected` says it by `r`, the whole number nearest to the logarithm, and `x`.
    """
    from sqlglot import exp

    if not isinstance(node.this, exp.Log):
        return node
    number = node.this.expression
    nearest = exp.Floor(this=exp.Add(this=node.this.copy(), expression=exp.Literal.number("0.5")))
    for column in list(corrected.find_all(exp.Column)):
        column.replace(nearest.copy() if column.name == "r" else exp.Paren(this=number.copy()))
    return corrected
