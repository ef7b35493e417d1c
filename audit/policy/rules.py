"""A region of traffic as a rule: in words, with what it rests on, what checks it, and how long it can hold."""

import hashlib
import json
from datetime import date
from typing import cast

from audit.counting import number_of
from audit.evidence.reasons import Evidence as Level
from audit.evidence.reasons import Verdict
from audit.policy.decided import Decided, is_measured
from audit.policy.document import Escalation, Evidence, Rule, When
from audit.policy.regions import INPUT_BINS, Region
from audit.policy.visible import NO_END, Seen
from audit.workloads.shapes import INPUT_OFFSET, bin_start


def names_of_region(region: Region, report: Decided, traffic: Seen) -> set[str]:
    """Names by which a router knows the requests of a region: none that are sent for models it is not about as well."""
    own, candidate = _own(report, traffic), report.result.scope.candidate_model
    others = {name for model, names in traffic.other_names.items() if model != candidate for name in names}
    sent = {name for model in region.models for name in traffic.names[model]} - {""} - (others - own)
    return sent | own if region.models == frozenset(traffic.names) else sent


def rule_of(region: Region, verdict: Verdict, report: Decided, traffic: Seen) -> Rule:
    """The rule that moves all of a region; it lists names where they are not just the incumbent's own."""
    when: When = {"endpoint": region.endpoint, **region.flags}  # pyright: ignore[reportAssignmentType] - names of FLAGS
    if region.at_least > 0 or region.below < bin_start(INPUT_BINS.stop, INPUT_OFFSET):
        below = None if region.below >= NO_END else region.below
        when["input_tokens"] = {"at_least": region.at_least, "below": below}
    names = names_of_region(region, report, traffic)
    if names != _own(report, traffic):
        when["request_model"] = sorted(names)
    rule: Rule = {
        "id": "r-" + hashlib.sha256(json.dumps(when, sort_keys=True).encode()).hexdigest()[:8],
        "name": in_words(when),
        "workload_ids": list(region.workload_ids),
        "when": when,
        "to": "candidate",
        "share": 1.0,
        "verdict": verdict,
        "evidence": _evidence(region, report),
        "escalation": _escalation(region, report),
        "valid_until": _valid_until(region, report),
    }
    return rule


def _own(report: Decided, traffic: Seen) -> set[str]:
    return {report.result.scope.question.incumbent, *traffic.names}


def in_words(when: When) -> str:
    """A condition in words, such as `summarize, no tools, under 50,001 input tokens`."""
    words = [when.get("endpoint", "every endpoint")]
    for flag, word in (("has_tools", "tools"), ("is_json", "schema")):
        if flag in when:
            words.append(f"{'with' if when.get(flag) else 'no'} {word}")
    length = when.get("input_tokens")
    if length is not None:
        low, high = length["at_least"], length["below"]
        if high is None:
            words.append(f"{number_of(low, 'input token')} and more")
        else:
            words.append(
                f"{low:,} to {number_of(high - 1, 'input token')}" if low else f"under {number_of(high, 'input token')}"
            )
    return ", ".join(words)


def _evidence(region: Region, report: Decided) -> Evidence:
    """That of the least favourable workload of the rule: unmeasured before measured, then the highest upper bound."""
    rows = [report.rows[name] for name in region.workload_ids]
    worst = max(
        rows,
        key=lambda row: (
            not is_measured(row),
            cast("float", row["quality_loss_high"] or 0.0),
            str(row["workload_id"]),
        ),
    )
    bounds = ("low", "point", "high")
    loss = {bound: cast("float", worst[f"quality_loss_{bound}"]) for bound in bounds} if is_measured(worst) else None
    return {
        "level": cast("Level", worst["evidence"]),
        "pairs": cast("int", worst["pairs"]),
        "quality_loss": loss,
        "margin": min(cast("float", row["margin"]) for row in rows),
        "incumbent_models": sorted({str(row["model"]) for row in rows}),
        "candidate_model": report.result.scope.candidate_model,
    }


def _escalation(region: Region, report: Decided) -> Escalation | None:
    """The check that audit.toml declares; of several workloads the one expected to send on most."""
    found = [cascade for name in region.workload_ids if (cascade := report.known[name].cascade) is not None]
    if not found:
        return None
    most = max(found, key=lambda each: each.escalation_rate.point)
    return {
        "sensitivity": most.check.sensitivity.share.point,
        "false_alarm_rate": most.check.false_alarm_rate.share.point,
        "expected_rate": most.escalation_rate.point,
        "basis": most.basis,
        "usd_per_check": most.check.usd_per_check.point,
    }


def _valid_until(region: Region, report: Decided) -> str | None:
    scope = report.result.scope
    models = {str(report.rows[name]["model"]) for name in region.workload_ids} | {scope.candidate_model}
    days: list[date] = [each.retires_on for each in scope.retirements if each.model in models]
    return min(days).isoformat() if days else None
