"""Revenue against cost by customer: the types behind `traffic-audit/margin/1`, which every form of it shows."""

from typing import Literal, TypedDict

from audit.report.checked import Number
from audit.report.document import Pair, Window

SCHEMA = "traffic-audit/margin/1"

Step = Literal["now", "measured", "expected", "ceiling"]
STEPS: tuple[Step, ...] = ("now", "measured", "expected", "ceiling")
"""Today, and after the traffic of each level of evidence has moved."""

Match = Literal["matched", "no_traffic", "no_revenue", "no_customer"]
"""no_traffic: in the revenue file only; no_revenue: in the log only; no_customer: requests that name none."""

Steps = dict[Step, Number]


class Customer(TypedDict):
    """One customer in the window, or, with a null id, all requests that name none. Money in USD."""

    customer_id: str | None
    match: Match
    plan: str | None
    requests: int
    unpriced_requests: int
    """Their cost is unknown and in no figure."""
    unknown_usage_requests: int
    """Neither is that of these, whose tokens nobody logged."""
    sessions: int | None
    """Conversations; null where some billed request names none."""
    units: dict[str, Number]
    """What the revenue file counts, by its column: documents, seats."""
    revenue: Number | None
    cost: Steps | None
    """Null where none of its requests has a known cost."""
    margin: Steps | None
    """Revenue less cost; null without either."""
    margin_share: Steps | None
    """Of revenue; null where that is not above 0, or there is no margin."""
    margin_is_upper_bound: bool
    """Some requests are in no cost: the margin is at most this, now and after."""
    cost_per: dict[str, Steps]
    """Cost of one priced request, session or unit of the revenue file."""


class Period(TypedDict):
    """The days revenue and cost are of; `is_stated` if the file gives its periods, `is_scaled` if some were cut."""

    start: str
    end: str
    is_stated: bool
    is_scaled: bool


class UnderWater(TypedDict):
    """Customers with traffic whose known cost is above their revenue, and by how much in sum."""

    customers: int
    loss: Number


class Totals(TypedDict):
    """All customers together, the unmatched included: cost is the bill at list price."""

    revenue: Number
    cost: Steps
    margin: Steps
    margin_share: Steps | None
    margin_is_upper_bound: bool
    cost_per: dict[str, Steps]


class Unmatched(TypedDict):
    """What has no counterpart on the other side."""

    revenue: Number
    revenue_customers: int
    cost: Number
    """Today's, of customers that the revenue file does not name."""
    cost_customers: int
    no_customer_cost: Number
    """Today's, of requests that name no customer."""


class Margins(TypedDict):
    """The document of `audit margin --json`; `customers` worst margin first, those without revenue last."""

    schema: str
    pair: Pair
    window: Window
    period: Period
    currency: str
    totals: Totals
    under_water: dict[Step, UnderWater]
    unmatched: Unmatched
    customers: list[Customer]
    notes: list[str]
