"""The sentences of a plan, for its document, the terminal and the ticket alike."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from audit.counting import number_of
from audit.evidence.reasons import REASONS
from audit.planning.document import Never, Plan, PlanStage, StopRule
from audit.planning.moves import NOT_WORTH_MEASURING, Move
from audit.planning.pace import MOST_DAYS, WEEK
from audit.planning.payback import BOUNDS
from audit.planning.steps import Step
from audit.planning.stop_rules import LOST, label
from audit.policy.rules import in_words
from audit.policy.stages import STAGES, share_text
from audit.policy.staying import NOT_SEPARABLE
from audit.report import words
from audit.report.bounds import Bounds
from audit.report.document import Pair
from audit.report.queries import options
from audit.savings.projection import DAYS_PER_MONTH

ORDER = (
    "Stages begin with the rule that has most saving times certainty over stakes: dollars a day, chance that the loss "
    "is within the margin, and the margin's inverse. One rule begins alone, then two, then four."
)
DAYS = (
    "Days are those in which a loss of five points above the margin is expected to be noticed, by the formula of the "
    f"always-valid test; what takes over {MOST_DAYS} days at a share is left to a wider stage, and a stage that can "
    f"decide nothing lasts {WEEK} days for errors to show."
)
REASONS_OF_PLANS = {
    NOT_SEPARABLE: "Shares all that a router sees with traffic that stays",
    NOT_WORTH_MEASURING: "A replay costs more than it can be expected to save until the horizon",
}
"""Why something stays that its verdict alone would not keep."""
LIKELY = 0.5
"""Chance below which a replay is expected to leave its question open."""

SHOWN = 6
"""Endpoints in words per stop rule; the document has all workloads."""

STOPS: Mapping[str, str] = {
    "quality_loss": "quality lost by a workload is above",
    "escalation_rate": "answers of a workload sent on are above",
    **{metric: f"{what}, of a workload, are above" for metric, what in LOST.items()},
}


def why(step: Step, alive: Sequence[Move]) -> str:
    """What begins in a stage, and why now; of `alive` no model is switched off yet."""
    said: list[str] = []
    for standing in step.begun:
        own = [move for move in step.moved if move.rule["id"] == standing.rule_id]
        point = sum(move.saving["point"] for move in own)
        if not own or not standing.certainty:
            continue
        if not any(move in alive for move in own):
            odds = "nothing: a model of it is switched off by then"
        elif step.is_of_policy:
            odds = f"{words.money(point)} a day once all of it moves, {words.percent(standing.certainty)} certain"
        else:
            whole = words.money(point / standing.certainty)
            odds = f"{whole} a day if it passes, {words.percent(standing.certainty)} odds"
        said.append(f"{own[0].rule['name']} ({odds}, {standing.margin:g} points at most)")
    if not said:
        return "What has begun gets more."
    begins = f"Begins: {'; '.join(said)}."
    if step.number == 1:
        return f"{begins} Alone at first, because a first stage tests router, labels and monitor as much as the model."
    return f"{begins} What has begun before gets more."


def reached(model: str | None, until: str | None, months: float, today: date) -> str:
    """Why savings are counted so far and no further."""
    if model is None or until is None:
        return f"No model of the pair is known to be switched off within the {months:g} months assumed."
    if until <= today.isoformat():
        return f"{model} was switched off on {until}: nothing is left to save."
    return f"{model} is switched off on {until}: nothing is saved from then on."


def notes(plan: Plan) -> Iterator[str]:
    """What a reader has to know and the figures do not say."""
    stages, own = plan["stages"], plan["policy_stages"]
    moved = [each for stage in stages for each in stage["workloads"]]
    measures = [each for stage in stages for each in stage["measure_first"]]
    if not plan["baseline"]:
        yield f"The log has no requests of {plan['pair']['incumbent']}; `audit status` lists the models in use."
    elif not stages:
        yield "Nothing may move: no workload of this pair has outcomes that let it, and none is worth measuring."
    if own:
        yield f"`{_rendering(plan, 'N')}` renders {_range(1, own)}."
    if measures:
        which = _range(own + 1, len(stages))
        yield f"Measuring comes before {which}; plan again once the outcomes are in (`audit outcomes add`)."
    elif len(_in_time(plan)) > own:
        yield "Pilots cannot be replayed from this log; what they need is measured elsewhere: `audit outcomes add`."
    thin = [each["workload_id"] for each in measures if each["chance"] < LIKELY]
    if thin:
        names = ", ".join(label(name, plan["baseline"][name]) for name in thin)
        yield f"Replays will probably leave open: {names}. Load more of the log, or accept a larger margin."
    if (until := plan["horizon"]["until"]) is not None:
        left = (date.fromisoformat(until) - date.fromisoformat(plan["created"])).days
        late = [stage["number"] for stage in stages if stage["starts_on_day"] >= left]
        if late:
            yield f"Stage {late[0]} would begin when the pair is gone, on {until}; see `--successors`."
    dear = [stage["number"] for stage in stages if stage["checks_usd_per_day"] > stage["cumulated"]["point"] > 0]
    if dear:
        which = f"stage {dear[0]}" if len(dear) == 1 else f"stages {', '.join(map(str, dear))}"
        yield f"Checks cost more a day than is saved in {which}; --checks-per-day sets how many."
    decided = {each["workload_id"] for each in moved if each["days_to_decide"] is not None}
    undecided = sorted({each["endpoint"] for each in moved if each["workload_id"] not in decided})
    if undecided:
        yield f"No stage decides about all of {', '.join(undecided)}: too few requests for the checks it takes."


def _rendering(plan: Plan, stage: int | str) -> str:
    """The command whose stages are those of the plan."""
    ladder = ",".join(f"{share:g}" for share in plan["shares"])
    shares = "" if tuple(plan["shares"]) == STAGES else f" --stages {ladder}"
    return f"audit policy{_asked(plan)} --target TARGET{shares} --stage {stage}"


def _asked(plan: Plan) -> str:
    """The options that ask about the plan's pair and traffic."""
    pair = plan["pair"]
    models: Pair = {"incumbent": pair["incumbent"], "candidate": pair["candidate"]}
    return options(models, plan.get("question"), is_scaled=False)


