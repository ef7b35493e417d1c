"""Verdicts as rules: what a router can tell apart and every workload behind it allows. Everything else stays."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from audit.catalog.facts import facts
from audit.errors import ConfigError
from audit.evidence.reasons import Verdict
from audit.policy.classifier import candidate_prices, with_classifiers
from audit.policy.decided import Decided, texts
from audit.policy.document import SCHEMA, NotMoved, Policy, Rule, Stage
from audit.policy.matching import thresholds
from audit.policy.moving import Terms
from audit.policy.regions import GATE_TOKENS, Limits, Region, regions
from audit.policy.replay import Replay, replay
from audit.policy.rules import names_of_region, rule_of
from audit.policy.visible import Seen, seen
from audit.scope import NO_LIMIT
from audit.warehouse import Warehouse

STAGES = (0.01, 0.1, 0.5, 1.0)
"""Share of the requests of every rule, stage by stage."""

NOT_SEPARABLE = "not_separable_by_a_router"
"""Reason of what its verdict would route, and that shares all that a router sees with traffic that stays."""


def derive(
    warehouse: Warehouse,
    report: Decided,
    *,
    stages: Sequence[float] = STAGES,
    with_pilots: bool = False,
    with_classifier: bool = False,
) -> Policy:
    """The policy of a report that has just been run over this connection.

    With `with_pilots`, workloads whose evidence is still open get a rule of their own: marked, and never for more than
    the share of the first stage, in which they can be measured. With `with_classifier`, the candidate reads every
    request of a rule first, and rules have its cost. Raises ConfigError for stages that do not rise.
    """
    checked_stages(stages)
    traffic = seen(warehouse)
    scope = report.result.scope
    rows = warehouse.frame("select * from workload_rules").to_dicts()
    firm = regions(rows, traffic, _limits(report, ("route",)))
    found = [(region, "route") for region in firm]
    if with_pilots:
        wider = regions(rows, traffic, _limits(report, ("route", "pilot")))
        found += [(part, "pilot") for region in wider for part in _without(region, firm, report)]
    rules = [
        rule_of(region, cast("Verdict", verdict), report, traffic)
        for region, verdict in found
        if names_of_region(region, report, traffic)
    ]
    rules.sort(key=lambda rule: (rule.get("verdict") != "route", json.dumps(rule["when"], sort_keys=True)))
    for rule in rules:
        rule["share"] = stages[-1] if rule.get("verdict") == "route" else stages[0]
    policy: Policy = {
        "schema": SCHEMA,
        "created": scope.question.today.isoformat(),
        "incumbent": scope.question.incumbent,
        "candidate": scope.question.candidate,
        "incumbent_models": sorted(traffic.names),
        "candidate_model": scope.candidate_model,
        "default": {"to": "incumbent"},
        "rules": rules,
        "stages": _stages(rules, stages),
        "not_moved": [],
        "notes": _notes(rules, scope.question.incumbent),
    }
    traffic = seen(warehouse, thresholds(policy["rules"]))
    whole: Policy = {**policy, "rules": [{**rule, "share": 1.0, "escalation": None} for rule in policy["rules"]]}
    played = replay(whole, traffic, report.known, Terms(assumptions=report.assumptions, is_at_ceiling=False))
    policy["not_moved"] = _not_moved(played, traffic, report)
    if with_classifier:
        policy["rules"] = with_classifiers(policy, traffic, played, candidate_prices(warehouse, policy))
    return policy


def checked_stages(stages: Sequence[float]) -> None:
    """ConfigError unless the shares rise from above 0 to at most 1."""
    text = ", ".join(f"{share:g}" for share in stages)
    if not stages or not all(0 < share <= 1 for share in stages):
        raise ConfigError(f"stages are {text or 'empty'}; give shares above 0 and up to 1, for example 0.01,0.1,0.5,1")
    if list(stages) != sorted(set(stages)):
        raise ConfigError(f"stages are {text}; every stage has to be larger than the one before it")


def at_stage(policy: Policy, number: int) -> Policy:
    """The policy while stage `number` (from 1) lasts; ConfigError where it has no such stage."""
    if not 1 <= number <= len(policy["stages"]):
        raise ConfigError(f"stage {number} does not exist; this policy has stages 1 to {len(policy['stages'])}")
    shares = policy["stages"][number - 1]["shares"]
    return {**policy, "rules": [{**rule, "share": shares.get(rule["id"], 0.0)} for rule in policy["rules"]]}


def _limits(report: Decided, verdicts: Collection[str]) -> Limits:
    allowed = frozenset(name for name, row in report.rows.items() if row["verdict"] in verdicts)
    scope = report.result.scope
    incumbents, candidate = [model for _, model in scope.pairs], [scope.candidate_model]
    window, most_output = _most("context_window", candidate), _most("max_output_tokens", incumbents)
    # What fitted an incumbent's window, answer and all, fits one that is no smaller.
    is_tighter = _most("context_window", incumbents) > window
    answer = min(most_output, _most("max_output_tokens", candidate)) if is_tighter else 0
    return Limits(
        allowed=allowed,
        measured_long=frozenset(
            name for name in allowed if list(texts(report.rows[name]["gate_reasons"])) == ["long_input"]
        ),
        most_input=window - answer,
        most_output=most_output,
    )


def _most(fact: str, models: Sequence[str]) -> int:
    """The most tokens that any of the models has; NO_LIMIT where that is not known of one."""
    found = [facts(model).get(fact) for model in models]
    return max((NO_LIMIT if each is None else int(each.value) for each in found), default=NO_LIMIT)


def _without(region: Region, taken: Sequence[Region], report: Decided) -> list[Region]:
    """The parts of a wider region that no firm one has, with the workloads in them that are not decided yet."""
    parts = [(region.at_least, region.below)]
    for other in taken:
        if other.endpoint == region.endpoint and other.models == region.models and _overlap(other.flags, region.flags):
            parts = [
                cut
                for low, high in parts
                for cut in ((low, min(high, other.at_least)), (max(low, other.below), high))
                if cut[0] < cut[1]
            ]
    open_ids = tuple(name for name in region.workload_ids if report.rows[name]["verdict"] == "pilot")
    return [
        Region(
            endpoint=region.endpoint,
            models=region.models,
            flags=region.flags,
            at_least=low,
            below=high,
            workload_ids=open_ids,
        )
        for low, high in parts
        if open_ids
    ]


def _overlap(one: Mapping[str, bool], other: Mapping[str, bool]) -> bool:
    return all(other.get(name, value) == value for name, value in one.items())


def _stages(rules: Sequence[Rule], shares: Sequence[float]) -> list[Stage]:
    """Every stage by name; a pilot never gets more than the first one gives it."""
    return [
        {
            "name": f"{share:.4%}".rstrip("0%").rstrip(".") + " %",
            "shares": {rule["id"]: share if rule.get("verdict") == "route" else shares[0] for rule in rules},
        }
        for share in shares
    ]


def _notes(rules: Sequence[Rule], incumbent: str) -> list[str]:
    endpoints = sorted({rule["when"]["endpoint"] for rule in rules if "endpoint" in rule["when"]})
    notes = [f"Requests without a label, or with one that no rule names, stay on {incumbent}."]
    if endpoints:
        notes.insert(0, f"Callers must send the endpoint as a label: {', '.join(endpoints)}.")
    else:
        notes.insert(0, "No workload may move yet: `audit sample` chooses what to measure.")
    if any(rule.get("verdict") == "pilot" for rule in rules):
        notes.append("Rules marked pilot are there to measure: their evidence is still open.")
    return notes


def _not_moved(played: Replay, traffic: Seen, report: Decided) -> list[NotMoved]:
    """Every workload of which something stays, most dollars first, and what the verdict would have saved of it."""
    found: list[tuple[float, NotMoved]] = []
    for name, known in report.known.items():
        row, offer = report.rows[name], known.offer
        moved = played.total(workload_id=name).point
        stays = offer.requests - int(moved["requests"])
        if stays <= 0:
            continue
        entry: NotMoved = {
            "workload_id": name,
            "name": str(row["name"]),
            "reasons": texts(row["reasons"]),
            "requests": stays,
        }
        if row["verdict"] == "route":
            escalation = report.assumptions.escalation_rate.point
            saving = offer.saving(offer.output_ratio.point, escalation, report.assumptions)
            entry["reasons"] = _why_lost(name, stays, traffic)
            entry["saving_lost"] = float(saving - moved["saving"])
        found.append((float(offer.list_cost), entry))
    found.sort(key=lambda each: (-each[0], each[1]["workload_id"]))
    return [entry for _, entry in found]


def _why_lost(workload_id: str, stays: int, traffic: Seen) -> list[str]:
    """Inputs longer than anybody measured, and whatever of the rest shares its region with others."""
    long = sum(
        piece.costs.requests
        for piece in traffic.pieces
        if piece.workload_id == workload_id and piece.at_least >= GATE_TOKENS
    )
    return [*([NOT_SEPARABLE] if stays > long else []), *(["long_input"] if long else [])]
