"""The staged rollout of what a report allows: conservative to wide, each stage with what it needs and what ends it.

Stages and shares are those of the policy (`audit.policy.stages`). What has no evidence yet follows in stages of its
own, after measurements that are planned here; its saving counts with the odds of passing.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from audit.errors import ConfigError
from audit.findings import horizon_months
from audit.holes import pace_doubts
from audit.pipeline import Result, Run
from audit.planning.baseline import baselines
from audit.planning.document import SCHEMA, Horizon, Measure, Plan, PlanStage, StageWorkload
from audit.planning.measuring import replays
from audit.planning.moves import Move, days_left, moves, staying, worth_measuring
from audit.planning.pace import Pace, paces
from audit.planning.payback import Flow, payback, total
from audit.planning.steps import Step, steps
from audit.planning.watching import Known, Watch, watch
from audit.planning.words import notes, reached, why
from audit.policy.decided import Decided
from audit.policy.derive import derive
from audit.policy.stages import standing
from audit.policy.staying import played_whole
from audit.savings.projection import DAYS_PER_MONTH


def make_plan(run: Run, report: Decided, *, shares: Sequence[float], checks_per_day: int) -> Plan:
    """The plan of a report that has just been run over the connection of `run`.

    Of one workload at most `checks_per_day` answers are compared. Raises ConfigError where the log is too short to say
    what a day brings.
    """
    per_day = daily(report.result)
    horizon = _horizon(report)
    end, today = horizon["months"] * DAYS_PER_MONTH, run.question.today
    derived = derive(run.warehouse, report, stages=shares, with_pilots=True)
    _, traffic = played_whole(run.warehouse, derived, report)
    found = moves(derived, traffic, report, per_day)
    pilots = {name for rule in derived["rules"] if rule.get("verdict") == "pilot" for name in rule["workload_ids"]}
    measures = replays(run, pilots)
    prices = {name: each["usd"] for name, each in measures.items()}
    policy = worth_measuring(derived, found, prices, lambda rule: days_left(rule, today, end))
    played, traffic = played_whole(run.warehouse, policy, report)
    climb = steps(policy, {rule["id"]: standing(rule, report, played) for rule in policy["rules"]}, found, shares)
    known = Known.of(run, baselines(run.warehouse, report.result, per_day), checks_per_day)
    watches = [watch(step, known) for step in climb]
    timed = paces([each.demands for each in watches])
    flows = [_flows(step, pace, today, end, is_last=step is climb[-1]) for step, pace in zip(climb, timed, strict=True)]
    stages = [
        _stage(step, watched, pace, flow, end, known, due)
        for step, watched, pace, flow, due in zip(
            climb, watches, timed, flows, _due(climb, flows, measures), strict=True
        )
    ]
    window = report.result.document["window"]
    plan: Plan = {
        "schema": SCHEMA,
        "created": today.isoformat(),
        "pair": {
            "incumbent": policy["incumbent"],
            "candidate": policy["candidate"],
            "incumbent_models": policy["incumbent_models"],
            "candidate_model": policy["candidate_model"],
        },
        "window": {"start": str(window["start"]), "end": str(window["end"]), "days": report.result.scope.window.days},
        "currency": "USD",
        "baseline": dict(known.baselines),
        "shares": list(shares),
        "policy_stages": sum(step.is_of_policy for step in climb),
        "stages": stages,
        "never": staying(policy, pilots, played, traffic, report, per_day),
        "payback": payback([each for flow in flows for each in flow], run.config.routing, _measuring(stages, end), end),
        "horizon": horizon,
        "notes": [],
    }
    if (question := report.result.document.get("question")) is not None:
        plan["question"] = question
    plan["notes"] = list(notes(plan))
    if run.assumptions.monthly_requests is None:
        plan["notes"] += pace_doubts(plan["window"]["days"], report.result.document.get("daily", []))
    return plan


def daily(result: Result) -> float:
    """What turns a sum of the window into that of a day; ConfigError where the log is too short to say."""
    multiplier = result.savings.monthly_multiplier
    if multiplier is None:
        raise ConfigError(
            f"the log spans {result.scope.window.days:.2f} days, too little to plan by the day: load more of "
            "it, or say with --monthly-requests how many there are"
        )
    return multiplier / DAYS_PER_MONTH


def _horizon(report: Decided) -> Horizon:
    scope = report.result.scope
    months, model = horizon_months(scope, report.result.workloads, report.assumptions)
    ends = [each.retires_on for each in scope.retirements if each.model == model]
    until = min(ends).isoformat() if ends else None
    return {"until": until, "months": months, "why": reached(model, until, months, scope.question.today)}


def _due(
    climb: Sequence[Step], flows: Sequence[Sequence[Flow]], measures: Mapping[str, Measure]
) -> list[list[Measure]]:
    """What is replayed before each stage: every workload once, before the first that moves it, unless that is late."""
    left = dict(measures)
    found: list[list[Measure]] = []
    for step, saved in zip(climb, flows, strict=True):
        begun = {each.rule_id for each in step.begun}
        names = [name for move in _alive(step, saved) if move.rule["id"] in begun for name in move.rule["workload_ids"]]
        found.append([left.pop(name) for name in names if name in left])
    return found


def _alive(step: Step, flows: Sequence[Flow]) -> list[Move]:
    """What a stage moves of models that are not switched off when it begins."""
    return [move for move, flow in zip(step.moved, flows, strict=True) if flow.start < flow.end]


def _flows(step: Step, pace: Pace, today: date, end: float, *, is_last: bool) -> list[Flow]:
    """What a stage saves with each of its moves, and when: until the next one, the horizon, or the end of a model."""
    found: list[Flow] = []
    for move in step.moved:
        left = days_left(move.rule, today, end)
        stop = left if is_last else min(left, pace.starts_on_day + pace.days)
        start = min(float(pace.starts_on_day), stop)
        found.append(Flow(start=start, end=stop, per_day=move.saved(step.share(move))))
    return found


def _measuring(stages: Sequence[PlanStage], end: float) -> float:
    """USD for replays, and for the checks of every stage while it lasts."""
    replayed = sum(each["usd"] for stage in stages for each in stage["measure_first"])
    return replayed + sum(
        stage["checks_usd_per_day"] * max(0.0, min(stage["days"], end - stage["starts_on_day"])) for stage in stages
    )


def _stage(
    step: Step,
    watched: Watch,
    pace: Pace,
    flows: Sequence[Flow],
    end: float,
    known: Known,
    due: list[Measure],
) -> PlanStage:
    alive = _alive(step, flows)
    costs = {name: known.baselines[name]["cost_per_request"] for name in watched.demands}
    return {
        "number": step.number,
        "name": step.name,
        "workloads": [_workload(move, step, watched, pace, known, is_alive=move in alive) for move in step.moved],
        "measure_first": due,
        "days": pace.days,
        "starts_on_day": pace.starts_on_day,
        "checks_per_day": sum(demand.per_day for demand in watched.demands.values()),
        "checks_usd_per_day": sum(demand.per_day * costs[name] for name, demand in watched.demands.items()),
        "stop_rules": watched.rules,
        "saving_per_day": step.added(alive),
        "cumulated": step.cumulated(alive),
        "saving_in_stage": total(flows, 0.0, end),
        "why": why(step, alive),
    }


def _workload(move: Move, step: Step, watched: Watch, pace: Pace, known: Known, *, is_alive: bool) -> StageWorkload:
    name, demand = move.workload_id, watched.demands[move.workload_id]
    moving = sum(step.share(each) * each.requests_per_day for each in step.moved if each.workload_id == name)
    baseline = known.baselines[name]
    return {
        "workload_id": name,
        "rule_id": move.rule["id"],
        "name": baseline["name"],
        "endpoint": baseline["endpoint"],
        "when": move.rule["when"],
        "share": step.share(move),
        "saving_per_day": move.saved(step.share(move) if is_alive else 0.0),
        "margin": move.margin,
        "verdict": move.rule.get("verdict", "keep"),
        "checks_per_day": demand.per_day * step.share(move) * move.requests_per_day / moving,
        "checks_to_decide": demand.needed,
        "days_to_decide": pace.to_decide[name],
        "valid_until": move.rule.get("valid_until"),
    }
