"""A number that is not known exactly, as documents state it."""

from typing import TypedDict


class Bounds(TypedDict):
    """An estimate, low <= point <= high."""

    low: float
    point: float
    high: float
