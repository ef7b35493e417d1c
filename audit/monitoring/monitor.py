"""What came of a stage: new traffic against the plan, its stop rules, and whether enough was seen for the next.

A look changes nothing: the same traffic and outcomes give the same document, and a test that has fired stays fired.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from audit.assumptions import Assumptions
from audit.catalog.models import family_members
from audit.config import Config
from audit.monitoring.deciding import decided, notes
from audit.monitoring.drifting import drift
from audit.monitoring.lines import watched
from audit.monitoring.looking import first_day, last_day, loaded_days, made_on, refuse_nothing
from audit.monitoring.observing import LOGGED, Counts, Observed, counted, observe
from audit.monitoring.placing import Tracked, place, tracked
from audit.monitoring.quality import Losses, Places, losses, places
from audit.monitoring.realised import NOTHING_PLANNED, Realised, planned, realise
from audit.monitoring.rule_states import Seen, rule_states, stopped
from audit.monitoring.single_scores import SingleScore
from audit.planning.document import Plan, PlanStage
from audit.progress import Progress, silent
from audit.report.monitor_document import SCHEMA, Monitor, Saving, Stage, Watched, Window
from audit.scope import Question, Scope, nothing_loaded, settle
from audit.warehouse import Warehouse
from audit.without_rows import need_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is asked of a stage."""

    plan: Plan
    stage: PlanStage
    """One of the plan."""
    since: date
    """The day it began, after the plan's traffic."""
    until: date | None = None
    today: date
    singles: Sequence[SingleScore] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Everything about the rules of the stage, by their numbers."""

    observed: Mapping[int, Observed]
    losses: Mapping[int, Losses]
    realised: Mapping[int, Realised]


def monitor(
    warehouse: Warehouse, look: Look, config: Config, assumptions: Assumptions, progress: Progress = silent
) -> Monitor:
    """The document on the traffic of an open database since the stage began.

    Raises AuditError where no new traffic is the pair's.
    """
    if (error := nothing_loaded(warehouse)) is not None:
        raise error
    need_rows(warehouse, "a monitor")
    plan, pair = look.plan, look.plan["pair"]
    stage, since = look.stage, look.since
    question = Question(
        incumbent=pair["incumbent"], candidate=pair["candidate"], since=since, until=look.until, today=look.today
    )
    loaded, begun = loaded_days(warehouse), first_day(plan, None)
    rules, roles = tracked(stage), _roles(plan)
    found_before: Places = {}
    if begun < since:
        # Quality does not begin anew with every stage: scores of earlier ones are about their requests.
        with progress("place the traffic of the stages before"):
            settle(warehouse, replace(question, since=begun, until=since), config)
            place(warehouse, rules, roles)
            found_before = places(warehouse)
    with progress("price the new traffic"):
        scope = settle(warehouse, question, config)
    with progress("place it under the rules of the plan"):
        place(warehouse, rules, roles)
        refuse_nothing(warehouse, plan, since, loaded)
        observed = observe(warehouse, rules)
        known = {**found_before, **places(warehouse)}
        lost, left_out = losses(warehouse, rules, roles, known, begun, made_on(plan), look.singles)
    with progress("compare it with the plan"):
        drifted = drift(warehouse, plan["baseline"], scope.window.days)
        realised = realise(warehouse, rules, pair, config, last_day(scope))
    found = _Found(observed=observed, losses=lost, realised=realised)
    whole, lines = _lines(plan, rules, found, assumptions, scope.window.days)
    states = rule_states(stage["stop_rules"], _seen(rules, found, whole, lines, last_day(scope)))
    fired = stopped(states)
    about: Stage = {
        "number": stage["number"],
        "name": stage["name"],
        "days": stage["days"],
        "days_seen": scope.window.days_observed,
        "stages": len(plan["stages"]),
    }
    decision, words = decided(plan, about, lines, fired)
    return {
        "schema": SCHEMA,
        "plan": {"created": plan["created"], "incumbent": pair["incumbent"], "candidate": pair["candidate"]},
        "stage": about,
        "window": _window(scope, since),
        "decision": decision,
        "words": words,
        "stopped": fired,
        "saving": whole,
        "workloads": lines,
        "stop_rules": states,
        "drift": drifted,
        "notes": [*notes(lines, states, whole, drifted), *left_out],
    }


def _roles(plan: Plan) -> dict[str, str]:
    """Models of the pair, snapshots that came later among them, and which side they are on."""
    pair = plan["pair"]
    candidates = {pair["candidate_model"], *family_members(pair["candidate"])}
    incumbents = {*pair["incumbent_models"], *family_members(pair["incumbent"])}
    return dict.fromkeys(sorted(candidates), "candidate") | dict.fromkeys(sorted(incumbents), "incumbent")


def _lines(
    plan: Plan, rules: Sequence[Tracked], found: _Found, assumptions: Assumptions, days: float
) -> tuple[Saving, list[Watched]]:
    """What moved in all, and a line for every rule."""
    # A workload that several rules move is taken to be spread evenly over them.
    spread = Counter(each["workload_id"] for rule in rules for each in rule.workloads)
    pace = {name: plan["baseline"][name]["requests_per_day"] / count for name, count in spread.items()}
    plans = {rule.number: planned(rule, pace) for rule in rules}
    lines = [
        watched(
            plan,
            rule,
            found.observed[rule.number],
            found.losses[rule.number],
            found.realised[rule.number].to_document(assumptions, days, plans[rule.number]),
        )
        for rule in rules
    ]
    whole = sum(found.realised.values(), Realised())
    return whole.to_document(assumptions, days, sum(plans.values(), NOTHING_PLANNED)), lines


def _seen(rules: Sequence[Tracked], found: _Found, whole: Saving, lines: Sequence[Watched], day: date) -> Seen:
    counts: dict[tuple[int, str], Counts] = {}
    for rule in rules:
        for name in ("error_rate", *LOGGED):
            counts[rule.number, name] = found.observed[rule.number].counts["candidate", name]
        counts[rule.number, "invalid_json_rate"] = counted(found.losses[rule.number].unreadable)
    savings = {rule.number: line["saving"] for rule, line in zip(rules, lines, strict=True)}
    return Seen(rules=rules, counts=counts, losses=found.losses, savings=savings, whole=whole, last_day=day)


def _window(scope: Scope, since: date) -> Window:
    start, end = scope.window.start, scope.window.end
    return {
        "since": since.isoformat(),
        "start": start.isoformat() if start else "",
        "end": end.isoformat() if end else "",
        "days": scope.window.days,
    }
