"""The words of a rollout plan: what `audit plan --json` prints and `audit monitor --plan` reads.

Money is in USD at list prices, quality in points of 100, rates and shares from 0 to 1. Savings are projections.
"""

from typing import Literal, NotRequired, TypedDict

from audit.evidence.reasons import Verdict
from audit.policy.document import When
from audit.report.bounds import Bounds
from audit.report.document import Question
from audit.report.monitor_document import Before

SCHEMA = "traffic-audit/plan/1"

Metric = Literal[
    "quality_loss", "error_rate", "retry_rate", "truncation_rate", "invalid_json_rate", "escalation_rate", "saving"
]
"""What a stop rule watches. `saving` is the realised saving as a share of the projected one."""

Test = Literal["paired_gap", "beta_binomial", "threshold"]
"""How: the mean of paired differences against a limit, or a rate against one, both valid however often one looks;
or the number as it stands."""


class Pair(TypedDict):
    """The two models as they were asked about, and the snapshots they resolve to in this log."""

    incumbent: str
    candidate: str
    incumbent_models: list[str]
    candidate_model: str


class Window(TypedDict):
    """The traffic the plan is made from."""

    start: str
    end: str
    days: float


class Baseline(Before):
    """One workload of the incumbent before anything moves."""

    name: str
    endpoint: str
    is_folded: NotRequired[bool]
    """Whether it is endpoints in sum, not one of that name."""
    share: float
    """Of all requests of the incumbent's workloads."""
    cost_per_request: float


class StageWorkload(TypedDict):
    """What a rule moves of one workload while a stage lasts."""

    workload_id: str
    rule_id: str
    name: str
    endpoint: str
    when: When
    share: float
    """Of the requests that meet `when`."""
    saving_per_day: Bounds
    """At this share; of a pilot the point is weighted by its odds of passing, and low is 0 at most. Nothing where the
    stage begins after `valid_until` or the horizon."""
    margin: float
    verdict: Verdict
    checks_per_day: float
    """Answers of the candidate to be compared; no more than it gives."""
    checks_to_decide: int
    """Expected until the test of `quality_loss` has caught a loss that is 5 points above the margin."""
    days_to_decide: int | None
    """Given the checks of the stages before, 0 where they have decided; null where only a wider stage will."""
    valid_until: str | None
    """The day one of its models is switched off."""


class Measure(TypedDict):
    """Pairs to replay before a stage begins; `audit sample --workload ID` writes them."""

    workload_id: str
    pairs: int
    usd: float
    """On Batch; answers that the log does not have cost more."""
    chance: float
    """Of showing that the loss is within the margin, if there is none."""


class StopRule(TypedDict):
    """What ends a stage and sends its traffic back."""

    id: str
    metric: Metric
    workload_id: str | None
    """Null: everything the stage moves."""
    limit: float
    """In points for `quality_loss`, else a rate or share; `saving` stops below it, everything else above."""
    test: Test
    alpha: float | None
    """Chance of a false alarm over the whole stage; those of a stage add up to 5 %. Null for a threshold."""
    words: str


class PlanStage(TypedDict):
    """One step; stages up to `policy_stages` are those of the policy, with the same numbers."""

    number: int
    name: str
    workloads: list[StageWorkload]
    """All that has moved so far, most urgent first: saving times certainty over stakes."""
    measure_first: list[Measure]
    days: int
    """From this stage's start until the monitor has seen enough for the next."""
    starts_on_day: int
    """Days after the start of the first stage; measuring takes none of them."""
    checks_per_day: float
    checks_usd_per_day: float
    """The incumbent's second answer to every one of them."""
    stop_rules: list[StopRule]
    saving_per_day: Bounds
    """What this stage adds to those before it."""
    cumulated: Bounds
    """What is saved a day while it lasts."""
    saving_in_stage: Bounds
    """While it lasts; the last one lasts until the horizon."""
    why: str


class Never(TypedDict):
    """A workload, or the part of one, that no stage moves, or only if another that it cannot be told from passes."""

    workload_id: str
    name: str
    reasons: list[str]
    saving_lost_per_day: NotRequired[float]
    """What its verdict would save, weighted by its odds, and the stages do not."""


class Months(TypedDict):
    """Months from the start of the first stage; null: not before the horizon."""

    low: float | None
    point: float | None
    high: float | None


class Payback(TypedDict):
    """When the routing layer has paid for itself."""

    one_time_cost: float
    monthly_cost: float
    measuring_cost: float
    """Pairs replayed before stages, and the checks while they last."""
    months: Months | None
    """Null where it never does."""
    words: str


class Horizon(TypedDict):
    """How long savings are counted."""

    until: str | None
    """The day a model of the pair is switched off: nothing is saved from it on. Null where none is known."""
    months: float
    """From today on; the assumed ones where no model is switched off before."""
    why: str


class Successor(TypedDict):
    """The same traffic on the pair that follows this one: prices only, no evidence."""

    incumbent: str
    candidate: str
    source: str
    spend_per_day: float
    """What the traffic costs on `incumbent`, which is today's or the model that follows it."""
    ceiling_per_day: float
    """Saved where everything moves to `candidate` that no gate stops."""
    words: str


class Plan(TypedDict):
    """A rollout plan; `schema` names its version, audit/data/schemas/plan.schema.json its form."""

    schema: str
    created: str
    pair: Pair
    question: NotRequired[Question]
    """What else was asked of the log, for the commands that follow."""
    window: Window
    currency: str
    baseline: dict[str, Baseline]
    """By workload id."""
    shares: list[float]
    """What a rule climbs from its first stage on: `audit policy --stages`."""
    policy_stages: int
    """How many of the stages `audit policy --stage N` renders; those after it wait for measurements."""
    stages: list[PlanStage]
    never: list[Never]
    payback: Payback
    horizon: Horizon
    successors: NotRequired[list[Successor]]
    notes: list[str]
