"""Outcomes since the plan was made, by rule: what the candidate lost against the incumbent, day by day.

Those that its verdicts were made from do not count again: they were chosen because they looked good.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import cast

import numpy as np

from audit.counting import number_of
from audit.evidence.sequential import mean_bounds, rate_bounds
from audit.evidence.statistics import Floats
from audit.monitoring.observing import LEVEL
from audit.monitoring.placing import ROLES, Tracked
from audit.monitoring.single_scores import Scores, SingleScore, compared, latest
from audit.policy.matching import reaches, sees
from audit.report.monitor_document import Quality
from audit.warehouse import Warehouse
from audit.workloads.shapes import INPUT_OFFSET, bin_start

LEAST_USUAL = 30
"""Scores of the incumbent below which its usual failures are not known."""

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
    unreadable: list[tuple[date, float]] = field(default_factory=list[tuple[date, float]])
    """Of answers that should be JSON: the day, and 1 where nobody could read it."""
    failures: list[tuple[date, float]] = field(default_factory=list[tuple[date, float]])
    """Of the candidate's scores that have no counterpart: the day, and what is missing to the best score."""
    usual_failures: list[float] = field(default_factory=list[float])
    """The same of all of the incumbent's scores, of any day."""

    @property
    def checks(self) -> int:
        """Outcomes that say anything about a loss."""
        return len(self.values) + len(self.failures)

    @property
    def is_of_scores(self) -> bool:
        """Whether some outcomes are scores of one model alone."""
        return bool(self.one_sided or self.failures)

    def usual(self, level: float) -> tuple[float, float, float] | None:
        """Low, point and high of the share of failures in the incumbent's scores; None where they are few.

        The bounds hold at all looks together with a confidence of 1 - `level`: scores are still added while it lasts.
        """
        count = len(self.usual_failures)
        if count < LEAST_USUAL:
            return None
        failures = sum(self.usual_failures)
        low, high = (float(end) for end in rate_bounds(failures, count, level))
        return low, failures / count, high

    def __add__(self, other: "Losses") -> "Losses":
        """Those of both."""
        return Losses(
            days=self.days + other.days,
            values=self.values + other.values,
            weights=self.weights + other.weights,
            one_sided=self.one_sided + other.one_sided,
            unreadable=self.unreadable + other.unreadable,
            failures=self.failures + other.failures,
            usual_failures=self.usual_failures + other.usual_failures,
        )

    def by_day(self) -> tuple[list[date], list[Floats], list[Floats]]:
        """Days, values and weights of each: parts of the largest so far, so that a later one changes no day before."""
        if not self.days:
            return [], [], []
        days, places = np.unique([day.toordinal() for day in self.days], return_inverse=True)
        order = np.argsort(places, kind="stable")
        ends = np.cumsum(np.bincount(places))[:-1]
        values, weights = (np.split(np.array(each)[order], ends) for each in (self.values, self.weights))
        largest = np.maximum.accumulate([each.max() for each in weights])
        weighed = [each / most for each, most in zip(weights, largest, strict=True)]
        return [date.fromordinal(int(day)) for day in days], list(values), weighed

    def loss(self) -> tuple[float, float, float] | None:
        """Low, point and high of the mean loss, with bounds that hold at all looks; None without outcomes.

        From comparisons where there are any, else from failures against the incumbent's usual ones.
        """
        if self.values:
            point = float(np.average(self.values, weights=self.weights))
            _, values, weights = self.by_day()
            low, high = (float(end) for end in mean_bounds(np.concatenate(values), LEVEL, np.concatenate(weights)))
            return min(low, point), point, max(high, point)
        return self.excess()

    def excess(self) -> tuple[float, float, float] | None:
        """The same of what the candidate's scores alone miss beyond the incumbent's usual."""
        # Either side may be outside of its bounds, so each has half of the level.
        usual, failures = self.usual(LEVEL / 2), sum(failure for _, failure in self.failures)
        if usual is None or not self.failures:
            return None
        low, high = (float(end) for end in rate_bounds(failures, len(self.failures), LEVEL / 2))
        return low - usual[2], failures / len(self.failures) - usual[1], high - usual[0]

    def to_document(self, margin: float) -> Quality | None:
        """In points; None without outcomes."""
        if (loss := self.loss()) is None:
            return None
        low, point, high = (100 * each for each in loss)
        return {
            "pairs": len(self.values) - self.one_sided,
            "one_sided": self.one_sided,
            "alone": len(self.failures),
            "loss": {"low": low, "point": point, "high": high},
            "margin": margin,
        }


