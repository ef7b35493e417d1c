"""What a list cost leaves out: requests without a known price and of unknown usage, said beside it."""

from collections.abc import Iterable

from audit.counting import number_of
from audit.report import words
from audit.report.checked import Number
from audit.report.document import LeftOut


def number(row: LeftOut) -> int:
    """The requests of the row that are not in its list cost."""
    return row.get("unpriced_requests", 0) + row.get("unknown_usage_requests", 0)


def added(rows: Iterable[LeftOut]) -> LeftOut:
    """What the rows leave out together."""
    every = list(rows)
    return LeftOut(
        unpriced_requests=sum(row.get("unpriced_requests", 0) for row in every),
        unknown_usage_requests=sum(row.get("unknown_usage_requests", 0) for row in every),
    )


def why(row: LeftOut) -> str:
    """Why a cost is not known in full: for want of a price, or of token counts alone.

    >>> why({"unpriced_requests": 1, "unknown_usage_requests": 5}), why({"unknown_usage_requests": 5})
    ('unpriced', 'of unknown usage')
    """
    is_usage_alone = row.get("unknown_usage_requests", 0) and not row.get("unpriced_requests", 0)
    return "of unknown usage" if is_usage_alone else "unpriced"


def cost(list_cost: Number | None, row: LeftOut, currency: str) -> str:
    """A list cost with the requests that it leaves out; None where it leaves out all.

    >>> cost(1.5, {}, "USD"), cost(1.5, {"unpriced_requests": 1200}, "USD"), cost(None, {"unpriced_requests": 3}, "USD")
    ('$1.50', '$1.50 without 1,200 requests', 'unpriced')
    """
    if list_cost is None:
        return why(row)
    amount = words.money(list_cost, currency)
    return f"{amount} without {number_of(requests, 'request')}" if (requests := number(row)) else amount


def sentence(rows: Iterable[LeftOut]) -> str:
    """How many requests are in no cost of the rows, and why; empty where there are none.

    >>> sentence([{"unpriced_requests": 2}, {"unpriced_requests": 1, "unknown_usage_requests": 5}])
    'In no cost here: 3 requests without a known price and 5 requests of unknown usage.'
    """
    whole = added(rows)
    counts = {
        "without a known price": whole.get("unpriced_requests", 0),
        "of unknown usage": whole.get("unknown_usage_requests", 0),
    }
    said = [f"{number_of(many, 'request')} {reason}" for reason, many in counts.items() if many]
    return f"In no cost here: {' and '.join(said)}." if said else ""
