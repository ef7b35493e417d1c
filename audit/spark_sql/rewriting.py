"""One walk over a syntax tree that puts other nodes in the place of those that an engine has in another way."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.expressions import Expr


def rewritten(tree: "Expr", rewrites: "Mapping[str, Callable[[Expr], Expr]]") -> "Expr":
    """The tree with the nodes of a kind, or the calls of a function, replaced; changed in place.

    Children first: what is rewritten holds parts that were.
    """
    for node in reversed(list(tree.walk())):
        if (rewrite := rewrites.get(kind_of(node))) is not None and (new := rewrite(node)) is not node:
            if node is tree:
                tree = new
            else:
                node.replace(new)
    return tree


def kind_of(node: "Expr") -> str:
    """What a node is called in a table of rewrites: its class, or the function where sqlglot has no class for it."""
    from sqlglot import exp

    return node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__
