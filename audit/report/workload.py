"""The part of the report document that says what each workload is, what is known of it, and what it would save."""

from typing import Literal, NotRequired, TypedDict

from audit.report.checked import Cascade, Interval, Number
from audit.report.evidence import Refused, Strata

Verdict = Literal["route", "pilot", "keep"]


class Quantiles(TypedDict):
    """Median and 95th percentile."""

    p50: Number
    p95: Number


class Tokens(TypedDict):
    """Token shape of a workload."""

    input: Quantiles
    output: Quantiles
    cache_read_share: Number


class PooledLoss(TypedDict):
    """The loss estimated together with those of other workloads: shown beside the workload's own, decides nothing."""

    low: Number
    point: Number
    high: Number
    units: int
    """Decision units estimated together, this one included."""


class QualityLoss(TypedDict):
    """Mean paired loss in points of 100 and the largest one accepted."""

    low: Number
    point: Number
    high: Number
    margin: Number
    adjusted_p: Number | None
    pooled: NotRequired[PooledLoss | None]


class Bounds(TypedDict):
    """The bins of a workload's rule: low inclusive, high exclusive, null = open."""

    input_bin_low: NotRequired[int | None]
    input_bin_high: NotRequired[int | None]
    output_bin_low: NotRequired[int | None]
    output_bin_high: NotRequired[int | None]
    size_low: NotRequired[int | None]
    size_high: NotRequired[int | None]
    ratio_low: NotRequired[int | None]
    ratio_high: NotRequired[int | None]


class Workload(TypedDict):
    """One workload with its verdict; `savings` are of the window."""

    id: str
    name: str
    endpoint: str
    incumbent: str
    requests: int
    request_share: Number
    cost: Number
    cost_share: Number
    tokens: Tokens
    task_type: str | None
    task_confidence: Number | str | None
    verdict: Verdict
    reasons: list[str]
    risk: int
    evidence: Literal["measured", "prior", "none"]
    pairs: int
    pairs_needed: int | None
    quality_loss: QualityLoss | None
    output_ratio: Number | Interval | None
    break_even_escalation: Number | None
    savings: Interval
    cascade: NotRequired[Cascade | None]
    p_value: NotRequired[Number | None]
    pairs_effective: NotRequired[Number | None]
    pairs_discounted: NotRequired[int]
    pairs_refused: NotRequired[list[Refused]]
    strata: NotRequired[Strata | None]
    bounds: NotRequired[Bounds]
    rule_in_words: NotRequired[str]
    shape_in_words: NotRequired[str]
