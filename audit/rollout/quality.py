"""Outcomes since the plan was made, by rule: what the candidate lost against the incumbent, day by day.

Those that its verdicts were made from do not count again: they were chosen because they looked good.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import cast

import numpy as np

from audit.evidence.sequential import mean_bounds
from audit.evidence.statistics import Floats
from audit.policy.matching import reaches, sees
from audit.report.monitor_document import Quality
from audit.rollout.observing import LEVEL, Counts, together
from audit.rollout.placing import ROLES, Tracked
from audit.rollout.single_scores import SingleScore, compared
from audit.warehouse import Warehouse
from audit.workloads.shapes import INPUT_OFFSET, bin_start

# An answer that nobody could read is worth nothing to whoever asked; where people scored both, they count.
PAIRS = """
    select
        coalesce(request_date, observed_on) as day, scope, endpoint, request_id, has_tools, is_json, input_bin, grader,
        weight, parse_failed, incumbent_model, candidate_model,
        coalesce(
            case when candidate_human_score is not null then incumbent_human_score end, incumbent_score
        ) as incumbent_score,
        coalesce(
            case when incumbent_human_score is not null then candidate_human_score end, candidate_score,
            case when parse_failed then 0 end
        ) as candidate_score
    from paired_outcomes
    where incumbent_failed is not true
    order by day, request_id
"""

PLACES = """
    select request_id, min(rule_number), min(usage_date)
    from placed_requests
    where request_id <> '' and rule_number is not null
    group by request_id
