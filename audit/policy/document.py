"""The neutral policy: what goes to the candidate, by what a router can see before it knows the answer.

Every router configuration is a projection of this document. Output tokens are in no rule, because no router knows
them; where verdicts differ only by output length, traffic is told apart by nobody and stays where it is.
"""

from typing import Literal, NotRequired, TypedDict

SCHEMA = "traffic-audit/policy/1"

Model = Literal["incumbent", "candidate"]


class TokenRange(TypedDict):
    """Input tokens from `at_least` (0: no lower bound) to those `below` (None: no upper bound)."""

    at_least: int
    below: int | None


class When(TypedDict):
    """What has to hold of a request, all of it; a key that is missing does not matter."""

    endpoint: NotRequired[str]
    has_tools: NotRequired[bool]
    is_json: NotRequired[bool]
    has_images: NotRequired[bool]
    has_audio: NotRequired[bool]
    input_tokens: NotRequired[TokenRange]
    request_model: NotRequired[list[str]]
    """Names the caller may send, as the log has them; the incumbent's own if missing."""


class Evidence(TypedDict):
    """What a rule rests on: the verdict's figures, in points of 100, at the time the policy was made."""

    level: Literal["measured", "prior", "none"]
    pairs: int
    quality_loss: dict[str, float] | None
    margin: float | None
    incumbent_models: list[str]
    candidate_model: str


class Escalation(TypedDict):
    """A check that sends doubtful answers of the candidate on to the incumbent."""

    sensitivity: float
    false_alarm_rate: float
    expected_rate: float
    """Share of the candidate's answers sent on."""
    usd_per_check: float
    """Every answer of the candidate is checked."""
    basis: Literal["measured", "assumed"]


class Classifier(TypedDict):
    """A model that reads every request of a rule first; what it costs, in USD of the day of the policy."""

    model: str
    prompt_tokens: int
    """Of its own instructions."""
    input_tokens: float
    """Mean of the rule's requests in the log, all of which it is sent."""
    answer_tokens: int
    usd_per_request: float
    """Paid for every request of the rule, whatever its share and wherever the request then goes."""
    saving_per_request: float
    """USD that moving a request of the rule saves before this, if all are let through; behind the rule's check."""


class Rule(TypedDict):
    """Of requests like `when`, `share` go to the candidate, the rest stays; the first rule that holds counts."""

    id: str
    name: str
    workload_ids: list[str]
    """The workloads this rule moves; empty in a policy written by hand."""
    when: When
    to: Model
    share: float
    verdict: NotRequired[Literal["route", "pilot", "keep"]]
    evidence: NotRequired[Evidence]
    escalation: NotRequired[Escalation | None]
    classifier: NotRequired[Classifier]
    valid_until: NotRequired[str | None]
    """The day one of the two models is switched off, ISO 8601."""


class Stage(TypedDict):
    """One step of the rollout: the share of each rule while it lasts; rules not named have 0."""

    name: str
    shares: dict[str, float]


class NotMoved(TypedDict):
    """A workload, or the part of one, that stays on the incumbent, and why."""

    workload_id: str
    name: str
    reasons: list[str]
    requests: NotRequired[int]
    """How many of its requests stay, in the window."""
    saving_lost: NotRequired[float]
    """USD of the window that the verdict would allow and no router can tell apart; only where the verdict is route."""


class Default(TypedDict):
    """Where requests go that no rule names: to the incumbent, always, and written out in every target."""

    to: Model


class Policy(TypedDict):
    """A routing policy; `schema` names its version, audit/data/schemas/policy.schema.json its form."""

    schema: str
    created: str
    incumbent: str
    """As callers name it today."""
    candidate: str
    incumbent_models: list[str]
    """Snapshots seen in the log."""
    candidate_model: str
    default: Default
    rules: list[Rule]
    stages: list[Stage]
    not_moved: list[NotMoved]
    notes: list[str]
