"""The part of the report document that says whether the bill ties out."""

from typing import Literal, TypedDict


class Cause(TypedDict):
    """A likely reason for a part of the difference; `amount` is what it adds to the bill over the list cost."""

    code: str
    amount: float
    basis: Literal["lines", "fit", "hint"]
    evidence: str


class TieOut(TypedDict):
    """Bill against list cost of the days that were billed; `audit reconcile` has the details."""

    ties_out: bool
    billed: float
    list_cost: float
    difference: float
    unexplained_share: float
    """Of everything billed: what no cause explains, day by day, whatever its sign."""
    limit: float
    start: str
    end: str
    causes: list[Cause]
