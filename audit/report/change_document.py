"""What changed between two reports: the types behind `traffic-audit/changes/1`, which every form of it shows."""

from typing import Literal, TypedDict

from audit.report.checked import Interval, Number
from audit.report.document import Level, Pair, Window
from audit.report.workload import Verdict

SCHEMA = "traffic-audit/changes/1"

Basis = Literal["monthly", "window"]
Cause = Literal["volume", "mix", "model", "length", "price"]
CAUSES: tuple[Cause, ...] = ("volume", "mix", "model", "length", "price")
"""In the order in which they are taken."""


class Side(TypedDict):
    """One of the two reports: its window, its requests and list cost in that window."""

    window: Window
    requests: int
    list_cost: Number


class SpendChange(TypedDict):
    """List cost on the basis of the document; before + the sum of the causes = now, all but those being null."""

    currency: str
    before: Number
    now: Number
    change: Number
    causes: dict[Cause, Number] | None


class LevelChange(TypedDict):
    """The projected saving of an evidence level on the basis of the document, and its share of spend."""

    before: Interval
    now: Interval
    change: Number
    share_before: Number
    share_now: Number


class EndpointChange(TypedDict):
    """An endpoint in the window of either report: requests and list cost on the basis of the document."""

    endpoint: str
    status: Literal["new", "gone", "kept"]
    requests_before: Number
    requests_now: Number
    cost_before: Number
    cost_now: Number


class PriceChange(TypedDict):
    """A class of tokens that was paid otherwise, in USD per million tokens."""

    provider_name: str
    model: str
    service_tier: str
    length_band: int
    token_class: str
    before: Number
    now: Number


class Why(TypedDict):
    """One reason of a moved verdict: a code for scripts, a sentence for people."""

    code: str
    text: str


class WorkloadChange(TypedDict):
    """A workload that is new, gone, cut out otherwise, decided otherwise, or decided alike on other evidence.

    `divided` means the endpoint's rules differ so that its workloads have no counterparts; its `id` is null.
    """

    id: str | None
    name: str
    endpoint: str
    status: Literal["new", "gone", "divided", "moved", "evidence"]
    verdict_before: Verdict | None
    verdict_now: Verdict | None
    cost_before: Number | None
    cost_now: Number | None
    why: list[Why]


class CountChange(TypedDict):
    """Requests of a class that is in no saving, or rejected records, as counted in each window."""

    name: str
    before: int
    now: int
    share_before: Number
    share_now: Number


class ValueChange(TypedDict):
    """An assumption that is another one now; null where one of the reports does not have it."""

    name: str
    before: object
    now: object


class Changes(TypedDict):
    """Everything that changed; the lists hold only what differs."""

    schema: str
    pair: Pair
    basis: Basis
    before: Side
    now: Side
    changed: bool
    spend: SpendChange
    levels: dict[Level, LevelChange]
    endpoints: list[EndpointChange]
    prices: list[PriceChange]
    workloads: list[WorkloadChange]
    counts: list[CountChange]
    assumptions: list[ValueChange]
    notes: list[str]
