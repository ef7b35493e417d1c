"""Bill and list cost side by side in cells of day, model and project, and what has been explained of each so far."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Key = tuple[date, str, str]
"""Day, model and project; the latter two empty where the bill or the log does not tell them."""
Part = tuple[str, str]
"""Service tier and class of tokens."""
Side = dict[Key, dict[Part, Decimal]]
Basis = Literal["lines", "fit", "hint"]
"""lines: money that can be pointed at. fit: an explanation that fits the figures. hint: a guess that explains nothing
until somebody has checked it."""

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A likely reason for a part of the difference: never certain, always with the figure that speaks for it."""

    code: str
    amount: Decimal
    """Signed: what it adds to the bill over the list cost."""
    basis: Basis
    evidence: str


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What is left to explain; the causes take from it in turn."""

    billed: Side
    listed: Side
    explained: dict[Key, Decimal] = field(default_factory=lambda: defaultdict[Key, Decimal](Decimal))

    def cells(self) -> list[Key]:
        """Every cell, in order."""
        return sorted(self.billed.keys() | self.listed.keys())

    def bill_of(self, key: Key, keep: Callable[[Part], bool] | None = None) -> Decimal:
        """What was billed for the parts to keep."""
        return _sum(self.billed.get(key, {}), keep)

    def list_of(self, key: Key, keep: Callable[[Part], bool] | None = None) -> Decimal:
        """The list cost of the parts to keep."""
        return _sum(self.listed.get(key, {}), keep)

    def left(self, key: Key) -> Decimal:
        """What is not explained yet."""
        return self.bill_of(key) - self.list_of(key) - self.explained.get(key, ZERO)

    def explain(self, amounts: Iterable[tuple[Key, Decimal]]) -> Decimal:
        """Note what explains each cell; their sum."""
        total = ZERO
        for key, amount in amounts:
            self.explained[key] += amount
            total += amount
        return total

    def set_aside(self, side: Side, keep: Callable[[Key], bool]) -> tuple[Decimal, list[Key]]:
        """Take cells out of a side, for the other has nothing to hold against them; what they were worth."""
        gone = [key for key in side if keep(key)]
        return sum((_sum(side.pop(key)) for key in gone), ZERO), sorted(gone)


def _sum(parts: dict[Part, Decimal], keep: Callable[[Part], bool] | None = None) -> Decimal:
    return sum((amount for part, amount in parts.items() if keep is None or keep(part)), ZERO)


def money(amount: Decimal | float) -> str:
    """Dollars in a sentence of evidence.

    >>> money(Decimal("-1234.5")), money(0.0042)
    ('-$1,234.50', '$0.0042')
    """
    value = abs(float(amount))
    text = f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.4g}"
    return f"{'-' if amount < 0 else ''}${text}"


def some(names: Iterable[object], most: int = 3) -> str:
    """The first few names and how many more there are.

    >>> some("abcde")
    'a, b, c and 2 more'
    """
    listed = list(dict.fromkeys(map(str, names)))
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