"""


@dataclass(slots=True)
class Losses:
    """Incumbent's minus candidate's score of every comparison of a rule, -1 to 1, in the order of their days."""

    days: list[date] = field(default_factory=list[date])
    values: list[float] = field(default_factory=list[float])
    weights: list[float] = field(default_factory=list[float])
    one_sided: int = 0
    unreadable: list[tuple[date, bool]] = field(default_factory=list[tuple[date, bool]])
    """Of answers that should be JSON: the day, and whether nobody could read it."""

    def by_day(self) -> tuple[list[date], list[Floats], list[Floats]]:
        """Days, values and weights (at most 1) of each."""
        if not self.days:
            return [], [], []
        days, places = np.unique([day.toordinal() for day in self.days], return_inverse=True)
        order = np.argsort(places, kind="stable")
        ends = np.cumsum(np.bincount(places))[:-1]
        weights = np.array(self.weights) / max(self.weights)
        values, weighed = (np.split(each[order], ends) for each in (np.array(self.values), weights))
        return [date.fromordinal(int(day)) for day in days], list(values), list(weighed)

    def json_counts(self) -> Counts:
        """Unreadable answers of each day, of those that should be JSON."""
        return together(
            Counts(days=(day,), events=np.array([float(is_bad)]), trials=np.array([1.0]))
            for day, is_bad in self.unreadable
        )

    def to_document(self, margin: float) -> Quality | None:
        """Loss in points with bounds that hold at all looks; None without outcomes."""
        if not self.values:
            return None
        values, weights = np.array(self.values), np.array(self.weights)
        weights = weights / weights.max()
        low, high = (100 * float(end) for end in mean_bounds(values, LEVEL, weights))
        return {
            "pairs": len(values) - self.one_sided,
            "one_sided": self.one_sided,
            "loss": {"low": low, "point": 100 * float(np.average(values, weights=weights)), "high": high},
            "margin": margin,
        }


def losses(
    warehouse: Warehouse,
    rules: Sequence[Tracked],
    roles: Mapping[str, str],
    since: date,
    made_on: date,
    singles: Sequence[SingleScore],
) -> tuple[dict[int, Losses], list[str]]:
    """The losses of every rule by its number, and what was left out, in words; needs `placed_requests`.

    `roles` has the models of the pair, `since` is the first day after the plan's traffic, `made_on` the plan's own.
    """
    found = {rule.number: Losses() for rule in rules}
    places = {str(name): (int(str(number)), cast("date", day)) for name, number, day in warehouse.rows(PLACES)}
    left_out: Counter[str] = Counter()
    graders: defaultdict[int, list[tuple[str, dict[str, object]]]] = defaultdict(list)
    for row in warehouse.frame(PAIRS).iter_rows(named=True):
        if [roles.get(str(row[f"{role}_model"])) for role in ROLES] != list(ROLES):
            left_out["are about other models"] += 1
            continue
        number, day = _place(row, rules, places)
        day = day or cast("date | None", row["day"])
        # Outcomes of a whole endpoint have no request whose day would say that they are new.
        if day is None or day < since or (row["scope"] == "endpoint" and day <= made_on):
            left_out["are of requests before the rollout"] += 1
        elif number is None:
            left_out["are of requests that no rule of the stage moves, or of an endpoint with several rules"] += 1
        elif row["incumbent_score"] is not None and row["candidate_score"] is not None:
            graders[number].append((str(row["grader"] or ""), {**row, "day": day}))
    for number, rows in graders.items():
        ((most, _),) = Counter(grader for grader, _ in rows).most_common(1)
        left_out["were graded by somebody other than most"] += sum(grader != most for grader, _ in rows)
        for row in (row for grader, row in rows if grader == most):
            _add(found[number], row)
    _add_singles(found, rules, roles, since, singles, places, left_out)
    return found, [f"{count:,} outcomes {why}: not counted." for why, count in left_out.items() if count]


def _add(to: Losses, row: Mapping[str, object]) -> None:
    day = cast("date", row["day"])
    to.days.append(day)
    to.values.append(cast("float", row["incumbent_score"]) - cast("float", row["candidate_score"]))
    to.weights.append(cast("float", row["weight"]))
    if row["is_json"]:
        to.unreadable.append((day, bool(row["parse_failed"])))


def _add_singles(
    found: Mapping[int, Losses],
    rules: Sequence[Tracked],
    roles: Mapping[str, str],
    since: date,
    singles: Sequence[SingleScore],
    places: Mapping[str, tuple[int, date]],
    left_out: Counter[str],
) -> None:
    scores: defaultdict[int, list[tuple[date, str, float]]] = defaultdict(list)
    for each in singles:
        number, day = places.get(each.request_id or "", (None, None))
        number = number if number is not None or each.request_id else _only_rule(rules, each.endpoint)
        day, role = day or each.observed_on, roles.get(each.model)
        if role is None:
            left_out["are about other models"] += 1
        elif number is None or day is None:
            left_out["of one model name no request of a rule, or no day"] += 1
        elif day < since:
            left_out["are of requests before the rollout"] += 1
        else:
            scores[number].append((day, role, each.score))
    for number, of_rule in scores.items():
        pairs = compared(of_rule)
        left_out["of one model have no counterpart of the other that day"] += len(of_rule) - 2 * len(pairs)
        losses_of = found[number]
        losses_of.one_sided = len(pairs)
        losses_of.days += [day for day, _ in pairs]
        losses_of.values += [value for _, value in pairs]
        losses_of.weights += [1.0] * len(pairs)


def _place(
    row: Mapping[str, object], rules: Sequence[Tracked], places: Mapping[str, tuple[int, date]]
) -> tuple[int | None, date | None]:
    """The rule of a pair, by its request, else by what is stored of it; and the day of the request."""
    if (known := places.get(str(row["request_id"]))) is not None:
        return known
    if row["scope"] == "endpoint":
        return _only_rule(rules, row["endpoint"]), None
    flags = (bool(row["has_tools"]), bool(row["is_json"]))
    length = bin_start(cast("int", row["input_bin"]), INPUT_OFFSET)
    for rule in rules:
        others = (rule.when.get("has_images", False), rule.when.get("has_audio", False))
        if sees(rule.when, str(row["endpoint"]), (*flags, *others)) and reaches(rule.when, length):
            return rule.number, None
    return None, None


def _only_rule(rules: Collection[Tracked], endpoint: object) -> int | None:
    """Of an endpoint as a whole only its one rule can be meant."""
    numbers = [rule.number for rule in rules if rule.endpoint == endpoint]
    return numbers[0] if len(numbers) == 1 else None
