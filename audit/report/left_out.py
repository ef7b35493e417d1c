"""What a list cost leaves out: requests without a known price and of unknown usage, said beside it."""

from collections.abc import Iterable

from audit.counting import number_of
from audit.report import words
from audit.report.checked import Number
from audit.report.document import LeftOut


def number(row: LeftOut) -> int:
    """The requests of the row that are not in its list cost."""
    return row.get("unpriced_requests", 0) + row.get("unknown_usage_requests", 0)


def cost(list_cost: Number | None, requests: int, currency: str) -> str:
    """A list cost that leaves out so many requests; None where it leaves out all.

    >>> cost(1.5, 0, "USD"), cost(1.5, 1200, "USD"), cost(None, 3, "USD")
    ('$1.50', '$1.50 without 1,200 requests', 'unpriced')
    """
    if list_cost is None:
        return "unpriced"
    amount = words.money(list_cost, currency)
    return f"{amount} without {number_of(requests, 'request')}" if requests else amount


def sentence(rows: Iterable[LeftOut]) -> str:
    """How many requests are in no cost of the rows, and why; empty where there are none.

    >>> sentence([{"unpriced_requests": 2}, {"unpriced_requests": 1, "unknown_usage_requests": 5}])
    'In no cost here: 3 requests without a known price and 5 requests of unknown usage.'
    """
    counts = {"without a known price": 0, "of unknown usage": 0}
    for row in rows:
        counts["without a known price"] += row.get("unpriced_requests", 0)
        counts["of unknown usage"] += row.get("unknown_usage_requests", 0)
    said = [f"{number_of(many, 'request')} {why}" for why, many in counts.items() if many]
    return f"In no cost here: {' and '.join(said)}." if said else ""
