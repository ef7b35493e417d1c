"""Pieces of syntax trees that the rewrites are put together from."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.expressions import Expr


def call(name: str, *arguments: "Expr") -> "Expr":
    """A call of a function of Spark's."""
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def text_literal(value: str) -> "Expr":
    """A text as SQL has it."""
    from sqlglot import exp

    return exp.Literal.string(value)


def number_literal(value: float) -> "Expr":
    """A number as SQL has it."""
    from sqlglot import exp

    return exp.Literal.number(value)


def not_null(node: "Expr") -> "Expr":
    """Whether there is a value."""
    from sqlglot import exp

    return exp.Paren(this=exp.Not(this=exp.Is(this=node, expression=exp.Null())))


def spark_tree(text: str, **places: "Expr") -> "Expr":
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
