"""What `audit reconcile --json` prints; its schema is audit/data/schemas/reconcile.schema.json."""

from typing import TypedDict

from audit.report.reconciled import Cause

SCHEMA = "traffic-audit/reconcile/1"


class Span(TypedDict):
    """First and last day, ISO 8601."""

    start: str
    end: str


class Totals(TypedDict):
    """US dollars of the billed days; difference = billed - list cost = explained + unexplained, signed."""

    billed: float
    list_cost: float
    difference: float
    explained: float
    unexplained: float
    unexplained_gross: float
    """The unexplained of every day and model added up whatever its sign: what a month's total would hide."""
    unexplained_share: float
    """The gross, of all that was charged; credits do not make it smaller."""
    explained_share: float | None
    """Of the difference, gross; null where there is none."""


class Side(TypedDict):
    """One day, model, project or line item on both sides; `name` is empty where one side does not say."""

    name: str
    billed: float
    list_cost: float
    difference: float


class OtherCurrency(TypedDict):
    """Lines that are not in US dollars: in no figure."""

    currency: str
    amount: float


class Reconciliation(TypedDict):
    """The bill against the recomputed list cost."""

    schema: str
    currency: str
    bill: Span
    log: Span
    shift_hours: int
    """Hours that the bill's days are ahead of UTC."""
    totals: Totals
    limit: float
    ties_out: bool
    causes: list[Cause]
    days: list[Side]
    models: list[Side]
    projects: list[Side]
    line_items: list[Side]
    list_cost_outside: float
    """Of the log on days before or after the bill: in no other figure."""
    other_currencies: list[OtherCurrency]
    notes: list[str]
    """What the reading of the bill left out or had to decide."""