Places = Mapping[str, tuple[int, date]]
"""Rule number and day by request id."""


def places(warehouse: Warehouse) -> Places:
    """Of the requests that meet a rule; needs `placed_requests`."""
    return {str(name): (int(str(number)), cast("date", day)) for name, number, day in warehouse.rows(PLACES)}


def losses(
    warehouse: Warehouse,
    rules: Sequence[Tracked],
    roles: Mapping[str, str],
    places: Places,
    since: date,
    made_on: date,
    singles: Sequence[SingleScore],
) -> tuple[dict[int, Losses], list[str]]:
    """The losses of every rule by its number, and what was left out, in words.

    `roles` has the models of the pair, `places` the requests of the rollout, `since` is the first day after the plan's
    traffic, `made_on` the plan's own.
    """
    found = {rule.number: Losses() for rule in rules}
    left_out: Counter[str] = Counter()
    graders: defaultdict[int, list[tuple[str, dict[str, object]]]] = defaultdict(list)
    for row in warehouse.frame(PAIRS).iter_rows(named=True):
        if [roles.get(str(row[f"{role}_model"])) for role in ROLES] != list(ROLES):
            left_out["about other models"] += 1
            continue
        number, day = _place(row, rules, places)
        day = day or cast("date | None", row["day"])
        if day is None or day < since:
            left_out["from before the rollout"] += 1
        elif row["scope"] == "endpoint" and day <= made_on:
            left_out[
                f"that name no request, of {made_on} or before, when the plan was made, which may rest on them"
            ] += 1
        elif number is None:
            left_out["of requests that no rule of the stage moves, or of an endpoint with several rules"] += 1
        elif row["incumbent_score"] is not None and row["candidate_score"] is not None:
            graders[number].append((str(row["grader"] or ""), {**row, "day": day}))
    for number, rows in graders.items():
        ((most, _),) = Counter(grader for grader, _ in rows).most_common(1)
        left_out["graded by somebody other than most"] += sum(grader != most for grader, _ in rows)
        for row in (row for grader, row in rows if grader == most):
            _add(found[number], row)
    _add_singles(found, rules, roles, since, singles, places, left_out)
    return found, [f"{number_of(count, 'outcome')} {why}: not counted." for why, count in left_out.items() if count]


def _add(to: Losses, row: Mapping[str, object]) -> None:
    day = cast("date", row["day"])
    to.days.append(day)
    to.values.append(cast("float", row["incumbent_score"]) - cast("float", row["candidate_score"]))
    to.weights.append(cast("float", row["weight"]))
    if row["is_json"]:
        to.unreadable.append((day, float(bool(row["parse_failed"]))))


def _add_singles(
    found: Mapping[int, Losses],
    rules: Sequence[Tracked],
    roles: Mapping[str, str],
    since: date,
    singles: Sequence[SingleScore],
    places: Places,
    left_out: Counter[str],
) -> None:
    scores: defaultdict[int, dict[date, Scores]] = defaultdict(dict)
    counting = latest(singles)
    left_out["of one model, of an answer that was scored again"] += len(singles) - len(counting)
    for each in counting:
        number, day = places.get(each.request_id or "", (None, None))
        number = _only_rule(rules, each.endpoint) if number is None else number
        day, role = day or each.observed_on, roles.get(each.model)
        if role is None:
            left_out["about other models"] += 1
        elif number is None or day is None:
            left_out["of one model, without a request of a rule or without a day"] += 1
        elif role == "candidate" and day < since:
            left_out["from before the rollout"] += 1
        else:
            if role == "incumbent":
                found[number].usual_failures.append(1 - each.score)
            if day >= since:
                scores[number].setdefault(day, {name: [] for name in ROLES})[role].append(each.score)
    for number, by_day in scores.items():
        pairs, left = compared(by_day)
        to = found[number]
        if len(to.usual_failures) >= LEAST_USUAL:
            to.failures = [(day, 1 - score) for day, score in left]
        else:
            left_out["of one model, without a counterpart of the other by day or in all"] += len(left)
        to.one_sided = len(pairs)
        to.days += [day for day, _ in pairs]
        to.values += [value for _, value in pairs]
        to.weights += [1.0] * len(pairs)


def _place(row: Mapping[str, object], rules: Sequence[Tracked], places: Places) -> tuple[int | None, date | None]:
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
