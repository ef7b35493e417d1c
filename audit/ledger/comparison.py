"""Bill and list cost side by side in cells of day, model and project, and what has been explained of each so far."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A cause that may explain something, and how much of which part of each cell."""

    code: str
    evidence: str
    amounts: Mapping[tuple[Key, Part], Decimal]

    def cause(self) -> Cause:
        """The cause, once it is taken."""
        return Cause(code=self.code, amount=sum(self.amounts.values(), ZERO), basis="fit", evidence=self.evidence)


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What is left to explain; the causes take from it in turn."""

    billed: Side
    listed: Side
    names_tiers: bool
    names_classes: bool
    """What the lines of the bill tell apart: finer than that, the sides cannot be compared."""
    explained: dict[Key, dict[Part, Decimal]] = field(default_factory=dict[Key, dict[Part, Decimal]])

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
        """What is not explained yet of a cell."""
        return self.bill_of(key) - self.list_of(key) - _sum(self.explained.get(key, {}))

    def gross(self, proposal: Proposal | None = None) -> Decimal:
        """What is left of all parts, added up whatever its sign, if `proposal` were taken as well."""
        left: dict[tuple[Key, Part], Decimal] = defaultdict(Decimal)
        for sign, side in ((1, self.billed), (-1, self.listed), (-1, self.explained)):
            for key, parts in side.items():
                for part, amount in parts.items():
                    left[key, self._as_billed(part)] += sign * amount
        if proposal is not None:
            for (key, part), amount in proposal.amounts.items():
                left[key, self._as_billed(part)] -= amount
        return sum(map(abs, left.values()), ZERO)

    def take(self, proposal: Proposal) -> None:
        """Count what it explains as explained."""
        for (key, part), amount in proposal.amounts.items():
            parts = self.explained.setdefault(key, defaultdict(Decimal))
            parts[part] += amount

    def set_aside(self, side: Side, keep: Callable[[Key], bool]) -> tuple[Decimal, list[Key]]:
        """Take cells out of a side, for the other has nothing to hold against them; what they were worth."""
        gone = [key for key in side if keep(key)]
        return sum((_sum(side.pop(key)) for key in gone), ZERO), sorted(gone)

    def _as_billed(self, part: Part) -> Part:
        return part[0] if self.names_tiers else "", part[1] if self.names_classes else ""


def _sum(parts: Mapping[Part, Decimal], keep: Callable[[Part], bool] | None = None) -> Decimal:
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
