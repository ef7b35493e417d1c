"""The part of the report document that shows what stands beside a verdict's interval: pairs, strata, observations."""

from typing import Literal, NotRequired, TypedDict


class Refused(TypedDict):
    """Pairs that do not count, and why."""

    reason: str
    pairs: int


class StrataPart(TypedDict):
    """One part of a workload: its loss in points of 100, Holm over the parts, and its side of the margin."""

    name: str
    pairs: int
    low: float
    point: float
    high: float
    adjusted_p: float
    reading: Literal["within", "above", "open", "suspect"]


class Strata(TypedDict):
    """The parts of a workload, whether they disagree, and the input length that would separate them, if one does."""

    kind: Literal["stratum", "workload", "input_length"]
    disagree: bool
    differ_p: float
    sign_p: float
    cut_side: Literal["below", "above"] | None
    cut_tokens: int | None
    parts: list[StrataPart]


class Measure(TypedDict):
    """One observed measure with its 95 % interval and the requests behind it."""

    low: float
    point: float
    high: float
    count: int


class ObservedModel(TypedDict):
    """What the log shows of one model; null is not logged."""

    model: str
    requests: int
    error_rate: Measure | None
    truncation_rate: Measure | None
    retry_rate: Measure | None
    feedback_score: Measure | None
    output_tokens: Measure | None
    duration_ms: Measure | None
    time_to_first_chunk_ms: NotRequired[Measure | None]


class Observed(TypedDict):
    """Both models on the same workload as the log has them."""

    id: str
    incumbent: ObservedModel
    candidate: ObservedModel


class Observations(TypedDict):
    """What the log shows of both models, by workload; never part of a verdict or a saving."""

    caveat: str
    workloads: list[Observed]
    requests_not_read: NotRequired[int]
