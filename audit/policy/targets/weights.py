"""A share as two whole weights, for routers that draw between two models."""

import math
from fractions import Fraction

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


def percent(share: float) -> str:
    """A share in words, no longer than it has to be.

    >>> percent(0.01), percent(1.0), percent(0.000125)
    ('1 %', '100 %', '0.0125 %')
    """
    return f"{share:.4%}".rstrip("0%").rstrip(".") + " %"
