"""How tables of a comparison are made of text: what terminal and page both show, each in its own dress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from audit.report import words

Document = Mapping[str, object]

UNKNOWN, UNPUBLISHED = "unknown", "not published"
ADVICE = {
    "as_good": "first",
    "small_loss": "low stakes",
    "unclear": "own pairs",
    "loses": "leave it",
    "unknown": "unknown",
}
"""What a published range suggests, in two words at most; the document has them in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of text; all columns but the first `labels` hold figures."""

    key: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: int = 1
    note: str = ""
    left_out: str = ""
    """What the terminal leaves out and where it is."""


def names(document: Document) -> tuple[str, str]:
    """The two models as they were asked for."""
    one, other = models(document)
    return words.clean(one["name"], 40), words.clean(other["name"], 40)


def price(value: float | None) -> str:
    """Dollars per million tokens.

    >>> price(2.5), price(0.075), price(None)
    ('2.50', '0.075', 'unpriced')
    """
    if value is None:
        return "unpriced"
    return f"{value:.2f}" if round(value, 2) == value else f"{value:.4f}".rstrip("0")


def dollars(value: float | None, digits: int = 6) -> str:
    """Dollars of one request, with more digits where so few would be nothing.

    >>> dollars(0.00325), dollars(0.0000004), dollars(None)
    ('$0.003250', '$0.000000400', 'unknown')
    """
    if value is None:
        return UNKNOWN
    return f"${value:.{digits + 3 if 0 < value < 10**-digits else digits}f}"


def times(value: float | None) -> str:
    """A ratio of the first model to the second."""
    return "" if value is None else f"{value:.1f}x"


def models(document: Document) -> list[Document]:
    """The two models, in the order asked."""
    return cast("list[Document]", document["models"])


def numbers(value: object) -> list[float | None]:
    """A value of the document that is one number per model."""
    return cast("list[float | None]", value)


def number(value: object) -> float | None:
    """A value of the document that is a number or null."""
    return cast("float | None", value)


def usd(value: object, digits: int = 6) -> str:
    """A value of the document that is dollars or null."""
    return dollars(number(value), digits)


def share(value: object) -> str:
    """A value of the document that is a share or null."""
    known = number(value)
    return UNKNOWN if known is None else f"{known:.0%}"