def _range(first: int, last: int) -> str:
    return f"stage {first}" if first == last else f"stages {first} to {last}"


def _in_time(plan: Plan) -> list[PlanStage]:
    """Stages that begin before the horizon."""
    days = plan["horizon"]["months"] * DAYS_PER_MONTH
    return [stage for stage in plan["stages"] if stage["starts_on_day"] < days]


def headline(plan: Plan) -> str:
    """What the whole rollout comes to."""
    stages, pair = plan["stages"], plan["pair"]
    route = f"From {pair['incumbent']} to {pair['candidate']}"
    in_time = _in_time(plan)
    if not in_time:
        return f"{route}: no stage. {plan['horizon']['why']}"
    days = stages[-1]["starts_on_day"] + stages[-1]["days"]
    saved = [f"{amount(in_time[-1]['cumulated'])} a day at the end"]
    if 0 < plan["policy_stages"] < len(in_time):
        saved.insert(0, f"{amount(stages[plan['policy_stages'] - 1]['cumulated'])} a day with what is proven")
    count = "one stage" if len(stages) == 1 else f"{len(stages)} stages"
    late = f", of which {len(in_time)} begin in time" if len(in_time) < len(stages) else ""
    return (
        f"{route} in {count} and {number_of(days, 'day')}{late}: {', '.join(saved)}. {plan['horizon']['why']} "
        f"{words.PROJECTION}"
    )


def tasks(stage: PlanStage, plan: Plan) -> Iterator[str]:
    """What is to be done in a stage, one sentence each."""
    for measure in stage["measure_first"]:
        name, price, chance = measure["workload_id"], words.money(measure["usd"]), words.percent(measure["chance"])
        yield (
            f"Before: replay {number_of(measure['pairs'], 'request')} of "
            f"{label(name, plan['baseline'][name])} ({price}; {chance} "
            f"chance to decide if nothing is lost): `audit sample{_asked(plan)} --workload {name}`"
        )
    is_of_policy = stage["number"] <= plan["policy_stages"]
    how = f" (`{_rendering(plan, stage['number'])}`)" if is_of_policy else ""
    yield f"Set the shares{how}: {'; '.join(_shares(stage))}"
    days = number_of(stage["days"], "day")
    yield (
        f"Let it run for {days}, with {number_of(stage['checks_per_day'], 'answer')} a day compared "
        f"({words.money(stage['checks_usd_per_day'])} a day for the incumbent's answers)"
    )
    same = next(each["number"] for each in plan["stages"] if _watched(each) == _watched(stage))
    if same < stage["number"]:
        yield f"Go back at once for what would end stage {same}"
    else:
        yield f"Go back at once if {'; '.join(_stops(stage['stop_rules'], plan))}"


