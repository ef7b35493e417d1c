"""The line of one rule: both models on its requests now, and the incumbent as the plan has it."""

from collections.abc import Sequence

from audit.monitoring.observing import Observed, counted
from audit.monitoring.placing import Tracked
from audit.monitoring.quality import Losses
from audit.planning.document import Baseline, Plan
from audit.report.monitor_document import Before, Saving, Watched


def watched(plan: Plan, rule: Tracked, observed: Observed, losses: Losses, saving: Saving) -> Watched:
    """Everything about one rule."""
    margin = min(each["margin"] for each in rule.workloads)
    quality = losses.to_document(margin)
    wanted = [each["checks_to_decide"] for each in rule.workloads if each["days_to_decide"]]
    checks, needed = losses.checks, max(wanted, default=None)
    is_within = quality is not None and quality["loss"]["high"] <= margin
    # An escalated request was answered twice, and is one.
    requests = sum(observed.requests.values()) - saving["escalated_requests"]
    candidate = {**observed.sides["candidate"], "invalid_json_rate": counted(losses.unreadable).rate()}
    return {
        "rule_id": rule.rule_id,
        "workload_ids": [each["workload_id"] for each in rule.workloads],
        "name": rule.name,
        "endpoint": rule.endpoint,
        "share_planned": rule.share,
        "share_seen": observed.requests["candidate"] / requests if requests else None,
        "saving": saving,
        "incumbent": observed.sides["incumbent"],
        "candidate": candidate,  # pyright: ignore[reportReturnType] - a Side with one rate replaced
        "before": _before([plan["baseline"][name] for name in _ids(rule) if name in plan["baseline"]]),
        "quality": quality,
        "checks": checks,
        "checks_to_decide": needed,
        "decided": needed is None or checks >= needed or is_within,
    }


def _ids(rule: Tracked) -> Sequence[str]:
    return [each["workload_id"] for each in rule.workloads]


def _before(baselines: Sequence[Baseline]) -> Before | None:
    """Of several workloads the mean by requests; quantiles have no mean, so then they are not known."""
    if not baselines:
        return None
    weights = [each["requests_per_day"] for each in baselines]

    def mean(values: Sequence[float | None]) -> float | None:
        known = [(weight, value) for weight, value in zip(weights, values, strict=True) if value is not None]
        whole = sum(weight for weight, _ in known)
        return sum(weight * value for weight, value in known) / whole if whole else None

    only = baselines[0] if len(baselines) == 1 else None
    return {
        "requests_per_day": sum(weights),
        "error_rate": mean([each["error_rate"] for each in baselines]),
        "retry_rate": mean([each["retry_rate"] for each in baselines]),
        "truncation_rate": mean([each["truncation_rate"] for each in baselines]),
        "invalid_json_rate": mean([each["invalid_json_rate"] for each in baselines]),
        "latency_ms_p50": only and only["latency_ms_p50"],
        "latency_ms_p95": only and only["latency_ms_p95"],
        "input_tokens": mean([each["input_tokens"] for each in baselines]) or 0.0,
        "output_tokens": mean([each["output_tokens"] for each in baselines]) or 0.0,
    }
