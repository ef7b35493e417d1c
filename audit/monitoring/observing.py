"""What the log shows of both models on the requests of every rule: rates day by day, latency, feedback, lengths."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import cast

import numpy as np

from audit.evidence.observational import mean_of
from audit.evidence.sequential import rate_bounds
from audit.evidence.statistics import Floats, normal_quantile
from audit.monitoring.placing import ROLES, Tracked
from audit.planning.baseline import CUT
from audit.report.bounds import Bounds
from audit.report.monitor_document import Latency, Rate, Side
from audit.warehouse import Warehouse

LEVEL = 0.05
"""All bounds hold with 95 %."""

LOGGED = ("retry_rate", "truncation_rate", "escalation_rate")

BY_RULE = f"""
    select
        rule_number, role, usage_date,
        sum(request_count) filter (where is_billed) as requests,
        sum(request_count) filter (where is_billed and is_retry) as retry_rate_events,
        sum(request_count) filter (where is_billed and is_retry is not null) as retry_rate_trials,
        sum(request_count) filter (where is_billed and finish_reason in {CUT}) as truncation_rate_events,
        sum(request_count) filter (where is_billed and finish_reason is not null) as truncation_rate_trials,
        sum(request_count) filter (where is_billed and is_escalated) as escalation_rate_events,
        sum(request_count) filter (where is_billed and is_escalated is not null) as escalation_rate_trials
    from placed_requests
    where rule_number is not null
    group by rule_number, role, usage_date
    order by usage_date
"""

BY_ENDPOINT = """
    select
        endpoint, role, usage_date,
        sum(request_count) filter (where outcome = 'failed') as error_rate_events,
        sum(request_count) as error_rate_trials
    from placed_requests
    where is_single
    group by endpoint, role, usage_date
    order by usage_date
"""

MEANS = """
    select
        rule_number, role,
        count(feedback_score),
        coalesce(sum(feedback_score), 0),
        coalesce(sum(feedback_score * feedback_score), 0),
        sum(usage_input_tokens) filter (where is_billed) / sum(request_count) filter (where is_billed),
        sum(usage_output_tokens) filter (where is_billed) / sum(request_count) filter (where is_billed),
        count(duration_ms) filter (where is_interactive)
    from placed_requests
    where rule_number is not null
    group by rule_number, role
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Events and trials of consecutive days with traffic."""

    days: tuple[date, ...]
    events: Floats
    trials: Floats

    def rate(self) -> Rate | None:
        """The whole as a rate; None where nothing was tried."""
        events, trials = float(self.events.sum()), float(self.trials.sum())
        if not trials:
            return None
        low, high = (float(end) for end in rate_bounds(events, trials, LEVEL))
        return {
            "events": round(events),
            "trials": round(trials),
            "low": low,
            "point": events / trials,
            "high": high,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Both models on one rule."""

    requests: Mapping[str, int]
    """Billed requests by role."""
    counts: Mapping[tuple[str, str], Counts]
    """By role and rate; those of the log."""
    sides: Mapping[str, Side]


@dataclass(slots=True)
class _Days:
    counts: dict[date, tuple[float, float]] = field(default_factory=dict[date, tuple[float, float]])

    def add(self, day: date, events: object, trials: object) -> None:
        before = self.counts.get(day, (0.0, 0.0))
        self.counts[day] = (before[0] + float(str(events or 0)), before[1] + float(str(trials or 0)))

    def whole(self) -> Counts:
        days = tuple(sorted(self.counts))
        pairs = np.array([self.counts[day] for day in days], dtype=float).reshape(-1, 2)
        return Counts(days=days, events=pairs[:, 0], trials=pairs[:, 1])


def together(counts: Iterable[Counts]) -> Counts:
    """The sum of several, day by day."""
    summed = _Days()
    for each in counts:
        for day, events, trials in zip(each.days, each.events, each.trials, strict=True):
            summed.add(day, events, trials)
    return summed.whole()


