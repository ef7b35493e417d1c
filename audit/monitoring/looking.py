"""What a look is about: the stage, the day it began, and that there is new traffic of the pair at all."""

from datetime import date, datetime, timedelta

from audit.errors import AuditError, ConfigError
from audit.planning.document import Plan, PlanStage
from audit.scope import Scope
from audit.warehouse import Warehouse

MODELS_NAMED = 5
"""Of those that a log has instead of the pair."""


def stage_of(plan: Plan, number: int) -> PlanStage:
    """The stage of that number; ConfigError where the plan has none, or one that cannot be watched."""
    for stage in plan["stages"]:
        if stage["number"] == number:
            _refuse_unwatchable(plan, stage)
            return stage
    if not plan["stages"]:
        raise ConfigError("the plan has no stages: no workload may move yet, so there is nothing to watch")
    numbers = ", ".join(str(stage["number"]) for stage in plan["stages"])
    raise ConfigError(f"stage {number} is not in the plan, which has {numbers}; name one of them with --stage")


def _refuse_unwatchable(plan: Plan, stage: PlanStage) -> None:
    """A stop rule that somebody changed by hand must not be one that never fires."""
    moved = {each["workload_id"] for each in stage["workloads"]}
    for name in sorted(moved - plan["baseline"].keys()):
        raise ConfigError(f"the plan has no baseline of workload {name!r}, which stage {stage['number']} moves")
    for rule in stage["stop_rules"]:
        name, alpha = rule["workload_id"], rule["alpha"]
        if name is not None and name not in moved:
            raise ConfigError(f"stop rule {rule['id']!r} is about workload {name!r}, which its stage does not move")
        if rule["test"] != "threshold" and (alpha is None or not 0 < alpha < 1):
            raise ConfigError(f"stop rule {rule['id']!r} has alpha {alpha}; a test needs one above 0 and below 1")


def first_day(plan: Plan, since: date | None) -> date:
    """The first day that counts: the one said, else the first whole day after the plan's traffic.

    ConfigError where it is one of the plan's: what a plan was made from cannot test it.
    """
    end = _moment(plan["window"]["end"], "window.end")
    free = end.date() + timedelta(days=1) if end.time() != datetime.min.time() else end.date()
    if since is not None and since < free:
        raise ConfigError(
            f"--since {since} lies in the traffic that the plan was made from, which ends at {end:%Y-%m-%d %H:%M}; "
            f"name {free} or a later day"
        )
    return since or free


def made_on(plan: Plan) -> date:
    """The day on which the plan was made."""
    return _moment(plan["created"], "created").date()


def _moment(text: str, where: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"the plan's {where} is {text!r}, no date; write the plan anew with `audit plan`") from error


def last_day(scope: Scope) -> date:
    """The last day of the traffic."""
    return scope.window.end.date() if scope.window.end else scope.question.today


def loaded_days(warehouse: Warehouse) -> tuple[str, str]:
    """First and last day of everything in the database."""
    first, last = warehouse.rows(
        "select cast(min(first_time) as date), cast(max(last_time) as date) from request_files where loaded_count > 0"
    )[0]
    return str(first), str(last)


def refuse_nothing(warehouse: Warehouse, plan: Plan, since: date, loaded: tuple[str, str]) -> None:
    """AuditError where `placed_requests` has no requests: too old, or of other models."""
    if warehouse.rows("select 1 from placed_requests limit 1"):
        return
    models = warehouse.rows(
        f"select model from traffic_cells group by model order by sum(request_count) desc, model limit {MODELS_NAMED}"
    )
    pair = plan["pair"]
    if not models:
        raise AuditError(
            f"{warehouse.path.name}: its traffic is of {loaded[0]} to {loaded[1]}, none of {since} or later: the plan "
            f"was made from traffic up to {plan['window']['end'][:10]}; name newer exports, or the plan they belong to"
        )
    raise AuditError(
        f"{warehouse.path.name}: since {since} no request was answered by {pair['incumbent']} or {pair['candidate']}, "
        f"which the plan is about, but by {', '.join(str(model) for (model,) in models)}; name the plan of that pair"
    )
