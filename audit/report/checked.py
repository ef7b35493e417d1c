"""The parts of the report document that speak of checks and judges, and the intervals that all parts use."""

from decimal import Decimal
from typing import Literal, TypedDict

Number = int | float | Decimal


class Interval(TypedDict):
    """A point and the bounds around it: low <= point <= high."""

    low: Number
    point: Number
    high: Number


class Points(TypedDict):
    """A loss in points of 100 and the largest one accepted."""

    low: Number
    point: Number
    high: Number
    margin: Number


class AnswerCheck(TypedDict):
    """A check of candidate answers; 'assumed' unless both of its rates were counted."""

    basis: Literal["measured", "assumed"]
    sensitivity: Interval
    false_alarm_rate: Interval
    usd_per_check: Interval


class Cascade(TypedDict):
    """A workload served by the candidate behind a check: what is sent on, still lost, and saved in the window."""

    basis: Literal["measured", "assumed"]
    check: AnswerCheck
    failure_basis: Literal["measured", "prior"]
    failure_rate: Interval
    escalation_rate: Interval
    break_even_escalation: Number
    residual_loss: Points
    savings: Interval
    saving_share: Interval
    beats_direct: bool


class Judge(TypedDict):
    """A judge of one endpoint's answers and how often people agree with it; null where nobody was asked."""

    endpoint: str
    incumbent_model: str
    candidate_model: str
    grader: str | None
    pairs: int
    labels: int
    agreement: Interval | None
    kappa: Interval | None
