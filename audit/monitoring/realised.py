"""What moving has saved: the same tokens at the incumbent's prices of the same days, less what they cost.

Cells are priced as in the report, only the other way round: the candidate serves the traffic, and the incumbent is what
it could have been sent to.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from audit import sql
from audit.assumptions import Assumptions, exact_decimal
from audit.catalog.models import canonical
from audit.config import Config
from audit.monitoring.placing import Tracked
from audit.planning.document import Pair
from audit.report.monitor_document import Saving
from audit.savings.cascade import Costs
from audit.scope import pair_up
from audit.warehouse import Warehouse

MOVED = """
    select requests.* replace (
        cast(2 * placed_requests.rule_number + cast(coalesce(is_escalated, false) as integer) as integer) as load_id
    )
    from requests
    inner join placed_requests using (file_id, row_number)
    where placed_requests.role = 'candidate' and placed_requests.rule_number is not null
"""
"""What the candidate answered; `load_id` becomes twice the rule, and 1 more if escalated."""

COSTS = """
    select
        load_id, candidate_model, cell_disposition = 'eligible' as is_known,
        sum(request_count), coalesce(sum(list_cost), 0), coalesce(sum(candidate_input_cost + candidate_output_cost), 0)
    from cell_costs
    where outcome = 'billed'
    group by all
"""

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """What moved of some traffic, in exact USD; sums of these are exact too."""

    moved: int = 0
    escalated: int = 0
    uncounted: int = 0
    counterfactual: Decimal = ZERO
    actual: Decimal = ZERO

    def __add__(self, other: "Realised") -> "Realised":
        """The sum of two."""
        return Realised(
            moved=self.moved + other.moved,
            escalated=self.escalated + other.escalated,
            uncounted=self.uncounted + other.uncounted,
            counterfactual=self.counterfactual + other.counterfactual,
            actual=self.actual + other.actual,
        )

    def saved(self, assumptions: Assumptions) -> Decimal:
        """Signed, net of router and checks, by the formula that projected it."""
        costs = Costs(
            requests=self.moved - self.uncounted,
            list_cost=self.counterfactual,
            candidate_input_cost=self.actual,
            candidate_output_cost=ZERO,
        )
        return costs.net_saving(1.0, 0.0, assumptions)

    def to_document(self, assumptions: Assumptions, days: float, planned: "Planned | None") -> Saving:
        """With what the plan projects for as many days."""
        saved = self.saved(assumptions)
        return {
            "moved_requests": self.moved,
            "escalated_requests": self.escalated,
            "uncounted_requests": self.uncounted,
            "counterfactual_cost": float(self.counterfactual),
            "actual_cost": float(self.actual),
            "overhead": float(self.counterfactual - self.actual - saved),
            "realised": float(saved),
            "projected": None
            if planned is None
            else {"low": planned.low * days, "point": planned.point * days, "high": planned.high * days},
            "projected_at_seen": None
            if planned is None or not planned.requests_per_day
            else planned.point / planned.requests_per_day * self.moved,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the plan projects a day: USD, and how many requests move."""

    low: float
    point: float
    high: float
    requests_per_day: float

    def __add__(self, other: "Planned") -> "Planned":
        """The sum of two: bounds as if both erred to the same side."""
        return Planned(
            low=self.low + other.low,
            point=self.point + other.point,
            high=self.high + other.high,
            requests_per_day=self.requests_per_day + other.requests_per_day,
        )


NOTHING_PLANNED = Planned(low=0.0, point=0.0, high=0.0, requests_per_day=0.0)


def planned(rule: Tracked, requests_per_day: Mapping[str, float]) -> Planned:
    """The projection of a rule, from those of its workloads and how many of their requests meet it a day."""
    savings = [each["saving_per_day"] for each in rule.workloads]
    return Planned(
        low=sum(each["low"] for each in savings),
        point=sum(each["point"] for each in savings),
        high=sum(each["high"] for each in savings),
        requests_per_day=sum(each["share"] * requests_per_day.get(each["workload_id"], 0.0) for each in rule.workloads),
    )


def realise(
    warehouse: Warehouse, rules: Sequence[Tracked], pair: Pair, config: Config, on: date
) -> dict[int, Realised]:
    """What moved of every rule, by its number; needs `placed_requests`."""
    instead = {rule.number: _instead(rule, pair, on) for rule in rules}
    cells = sql.find("traffic_cells").select
    warehouse.execute(f"create or replace temp table traffic_cells as with requests as ({MOVED}) {cells}")
    served = warehouse.rows("select distinct provider_name, model from traffic_cells order by all")
    trios = [
        (str(provider), str(model), other) for provider, model in served for other in sorted(set(instead.values()))
    ]
    pair_up(warehouse, trios, config)
    warehouse.add_views("3_", "4_")
    found: defaultdict[int, Realised] = defaultdict(Realised)
    for part, other, is_known, requests, cost, counterfactual in warehouse.rows(COSTS):
        number, is_escalated = divmod(int(str(part)), 2)
        if other != instead[number]:
            continue
        count = int(str(requests))
        found[number] += Realised(
            moved=count,
            escalated=count if is_escalated else 0,
            uncounted=0 if is_known or is_escalated else count,
            counterfactual=exact_decimal(Decimal(str(counterfactual))) if is_known and not is_escalated else ZERO,
            actual=exact_decimal(Decimal(str(cost))) if is_known or is_escalated else ZERO,
        )
    return {rule.number: found[rule.number] for rule in rules}


def _instead(rule: Tracked, pair: Pair, on: date) -> str:
    """The incumbent that a caller of the rule means on a day."""
    names = rule.when.get("request_model") or [pair["incumbent"]]
    return canonical(names[0], on)