def _watched(stage: PlanStage) -> list[tuple[str, str, float]]:
    """What ends a stage, for one that ends for the same."""
    return sorted((each["metric"], each["workload_id"] or "", each["limit"]) for each in stage["stop_rules"])


def _shares(stage: PlanStage) -> Iterator[str]:
    """Each rule by its endpoint, in full where the endpoint has several."""
    rules = {each["rule_id"]: each for each in stage["workloads"]}
    counts = Counter(each["endpoint"] for each in rules.values())
    for each in rules.values():
        name = each["endpoint"] if counts[each["endpoint"]] == 1 else in_words(each["when"])
        yield f"{name}: {share_text(each['share'])}"


def _stops(rules: Sequence[StopRule], plan: Plan) -> Iterator[str]:
    """The stop rules by what they watch; the workloads of an endpoint that have the same limit go together."""
    limits: dict[str, dict[str, list[str]]] = {}
    for rule in rules:
        if (name := rule["workload_id"]) is None:
            continue
        is_loss = rule["metric"] == "quality_loss"
        limit = f"{rule['limit']:g} points" if is_loss else words.percent(rule["limit"])
        endpoints = limits.setdefault(rule["metric"], {}).setdefault(limit, [])
        if (endpoint := plan["baseline"][name]["endpoint"]) not in endpoints:
            endpoints.append(endpoint)
    for metric, by_limit in limits.items():
        said = [
            f"{limit} ({', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''})"
            for limit, names in by_limit.items()
        ]
        yield f"{STOPS[metric]} {', '.join(said)}"
    yield from (rule["words"] for rule in rules if rule["workload_id"] is None)


def stage_rows(plan: Plan) -> list[list[str]]:
    """The stages at a glance, by HEADS."""
    return [
        [
            f"{stage['number']}",
            stage["name"],
            f"{stage['starts_on_day']}",
            f"{stage['days']}",
            *(words.money(stage["cumulated"][bound]) for bound in BOUNDS),
            words.money(stage["saving_in_stage"]["point"]),
        ]
        for stage in plan["stages"]
    ]


HEADS = ("stage", "share", "day", "days", "low", "a day", "high", "in all")


def never_rows(never: Sequence[Never]) -> list[list[str]]:
    """What stays, why, and what it would have saved a day."""
    return [
        [
            f"{each['workload_id']} {each['name']}",
            "; ".join(reason(code) for code in each["reasons"] if not code.endswith("_retires")),
            words.money(each["saving_lost_per_day"]) if "saving_lost_per_day" in each else "",
        ]
        for each in never
    ]


NEVER_HEADS = ("stays", "why", "lost a day")


def reason(code: str) -> str:
    """A reason code as a sentence without its full stop."""
    return REASONS_OF_PLANS.get(code) or REASONS.get(code, words.humanised(code)).rstrip(".")


def costs(plan: Plan) -> str:
    """When it has paid for itself, and what there is to pay."""
    paid = plan["payback"]
    measuring = f"Measuring and checks cost {words.money(paid['measuring_cost'])}."
    if not paid["one_time_cost"] + paid["monthly_cost"]:
        return f"{paid['words']} {measuring}"
    building, running = words.money(paid["one_time_cost"]), words.money(paid["monthly_cost"])
    return f"{paid['words']} {measuring} Building it costs {building}, running it {running} a month."


def amount(bounds: Bounds) -> str:
    """Dollars with their bounds."""
    low, point, high = (words.money(bounds[name]) for name in BOUNDS)
    return point if low == high else f"{point} ({low} to {high})"