def counted(events: Iterable[tuple[date, float]]) -> Counts:
    """Events one by one, each of one trial, as counts of days."""
    summed = _Days()
    for day, event in events:
        summed.add(day, event, 1)
    return summed.whole()


def observe(warehouse: Warehouse, rules: tuple[Tracked, ...]) -> dict[int, Observed]:
    """Both models on every rule, by its number, from `placed_requests`."""
    series: dict[tuple[int, str, str], _Days] = {}
    requests: dict[tuple[int, str], int] = {}
    for row in warehouse.frame(BY_RULE).iter_rows(named=True):
        number, role, day = cast("int", row["rule_number"]), str(row["role"]), cast("date", row["usage_date"])
        requests[number, role] = requests.get((number, role), 0) + int(row["requests"] or 0)
        for name in LOGGED:
            days = series.setdefault((number, role, name), _Days())
            days.add(day, row[f"{name}_events"], row[f"{name}_trials"])
    errors: dict[tuple[str, str], _Days] = {}
    for endpoint, role, day, events, trials in warehouse.frame(BY_ENDPOINT).iter_rows():
        errors.setdefault((endpoint, role), _Days()).add(day, events, trials)
    means = {(row[0], row[1]): row[2:] for row in warehouse.rows(MEANS)}
    found: dict[int, Observed] = {}
    for rule in rules:
        counts = {
            (role, name): series.get((rule.number, role, name), _Days()).whole() for role in ROLES for name in LOGGED
        }
        counts |= {(role, "error_rate"): errors.get((rule.endpoint, role), _Days()).whole() for role in ROLES}
        served = {role: requests.get((rule.number, role), 0) for role in ROLES}
        sides = {
            role: _side(warehouse, rule.number, role, served[role], counts, means.get((rule.number, role)))
            for role in ROLES
        }
        found[rule.number] = Observed(requests=served, counts=counts, sides=sides)
    return found


def _side(
    warehouse: Warehouse,
    number: int,
    role: str,
    requests: int,
    counts: Mapping[tuple[str, str], Counts],
    means: tuple[object, ...] | None,
) -> Side:
    feedback, tokens, timed = None, (None, None), 0
    if means is not None:
        feedback = mean_of(*(float(str(each)) for each in means[:3]))
        tokens, timed = (means[3], means[4]), int(str(means[5]))
    return {
        "requests": requests,
        "error_rate": counts[role, "error_rate"].rate(),
        "retry_rate": counts[role, "retry_rate"].rate(),
        "truncation_rate": counts[role, "truncation_rate"].rate(),
        "invalid_json_rate": None,
        "escalation_rate": counts[role, "escalation_rate"].rate() if role == "candidate" else None,
        "latency_ms": _latency(warehouse, number, role, timed) if timed else None,
        "feedback": feedback,  # pyright: ignore[reportReturnType] - the keys of Score
        "input_tokens": None if tokens[0] is None else float(str(tokens[0])),
        "output_tokens": None if tokens[1] is None else float(str(tokens[1])),
    }


def _latency(warehouse: Warehouse, number: int, role: str, count: int) -> Latency:
    """Quantiles with the order statistics that hold them, by the normal approximation of their ranks. Conover 1999."""
    half = normal_quantile(1 - LEVEL / 2) / count**0.5
    levels: list[float] = []
    for share in (0.5, 0.95):
        reach = half * (share * (1 - share)) ** 0.5
        levels += [max(0.0, share - reach), share, min(1.0, share + reach)]
    (found,) = warehouse.rows(
        f"select quantile_disc(duration_ms, {levels}) from placed_requests where rule_number = {number} "
        f"and role = '{role}' and is_interactive"
    )
    values = [float(str(each)) for each in cast("list[object]", found[0])]

    def bounds(low: float, point: float, high: float) -> Bounds:
        return {"low": low, "point": point, "high": high}

    return {"count": count, "p50": bounds(*values[:3]), "p95": bounds(*values[3:])}
