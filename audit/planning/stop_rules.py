"""What ends a stage: for the monitor to read, and in words for whoever has to agree to it.

An answer that fails, is cut off or is no JSON is an answer lost, so of those there may be no more than today plus the
margin that the workload has for losses.
"""

from collections.abc import Iterator, Mapping

from audit.planning.detection import ALPHA
from audit.planning.document import Baseline, Metric, StopRule

LOST: Mapping[Metric, str] = {
    "error_rate": "requests that fail",
    "retry_rate": "requests that are tried again",
    "truncation_rate": "answers cut at the token limit",
    "invalid_json_rate": "answers that are no JSON though it was asked for",
}
"""Rates of a baseline that are watched where the log knows them."""


def stop_rules(
    number: int, margins: Mapping[str, float], baselines: Mapping[str, Baseline], break_even: Mapping[str, float]
) -> list[StopRule]:
    """Those of stage `number`, whose workloads are the keys of `margins` (in points), in their order.

    `break_even` is the share of escalated answers that eats up the saving, of workloads behind a check. The tests of a
    stage share ALPHA evenly, so that together they stop no more than 5 of 100 healthy stages.
    """
    rules = [
        rule
        for name, margin in margins.items()
        for rule in _of_workload(number, name, margin, baselines[name], break_even.get(name))
    ]
    for rule in rules:
        rule["alpha"] = ALPHA / len(rules)
    if rules:
        rules.append(
            {
                "id": f"{number}.saving",
                "metric": "saving",
                "workload_id": None,
                "limit": 0.0,
                "test": "threshold",
                "alpha": None,
                "words": "what has moved costs more than it would have on the incumbent",
            }
        )
    return rules


def label(workload_id: str, baseline: Baseline) -> str:
    """A workload by what a person can look up: names are guesses, and several workloads may share one."""
    return f"{baseline['endpoint']} {workload_id}"


def _of_workload(
    number: int, name: str, margin: float, baseline: Baseline, break_even: float | None
) -> Iterator[StopRule]:
    where = label(name, baseline)
    yield {
        "id": f"{number}.quality_loss.{name}",
        "metric": "quality_loss",
        "workload_id": name,
        "limit": margin,
        "test": "paired_gap",
        "alpha": ALPHA,
        "words": f"{where} loses more than {margin:g} points of quality",
    }
    known: dict[Metric, float | None] = {
        "error_rate": baseline["error_rate"],
        "retry_rate": baseline["retry_rate"],
        "truncation_rate": baseline["truncation_rate"],
        "invalid_json_rate": baseline["invalid_json_rate"],
    }
    rates: dict[Metric, tuple[float, str]] = {}
    for metric, today in known.items():
        if today is not None:
            limit = min(1.0, today + margin / 100)
            rates[metric] = limit, f"{LOST[metric]} are above {limit:.1%}; today they are {today:.1%}"
    if break_even is not None:
        rates["escalation_rate"] = break_even, f"above {break_even:.1%} of its answers are sent on: nothing is saved"
    for metric, (limit, words) in rates.items():
        yield {
            "id": f"{number}.{metric}.{name}",
            "metric": metric,
            "workload_id": name,
            "limit": limit,
            "test": "beta_binomial",
            "alpha": ALPHA,
            "words": f"{where}: {words}",
        }
