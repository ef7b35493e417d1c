"""A share as two whole weights, for routers that draw between two models."""

import math
from collections.abc import Iterable
from fractions import Fraction

from audit.policy.document import Rule

WHOLE = 1000
"""Weights of a share add up to it, or to a multiple where the share is finer."""


def weights(share: float, most: int | None = None) -> tuple[int, int]:
    """Weights of the candidate and of the incumbent: exactly the share, as its decimals are written.

    Where they may add up to no more than `most`, a finer share is rounded down: never more moves than the policy says.

    >>> weights(0.055), weights(1.0), weights(1 / 3, most=1_000_000)
    ((55, 945), (1000, 0), (333333, 666667))
    """
    exact = Fraction(str(share))
    whole = math.lcm(WHOLE, exact.denominator)
    if most is not None and whole > most:
        whole = most
    moved = math.floor(whole * exact)
    return moved, whole - moved


def rounded(rules: Iterable[Rule], most: int, why: str) -> list[str]:
    """In sentences, the shares that no weights up to `most`, a multiple of WHOLE, add up to, and what moves instead."""
    return [
        f"{why}: {rule['id']} moves {weights(rule['share'], most)[0]:,} of so many requests, which is less than its "
        f"share {rule['share']!r}."
        for rule in rules
        if math.lcm(WHOLE, Fraction(str(rule["share"])).denominator) > most
    ]


def percent(share: float) -> str:
    """A share in words, no longer than it has to be.

    >>> percent(0.01), percent(1.0), percent(0.000125)
    ('1 %', '100 %', '0.0125 %')
    """
    return f"{share:.4%}".rstrip("0%").rstrip(".") + " %"
