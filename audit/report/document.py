"""The report document: the one set of numbers that text, HTML and `--json` all show.

The types name what `audit/data/schemas/report.schema.json` checks. Keys of the first block of
`ReportDocument` are the contract; the optional ones exist for display and may be missing.
"""

from typing import Literal, NotRequired, TypedDict

from audit.report.checked import Interval, Judge, Number
from audit.report.evidence import Observations
from audit.report.published import Intelligence, Latency
from audit.report.reconciled import TieOut
from audit.report.spending import Traffic
from audit.report.workload import Workload
from audit.savings.frontier import Frontier
from audit.savings.whatif import Inputs

Level = Literal["measured", "expected", "ceiling"]

LEVELS: tuple[Level, ...] = ("measured", "expected", "ceiling")
"""Evidence levels, from proven to conceivable; each includes the one before it."""


class Window(TypedDict):
    """First and last moment of the traffic (ISO 8601; null without traffic) and the days between."""

    start: str | None
    end: str | None
    days: Number


class Pair(TypedDict):
    """The model that serves the traffic and the cheaper one."""

    incumbent: str
    candidate: str


class Question(TypedDict):
    """What else was asked: days (ISO 8601), a volume to scale to, and the sources that count; null or empty if not."""

    since: str | None
    until: str | None
    monthly_requests: int | None
    sources: list[str]


class Rows(TypedDict):
    """read = loaded + duplicate + rejected."""

    read: int
    loaded: int
    duplicate: int
    rejected: int


class Requests(TypedDict):
    """Requests by disposition; the parts add up to the total."""

    total: int
    failed: int
    gateway_cache_hit: int
    unknown_usage: int
    unpriced: int
    other_model: int
    gated: int
    eligible: int


class Spend(TypedDict):
    """List cost is recomputed, billed cost is the export's own; they are never added."""

    currency: str
    list_cost: Number
    billed_cost: Number | None
    monthly_list_cost: Number | None


class Routable(TypedDict):
    """What could move at one evidence level."""

    requests: Interval
    request_share: Interval
    cost: Interval
    cost_share: Interval


class LevelSavings(TypedDict):
    """Projected saving at one evidence level; monthly is null when the window is too short to scale."""

    window: Interval
    monthly: Interval | None
    share_of_spend: Interval


class Unit(TypedDict):
    """Cost of all traffic per unit, today and at each level."""

    now: Number | None
    measured: Number | Interval | None
    expected: Number | Interval | None
    ceiling: Number | Interval | None


class Blended(TypedDict):
    """Blended cost of all traffic, routed or not."""

    per_1k_requests: Unit
    per_1m_tokens: Unit


class Check(TypedDict):
    """One check that ran with the report."""

    name: str
    ok: bool
    detail: str


class Assumption(TypedDict):
    """One value the numbers rest on and where it comes from."""

    name: str
    value: object
    source: str


class Account(TypedDict):
    """All requests and dollars of one bucket; the buckets add up to all traffic."""

    bucket: str
    requests: int
    list_cost: Number | None


class LeftOut(TypedDict):
    """How many requests a list cost leaves out: those without a known price, and those whose tokens nobody logged."""

    unpriced_requests: NotRequired[int]
    unknown_usage_requests: NotRequired[int]


class ModelSpend(LeftOut):
    """One model in the traffic; list_cost is null where no request of it has a known one, `priced` if all billed do."""

    provider_name: str
    model: str
    requests: int
    list_cost: Number | None
    priced: bool


class Day(LeftOut):
    """One day of one model; list_cost is null where no request of it has a known one."""

    date: str
    model: str
    requests: int
    list_cost: Number | None


class ShapeCell(TypedDict):
    """One cell of the token-shape map."""

    input_bin: int
    output_bin: int
    requests: int
    list_cost: Number


class Catalogue(TypedDict):
    """The price catalogue behind every dollar."""

    version: str
    checked_on: str
    age_days: int


class Retirement(TypedDict):
    """The day a model is switched off."""

    model: str
    date: str
    source: str


class File(TypedDict):
    """One loaded file."""

    path: str
    format: str
    read: int
    loaded: int
    duplicate: int
    rejected: int
    seconds: NotRequired[Number]


class Rest(LeftOut):
    """The endpoints that a report does not show one by one; `name` is what it calls them."""

    name: str
    endpoints: int
    endpoints_kept: int
    requests: int
    request_share: Number
    list_cost: Number
    cost_share: Number


class ReportDocument(TypedDict):
    """Everything a report shows."""

    schema: str
    window: Window
    pair: Pair
    rows: Rows
    requests: Requests
    spend: Spend
    routable: dict[Level, Routable]
    savings: dict[Level, LevelSavings]
    blended: Blended
    workloads: list[Workload]
    checks: list[Check]
    assumptions: list[Assumption]
    question: NotRequired[Question]
    rest: NotRequired[Rest | None]
    """Null where every endpoint is shown."""
    observational: NotRequired[Observations]
    accounting: NotRequired[list[Account]]
    models: NotRequired[list[ModelSpend]]
    daily: NotRequired[list[Day]]
    traffic: NotRequired[list[Traffic]]
    shape_map: NotRequired[list[ShapeCell]]
    latency: NotRequired[Latency | None]
    intelligence: NotRequired[Intelligence]
    catalogue: NotRequired[Catalogue]
    retirements: NotRequired[list[Retirement]]
    horizon_months: NotRequired[Number]
    data_quality: NotRequired[dict[str, object]]
    files: NotRequired[list[File]]
    reason_texts: NotRequired[dict[str, str]]
    warnings: NotRequired[list[str]]
    judges: NotRequired[list[Judge]]
    comparison: NotRequired[dict[str, object]]
    """Of the pair, `traffic-audit/compare/1`: what `audit compare` prints."""
    reconciliation: NotRequired[TieOut]
    what_if: NotRequired[Inputs]
    frontier: NotRequired[Frontier]
