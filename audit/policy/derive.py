"""Verdicts as rules: what a router can tell apart and every workload behind it allows. Everything else stays."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from audit.catalog.facts import facts
from audit.evidence.reasons import Verdict
from audit.policy.classifier import candidate_prices, with_classifiers
from audit.policy.decided import Decided, texts
from audit.policy.document import SCHEMA, Policy, Rule
from audit.policy.regions import Limits, Region, regions
from audit.policy.rules import names_of_region, rule_of
from audit.policy.stages import STAGES, checked_stages, staged, standing, waves
from audit.policy.staying import not_moved, played_whole
from audit.policy.visible import seen
from audit.scope import NO_LIMIT
from audit.warehouse import Warehouse


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
        "stages": [],
        "not_moved": [],
        "notes": _notes(rules, scope.question.incumbent),
    }
    played, traffic = played_whole(warehouse, policy, report)
    firm_rules = [rule for rule in rules if rule.get("verdict") == "route"]
    policy["stages"] = staged(waves([standing(rule, report, played) for rule in firm_rules]), stages)
    for stage in policy["stages"]:
        stage["shares"] |= {rule["id"]: stages[0] for rule in rules if rule.get("verdict") == "pilot"}
    policy["not_moved"] = not_moved(played, traffic, report)
    if with_classifier:
        policy["rules"] = with_classifiers(policy, traffic, report, candidate_prices(warehouse, policy))
    return policy


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
