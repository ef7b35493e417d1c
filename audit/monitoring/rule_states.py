"""The stop rules of a stage against what was seen: each with its evidence, and the first that fired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from audit.counting import number_of
from audit.monitoring.observing import Counts, counted, together
from audit.monitoring.placing import Tracked
from audit.monitoring.quality import Losses
from audit.monitoring.stopping import Watch, watch_mean, watch_rate
from audit.planning.document import StopRule
from audit.report.monitor_document import RuleState, Saving, Stopped

LEAST_MOVED = 30
"""Moved requests below which a saving is no saving yet: a handful of long answers would stop a rollout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen since the stage began, by number of the rule that the requests met."""

    rules: Sequence[Tracked]
    counts: Mapping[tuple[int, str], Counts]
    """Of the candidate, by rate."""
    losses: Mapping[int, Losses]
    savings: Mapping[int, Saving]
    whole: Saving
    last_day: date


def rule_states(stop_rules: Sequence[StopRule], seen: Seen) -> list[RuleState]:
    """Every stop rule and what it has come to."""
    return [_state(rule, seen) for rule in stop_rules]


def stopped(states: Sequence[RuleState]) -> Stopped | None:
    """The rule that fired first, of several on a day the one with most evidence; None where none did."""
    fired = sorted(
        (state for state in states if state["fired_on"] is not None),
        key=lambda state: (str(state["fired_on"]), -(state["log_e_peak"] or 0.0), state["id"]),
    )
    if not fired:
        return None
    first = fired[0]
    return {
        "rule_id": first["id"],
        "metric": first["metric"],
        "rule_ids": [state["id"] for state in fired],
        "on": str(first["fired_on"]),
        "reason": f"{first['words']}: {_figure(first)}",
    }


def _state(rule: StopRule, seen: Seen) -> RuleState:
    concerned = [
        tracked.number
        for tracked in seen.rules
        if rule["workload_id"] in (None, *(each["workload_id"] for each in tracked.workloads))
    ]
    if rule["metric"] == "saving":
        return _saving(rule, seen, concerned)
    if rule["metric"] == "quality_loss":
        return _loss(rule, [seen.losses[number] for number in concerned])
    return _rate(rule, seen, concerned)


def _rate(rule: StopRule, seen: Seen, concerned: Sequence[int]) -> RuleState:
    """Failures are those of an endpoint: rules on one endpoint have the same, which count once."""
    endpoints = {tracked.number: tracked.endpoint for tracked in seen.rules}
    is_shared = rule["metric"] == "error_rate"
    once = {endpoints[number] if is_shared else number: number for number in concerned}
    counts = together(seen.counts[number, rule["metric"]] for number in once.values())
    watch = watch_rate(counts.days, counts.events, counts.trials, limit=rule["limit"], alpha=rule["alpha"] or 0.0)
    events, trials = float(counts.events.sum()), float(counts.trials.sum())
    return _made(rule, events, trials, events / trials if trials else None, watch)


def _loss(rule: StopRule, losses: Sequence[Losses]) -> RuleState:
    """By comparisons, and by what scores of one model miss alone: then each test has half of the alpha."""
    whole = sum(losses, Losses())
    limit, alpha = rule["limit"] / 100, (rule["alpha"] or 0.0) / (2 if whole.is_of_scores else 1)
    days, values, weights = whole.by_day()
    compared = watch_mean(days, values, weights, limit=limit, alpha=alpha)
    state = _made(rule, None, whole.checks, _points(whole.loss()), compared)
    # The incumbent's own failures may be beyond their bound, too: that has a half of this half.
    if not whole.failures or (usual := whole.usual(alpha / 2)) is None:
        return state
    failures = counted(whole.failures)
    alone = watch_rate(failures.days, failures.events, failures.trials, limit=usual[2] + limit, alpha=alpha / 2)
    if _first(alone) >= _first(compared):
        return state
    return _made(rule, None, len(whole.failures), _points(whole.excess()), alone)


def _first(watch: Watch) -> tuple[bool, date, float]:
    """Sorts what fired first to the front, else what is nearer to it."""
    return watch.fired_on is None, watch.fired_on or date.max, watch.threshold - watch.peak


def _points(loss: tuple[float, float, float] | None) -> float | None:
    return None if loss is None else 100 * loss[1]


def _saving(rule: StopRule, seen: Seen, concerned: Sequence[int]) -> RuleState:
    parts = [seen.whole] if rule["workload_id"] is None else [seen.savings[number] for number in concerned]
    moved = sum(each["moved_requests"] for each in parts)
    realised = float(sum(Decimal(repr(each["realised"])) for each in parts))
    projected = sum(each["projected_at_seen"] or 0.0 for each in parts)
    has_fired = moved >= LEAST_MOVED and realised < rule["limit"] * projected
    share = realised / projected if projected else None
    return _made(rule, realised, projected, share, None, fired_on=seen.last_day if has_fired else None)


def _made(
    rule: StopRule,
    events: float | None,
    trials: float,
    value: float | None,
    watch: Watch | None,
    fired_on: date | None = None,
) -> RuleState:
    fired = fired_on if watch is None else watch.fired_on
    return {
        "id": rule["id"],
        "metric": rule["metric"],
        "workload_id": rule["workload_id"],
        "limit": rule["limit"],
        "test": rule["test"],
        "alpha": rule["alpha"],
        "events": events,
        "trials": trials,
        "value": value,
        "log_e": None if watch is None else watch.log_e,
        "log_e_peak": None if watch is None else watch.peak,
        "log_e_threshold": None if watch is None else watch.threshold,
        "fired_on": None if fired is None else fired.isoformat(),
        "words": rule["words"],
    }


def _figure(state: RuleState) -> str:
    value = state["value"] or 0.0
    if state["metric"] == "quality_loss":
        return f"{value:.1f} points on {number_of(state['trials'], 'outcome')}"
    if state["metric"] == "saving":
        return f"{state['events'] or 0:,.2f} USD saved where {state['trials']:,.2f} were projected"
    return f"{value:.2%}, {state['events']:,.0f} of {state['trials']:,.0f}"
